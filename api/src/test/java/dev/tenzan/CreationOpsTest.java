package dev.tenzan;

import static dev.tenzan.Checks.D;
import static dev.tenzan.Checks.close;
import static dev.tenzan.Checks.fails;
import static dev.tenzan.Checks.same;
import static dev.tenzan.Checks.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Making and reading tensors, ranges, and random numbers. */
class CreationOpsTest {
  @ParameterizedTest
  @EnumSource(DType.class)
  void elementsComeBack(DType t) {
    double[] values = t == DType.BOOL ? new double[] {0, 1, 1} : new double[] {0, 1, 100};
    Tensor x = D.fromDoubles(t, values);
    same(t, x, shape(3), values);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment raw = arena.allocate(3L * t.byteSize());
      x.copyTo(raw);
      same(t, D.of(t, raw, 3), shape(3), values);
      fails(ShapeException.class, "needs " + 4 * t.byteSize() + " bytes", () -> D.of(t, raw, 4));
    }
    same(t, D.zeros(t, 2), shape(2), 0, 0);
    same(t, D.arange(t, 2), shape(2), 0, 1);
    same(t, D.zeros(t, 0, 4), shape(0, 4));
  }

  @Test
  void readers() {
    assertArrayEquals(new float[] {1.5f}, D.full(DType.BF16, 1.5, 1).toFloats());
    assertArrayEquals(new int[] {200}, D.full(DType.U8, 200, 1).toInts());
    assertArrayEquals(new long[] {Long.MIN_VALUE + 1}, D.of(new long[] {Long.MIN_VALUE + 1}).toLongs());
    assertEquals(Long.MAX_VALUE, D.scalar(Long.MAX_VALUE).itemLong());
    assertArrayEquals(new boolean[] {true}, D.ones(DType.BOOL, 1).toBooleans());
    fails(DTypeException.class, "toInts: dtype i64", () -> D.scalar(1L).toInts());
    fails(DTypeException.class, "toBooleans: dtype u8", () -> D.ones(DType.U8, 1).toBooleans());
    fails(ShapeException.class, "do not fit a Java array", () -> D.zeros(DType.F32, 1L << 31).toFloats());
    fails(ShapeException.class, "the array has 3", () -> D.of(new int[3], 4));
  }

  @Test
  void ranges() {
    same(DType.F64, D.arange(DType.F64, 1, -0.25, -0.5), shape(3), 1, 0.5, 0);
    same(DType.I32, D.arange(DType.I32, 5, 0, 1), shape(0));
    same(DType.I64, D.arange(DType.I64, -3, 4, 3), shape(3), -3, 0, 3);
    close(1e-7, D.linspace(DType.F32, 0, 1, 4), 0, 1 / 3.0, 2 / 3.0, 1);
    same(D.linspace(DType.F64, 2, 3, 4, false), shape(4), 2, 2.25, 2.5, 2.75);
    same(D.linspace(DType.F64, 0, 0.1, 4).get(-1), shape(), 0.1);
    same(D.linspace(DType.F64, 5, 9, 1), shape(1), 5);
    same(D.linspace(DType.F64, 5, 9, 0), shape(0));
    same(DType.BOOL, D.eye(DType.BOOL, 2, 3), shape(2, 3), 1, 0, 0, 0, 1, 0);
    fails(ShapeException.class, "step not 0", () -> D.arange(DType.F32, 0, 1, 0));
    fails(ShapeException.class, "negative", () -> D.arange(DType.F32, -1));
  }

  @Test
  void randomBitsArePhilox() {
    same(DType.I32, D.randomBits(0x123456789abcdef0L, 3), shape(3), 153918276, 949852570, -2062968809);
    assertEquals(0x6627e8d5, D.randomBits(0).toInts()[0], "Random123's known answer for counter 0 and key 0");
  }

  @Test
  void randomNumbers() {
    long key = new Random(42).nextKey();
    double[] u = D.randomUniform(DType.F32, key, 100, 100).toDoubles();
    assertEquals(0.5, Arrays.stream(u).average().orElseThrow(), 0.02);
    assertTrue(Arrays.stream(u).allMatch(v -> v >= 0 && v < 1 && v * 0x1p24 == Math.rint(v * 0x1p24)));
    double[] wide = D.randomUniform(DType.F64, key, -2.0, 4.0, 10000).toDoubles();
    assertEquals(1, Arrays.stream(wide).average().orElseThrow(), 0.1);
    for (DType t : new DType[] {DType.F32, DType.F64, DType.BF16}) {
      Tensor z = D.randomNormal(t, key, 10000).cast(DType.F64);
      assertEquals(0, z.mean().item(), 0.05);
      assertEquals(1, z.std().item(), 0.05);
      assertTrue(z.isFinite().all().item() == 1);
    }
    long[] dice = D.randomInt(DType.U8, key, 1, 7, 6000).toLongs();
    for (long face = 1; face <= 6; face++) {
      long f = face;
      assertEquals(1000, Arrays.stream(dice).filter(v -> v == f).count(), 150);
    }
    same(D.randomInt(DType.I64, key, Long.MIN_VALUE, Long.MIN_VALUE + 1, 1), shape(1), Long.MIN_VALUE);
    assertArrayEquals(u, D.randomUniform(DType.F32, key, 100, 100).toDoubles());
    assertNotEquals(u[0], D.randomUniform(DType.F32, key + 1, 1).item());
    fails(DTypeException.class, "randomInt: 256.0 is not a value of u8",
        () -> D.randomInt(DType.U8, 1, 0, 257, 1));
    fails(ShapeException.class, "empty", () -> D.randomInt(DType.I32, 1, 3, 3, 1));
    fails(DTypeException.class, "use randomInt", () -> D.randomUniform(DType.I32, 1, 1));
  }

  @Test
  void keysAreASequence() {
    Random a = new Random(7);
    Random b = new Random(7);
    assertEquals(a.nextKey(), b.nextKey());
    assertEquals(a.split().nextKey(), b.split().nextKey());
    assertNotEquals(a.nextKey(), a.nextKey());
  }
}
