package dev.tenzan.bench.compare;

import dev.tenzan.ConvOptions;
import dev.tenzan.Device;
import dev.tenzan.PoolOptions;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.nn.Gradients;
import dev.tenzan.nn.Losses;
import dev.tenzan.nn.Parameter;
import dev.tenzan.nn.Sgd;
import dev.tenzan.nn.Update;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;

/** The steps of training of a {@link TrainingStep} in Tenzan. */
final class TenzanTraining implements Task {
  private final TrainingStep work;
  private final Device device;
  private final List<Tensor> inputs;
  private Sgd optimizer;

  /** Training from the weights among the inputs, which are closed with it. */
  TenzanTraining(TrainingStep work, Device device, List<Tensor> inputs) {
    this.work = work;
    this.device = device;
    this.inputs = inputs;
    this.optimizer = fromTheStart();
  }

  private Sgd fromTheStart() {
    List<Parameter> parameters = new ArrayList<>();
    for (int i = TrainingStep.DATA; i < inputs.size(); i++) {
      parameters.add(new Parameter("weight " + i, inputs.get(i)));
    }
    return new Sgd(parameters, TrainingStep.LEARNING_RATE);
  }

  /** Reading the loss waits for the step. */
  @Override
  public void run() {
    step();
    device.synchronize();
  }

  private double step() {
    try (TensorScope _ = TensorScope.open()) {
      List<Tensor> weights = optimizer.tensors();
      var result = Gradients.of(() -> loss(weights), weights);
      List<Update> updates = new ArrayList<>(optimizer.updates(result.gradients()));
      Parameter loss = new Parameter("loss", device.zeros(DType.F32));
      updates.add(new Update(loss, result.value()));
      Update.commit(updates);
      return loss.tensor().item();
    }
  }

  private Tensor loss(List<Tensor> w) {
    Tensor x = inputs.get(0);
    Tensor labels = inputs.get(1);
    return switch (work.model()) {
      case MLP -> {
        Tensor first = x.matmul(w.get(0)).add(w.get(1)).relu();
        Tensor second = first.matmul(w.get(2)).add(w.get(3)).relu();
        yield Losses.softmaxCrossEntropy(second.matmul(w.get(4)).add(w.get(5)), labels);
      }
      case CNN -> {
        Tensor features = stage(stage(x, w.get(0), w.get(1)), w.get(2), w.get(3)).flatten(1);
        yield Losses.softmaxCrossEntropy(features.matmul(w.get(4)).add(w.get(5)), labels);
      }
      case TRANSFORMER -> Losses.meanSquaredError(block(x, w), labels);
    };
  }

  private static Tensor stage(Tensor x, Tensor filters, Tensor bias) {
    Tensor y = x.conv(filters, ConvOptions.of().padding(1)).add(bias.reshape(-1, 1, 1));
    return y.relu().maxPool(PoolOptions.of(2, 2).stride(2));
  }

  private static Tensor block(Tensor x, List<Tensor> w) {
    Tensor n = x.layerNorm(w.get(0), w.get(1), Normalise.EPSILON, 1);
    Tensor q = heads(n.matmul(w.get(2)));
    Tensor k = heads(n.matmul(w.get(3)));
    Tensor v = heads(n.matmul(w.get(4)));
    double scale = 1 / Math.sqrt((double) TrainingStep.WIDTH / TrainingStep.HEADS);
    Tensor mixed = q.matmul(k.mT()).mul(scale).softmax(-1).matmul(v);
    Tensor joined = mixed.swapAxes(1, 2).reshape(x.shape().dims());
    Tensor h = x.add(joined.matmul(w.get(5)));
    Tensor wide = h.layerNorm(w.get(6), w.get(7), Normalise.EPSILON, 1).matmul(w.get(8)).add(w.get(9)).gelu();
    return h.add(wide.matmul(w.get(10)).add(w.get(11)));
  }

  /** {@code [batch, tokens, width]} as {@code [batch, heads, tokens, width / heads]}. */
  private static Tensor heads(Tensor x) {
    return x.reshape(x.dim(0), x.dim(1), TrainingStep.HEADS, -1).swapAxes(1, 2);
  }

  @Override
  public double[] result() {
    optimizer = fromTheStart();
    double[] losses = new double[TrainingStep.STEPS];
    for (int i = 0; i < losses.length; i++) {
      losses[i] = step();
    }
    return losses;
  }

  @Override
  public void close() {
    inputs.forEach(Tensor::close);
  }
}
