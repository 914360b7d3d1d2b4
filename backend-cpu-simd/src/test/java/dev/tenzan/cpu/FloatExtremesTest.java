package dev.tenzan.cpu;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Minima and maxima of rows of floats of all kinds, against {@link LoopOracle}. */
final class FloatExtremesTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);
  private static final int ROWS = 60;

  /** NaN with and without a sign, of two payloads, and the values next to others in the order of bits. */
  private static final float[] SPECIAL = {
    Float.NaN,
    Float.intBitsToFloat(0xffc00000),
    Float.intBitsToFloat(0x7f800001),
    Float.intBitsToFloat(0xffffffff),
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    0f,
    -0f,
    1f,
    -1f
  };

  private static LoopKernel rows(DType type, ReduceOp op, long n, boolean negated) {
    DType compute = type.compute();
    Instr load = new Instr.Load(type, 0, new Affine(0, n, 1));
    ScalarProgram body =
        negated
            ? new ScalarProgram(List.of(load, new Instr.Unary(compute, ScalarOp.NEG, 0)))
            : new ScalarProgram(List.of(load));
    return new LoopKernel(
        Shape.of(ROWS),
        Shape.of(n),
        List.of(type),
        List.of(compute),
        body,
        new LoopKernel.Reduction(op, negated ? 1 : 0),
        new ScalarProgram(List.of(new Instr.Reduced(compute))),
        List.of(new LoopKernel.Store(0, new Affine(0, 1), 0)));
  }

  /** The bits of a float in a type, whose NaN keeps its sign. */
  private static long bits(DType type, float value) {
    return switch (type) {
      case F32 -> Float.floatToRawIntBits(value);
      case F64 -> {
        long sign = (long) (Float.floatToRawIntBits(value) >>> 31) << 63;
        yield Float.isNaN(value) ? sign | 0x7ff0_0000_0000_0001L : Double.doubleToRawLongBits(value);
      }
      case BF16 -> Float.floatToRawIntBits(value) & 0xffff0000;
      default -> throw new IllegalArgumentException("no test of " + type);
    };
  }

  /** Each row draws from a few of the special values, so that many have one sign or no number at all. */
  @Test
  void rowsOfSpecialValues() {
    for (CpuBackend backend : Backends.all(1)) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64, DType.BF16)) {
          for (ReduceOp op : List.of(ReduceOp.MIN, ReduceOp.MAX)) {
            for (long n : new long[] {16, 17, 63, 64, 65, 127, 130, 200, 1000, 5000}) {
              Random random = new Random(SEED + n);
              int[] kinds = random.ints(2 * ROWS, 0, SPECIAL.length).toArray();
              LoopCase.Elements elements =
                  (t, _, e) -> {
                    int row = (int) (e / n) % ROWS;
                    boolean second = random.nextInt(50) == 0;
                    return t == type || t == type.compute() ? bits(t, SPECIAL[kinds[2 * row + (second ? 1 : 0)]]) : 0;
                  };
              LoopCase.check(op + " " + type + " " + n, rows(type, op, n, n % 2 == 0), backend, elements);
            }
          }
        }
      }
    }
    System.out.println("seed " + SEED);
  }
}
