package dev.tenzan;

import static dev.tenzan.Checks.D;
import static dev.tenzan.Checks.close;
import static dev.tenzan.Checks.fails;
import static dev.tenzan.Checks.same;
import static dev.tenzan.Checks.shape;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import org.junit.jupiter.api.Test;

/** Elementwise operations: promotion, broadcasting, scalars and the composites. */
class ElementwiseOpsTest {
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final double NAN = Double.NaN;

  @Test
  void promotionAndBroadcasting() {
    Tensor column = D.of(new byte[] {1, 2}, 2, 1);
    Tensor row = D.of(new int[] {10, 20, 30});
    same(DType.I32, column.add(row), shape(2, 3), 11, 21, 31, 12, 22, 32);
    same(DType.F64, D.of(new float[] {0.5f}).mul(D.of(new double[] {3})), shape(1), 1.5);
    assertEquals(DType.F32, D.ones(DType.F16, 1).add(D.ones(DType.BF16, 1)).dtype());
    assertEquals(DType.I16, D.ones(DType.I8, 1).add(D.ones(DType.U8, 1)).dtype());
    same(DType.BOOL, row.less(D.scalar(20L)), shape(3), 1, 0, 0);
    same(DType.F32, D.zeros(DType.F32, 0, 3).add(D.ones(DType.F32, 3)), shape(0, 3));
    fails(DTypeException.class, "add: dtypes i32 and f32", () -> row.add(D.ones(DType.F32, 3)));
    fails(DTypeException.class, "and: dtype f32", () -> D.ones(DType.F32, 1).and(D.ones(DType.F32, 1)));
    fails(ShapeException.class, "add: shapes [2, 1] and [2, 3, 2]",
        () -> column.add(D.ones(DType.I32, 2, 3, 2)));
  }

  @Test
  void scalarsTakeTheTensorsDtype() {
    same(DType.U8, D.of(new int[] {250}).cast(DType.U8).add(10), shape(1), 4);
    same(DType.I64, D.of(new long[] {7}).rsub(10), shape(1), 3);
    same(DType.F32, D.of(new float[] {4}).rdiv(1), shape(1), 0.25);
    same(DType.BOOL, D.of(new int[] {1, 5}).greaterEqual(5), shape(2), 0, 1);
    fails(DTypeException.class, "add: 256.0 is not a value of u8", () -> D.ones(DType.U8, 1).add(256));
    fails(DTypeException.class, "mul: NaN is not a value of i32", () -> D.ones(DType.I32, 1).mul(NAN));
    fails(DTypeException.class, "is not a value of i64", () -> D.full(DType.I64, 0x1p63));
    same(D.full(DType.I64, -0x1p63), shape(), -0x1p63);
  }

  @Test
  void narrowFloatsRoundOnce() {
    double justAboveTie = 1 + 0x1p-11 + 0x1p-40;
    same(DType.F16, D.full(DType.F16, justAboveTie, 1), shape(1), 1 + 0x1p-10);
    same(D.fromDoubles(DType.F16, new double[] {justAboveTie, 1 + 0x1p-11}), shape(2), 1 + 0x1p-10, 1);
    same(D.fromDoubles(DType.BF16, new double[] {1 + 0x1p-8 + 0x1p-40, -1e-45}), shape(2), 1 + 0x1p-7, -0.0);
  }

  @Test
  void whereClipFmaLerp() {
    Tensor c = D.of(new boolean[] {true, false}, 2, 1);
    same(Tensor.where(c, D.of(new int[] {1, 2}), D.scalar(-1L)), shape(2, 2), 1, 2, -1, -1);
    same(D.of(new double[] {-3, NAN, 0.5, 9}).clip(-1, 1), shape(4), -1, NAN, 0.5, 1);
    Tensor a = D.of(new float[] {1 + 0x1p-23f});
    same(a.fma(a, D.full(DType.F32, -1, 1)), shape(1), (float) (0x1p-22 + 0x1p-46));
    same(D.of(new float[] {1, 3}).lerp(D.of(new float[] {5}), D.scalar(DType.F32, 0.25)), shape(2), 2, 3.5);
    fails(DTypeException.class, "condition has dtype i32", () -> Tensor.where(D.ones(DType.I32, 1), a, a));
  }

  @Test
  void classesOfFloats() {
    Tensor x = D.of(new double[] {1, NAN, INF, -INF, -0.0});
    same(x.isNan(), shape(5), 0, 1, 0, 0, 0);
    same(x.isInf(), shape(5), 0, 0, 1, 1, 0);
    same(x.isFinite(), shape(5), 1, 0, 0, 0, 1);
    same(x.sign(), shape(5), 1, NAN, 1, -1, -0.0);
    same(D.of(new float[] {2, 4}).reciprocal(), shape(2), 0.5, 0.25);
    same(D.of(new float[] {4, 0}).rsqrt(), shape(2), 0.5, INF);
    fails(DTypeException.class, "isInf: dtype i32", () -> D.ones(DType.I32, 1).isInf());
  }

  @Test
  void hypotAndCopySign() {
    Tensor x = D.of(new double[] {3e200, 0, INF, NAN, 5e-324});
    Tensor legs = D.of(new double[] {4e200, 0, NAN, 1, 0});
    close(1e-15, legs.hypot(x).div(D.of(new double[] {1e200, 1, 1, 1, 5e-324})), 5, 0, INF, NAN, 1);
    Tensor signs = D.of(new double[] {-0.0, 0.0, -5});
    same(D.of(new double[] {1, -2, INF}).copySign(signs), shape(3), -1, 2, -INF);
    same(DType.F16, D.full(DType.F16, 2, 3).copySign(signs.cast(DType.F16)), shape(3), -2, 2, -2);
    fails(DTypeException.class, "copySign", () -> D.ones(DType.I32, 1).copySign(D.ones(DType.I32, 1)));
  }

  @Test
  void castsKeepWhatNeedsNoCast() {
    Tensor x = D.ones(DType.F32, 2);
    assertSame(x, x.cast(DType.F32));
    same(DType.BOOL, D.of(new double[] {0, -0.0, NAN, 0.1}).cast(DType.BOOL), shape(4), 0, 0, 1, 1);
    same(DType.I32, x.bitcast(DType.I32), shape(2), 0x3f800000, 0x3f800000);
    same(DType.F32, x.fullLike(7), shape(2), 7, 7);
  }
}
