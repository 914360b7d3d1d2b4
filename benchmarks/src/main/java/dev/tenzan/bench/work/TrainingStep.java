package dev.tenzan.bench.work;

import dev.tenzan.ConvOptions;
import dev.tenzan.Device;
import dev.tenzan.Random;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.nn.Activation;
import dev.tenzan.nn.Adam;
import dev.tenzan.nn.Context;
import dev.tenzan.nn.Conv2d;
import dev.tenzan.nn.Dense;
import dev.tenzan.nn.Flatten;
import dev.tenzan.nn.Gradients;
import dev.tenzan.nn.Losses;
import dev.tenzan.nn.MaxPool2d;
import dev.tenzan.nn.Optimizer;
import dev.tenzan.nn.Parameter;
import dev.tenzan.nn.Sequential;
import dev.tenzan.nn.Update;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * One step of training: forward, backward and Adam, for a convolutional network of 21,000 weights on images of 28 x 28 pixels.
 *
 * @param batch the images of a step
 */
record TrainingStep(int batch) implements Workload {
  private static final int SIDE = 28;
  private static final int CLASSES = 10;
  private static final int FIRST = 16;
  private static final int SECOND = 32;

  @Override
  public Facts facts() {
    double conv1 = 2.0 * FIRST * SIDE * SIDE * 9;
    double conv2 = 2.0 * SECOND * SIDE / 2 * SIDE / 2 * FIRST * 9;
    double dense = 2.0 * SECOND * SIDE / 4 * SIDE / 4 * CLASSES;
    // The backward pass needs the gradients of weights and of inputs; the first layer has no input to differentiate by.
    double flops = batch * (2 * conv1 + 3 * conv2 + 3 * dense);
    String size = "CNN, batch " + batch;
    return new Facts(
        Workloads.NETWORKS, "training step", size, batch, Metric.SAMPLES, batch, flops, 0, Limit.NONE);
  }

  @Override
  public Session open(Device device) {
    return new Running(device);
  }

  private final class Running implements Session {
    private final Device device;
    private final Tensor images;
    private final Tensor labels;
    private Sequential model;
    private Optimizer optimizer;

    Running(Device device) {
      this.device = device;
      int[] classes = new int[batch];
      for (int i = 0; i < batch; i++) {
        classes[i] = i % CLASSES;
      }
      images = Host.Spec.f32(batch, 1, SIDE, SIDE).draw(0).on(device);
      labels = device.of(classes);
      Tensor.eval(images, labels);
      model = model();
      optimizer = new Adam(model.parameters(), 1e-3);
    }

    private Sequential model() {
      Random random = new Random(Host.SEED);
      ConvOptions same = ConvOptions.of().padding(1);
      return Sequential.of(
          new Conv2d("conv1", device, random, 1, FIRST, 3, same),
          Activation.RELU,
          new MaxPool2d(2),
          new Conv2d("conv2", device, random, FIRST, SECOND, 3, same),
          Activation.RELU,
          new MaxPool2d(2),
          new Flatten(),
          new Dense("dense", device, random, SECOND * SIDE / 4 * SIDE / 4, CLASSES));
    }

    @Override
    public void run() {
      step();
      device.synchronize();
    }

    private float step() {
      try (TensorScope _ = TensorScope.open()) {
        Context context = Context.training(device.scalar(1L));
        var result =
            Gradients.of(
                () -> Losses.softmaxCrossEntropy(model.apply(images, context), labels), optimizer.tensors());
        List<Update> updates = new ArrayList<>(optimizer.updates(result.gradients()));
        Parameter loss = new Parameter("loss", device.zeros(DType.F32));
        updates.add(new Update(loss, result.value()));
        Update.commit(updates);
        return loss.tensor().toFloats()[0];
      }
    }

    /** The loss of three steps and the last layer's biases, from the first weights. */
    @Override
    public double[] results() {
      model = model();
      optimizer = new Adam(model.parameters(), 1e-3);
      double[] results = new double[3 + CLASSES];
      for (int i = 0; i < 3; i++) {
        results[i] = step();
      }
      try (TensorScope _ = TensorScope.open()) {
        float[] biases = model.parameters().getLast().tensor().toFloats();
        for (int i = 0; i < CLASSES; i++) {
          results[3 + i] = biases[i];
        }
      }
      return results;
    }

    @Override
    public String check() {
      double[] r = results();
      if (!(r[0] > 0.5 && r[0] < 20 && r[2] < r[0])) {
        throw new CheckFailedException(
            "the loss of three steps on one batch is " + r[0] + ", " + r[1] + ", " + r[2] + "; it should fall");
      }
      return "the loss falls";
    }

    @Override
    public void close() {
      images.close();
      labels.close();
    }
  }
}
