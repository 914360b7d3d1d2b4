package dev.tenzan.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.tenzan.bench.compare.Normalise;
import dev.tenzan.bench.compare.Task;
import dev.tenzan.bench.compare.TrainingStep;
import java.util.ArrayList;
import java.util.List;

/**
 * Steps of training in PyTorch: operators record a tape, backward walks it, and its own gradient descent updates the weights in
 * place. Dense weights are kept as {@code [out, in]}, as PyTorch's layers keep them.
 */
final class PyTorchTraining implements Task {
  private final TrainingStep work;
  private final NDManager manager;
  private final List<NDArray> inputs;
  private final NDArray one;
  private final TorchScript attention;
  private List<NDArray> weights;

  PyTorchTraining(TrainingStep work, NDManager manager, List<NDArray> inputs) {
    this.work = work;
    this.manager = manager;
    this.inputs = inputs;
    this.one = manager.create(1f);
    this.attention = TorchScript.of(manager, 3, "torch.scaled_dot_product_attention(x0, x1, x2)");
    this.weights = fromTheStart();
  }

  private List<NDArray> fromTheStart() {
    List<NDArray> copies = new ArrayList<>();
    for (NDArray w : inputs.subList(TrainingStep.DATA, inputs.size())) {
      NDArray copy;
      if (w.getShape().dimension() == 2) {
        try (NDArray view = w.transpose()) {
          copy = view.add(0); // laid out anew
        }
      } else {
        copy = w.duplicate();
      }
      copy.setRequiresGradient(true);
      copies.add(copy);
    }
    return copies;
  }

  @Override
  public void run() {
    step().close();
  }

  /** One step; the loss belongs to the caller. */
  private NDArray step() {
    JniUtils.setGradMode(true);
    try (NDManager scope = manager.newSubManager()) {
      // What is computed belongs to the first operand's manager, so a view of the batch keeps all of it in this scope.
      NDArray x = inputs.get(0).reshape(inputs.get(0).getShape());
      x.attach(scope);
      NDArray loss = loss(x, inputs.get(1));
      JniUtils.backward((PtNDArray) loss, (PtNDArray) one, false, false);
      JniUtils.setGradMode(false);
      for (NDArray w : weights) {
        try (NDArray gradient = w.getGradient()) {
          NDList both = new NDList(w, gradient);
          w.getNDArrayInternal().sgdUpdate(both, new NDList(w), (float) TrainingStep.LEARNING_RATE, 0, 1, -1, 0, false);
        }
      }
      loss.attach(manager);
      return loss;
    } finally {
      JniUtils.setGradMode(false);
    }
  }

  private NDArray loss(NDArray x, NDArray labels) {
    return switch (work.model()) {
      case MLP -> {
        NDArray first = ex(linear(x, 0)).relu();
        NDArray second = ex(linear(first, 2)).relu();
        yield crossEntropy(linear(second, 4), labels);
      }
      case CNN -> {
        NDArray features = stage(stage(x, 0), 2);
        yield crossEntropy(linear(features.reshape(work.batch(), -1), 4), labels);
      }
      case TRANSFORMER -> block(x).sub(labels).square().mean();
    };
  }

  private static NDArrayEx ex(NDArray x) {
    return x.getNDArrayInternal();
  }

  /** A dense layer with the weights at a place and the biases behind them. */
  private NDArray linear(NDArray x, int at) {
    return JniUtils.linear((PtNDArray) x, (PtNDArray) weights.get(at), (PtNDArray) weights.get(at + 1));
  }

  private static NDArray crossEntropy(NDArray logits, NDArray labels) {
    return logits.logSoftmax(1).gather(labels.expandDims(1), 1).mean().neg();
  }

  private NDArray stage(NDArray x, int at) {
    Shape one = PyTorchProgram.both(1);
    NDArray y =
        ex(x).convolution(x, weights.get(at), weights.get(at + 1), one, one, one, 1).singletonOrThrow();
    return ex(ex(y).relu()).maxPool(PyTorchProgram.both(2), PyTorchProgram.both(2), PyTorchProgram.both(0), false);
  }

  private NDArray block(NDArray x) {
    NDArray n = norm(x, 0);
    NDArray q = heads(product(n, 2));
    NDArray k = heads(product(n, 3));
    NDArray v = heads(product(n, 4));
    NDArray mixed = attention.callForTraining(List.of(q, k, v));
    NDArray h = x.add(product(mixed.swapAxes(1, 2).reshape(x.getShape()), 5));
    NDArray wide = ex(linear(norm(h, 6), 8)).gelu();
    return h.add(linear(wide, 10));
  }

  private NDArray norm(NDArray x, int at) {
    Shape row = new Shape(TrainingStep.WIDTH);
    return ex(x).layerNorm(x, row, weights.get(at), weights.get(at + 1), (float) Normalise.EPSILON).singletonOrThrow();
  }

  /** A dense layer without biases. */
  private NDArray product(NDArray x, int at) {
    return JniUtils.linear((PtNDArray) x, (PtNDArray) weights.get(at), null);
  }

  /** {@code [batch, tokens, width]} as {@code [batch, heads, tokens, width / heads]}. */
  private static NDArray heads(NDArray x) {
    Shape s = x.getShape();
    long width = TrainingStep.WIDTH / TrainingStep.HEADS;
    return x.reshape(s.get(0), s.get(1), TrainingStep.HEADS, width).swapAxes(1, 2);
  }

  @Override
  public double[] result() {
    weights.forEach(NDArray::close);
    weights = fromTheStart();
    double[] losses = new double[TrainingStep.STEPS];
    for (int i = 0; i < losses.length; i++) {
      try (NDArray loss = step()) {
        losses[i] = loss.getFloat();
      }
    }
    return losses;
  }

  @Override
  public void close() {
    weights.forEach(NDArray::close);
    inputs.forEach(NDArray::close);
    one.close();
    attention.close();
  }
}
