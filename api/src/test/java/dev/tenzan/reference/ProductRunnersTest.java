package dev.tenzan.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProductRunnersTest {
  private static final long SEED = 47;

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private static float[] random(int n) {
    Random random = new Random(SEED + n);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** The documented chain: blocks of 256; each step is exact and then rounded once. */
  private static float dot(float[] x, float[] y) {
    float sum = 0;
    for (int block = 0; block * 256 < x.length; block++) {
      float chain = 0;
      for (int k = block * 256; k < Math.min(x.length, block * 256 + 256); k++) {
        chain = new BigDecimal(x[k])
            .multiply(new BigDecimal(y[k]))
            .add(new BigDecimal(chain))
            .floatValue();
      }
      sum = block == 0 ? chain : sum + chain;
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 255, 256, 257, 512, 600})
  void matmulAddsBlocksOfOneChain(int k) {
    int m = 3;
    int n = 2;
    float[] a = random(m * k);
    float[] b = random(n * k + 1);
    float[] c = new float[m * n];
    // B is given column by column, from element 1 on.
    MatMulKernel kernel =
        new MatMulKernel(
            DType.F32, DType.F32, Shape.SCALAR, m, n, k, new Affine(0, k, 1), new Affine(1, 1, k));
    rig.run(kernel, Rig.of(a), Rig.of(b), Rig.of(c));
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float[] row = Arrays.copyOfRange(a, i * k, i * k + k);
        float[] column = Arrays.copyOfRange(b, 1 + j * k, 1 + j * k + k);
        assertEquals(dot(row, column), c[i * n + j], "[" + i + ", " + j + "], seed " + SEED);
      }
    }
  }

  @Test
  void matmulBroadcastsABatch() {
    // A [2, 1, 2] times B [2, 2], shared by the batch
    int[] c = new int[4];
    MatMulKernel kernel =
        new MatMulKernel(
            DType.I32, DType.I32, Shape.of(2), 1, 2, 2, new Affine(0, 2, 2, 1), new Affine(0, 0, 2, 1));
    rig.run(kernel, Rig.of(1, 2, 3, Integer.MAX_VALUE), Rig.of(5, 6, 7, 8), Rig.of(c));
    assertArrayEquals(new int[] {19, 22, Integer.MIN_VALUE + 8, 10}, c);
  }

  @Test
  void matmulOfSmallTypes() {
    int[] wide = new int[1];
    byte[] x = {(byte) 200, 3};
    rig.run(dotKernel(DType.U8, DType.I32, 2), Rig.of(x), Rig.of(x), Rig.of(wide));
    assertEquals(40009, wide[0]);
    byte[] narrow = new byte[1];
    rig.run(dotKernel(DType.I8, DType.I8, 2), Rig.of(x), Rig.of(x), Rig.of(narrow));
    assertEquals((byte) (56 * 56 + 9), narrow[0]);
    // 2048 + 1 + 1 = 2050 only because f16 is accumulated in f32.
    short[] h = {Float.floatToFloat16(2048), Float.floatToFloat16(1), Float.floatToFloat16(1)};
    short[] ones = {h[1], h[1], h[1]};
    short[] half = new short[1];
    rig.run(dotKernel(DType.F16, DType.F16, 3), Rig.of(h), Rig.of(ones), Rig.of(half));
    assertEquals(2050f, Float.float16ToFloat(half[0]));
    double[] d = new double[1];
    rig.run(dotKernel(DType.F64, DType.F64, 2), Rig.of(1 + 0x1p-30, 1), Rig.of(1 + 0x1p-30, -1), Rig.of(d));
    assertEquals(Math.fma(1, -1, 1 + 0x1p-29), d[0]);
  }

  private static MatMulKernel dotKernel(DType in, DType out, long k) {
    return new MatMulKernel(in, out, Shape.SCALAR, 1, 1, k, new Affine(0, 0, 1), new Affine(0, 1, 0));
  }

  @Test
  void specialValuesOfAChain() {
    float[] c = new float[1];
    // fma(-tiny, tiny, +0) rounds to -0, and a single block is not added to +0.
    rig.run(dotKernel(DType.F32, DType.F32, 1), Rig.of(-0x1p-100f), Rig.of(0x1p-100f), Rig.of(c));
    assertEquals(Float.floatToRawIntBits(-0f), Float.floatToRawIntBits(c[0]));
    rig.run(
        dotKernel(DType.F32, DType.F32, 1), Rig.of(Float.POSITIVE_INFINITY), Rig.of(0f), Rig.of(c));
    assertEquals(Float.NaN, c[0]);
  }

  @Test
  void convolutionOfOneDimensionByHand() {
    // x = 1 2 3 4, w = 1 10, stride 2, one zero before and one behind: (0,1) (2,3) (4,0)
    ConvolutionKernel kernel =
        new ConvolutionKernel(
            DType.F32, 1, 1, 1, 1, Shape.of(4), Shape.of(2), Shape.of(3), List.of(2L), List.of(1L),
            List.of(1L), List.of(1L), new Affine(0, 4, 4, 1), new Affine(0, 2, 2, 1));
    float[] y = new float[3];
    rig.run(kernel, Rig.of(1f, 2, 3, 4), Rig.of(1f, 10), Rig.of(y));
    assertArrayEquals(new float[] {10, 32, 4}, y);
    // The padding's zero takes part: 0 * inf is NaN.
    rig.run(kernel, Rig.of(1f, 2, 3, 4), Rig.of(Float.POSITIVE_INFINITY, 1), Rig.of(y));
    assertArrayEquals(new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY}, y);
  }

  @Test
  void convolutionIsAMatmulOfTheUnrolledInput() {
    check(2, 6, 4, 2, new int[] {7, 6}, new int[] {3, 2}, new int[] {2, 1}, new int[] {1, 0},
        new int[] {1, 1}, new int[] {1, 2}, new int[] {4, 4});
    // Dilated input and negative padding, as in the gradient of a strided convolution.
    check(1, 2, 3, 1, new int[] {3, 4}, new int[] {2, 3}, new int[] {1, 1}, new int[] {1, -1},
        new int[] {2, 3}, new int[] {1, 1}, new int[] {6, 6});
    // More than one block of products.
    check(1, 40, 2, 1, new int[] {4, 4}, new int[] {3, 3}, new int[] {1, 1}, new int[] {1, 1},
        new int[] {1, 1}, new int[] {1, 1}, new int[] {4, 4});
  }

  private void check(
      int batch, int in, int out, int groups, int[] size, int[] window, int[] stride, int[] pad,
      int[] inputDilation, int[] windowDilation, int[] outSize) {
    int perGroup = in / groups;
    float[] x = random(batch * in * size[0] * size[1]);
    float[] w = random(out * perGroup * window[0] * window[1]);
    float[] y = new float[batch * out * outSize[0] * outSize[1]];
    rig.run(
        new ConvolutionKernel(
            DType.F32, batch, in, out, groups, shape(size), shape(window), shape(outSize), list(stride),
            list(pad), list(inputDilation), list(windowDilation),
            new Affine(0, Shape.of(batch, in, size[0], size[1]).rowMajorStrides()),
            new Affine(0, Shape.of(out, perGroup, window[0], window[1]).rowMajorStrides())),
        Rig.of(x), Rig.of(w), Rig.of(y));
    int k = perGroup * window[0] * window[1];
    int at = 0;
    for (int b = 0; b < batch; b++) {
      for (int o = 0; o < out; o++) {
        for (int p = 0; p < outSize[0]; p++) {
          for (int q = 0; q < outSize[1]; q++) {
            float[] column = new float[k];
            int t = 0;
            for (int c = 0; c < perGroup; c++) {
              int channel = o / (out / groups) * perGroup + c;
              for (int r = 0; r < window[0]; r++) {
                for (int s = 0; s < window[1]; s++) {
                  int h = p * stride[0] + r * windowDilation[0] - pad[0];
                  int v = q * stride[1] + s * windowDilation[1] - pad[1];
                  column[t++] = dilated(x, (b * in + channel) * size[0] * size[1], size, inputDilation, h, v);
                }
              }
            }
            float[] weights = Arrays.copyOfRange(w, o * k, o * k + k);
            assertEquals(dot(weights, column), y[at], 0f, "element " + at + ", seed " + SEED);
            at++;
          }
        }
      }
    }
  }

  /** Finds the input element that stands at a place of the dilated input, by looking at all of them. */
  private static float dilated(float[] x, int start, int[] size, int[] dilation, int h, int v) {
    for (int i = 0; i < size[0]; i++) {
      for (int j = 0; j < size[1]; j++) {
        if (i * dilation[0] == h && j * dilation[1] == v) {
          return x[start + i * size[1] + j];
        }
      }
    }
    return 0;
  }

  private static Shape shape(int[] v) {
    return Shape.of(v[0], v[1]);
  }

  private static List<Long> list(int[] v) {
    return List.of((long) v[0], (long) v[1]);
  }
}
