package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * A step of training on one batch: forward, backward, and plain gradient descent. The inputs are the batch, its labels or targets,
 * and then the weights that the training starts from. A run is one step from where the last one ended; the result is the losses of
 * the first {@link #STEPS} steps from the first weights, so that wrong gradients show.
 *
 * @param model what is trained
 * @param batch the samples of the batch
 */
public record TrainingStep(Model model, int batch) implements Work {
  /** The steps whose losses are compared. */
  public static final int STEPS = 3;

  /** What a gradient is multiplied by. */
  public static final double LEARNING_RATE = 0.02;

  /** The classes that an image may have. */
  public static final int CLASSES = 10;

  /** The height and width of an image. */
  public static final int SIDE = 28;

  /** The tokens of a sample. */
  public static final int TOKENS = 128;

  /** The numbers of a token. */
  public static final int WIDTH = 256;

  /** The heads of the attention. */
  public static final int HEADS = 4;

  /** The networks; in each, weights of dense layers are {@code [in, out]}. */
  public enum Model {
    /**
     * Dense layers 784-512-512-10 with biases, relu between, softmax cross-entropy: x {@code [batch, 784]}, labels, and weight and
     * bias of each layer.
     */
    MLP("MLP 784-512-512-10"),
    /**
     * Two 3 x 3 convolutions of 16 and 32 filters with biases and padding 1, each followed by relu and a maximum over 2 x 2, then a
     * dense layer and softmax cross-entropy: x {@code [batch, 1, 28, 28]}, labels, and weight and bias of each layer.
     */
    CNN("CNN 28x28"),
    /**
     * A block {@code h = x + attention(norm(x)) wo, y = h + gelu(norm(h) w1 + b1) w2 + b2} with layer norms, and the mean squared
     * error: x and target {@code [batch, tokens, width]}; scale and shift of the first norm, wq, wk, wv, wo, scale and shift of the
     * second norm, w1, b1, w2, b2.
     */
    TRANSFORMER("transformer block 128x256");

    private final String label;

    Model(String label) {
      this.label = label;
    }
  }

  /** How many of the inputs are no weights. */
  public static final int DATA = 2;

  @Override
  public String group() {
    return "training";
  }

  @Override
  public String name() {
    return "training step";
  }

  @Override
  public String size() {
    return model.label + ", batch " + batch;
  }

  @Override
  public List<HostArray.Spec> inputs() {
    List<HostArray.Spec> all = new ArrayList<>();
    switch (model) {
      case MLP -> {
        images(all, batch, SIDE * SIDE);
        dense(all, SIDE * SIDE, 512);
        dense(all, 512, 512);
        dense(all, 512, CLASSES);
      }
      case CNN -> {
        images(all, batch, 1, SIDE, SIDE);
        convolution(all, 1, 16);
        convolution(all, 16, 32);
        dense(all, 32 * SIDE * SIDE / 16, CLASSES);
      }
      case TRANSFORMER -> {
        HostArray.Spec sequence = HostArray.Spec.of(DType.F32, batch, TOKENS, WIDTH);
        all.add(sequence);
        all.add(sequence);
        norm(all);
        for (int i = 0; i < 4; i++) {
          weights(all, WIDTH, WIDTH, WIDTH);
        }
        norm(all);
        dense(all, WIDTH, 4 * WIDTH);
        dense(all, 4 * WIDTH, WIDTH);
      }
    }
    return all;
  }

  private static void images(List<HostArray.Spec> all, long... shape) {
    all.add(HostArray.Spec.of(DType.F32, shape).in(0, 1));
    all.add(HostArray.Spec.indices(CLASSES, shape[0]));
  }

  private static void weights(List<HostArray.Spec> all, int fanIn, long... shape) {
    double bound = 1 / Math.sqrt(fanIn);
    all.add(HostArray.Spec.of(DType.F32, shape).in(-bound, bound));
  }

  private static void dense(List<HostArray.Spec> all, int in, int out) {
    weights(all, in, in, out);
    weights(all, in, out);
  }

  private static void convolution(List<HostArray.Spec> all, int in, int out) {
    weights(all, 9 * in, out, in, 3, 3);
    weights(all, 9 * in, out);
  }

  private static void norm(List<HostArray.Spec> all) {
    all.add(HostArray.Spec.of(DType.F32, WIDTH).in(0.9, 1.1));
    all.add(HostArray.Spec.of(DType.F32, WIDTH).in(-0.1, 0.1));
  }

  /** Some losses. */
  @Override
  public double resultBytes() {
    return 4.0;
  }

  /** Forward; backward for the weights; backward for the inputs, which a first layer does not need. */
  @Override
  public double flops() {
    double[] layers =
        switch (model) {
          case MLP -> new double[] {SIDE * SIDE * 512, 512 * 512, 512 * CLASSES};
          case CNN ->
              new double[] {9 * 16 * SIDE * SIDE, 9 * 16 * 32 * SIDE * SIDE / 4.0, 2.0 * SIDE * SIDE * CLASSES};
          case TRANSFORMER ->
              new double[] {0, 12.0 * TOKENS * WIDTH * WIDTH, 2.0 * TOKENS * TOKENS * WIDTH};
        };
    return 2.0 * batch * (2 * layers[0] + 3 * layers[1] + 3 * layers[2]);
  }

  @Override
  public Limit limit() {
    return Limit.F32;
  }
}
