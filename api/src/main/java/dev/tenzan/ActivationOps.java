package dev.tenzan;

import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.type.Shape;
import java.util.function.UnaryOperator;

/** The activation and normalisation functions of {@link Tensor}: composites of primitives, on floats. */
public sealed interface ActivationOps permits Tensor {
  /** The tensor that the operations apply to. */
  Tensor self();

  /** Applies a function of floats, with one rounding at the end where they are narrow. */
  private Tensor onFloats(String op, UnaryOperator<Tensor> function) {
    Nodes.requireFloat(op, self());
    return Nodes.composite(() -> function.apply(Nodes.wide(self())).cast(self().dtype()));
  }

  /** {@code max(x, 0)}. */
  default Tensor relu() {
    return self().maximum(0);
  }

  /** {@code min(max(x, 0), 6)}. */
  default Tensor relu6() {
    return self().clip(0, 6);
  }

  /** {@code x} where positive, else {@code slope * x}. */
  default Tensor leakyRelu(double slope) {
    return onFloats("leakyRelu", x -> ElementwiseOps.where(x.greater(0), x, x.mul(slope)));
  }

  /** {@code x} where positive, else {@code alpha * (e^x - 1)} (Clevert et al. 2016). */
  default Tensor elu(double alpha) {
    return onFloats("elu", x -> ElementwiseOps.where(x.greater(0), x, x.minimum(0).expm1().mul(alpha)));
  }

  /** {@code x * Phi(x)}, with the error function (Hendrycks and Gimpel 2016). */
  default Tensor gelu() {
    return onFloats("gelu", x -> x.mul(0.5).mul(x.mul(Math.sqrt(0.5)).erf().add(1)));
  }

  /** The approximation of {@link #gelu} with tanh. */
  default Tensor geluTanh() {
    return onFloats(
        "geluTanh",
        x -> {
          Tensor inner = x.mul(Math.sqrt(2 / Math.PI)).mul(x.square().mul(0.044715).add(1));
          return x.mul(0.5).mul(inner.tanh().add(1));
        });
  }

  /** {@code x * sigmoid(x)}. */
  default Tensor silu() {
    return onFloats("silu", x -> x.mul(x.sigmoid()));
  }

  /** {@code log(1 + e^x)}, without overflow. */
  default Tensor softplus() {
    return onFloats("softplus", x -> softplus(x));
  }

  /** {@code min(max(x / 6 + 1/2, 0), 1)}. */
  default Tensor hardSigmoid() {
    return onFloats("hardSigmoid", x -> hardSigmoid(x));
  }

  /** {@code x * hardSigmoid(x)}. */
  default Tensor hardSwish() {
    return onFloats("hardSwish", x -> x.mul(hardSigmoid(x)));
  }

  /** {@code x * tanh(softplus(x))} (Misra 2019). */
  default Tensor mish() {
    return onFloats("mish", x -> x.mul(softplus(x).tanh()));
  }

  private static Tensor softplus(Tensor x) {
    return x.maximum(0).add(x.abs().neg().exp().log1p());
  }

  private static Tensor hardSigmoid(Tensor x) {
    return x.div(6).add(0.5).clip(0, 1);
  }

  /** The elements less the greatest along an axis, which is at least as long as 1 or leaves nothing to do. */
  private static Tensor shifted(String op, Tensor x, int axis) {
    int a = ShapeInference.normalizeAxis(op, axis, x.rank());
    return x.size() == 0 ? x : x.sub(x.maxKeep(a));
  }

  /** {@code e^x / sum(e^x)} along an axis, shifted by the maximum; NaN where all are -infinity. */
  default Tensor softmax(int axis) {
    return onFloats(
        "softmax",
        x -> {
          Tensor e = shifted("softmax", x, axis).exp();
          return e.div(e.sumKeep(axis));
        });
  }

  /** {@code x - log(sum(e^x))} along an axis, shifted by the maximum. */
  default Tensor logSoftmax(int axis) {
    return onFloats(
        "logSoftmax",
        x -> {
          Tensor shifted = shifted("logSoftmax", x, axis);
          return shifted.sub(shifted.exp().sumKeep(axis).log());
        });
  }

  /**
   * Normalises the last {@code axes} axes to mean 0 and variance 1, then scales and shifts (Ba et al. 2016).
   *
   * @param gamma the scale, of these axes' shape
   * @param beta the shift, of these axes' shape
   * @param epsilon added to the variance
   * @param axes how many axes are normalised together
   */
  default Tensor layerNorm(Tensor gamma, Tensor beta, double epsilon, int axes) {
    int[] last = lastAxes("layerNorm", axes);
    fits("layerNorm", "gamma", gamma, axes);
    fits("layerNorm", "beta", beta, axes);
    return onFloats(
        "layerNorm",
        x -> {
          Tensor centred = x.sub(x.meanKeep(last));
          Tensor scale = centred.square().meanKeep(last).add(epsilon).sqrt();
          return centred.div(scale).mul(gamma).add(beta);
        });
  }

  private void fits(String op, String what, Tensor t, int axes) {
    Shape s = self().shape();
    Shape wanted = s.subShape(s.rank() - axes, s.rank());
    if (!t.shape().equals(wanted)) {
      throw new ShapeException(
          op + ": " + what + " has shape " + t.shape() + "; for input " + s + " it must be " + wanted);
    }
  }

  /** Divides by the root mean square over the last axis and scales (Zhang and Sennrich 2019). */
  default Tensor rmsNorm(Tensor gamma, double epsilon) {
    int[] last = lastAxes("rmsNorm", 1);
    fits("rmsNorm", "gamma", gamma, 1);
    return onFloats("rmsNorm", x -> x.div(x.square().meanKeep(last).add(epsilon).sqrt()).mul(gamma));
  }

  private int[] lastAxes(String op, int axes) {
    if (axes < 1 || axes > self().rank()) {
      throw new ShapeException(op + ": " + axes + " axes of shape " + self().shape() + "; use 1 to its rank");
    }
    int[] last = new int[axes];
    for (int i = 0; i < axes; i++) {
      last[i] = self().rank() - axes + i;
    }
    return last;
  }
}
