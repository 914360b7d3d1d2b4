package dev.tenzan;

import static dev.tenzan.Checks.D;
import static dev.tenzan.Checks.close;
import static dev.tenzan.Checks.fails;
import static dev.tenzan.Checks.range;
import static dev.tenzan.Checks.same;
import static dev.tenzan.Checks.shape;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import org.junit.jupiter.api.Test;

/** Reductions and scans: result dtypes, empty axes, NaN and infinities. */
class ReductionOpsTest {
  private static final double INF = Double.POSITIVE_INFINITY;
  private final Tensor y = D.of(new double[] {1, 2, 4, 0, -1, 7}, 2, 3);

  @Test
  void statistics() {
    close(1e-15, y.std(1), 1.247219128924647, 3.559026084010437);
    close(1e-15, y.std(new int[] {-1}, 1), 1.5275252316519465, 4.358898943540674);
    close(1e-15, y.norm(0), 1, 2.23606797749979, 8.06225774829855);
    close(1e-15, y.logSumExp(1), 4.169846019556285, 7.001246567305486);
    same(y.meanKeep(), shape(1, 1), 13.0 / 6);
    same(y.varKeep(0), shape(1, 3), 0.25, 2.25, 2.25);
    same(y.var(new int[] {0}, 2), shape(3), INF, INF, INF);
    same(D.scalar(DType.F32, 3).mean(), shape(), 3);
  }

  @Test
  void narrowFloatsAccumulateWide() {
    Tensor half = D.full(DType.F16, 60000, 4);
    same(DType.F16, half.mean(), shape(), 60000);
    same(DType.F16, half.var(), shape(), 0);
    same(DType.F16, half.sum(), shape(), INF);
    same(DType.BF16, D.ones(DType.BF16, 1000).sum(), shape(), 1000);
  }

  @Test
  void resultTypes() {
    same(DType.I64, D.of(new byte[] {100, 100}).prod(), shape(), 10000);
    same(DType.I64, D.of(new boolean[] {true, true}).sum(), shape(), 2);
    same(DType.I64, D.of(new byte[] {100, 100}).cumulativeSum(0), shape(2), 100, 200);
    same(DType.I8, D.of(new byte[] {3, -5}).min(), shape(), -5);
    same(DType.I64, y.countNonzero(0), shape(3), 1, 2, 2);
    fails(DTypeException.class, "mean: dtype i32 is not a float", () -> D.ones(DType.I32, 1).mean());
    fails(DTypeException.class, "std: dtype i32", () -> D.ones(DType.I32, 1).std());
    fails(ShapeException.class, "cumulativeSum: axis 3", () -> y.cumulativeSum(3));
    fails(ShapeException.class, "named twice", () -> y.sum(0, -2));
  }

  @Test
  void emptyAxes() {
    Tensor none = D.zeros(DType.F32, 2, 0);
    same(none.any(1), shape(2), 0, 0);
    same(none.allKeep(1), shape(2, 1), 1, 1);
    same(none.any(0), shape(0));
    same(none.mean(1), shape(2), Double.NaN, Double.NaN);
    same(none.logSumExp(1), shape(2), -INF, -INF);
    same(none.max(0), shape(0));
    same(none.cumulativeSum(1), shape(2, 0));
    fails(ShapeException.class, "argmax: axis -1", () -> none.argmax(-1));
    fails(ShapeException.class, "max: axis 1", () -> none.max(1));
  }

  @Test
  void extremesAndTruth() {
    Tensor x = D.of(new double[] {-INF, -INF, INF, 1, Double.NaN, 2}, 3, 2);
    same(x.logSumExp(1), shape(3), -INF, INF, Double.NaN);
    same(x.max(1), shape(3), -INF, INF, Double.NaN);
    same(x.argmin(1), shape(3), 0, 1, 0);
    same(x.argmax(), shape(), 4);
    same(D.of(new double[] {-0.0, 0.0}).max(), shape(), 0);
    same(D.of(new double[] {-0.0, 0.0}).argmax(), shape(), 0);
    same(x.all(), shape(), 1);
    same(DType.BOOL, D.of(new boolean[] {true, false, false, false}, 2, 2).any(1), shape(2), 1, 0);
    same(D.of(new double[] {3, 1, Double.NaN, 0}).cumulativeMin(0), shape(4), 3, 1, Double.NaN, Double.NaN);
    same(range(2, 3).cumulativeProd(0), shape(2, 3), 0, 1, 2, 0, 4, 10);
  }
}
