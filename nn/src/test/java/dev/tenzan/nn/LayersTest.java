package dev.tenzan.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.ConvOptions;
import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Random;
import dev.tenzan.Tensor;
import dev.tenzan.error.TenzanException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Checks what layers compute, on the reference device. */
class LayersTest {
  private static final Device REFERENCE = Devices.get("reference");
  private static final Context INFERENCE = Context.inference();

  private static Context training(long key) {
    return Context.training(REFERENCE.scalar(key));
  }

  @Test
  void denseIsAnAffineMap() {
    Dense dense = new Dense("d", REFERENCE, new Random(1), 2, 3);
    dense.parameters().get(0).set(REFERENCE.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
    dense.parameters().get(1).set(REFERENCE.of(new float[] {10, 20, 30}));
    Tensor y = dense.apply(REFERENCE.of(new float[] {1, 1, 0, 2}, 2, 2), INFERENCE);
    assertArrayEquals(new float[] {15, 27, 39, 18, 30, 42}, y.toFloats());
    assertEquals(List.of("d.weight", "d.bias"), dense.parameters().stream().map(Parameter::name).toList());
  }

  @Test
  void convolutionAddsItsBias() {
    Conv2d conv = new Conv2d("c", REFERENCE, new Random(1), 1, 2, 3, ConvOptions.of().padding(1));
    conv.parameters().get(0).set(REFERENCE.ones(DType.F32, 2, 1, 3, 3));
    conv.parameters().get(1).set(REFERENCE.of(new float[] {0, 100}));
    Tensor y = conv.apply(REFERENCE.ones(DType.F32, 1, 1, 2, 2), INFERENCE);
    assertEquals(Shape.of(1, 2, 2, 2), y.shape());
    assertArrayEquals(new float[] {4, 4, 4, 4, 104, 104, 104, 104}, y.toFloats());
  }

  @Test
  void poolingAndFlattening() {
    Tensor x = REFERENCE.arange(DType.F32, 16).reshape(1, 1, 4, 4);
    Layer max = Sequential.of(new MaxPool2d(2), new Flatten());
    assertArrayEquals(new float[] {5, 7, 13, 15}, max.apply(x, INFERENCE).toFloats());
    Layer mean = Sequential.of(new AvgPool2d(2), new Flatten());
    assertArrayEquals(new float[] {2.5f, 4.5f, 10.5f, 12.5f}, mean.apply(x, INFERENCE).toFloats());
    assertEquals(Shape.of(0, 6), new Flatten().apply(REFERENCE.zeros(DType.F32, 0, 2, 3), INFERENCE).shape());
  }

  @Test
  void activationsMatchTheirFormulas() {
    double[] x = {-3, -0.5, 0.25, 2, 7};
    Tensor t = REFERENCE.of(x);
    for (Activation a : Activation.values()) {
      double[] y = a.apply(t, INFERENCE).toDoubles();
      for (int i = 0; i < x.length; i++) {
        double v = x[i];
        double sigmoid = 1 / (1 + Math.exp(-v));
        double softplus = Math.log(1 + Math.exp(v));
        double want =
            switch (a) {
              case RELU -> Math.max(v, 0);
              case RELU6 -> Math.min(Math.max(v, 0), 6);
              case SILU -> v * sigmoid;
              case MISH -> v * Math.tanh(softplus);
              case SOFTPLUS -> softplus;
              case SIGMOID -> sigmoid;
              case TANH -> Math.tanh(v);
              case GELU -> v * normalDistribution(v);
            };
        assertEquals(want, y[i], 1e-9, a + " of " + v);
      }
    }
  }

  /** The distribution function of the normal distribution, by Simpson's rule on its density. */
  private static double normalDistribution(double x) {
    int n = 2000;
    double h = x / n;
    double sum = 0;
    for (int i = 0; i <= n; i++) {
      double weight = i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2;
      sum += weight * Math.exp(-0.5 * (i * h) * (i * h));
    }
    return 0.5 + sum * h / 3 / Math.sqrt(2 * Math.PI);
  }

  @Test
  void dropoutDropsItsShareAndRepeats() {
    Tensor x = REFERENCE.ones(DType.F32, 100, 100);
    Dropout dropout = new Dropout(0.3);
    assertSame(x, dropout.apply(x, INFERENCE));
    float[] y = dropout.apply(x, training(7)).toFloats();
    int dropped = 0;
    for (float v : y) {
      assertTrue(v == 0 || v == (float) (1 / 0.7));
      dropped += v == 0 ? 1 : 0;
    }
    // Five standard deviations of a binomial distribution; the key is fixed.
    assertEquals(3000, dropped, 5 * Math.sqrt(10000 * 0.3 * 0.7));
    assertArrayEquals(y, dropout.apply(x, training(7)).toFloats());
    Context twice = training(7);
    dropout.apply(x, twice);
    assertTrue(dropout.apply(x, twice).equal(REFERENCE.of(y, 100, 100)).countNonzero().itemLong() < 10000);
    assertThrows(TenzanException.class, () -> new Dropout(1));
  }

  @Test
  void randomShiftMovesByAtMostOnePixel() {
    float[] image = new float[25];
    image[12] = 1;
    Tensor x = REFERENCE.of(image, 1, 1, 5, 5).broadcastTo(400, 1, 5, 5);
    float[] y = new RandomShift().apply(x, training(3)).toFloats();
    Set<Integer> places = new HashSet<>();
    int still = 0;
    for (int n = 0; n < 400; n++) {
      int found = -1;
      for (int i = 0; i < 25; i++) {
        if (y[25 * n + i] != 0) {
          assertEquals(-1, found);
          found = i;
        }
      }
      places.add(found);
      still += found == 12 ? 1 : 0;
    }
    assertEquals(Set.of(6, 7, 8, 11, 12, 13, 16, 17, 18), places);
    // Half stay, and a ninth of the others.
    double share = 0.5 + 0.5 / 9;
    assertEquals(400 * share, still, 5 * Math.sqrt(400 * share * (1 - share)));
    assertSame(x, new RandomShift().apply(x, INFERENCE));
  }

  @Test
  void batchNormalisationKeepsRunningStatistics() {
    BatchNorm2d norm = new BatchNorm2d("n", REFERENCE, 2);
    Tensor x = REFERENCE.of(new float[] {1, 3, 10, 20, 5, 7, 30, 40}, 2, 2, 1, 2);
    Context context = training(1);
    double[] y = norm.apply(x, context).toDoubles();
    // Channel 0 holds 1, 3, 5, 7: mean 4, variance 5, unbiased 20/3; channel 1 holds 10..40: 25, 125, 500/3.
    double[] want = {-3, -1, -15, -5, 1, 3, 5, 15};
    for (int i = 0; i < 8; i++) {
      assertEquals(want[i] / Math.sqrt(i / 2 % 2 == 0 ? 5 : 125), y[i], 1e-5);
    }
    Update.commit(context.updates());
    assertArrayEquals(new float[] {0.4f, 2.5f}, norm.statistics().get(0).tensor().toFloats(), 1e-6f);
    assertArrayEquals(
        new float[] {0.9f + 2f / 3, 0.9f + 50f / 3}, norm.statistics().get(1).tensor().toFloats(), 1e-5f);
    double[] z = norm.apply(x, INFERENCE).toDoubles();
    assertEquals((1 - 0.4) / Math.sqrt(0.9 + 2.0 / 3), z[0], 1e-4);
  }

  @Test
  void layerNormalisation() {
    LayerNorm norm = new LayerNorm("n", REFERENCE, 4, 0);
    double[] y = norm.apply(REFERENCE.of(new float[] {1, 3, 5, 7}, 1, 4), INFERENCE).toDoubles();
    assertArrayEquals(new double[] {-3, -1, 1, 3}, REFERENCE.of(y).mul(Math.sqrt(5)).toDoubles(), 1e-5);
  }

  @Test
  void initializersKeepTheirBoundsAndRepeat() {
    double[] he = Initializer.HE_UNIFORM.draw(REFERENCE, 5, 24, 6, 24, 6).toDoubles();
    for (double v : he) {
      assertTrue(Math.abs(v) <= 0.5);
    }
    assertArrayEquals(he, Initializer.HE_UNIFORM.draw(REFERENCE, 5, 24, 6, 24, 6).toDoubles());
    double[] glorot = Initializer.GLOROT_UNIFORM.draw(REFERENCE, 5, 18, 6, 18, 6).toDoubles();
    for (double v : glorot) {
      assertTrue(Math.abs(v) <= 0.5);
    }
  }

  @Test
  void crossEntropyIsStable() {
    Tensor logits = REFERENCE.of(new double[] {1000, 0, -1000, 0, 0, 0}, 2, 3);
    Tensor labels = REFERENCE.of(new int[] {1, 2});
    assertEquals((1000 + Math.log(3)) / 2, Losses.softmaxCrossEntropy(logits, labels).item(), 1e-9);
    assertEquals(0, Losses.correct(logits, labels).itemLong());
    assertEquals(2, Losses.correct(logits, REFERENCE.of(new long[] {0, 0})).itemLong());
    Tensor masked = REFERENCE.of(new double[] {0, Double.NEGATIVE_INFINITY}, 1, 2);
    assertEquals(0, Losses.softmaxCrossEntropy(masked, REFERENCE.of(new long[] {0})).item());
  }

  @Test
  void contextsOfInferenceHaveNoKeys() {
    assertThrows(IllegalStateException.class, INFERENCE::nextKey);
    assertThrows(TenzanException.class, () -> Context.training(REFERENCE.of(new int[] {1})));
  }
}
