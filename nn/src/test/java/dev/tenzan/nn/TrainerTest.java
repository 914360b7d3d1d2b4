package dev.tenzan.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Random;
import dev.tenzan.error.TenzanException;
import dev.tenzan.nn.data.Dataset;
import dev.tenzan.type.DType;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Trains small models on the reference device: they must learn, repeat, and leave no memory behind. */
class TrainerTest {
  private static final Device REFERENCE = Devices.get("reference");
  private static final long SEED = 42;

  /** Points of the plane labelled by their quadrant: not separable by one linear layer. */
  private static Dataset quadrants(long key, int n) {
    float[] points = REFERENCE.randomUniform(DType.F32, key, -1.0, 1.0, n, 2).toFloats();
    long[] labels = new long[n];
    for (int i = 0; i < n; i++) {
      labels[i] = (points[2 * i] > 0) == (points[2 * i + 1] > 0) ? 1 : 0;
    }
    return new Dataset(REFERENCE.of(points, n, 2), REFERENCE.of(labels), 2, 1);
  }

  private static TrainingResult train(long seed, int epochs, TrainingListener listener) {
    Random random = new Random(seed);
    Layer model =
        Sequential.of(
            new Dense("hidden", REFERENCE, random, 2, 16),
            Activation.TANH,
            new Dropout(0.05),
            new Dense("out", REFERENCE, random, 16, 2, Initializer.GLOROT_UNIFORM));
    Optimizer optimizer = new Adam(model.parameters(), 0.05);
    Trainer trainer = new Trainer(model, optimizer, new Trainer.Options(epochs, 40, seed, true));
    return trainer.train(quadrants(1, 200), quadrants(2, 100), listener);
  }

  @Test
  void learnsAndKeepsNoMemory() {
    int n = 20;
    List<TrainingListener.EpochMetrics> epochs = new ArrayList<>();
    long[] live = new long[n];
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void epoch(EpochMetrics metrics) {
            epochs.add(metrics);
            live[metrics.epoch() - 1] = REFERENCE.memory().liveBytes();
          }
        };
    TrainingResult r = train(SEED, n, listener);
    assertEquals(n, epochs.size());
    float first = epochs.getFirst().loss();
    assertTrue(epochs.getLast().loss() < 0.5 * first, () -> "seed " + SEED + ": " + epochs);
    assertTrue(r.loss() < 0.25 && r.accuracy() > 0.88, () -> "seed " + SEED + ": " + r);
    assertTrue(live[n - 1] <= live[1], () -> "bytes held after each epoch: " + Arrays.toString(live));
  }

  @Test
  void equalSeedsGiveEqualBits() {
    TrainingResult first = train(SEED, 2, TrainingListener.SILENT);
    TrainingResult second = train(SEED, 2, TrainingListener.SILENT);
    assertEquals(Float.floatToRawIntBits(first.loss()), Float.floatToRawIntBits(second.loss()));
    assertEquals(first.accuracy(), second.accuracy());
    assertNotEquals(first.loss(), train(SEED + 1, 2, TrainingListener.SILENT).loss());
  }

  @Test
  void batchNormalisationTrains() {
    Random random = new Random(SEED);
    Layer model =
        Sequential.of(
            (x, _) -> x.reshape(-1, 2, 1, 1),
            new BatchNorm2d("norm", REFERENCE, 2),
            new Flatten(),
            new Dense("hidden", REFERENCE, random, 2, 16),
            Activation.RELU,
            new Dense("out", REFERENCE, random, 16, 2));
    Optimizer optimizer = new Sgd(model.parameters(), 0.2, 0.9, 1e-4, true);
    Trainer trainer = new Trainer(model, optimizer, new Trainer.Options(10, 40, SEED, false));
    TrainingResult r = trainer.train(quadrants(1, 200), quadrants(2, 100), TrainingListener.SILENT);
    assertTrue(r.accuracy() > 0.85, () -> "seed " + SEED + ": " + r);
  }

  @Test
  void digitsAreLearnedWithinOneEpoch() {
    TrainingResult r = Recipe.digits(REFERENCE, SEED, 1).run(TrainingListener.SILENT);
    assertTrue(r.loss() < 0.8 && r.accuracy() > 0.7, () -> "seed " + SEED + ": " + r);
  }

  @Test
  void progressIsQuietInPipes() {
    for (boolean live : new boolean[] {false, true}) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      ProgressBar bar = new ProgressBar(new PrintStream(bytes, true, StandardCharsets.UTF_8), live);
      bar.step(1, 2, 50, 100);
      bar.epoch(new TrainingListener.EpochMetrics(1, 2, 0.25f, 0.5, 2, 50));
      String text = bytes.toString(StandardCharsets.UTF_8);
      assertEquals(live, text.contains("\r"));
      assertEquals(live, text.contains("50/100"));
      assertTrue(text.contains("epoch 1/2  loss 0.2500  accuracy 50.00 %  2.0 s  50 samples/s"), text);
    }
  }

  @Test
  void errors() {
    assertThrows(TenzanException.class, () -> new Trainer.Options(0, 1, 1, false));
    assertThrows(TenzanException.class, () -> new Trainer.Options(1, 0, 1, false));
    Dense model = new Dense("d", REFERENCE, new Random(1), 2, 2);
    Trainer trainer =
        new Trainer(model, new Sgd(model.parameters(), 0.1), new Trainer.Options(1, 1, 1, false));
    assertThrows(
        TenzanException.class,
        () -> trainer.train(quadrants(1, 10), quadrants(1, 0), TrainingListener.SILENT));
  }
}
