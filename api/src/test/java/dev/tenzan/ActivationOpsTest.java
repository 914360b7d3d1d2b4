package dev.tenzan;

import static dev.tenzan.Checks.D;
import static dev.tenzan.Checks.close;
import static dev.tenzan.Checks.fails;
import static dev.tenzan.Checks.range;
import static dev.tenzan.Checks.same;
import static dev.tenzan.Checks.shape;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import org.junit.jupiter.api.Test;

/** Activations and normalisations against values from NumPy. */
class ActivationOpsTest {
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final double NAN = Double.NaN;
  private final Tensor r = D.of(new double[] {-2.5, -1, -0.5, 0, 0.5, 1, 3});
  private final Tensor y = D.of(new double[] {1, 2, 4, 0, -1, 7}, 2, 3);

  @Test
  void pointwise() {
    same(r.relu(), shape(7), 0, 0, 0, 0, 0.5, 1, 3);
    same(r.mul(3).relu6(), shape(7), 0, 0, 0, 0, 1.5, 3, 6);
    same(r.leakyRelu(0.5), shape(7), -1.25, -0.5, -0.25, 0, 0.5, 1, 3);
    close(1e-15, r.elu(1.5), -1.3768725020641517, -0.9481808382428365, -0.5902040104310499, 0, 0.5, 1, 3);
    close(1e-15, r.gelu(), -0.015524163314440398, -0.15865525393145707, -0.15426876936299344, 0,
        0.34573123063700656, 0.8413447460685429, 2.99595030590511);
    close(1e-15, r.geluTanh(), -0.015084266089998577, -0.1588080093917233, -0.15428599017485606, 0,
        0.34571400982514394, 0.8411919906082768, 2.996362607918227);
    close(1e-15, r.silu(), -0.18964545005310887, -0.2689414213699951, -0.1887703343990727, 0,
        0.3112296656009273, 0.7310585786300049, 2.8577223804672998);
    close(1e-15, r.softplus(), 0.07888973429254963, 0.31326168751822286, 0.4740769841801067,
        0.6931471805599453, 0.9740769841801067, 1.3132616875182228, 3.048587351573742);
    close(1e-15, r.mish(), -0.19681620390653332, -0.30340146137410895, -0.22074377465173, 0,
        0.3752452113048951, 0.8650983882673103, 2.986535004967957);
    close(1e-15, r.hardSwish(), -0.2083333333333333, -0.33333333333333337, -0.20833333333333334, 0,
        0.2916666666666667, 0.6666666666666666, 3);
    close(1e-15, r.hardSigmoid(), 0.5 / 6, 2 / 6.0, 2.5 / 6, 0.5, 3.5 / 6, 4 / 6.0, 1);
  }

  @Test
  void extremes() {
    Tensor x = D.of(new double[] {-1000, 1000, NAN, -INF, INF});
    same(x.softplus(), shape(5), 0, 1000, NAN, 0, INF);
    same(x.elu(1), shape(5), -1, 1000, NAN, -1, INF);
    same(x.relu(), shape(5), 0, 1000, NAN, 0, INF);
    same(x.narrow(0, 0, 2).softmax(0), shape(2), 0, 1);
    same(D.of(new double[] {-INF, 3, -INF, -INF}, 2, 2).softmax(1), shape(2, 2), 0, 1, NAN, NAN);
    same(D.of(new double[] {-INF, 3}).logSoftmax(0), shape(2), -INF, 0);
    assertEquals(DType.F16, D.full(DType.F16, 1000, 3).softmax(0).dtype());
    same(D.zeros(DType.F32, 2, 0).softmax(1), shape(2, 0));
    fails(DTypeException.class, "softmax: dtype i32 is not a float", () -> D.ones(DType.I32, 2).softmax(0));
    fails(ShapeException.class, "softmax: axis 2", () -> y.softmax(2));
  }

  @Test
  void normalisations() {
    close(1e-15, r.softmax(-1), 0.003096491375358492, 0.013877511553340235, 0.022880148482378824,
        0.03772298747967522, 0.06219469185209516, 0.10254171138118924, 0.7576864578759628);
    close(1e-15, r.logSoftmax(0), -5.777485622877139, -4.277485622877139, -3.7774856228771383,
        -3.2774856228771383, -2.7774856228771383, -2.2774856228771383, -0.2774856228771383);
    Tensor gamma = D.of(new double[] {1, 2, 0.5});
    Tensor beta = D.of(new double[] {0, 1, -1});
    close(1e-15, y.layerNorm(gamma, beta, 1e-5, 1), -1.0690415314502977, 0.46547923427485094,
        -0.3318490428435641, -0.5619512651261924, -0.6858537953785773, -0.2975609185922595);
    close(1e-15, y.rmsNorm(gamma, 1e-6), 0.3779644460117677, 1.5118577840470708, 0.7559288920235354, 0,
        -0.48989793385969777, 0.857321384254471);
    close(1e-15, range(2, 2).layerNorm(D.ones(DType.F64, 2, 2), D.zeros(DType.F64, 2, 2), 0, 2),
        -3 / Math.sqrt(5), -1 / Math.sqrt(5), 1 / Math.sqrt(5), 3 / Math.sqrt(5));
    fails(ShapeException.class, "gamma has shape [2]", () -> y.rmsNorm(D.ones(DType.F64, 2), 0));
    fails(ShapeException.class, "3 axes", () -> y.layerNorm(gamma, beta, 0, 3));
  }
}
