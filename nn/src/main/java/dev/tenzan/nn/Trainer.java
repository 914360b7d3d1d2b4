package dev.tenzan.nn;

import dev.tenzan.Device;
import dev.tenzan.Random;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.error.TenzanException;
import dev.tenzan.nn.data.Dataset;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A training of a classifier by softmax cross-entropy. One step is one program: loss, gradients, new
 * parameters and metrics. All steps have one structure, so the program is scheduled once; metrics stay on the
 * device until an epoch ends.
 *
 * <p>Everything random comes from the seed, and everything that is counted is counted on the device in a
 * fixed order, so the result has the same bits on every device.
 */
public final class Trainer {
  /** Evaluation batches have a size of their own: the loss must not depend on how one trained. */
  private static final int EVALUATION_BATCH = 500;

  private final Layer model;
  private final Optimizer optimizer;
  private final Options options;

  /**
   * How to train.
   *
   * @param epochs how often each sample is seen, at least 1
   * @param batchSize the samples of a step, at least 1
   * @param seed fixes order, dropout and augmentation
   * @param linearDecay whether the learning rate falls in a straight line, to reach 0 behind the last step
   */
  public record Options(int epochs, int batchSize, long seed, boolean linearDecay) {
    /** Checks the numbers. */
    public Options {
      if (epochs < 1 || batchSize < 1) {
        throw new TenzanException(
            "trainer: " + epochs + " epochs with batches of " + batchSize + "; both must be at least 1");
      }
    }
  }

  /**
   * How good a model is.
   *
   * @param loss the mean loss
   * @param accuracy the share of correct answers
   */
  public record Evaluation(float loss, double accuracy) {}

  /** A training of a model, whose parameters the optimizer holds. */
  public Trainer(Layer model, Optimizer optimizer, Options options) {
    this.model = model;
    this.optimizer = optimizer;
    this.options = options;
  }

  /**
   * Trains, then evaluates the loss on the training set and the accuracy on the test set.
   *
   * @throws TenzanException where a data set is empty
   */
  public TrainingResult train(Dataset train, Dataset test, TrainingListener listener) {
    requireSamples(train);
    requireSamples(test);
    Totals totals = new Totals(train.device());
    Random random = new Random(options.seed());
    double rate = optimizer.learningRate();
    long start = System.nanoTime();
    for (int epoch = 1; epoch <= options.epochs(); epoch++) {
      long epochStart = System.nanoTime();
      totals.clear();
      List<long[]> batches = train.shuffledBatches(random.nextKey(), options.batchSize());
      long steps = (long) batches.size() * options.epochs();
      long done = 0;
      for (int i = 0; i < batches.size(); i++) {
        long step = (epoch - 1L) * batches.size() + i;
        optimizer.learningRate(options.linearDecay() ? rate * (steps - step) / steps : rate);
        step(train, batches.get(i), random.nextKey(), totals);
        done += batches.get(i).length;
        listener.step(epoch, options.epochs(), done, train.size());
      }
      Evaluation seen = totals.read(train.size());
      double seconds = (System.nanoTime() - epochStart) * 1e-9;
      listener.epoch(
          new TrainingListener.EpochMetrics(
              epoch, options.epochs(), seen.loss(), seen.accuracy(), seconds, train.size() / seconds));
    }
    optimizer.learningRate(rate);
    double seconds = (System.nanoTime() - start) * 1e-9;
    return new TrainingResult(evaluate(train).loss(), evaluate(test).accuracy(), options.epochs(), seconds);
  }

  private void step(Dataset data, long[] batch, long key, Totals totals) {
    try (TensorScope _ = TensorScope.open()) {
      Tensor indices = data.device().of(batch);
      Tensor inputs = data.inputs(indices);
      Tensor targets = data.targets(indices);
      Context context =
          Context.training(data.device().of(DType.I64, MemorySegment.ofArray(new long[] {key})));
      List<Tensor> logits = new ArrayList<>(1);
      var result =
          Gradients.of(
              () -> {
                logits.add(model.apply(inputs, context));
                return Losses.softmaxCrossEntropy(logits.getFirst(), targets);
              },
              optimizer.tensors());
      List<Update> updates = new ArrayList<>(optimizer.updates(result.gradients()));
      updates.addAll(context.updates());
      totals.add(updates, result.value().mul(batch.length), Losses.correct(logits.getFirst(), targets));
      Update.commit(updates);
    }
  }

  /** The mean loss and the accuracy of the model on a data set, in inference mode. */
  public Evaluation evaluate(Dataset data) {
    requireSamples(data);
    Totals totals = new Totals(data.device());
    for (long[] batch : data.batches(EVALUATION_BATCH)) {
      try (TensorScope _ = TensorScope.open()) {
        Tensor indices = data.device().of(batch);
        Tensor targets = data.targets(indices);
        Tensor logits = model.apply(data.inputs(indices), Context.inference());
        List<Update> updates = new ArrayList<>();
        totals.add(updates, Losses.softmaxCrossEntropySum(logits, targets), Losses.correct(logits, targets));
        Update.commit(updates);
      }
    }
    return totals.read(data.size());
  }

  private static void requireSamples(Dataset data) {
    if (data.size() == 0) {
      throw new TenzanException("trainer: a data set has no samples; give at least one");
    }
  }

  /** Sums over samples, kept on the device. */
  private static final class Totals {
    private final Device device;
    private final Parameter loss;
    private final Parameter correct;

    Totals(Device device) {
      this.device = device;
      try (TensorScope _ = TensorScope.open()) {
        loss = new Parameter("loss", device.zeros(DType.F32));
        correct = new Parameter("correct", device.zeros(DType.I64));
      }
    }

    void clear() {
      try (TensorScope _ = TensorScope.open()) {
        loss.set(device.zeros(DType.F32));
        correct.set(device.zeros(DType.I64));
      }
    }

    void add(List<Update> updates, Tensor lossSum, Tensor correctSum) {
      updates.add(new Update(loss, loss.tensor().add(lossSum)));
      updates.add(new Update(correct, correct.tensor().add(correctSum)));
    }

    Evaluation read(int samples) {
      try (TensorScope _ = TensorScope.open()) {
        float mean = loss.tensor().div(samples).toFloats()[0];
        return new Evaluation(mean, correct.tensor().itemLong() / (double) samples);
      }
    }
  }
}
