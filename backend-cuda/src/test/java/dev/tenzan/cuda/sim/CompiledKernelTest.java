package dev.tenzan.cuda.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Kernels of CUDA C, compiled by nvcc: see {@code kernels.cu} and {@code tensor.cu} beside the PTX. */
class CompiledKernelTest {
  private static final long SEED = 20_250_717;

  private final Random random = new Random(SEED);

  private float[] floats(int n) {
    float[] a = new float[n];
    for (int i = 0; i < n; i++) {
      a[i] = random.nextFloat() * 4 - 2;
    }
    return a;
  }

  @Test
  void tiledMatrixProductHasTheBitsOfAnFmaChain() {
    int n = 50;
    Harness h = Harness.ofResource("kernels.ptx");
    float[] a = floats(n * n);
    float[] b = floats(n * n);
    long c = h.memory.allocate(4L * n * n);
    byte[] parameters = h.pack("matmul", h.upload(a), h.upload(b), c, n);
    h.simulator.launch(h.module, "matmul", 4, 4, 1, 16, 16, 1, 0, parameters, h.memory);
    float[] expected = new float[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        float sum = 0;
        for (int k = 0; k < n; k++) {
          sum = Math.fma(a[i * n + k], b[k * n + j], sum);
        }
        expected[i * n + j] = sum;
      }
    }
    assertArrayEquals(expected, h.floats(c, n * n));
  }

  @Test
  void blockReductionAddsInTheOrderOfItsShuffles() {
    int n = 1000;
    int threads = 160;
    Harness h = Harness.ofResource("kernels.ptx");
    float[] a = floats(n);
    long out = h.memory.allocate(4);
    h.launch("reduce", 1, threads, 0, h.upload(a), out, n);
    float[] lanes = new float[threads];
    for (int t = 0; t < threads; t++) {
      for (int i = t; i < n; i += threads) {
        lanes[t] += a[i];
      }
    }
    float[] warps = new float[32];
    for (int w = 0; w < threads / 32; w++) {
      warps[w] = tree(Arrays.copyOfRange(lanes, 32 * w, 32 * w + 32));
    }
    assertEquals(tree(warps), h.floats(out, 1)[0]);
  }

  private static float tree(float[] lanes) {
    for (int d = 16; d > 0; d /= 2) {
      for (int i = 0; i < d; i++) {
        lanes[i] += lanes[i + d];
      }
    }
    return lanes[0];
  }

  @Test
  void dividesIntegersOf64Bits() {
    int n = 200;
    long[] a = new long[n];
    long[] b = new long[n];
    for (int i = 0; i < n; i++) {
      a[i] = random.nextLong() >> random.nextInt(64);
      b[i] = random.nextLong() >> random.nextInt(63) | 1;
    }
    a[0] = Long.MIN_VALUE;
    b[0] = -1;
    Harness h = Harness.ofResource("kernels.ptx");
    long[] out = new long[4];
    for (int i = 0; i < 4; i++) {
      out[i] = h.memory.allocate(8L * n);
    }
    h.launch("divide", 2, 128, 0, h.upload(a), h.upload(b), out[0], out[1], out[2], out[3], n);
    long[][] results = new long[4][n];
    for (int i = 0; i < 4; i++) {
      h.memory.read(out[i], MemorySegment.ofArray(results[i]));
    }
    for (int i = 0; i < n; i++) {
      assertEquals(a[i] / b[i], results[0][i]);
      assertEquals(a[i] % b[i], results[1][i]);
      assertEquals(Long.divideUnsigned(a[i], b[i]), results[2][i]);
      assertEquals(Long.remainderUnsigned(a[i], b[i]), results[3][i]);
    }
  }

  @Test
  void sortsInDynamicSharedMemory() {
    int[] a = random.ints(200).toArray();
    Harness h = Harness.ofResource("kernels.ptx");
    long p = h.upload(a);
    h.launch("bitonic", 1, 256, 1024, p, a.length);
    Arrays.sort(a);
    assertArrayEquals(a, h.ints(p, a.length));
  }

  @Test
  void countsWithAtomicsInSharedAndGlobalMemory() {
    int n = 5000;
    byte[] a = new byte[n];
    random.nextBytes(a);
    int[] expected = new int[256];
    for (byte x : a) {
      expected[x & 0xff]++;
    }
    Harness h = Harness.ofResource("kernels.ptx");
    long bins = h.upload(new int[256]);
    h.launch("histogram", 7, 96, 0, h.upload(MemorySegment.ofArray(a)), bins, n);
    assertArrayEquals(expected, h.ints(bins, 256));
  }

  @Test
  void computesInHalfTypes() {
    int n = 300;
    float[] a = floats(n);
    a[0] = 70000;
    a[1] = 1e-7f;
    a[2] = Float.NaN;
    Harness h = Harness.ofResource("kernels.ptx");
    long half = h.memory.allocate(2L * n);
    long brain = h.memory.allocate(2L * n);
    long back = h.memory.allocate(4L * n);
    h.launch("halves", 3, 128, 0, h.upload(a), half, brain, back, n);
    short[] halves = new short[n];
    short[] brains = new short[n];
    h.memory.read(half, MemorySegment.ofArray(halves));
    h.memory.read(brain, MemorySegment.ofArray(brains));
    float[] backs = h.floats(back, n);
    for (int i = 0; i < n; i++) {
      float x = Float.float16ToFloat(Float.floatToFloat16(a[i]));
      assertEquals(Float.float16ToFloat(Float.floatToFloat16(x + 1)), Float.float16ToFloat(halves[i]));
      int bits = Float.floatToRawIntBits(a[i]);
      int rounded = Float.isNaN(a[i]) ? 0x7fff : bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
      assertEquals(rounded, brains[i] & 0xffff);
      float tripled = Float.float16ToFloat(Float.floatToFloat16(x * 3));
      assertEquals(tripled + Float.intBitsToFloat(brains[i] << 16), backs[i]);
    }
  }

  @Test
  void softmaxOfExactOperationsHasTheHostsBits() {
    int columns = 150;
    int threads = 128;
    float[] a = floats(3 * columns);
    Harness h = Harness.ofResource("kernels.ptx");
    long out = h.memory.allocate(4L * a.length);
    h.launch("softmax", 3, threads, 0, h.upload(a), out, columns);
    float[] expected = new float[a.length];
    for (int r = 0; r < 3; r++) {
      float max = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < columns; i++) {
        max = Math.max(max, a[r * columns + i]);
      }
      float[] sums = new float[threads];
      for (int i = 0; i < columns; i++) {
        sums[i % threads] += exp(a[r * columns + i] - max);
      }
      for (int d = threads / 2; d > 0; d /= 2) {
        for (int i = 0; i < d; i++) {
          sums[i] += sums[i + d];
        }
      }
      for (int i = 0; i < columns; i++) {
        expected[r * columns + i] = exp(a[r * columns + i] - max) / sums[0];
      }
    }
    assertArrayEquals(expected, h.floats(out, a.length));
  }

  private static float exp(float x) {
    float k = (float) Math.rint(x * 1.44269502f);
    float r = Math.fma(k, -0.693147182f, x);
    float p = 0.00833333377f;
    for (float c : new float[] {0.0416666679f, 0.166666672f, 0.5f, 1, 1}) {
      p = Math.fma(p, r, c);
    }
    return p * Float.intBitsToFloat(((int) k + 127) << 23);
  }

  @Test
  void callsFunctionsAndSwitches() {
    int threads = 48;
    float[] a = floats(threads);
    Harness h = Harness.ofResource("kernels.ptx");
    long p = h.upload(a);
    h.launch("calls", 1, threads, 0, p, 20);
    for (int i = 0; i < threads; i++) {
      float v = a[i];
      for (int k = 0; k < (i < 20 ? i : 3); k++) {
        v = v * 0.5f + 1;
      }
      a[i] = switch (i % 8) {
        case 0 -> v + 1;
        case 1 -> v * 3;
        case 2 -> v - 7;
        case 3 -> v * v;
        case 4 -> v / 3;
        case 5 -> (float) Math.sqrt(v);
        default -> -v;
      };
    }
    assertArrayEquals(a, h.floats(p, threads));
  }

  @Test
  void readsConstantsAndLocalArraysAndKeepsVariables() {
    int[] table = {3, 1, 4, 1, 5, 9, 2, 6};
    int[] picks = random.ints(64, 0, 8).toArray();
    Harness h = Harness.ofResource("kernels.ptx");
    long p = h.upload(picks);
    h.launch("variables", 1, 64, 0, p);
    int[] expected = new int[64];
    for (int t = 0; t < 64; t++) {
      expected[t] = table[(picks[t] + t) % 8] * (picks[t] + 1) + 1000;
    }
    assertArrayEquals(expected, h.ints(p, 64));
    long counter = h.memory.variables(h.module).get("counter");
    assertEquals(7 + 64, h.ints(counter, 1)[0]);
  }

  @Test
  void scansWithShufflesAndBallots() {
    int[] a = random.ints(96, 0, 100).toArray();
    Harness h = Harness.ofResource("kernels.ptx");
    long out = h.memory.allocate(4 * 96);
    h.launch("scan", 1, 96, 0, h.upload(a), out);
    int[] expected = new int[96];
    for (int w = 0; w < 96; w += 32) {
      int odd = 0;
      for (int i = w; i < w + 32; i++) {
        expected[i] = a[i] + (i > w ? expected[i - 1] : 0);
        odd += expected[i] & 1;
      }
      for (int i = w; i < w + 32; i++) {
        a[i] = expected[i] * 100 + odd;
      }
    }
    assertArrayEquals(a, h.ints(out, 96));
  }

  @Test
  void integerIntrinsicsHaveTheirJavaCounterparts() {
    int n = 128;
    int[] a = random.ints(n).toArray();
    int[] b = random.ints(n).toArray();
    Harness h = Harness.ofResource("kernels.ptx");
    long out = h.memory.allocate(4L * n);
    h.launch("integers", 1, n, 0, h.upload(a), h.upload(b), out, n);
    int[] expected = new int[n];
    for (int i = 0; i < n; i++) {
      expected[i] = mix(a[i], b[i]);
    }
    assertArrayEquals(expected, h.ints(out, n));
  }

  private static int mix(int x, int y) {
    long ux = x & 0xffff_ffffL;
    long uy = y & 0xffff_ffffL;
    int h = (int) (ux * uy >>> 32) ^ (int) ((long) x * y >> 32);
    h += Integer.numberOfLeadingZeros(x) + 33 * (y == 0 ? 0 : Integer.numberOfTrailingZeros(y) + 1) + Integer.bitCount(x ^ y);
    // __byte_perm(x, y, 0x5140): from the low byte on, bytes 0, 4, 1, 5
    h ^= Integer.reverse(x) + (x & 0xff | (y & 0xff) << 8 | (x >>> 8 & 0xff) << 16 | (y >>> 8 & 0xff) << 24);
    int s = y & 31;
    int shifted = s == 0 ? x : x << s | h >>> (32 - s);
    h = shifted + Integer.divideUnsigned(x, 7) + y / 11 + y % 13;
    h += (int) (ux * uy >>> 17);
    h += (int) (Math.abs(ux - uy) + h) + Math.max(x, y) + (int) Math.min(ux, uy);
    return h;
  }

  @Test
  void multipliesMatricesOfAWarp() {
    float[] a = new float[256];
    float[] b = new float[256];
    short[] ha = new short[256];
    short[] hb = new short[256];
    for (int i = 0; i < 256; i++) {
      a[i] = random.nextInt(17) - 8;
      b[i] = (random.nextInt(17) - 8) / 4f;
      ha[i] = Float.floatToFloat16(a[i]);
      hb[i] = Float.floatToFloat16(b[i]);
    }
    Harness h = Harness.ofResource("tensor.ptx");
    long c = h.memory.allocate(4 * 256);
    h.launch("wmma", 1, 32, 0, h.upload(MemorySegment.ofArray(ha)), h.upload(MemorySegment.ofArray(hb)), c);
    float[] expected = new float[256];
    for (int i = 0; i < 256; i++) {
      for (int k = 0; k < 16; k++) {
        expected[i] += a[i / 16 * 16 + k] * b[k * 16 + i % 16]; // exact: small integers and quarters
      }
    }
    assertArrayEquals(expected, h.floats(c, 256));
  }

  @Test
  void waitsForAsynchronousCopies() {
    float[] a = floats(256);
    Harness h = Harness.ofResource("tensor.ptx");
    long out = h.memory.allocate(4 * 256);
    h.launch("async", 1, 64, 0, h.upload(a), out);
    float[] result = h.floats(out, 256);
    for (int i = 0; i < 256; i++) {
      assertEquals(a[(63 - i / 4) * 4 + i % 4], result[i]);
    }
  }
}
