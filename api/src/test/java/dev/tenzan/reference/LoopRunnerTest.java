package dev.tenzan.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.IndexException;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopRunnerTest {
  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private static LoopKernel map(Shape space, DType in, DType out, ScalarBuilder b, int value, Affine store) {
    return new LoopKernel(
        space,
        Shape.SCALAR,
        List.of(in),
        List.of(out),
        b.build(),
        null,
        ScalarProgram.EMPTY,
        List.of(new LoopKernel.Store(0, store, value)));
  }

  private static LoopKernel reduceRows(ReduceOp op, DType dtype, long rows, long columns) {
    ScalarBuilder body = new ScalarBuilder();
    int x = body.add(new Instr.Load(dtype, 0, new Affine(0, columns, 1)));
    ScalarBuilder epilogue = new ScalarBuilder();
    int r = epilogue.add(new Instr.Reduced(dtype.compute()));
    return new LoopKernel(
        Shape.of(rows),
        Shape.of(columns),
        List.of(dtype),
        List.of(dtype),
        body.build(),
        new LoopKernel.Reduction(op, x),
        epilogue.build(),
        List.of(new LoopKernel.Store(0, new Affine(0, 1), r)));
  }

  @Test
  void transposesWithNegativeAndZeroStrides() {
    // out[i, j] = x[j, 1 - i] + x[0, 0] + 10 i for x of shape [3, 2]
    ScalarBuilder b = new ScalarBuilder();
    int x = b.add(new Instr.Load(DType.F32, 0, new Affine(1, -1, 2)));
    int first = b.add(new Instr.Load(DType.F32, 0, new Affine(0, 0, 0)));
    int tens = b.convert(DType.F32, b.index(new Affine(0, 10, 0)));
    int sum = b.add(b.add(x, first), tens);
    float[] out = new float[6];
    Affine store = new Affine(0, 3, 1);
    rig.run(
        map(Shape.of(2, 3), DType.F32, DType.F32, b, sum, store), Rig.of(1f, 2, 3, 4, 5, 6), Rig.of(out));
    assertArrayEquals(new float[] {3, 5, 7, 12, 14, 16}, out);
  }

  @Test
  void storesOnlyItsPart() {
    ScalarBuilder b = new ScalarBuilder();
    int x = b.add(new Instr.Load(DType.I32, 0, new Affine(0, 1)));
    int[] out = {-1, -1, -1, -1, -1};
    rig.run(
        map(Shape.of(2), DType.I32, DType.I32, b, x, new Affine(1, 2)), Rig.of(7, 8), Rig.of(out));
    assertArrayEquals(new int[] {-1, 7, -1, 8, -1}, out);
  }

  @Test
  void emptySpaceTouchesNothing() {
    ScalarBuilder b = new ScalarBuilder();
    int x = b.add(new Instr.Load(DType.I32, 0, new Affine(100, 1)));
    rig.run(
        map(Shape.of(0), DType.I32, DType.I32, b, x, new Affine(100, 1)),
        Rig.of(new int[0]),
        Rig.of(new int[0]));
  }

  @Test
  void fmaRoundsOnceAndSelectFollowsComparison() {
    // NaN is not less than 1, so the second branch is taken.
    ScalarBuilder b = new ScalarBuilder();
    int x = b.add(new Instr.Load(DType.F32, 0, new Affine(0, 1)));
    int one = b.f32(1);
    int value = b.select(b.lt(x, one), b.fma(x, x, b.f32(-0x1p-2f)), b.neg(x));
    float[] in = {0.5f + 0x1p-20f, Float.NaN, 1f, -0f};
    float[] out = new float[4];
    rig.run(map(Shape.of(4), DType.F32, DType.F32, b, value, new Affine(0, 1)), Rig.of(in), Rig.of(out));
    assertArrayEquals(new float[] {0x1p-20f + 0x1p-40f, Float.NaN, -1f, -0.25f}, out);
  }

  @Test
  void halfPrecisionRoundsToNearestEven() {
    // 1 + 2^-11 is halfway between 1 and 1 + 2^-10 in f16; 65520 is the least value that overflows.
    float[] in = {1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 65519f, 65520f, 0x1p-24f, 0x1p-25f, -0f};
    float[] expected = {
      1f, 1 + 0x1p-9f, 65504f, Float.POSITIVE_INFINITY, 0x1p-24f, 0f, -0f
    };
    short[] out = new short[in.length];
    rig.run(store(DType.F32, DType.F16, in.length), Rig.of(in), Rig.of(out));
    for (int i = 0; i < in.length; i++) {
      assertEquals(expected[i], Float.float16ToFloat(out[i]), "element " + i);
    }
    float[] back = new float[in.length];
    rig.run(store(DType.F16, DType.F32, in.length), Rig.of(out), Rig.of(back));
    assertArrayEquals(expected, back);
  }

  @Test
  void bfloatRoundsToNearestEven() {
    // 1 + 2^-8 is halfway between 1 and 1 + 2^-7 in bf16.
    float[] in = {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, Float.MAX_VALUE, -2f, Float.NEGATIVE_INFINITY};
    short[] out = new short[in.length];
    rig.run(store(DType.F32, DType.BF16, in.length), Rig.of(in), Rig.of(out));
    assertArrayEquals(
        new short[] {0x3f80, 0x3f82, 0x7f80, (short) 0xc000, (short) 0xff80}, out);
    short[] nan = new short[1];
    rig.run(store(DType.F32, DType.BF16, 1), Rig.of(Float.NaN), Rig.of(nan));
    assertTrue(Float.isNaN(Float.intBitsToFloat(nan[0] << 16)));
  }

  @Test
  void smallIntegersWrap() {
    int[] in = {127, 128, 255, 256, -1, -129, 32768};
    byte[] i8 = new byte[in.length];
    rig.run(store(DType.I32, DType.I8, in.length), Rig.of(in), Rig.of(i8));
    assertArrayEquals(new byte[] {127, -128, -1, 0, -1, 127, 0}, i8);
    int[] back = new int[in.length];
    rig.run(store(DType.I8, DType.I32, in.length), Rig.of(i8), Rig.of(back));
    assertArrayEquals(new int[] {127, -128, -1, 0, -1, 127, 0}, back);
    rig.run(store(DType.I32, DType.U8, in.length), Rig.of(in), Rig.of(i8));
    rig.run(store(DType.U8, DType.I32, in.length), Rig.of(i8), Rig.of(back));
    assertArrayEquals(new int[] {127, 128, 255, 0, 255, 127, 0}, back);
    short[] i16 = new short[in.length];
    rig.run(store(DType.I32, DType.I16, in.length), Rig.of(in), Rig.of(i16));
    assertArrayEquals(new short[] {127, 128, 255, 256, -1, -129, -32768}, i16);
  }

  /** Loads one type, narrows to another of the same compute type and stores. */
  private static LoopKernel store(DType from, DType to, long n) {
    ScalarBuilder b = new ScalarBuilder();
    int x = b.narrow(to, b.add(new Instr.Load(from, 0, new Affine(0, 1))));
    return map(Shape.of(n), from, to, b, x, new Affine(0, 1));
  }

  @Test
  void gathersAlongAStridedAxis() {
    // out[i, j] = table[index[i], j], table [3, 2] stored column by column
    LoopKernel kernel = gatherKernel();
    float[] out = new float[4];
    rig.run(kernel, Rig.of(2L, 0L), Rig.of(1f, 2, 3, 10, 20, 30), Rig.of(out));
    assertArrayEquals(new float[] {3, 30, 1, 10}, out);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 3, Long.MIN_VALUE + 1, Long.MAX_VALUE})
  void gatherRefusesAnIndexOutsideTheAxis(long index) {
    IndexException e =
        assertThrows(
            IndexException.class,
            () -> rig.run(gatherKernel(), Rig.of(0L, index), Rig.of(new float[6]), Rig.of(new float[4])));
    assertTrue(e.toString().contains("index " + index + " "), e.toString());
    assertTrue(e.toString().contains("extent 3"), e.toString());
  }

  @Test
  void gatherRefusesAMarkedIndex() {
    IndexException e =
        assertThrows(
            IndexException.class,
            () -> rig.run(gatherKernel(), Rig.of(0L, IndexException.OUTSIDE), Rig.of(new float[6]), Rig.of(new float[4])));
    assertTrue(e.toString().contains("a coordinate is outside its axis"), e.toString());
  }

  private static LoopKernel gatherKernel() {
    ScalarBuilder b = new ScalarBuilder();
    int index = b.add(new Instr.Load(DType.I64, 0, new Affine(0, 1, 0)));
    int x = b.add(new Instr.Gather(DType.F32, 1, new Affine(0, 0, 3), index, 1, 3));
    return new LoopKernel(
        Shape.of(2, 2),
        Shape.SCALAR,
        List.of(DType.I64, DType.F32),
        List.of(DType.F32),
        b.build(),
        null,
        ScalarProgram.EMPTY,
        List.of(new LoopKernel.Store(0, new Affine(0, 2, 1), x)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 63, 64, 65, 127, 4095, 4096, 4097, 8192, 12289, 20000})
  void sumFollowsTheTree(int n) {
    long seed = 41;
    Random random = new Random(seed);
    int rows = 2;
    float[] x = new float[rows * n];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (random.nextGaussian() * Math.scalb(1.0, random.nextInt(20)));
    }
    float[] out = new float[rows];
    rig.run(reduceRows(ReduceOp.SUM, DType.F32, rows, n), Rig.of(x), Rig.of(out));
    for (int r = 0; r < rows; r++) {
      float expected = tree(Arrays.copyOfRange(x, r * n, (r + 1) * n));
      assertEquals(
          Float.floatToIntBits(expected), Float.floatToIntBits(out[r]), "row " + r + ", seed " + seed);
    }
  }

  /** The documented order, written as recursions. */
  private static float tree(float[] x) {
    if (x.length < 64) {
      float r = 0;
      for (float v : x) {
        r += v;
      }
      return r;
    }
    float[] blocks = new float[(x.length + 4095) / 4096];
    for (int b = 0; b < blocks.length; b++) {
      float[] lane = new float[64];
      for (int l = 0; l < 64; l++) {
        for (int i = b * 4096 + l; i < Math.min(x.length, (b + 1) * 4096); i += 64) {
          lane[l] += x[i];
        }
      }
      blocks[b] = fold(lane);
    }
    return fold(blocks);
  }

  private static float fold(float[] p) {
    if (p.length == 1) {
      return p[0];
    }
    int half = (p.length + 1) / 2;
    float[] q = Arrays.copyOf(p, half);
    for (int i = 0; i + half < p.length; i++) {
      q[i] += p[i + half];
    }
    return fold(q);
  }

  @Test
  void sumsStartFromPositiveZero() {
    float[] out = new float[1];
    rig.run(reduceRows(ReduceOp.SUM, DType.F32, 1, 2), Rig.of(-0f, -0f), Rig.of(out));
    assertEquals(0, Float.floatToRawIntBits(out[0]));
  }

  @Test
  void reducesOtherOperationsAndTypes() {
    float[] f = new float[2];
    rig.run(reduceRows(ReduceOp.MAX, DType.F32, 2, 2), Rig.of(-0f, 0f, Float.NaN, 5f), Rig.of(f));
    assertArrayEquals(new float[] {0f, Float.NaN}, f);
    rig.run(reduceRows(ReduceOp.MIN, DType.F32, 2, 0), Rig.of(new float[0]), Rig.of(f));
    assertArrayEquals(new float[] {Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY}, f);
    byte[] b = new byte[1];
    rig.run(reduceRows(ReduceOp.SUM, DType.U8, 1, 3), Rig.of((byte) 200, (byte) 100, (byte) 1), Rig.of(b));
    assertEquals(301 & 0xff, b[0] & 0xff);
    rig.run(reduceRows(ReduceOp.MAX, DType.BOOL, 1, 3), Rig.of((byte) 0, (byte) 1, (byte) 0), Rig.of(b));
    assertEquals(1, b[0]);
    double[] d = new double[1];
    rig.run(reduceRows(ReduceOp.PROD, DType.F64, 1, 3), Rig.of(1.5, -2, 4), Rig.of(d));
    assertEquals(-12.0, d[0]);
  }

  @Test
  void epilogueReadsItsOwnInputs() {
    // out[i] = sum over j of x[j, i]^2, times w[i], for x of shape [3, 2]
    ScalarBuilder body = new ScalarBuilder();
    int x = body.add(new Instr.Load(DType.F32, 0, new Affine(0, 1, 2)));
    int square = body.mul(x, x);
    ScalarBuilder epilogue = new ScalarBuilder();
    int r = epilogue.add(new Instr.Reduced(DType.F32));
    int w = epilogue.add(new Instr.Load(DType.F32, 1, new Affine(0, 1)));
    int scaled = epilogue.mul(r, w);
    LoopKernel kernel =
        new LoopKernel(
            Shape.of(2),
            Shape.of(3),
            List.of(DType.F32, DType.F32),
            List.of(DType.F32, DType.F32),
            body.build(),
            new LoopKernel.Reduction(ReduceOp.SUM, square),
            epilogue.build(),
            List.of(
                new LoopKernel.Store(0, new Affine(0, 1), scaled),
                new LoopKernel.Store(1, new Affine(0, 1), r)));
    float[] out = new float[2];
    float[] raw = new float[2];
    rig.run(kernel, Rig.of(1f, 2, 3, 4, 5, 6), Rig.of(10f, 100), Rig.of(out), Rig.of(raw));
    assertArrayEquals(new float[] {350, 5600}, out);
    assertArrayEquals(new float[] {35, 56}, raw);
  }
}
