package dev.tenzan.nn;

import dev.tenzan.ElementwiseOps;
import dev.tenzan.Tensor;

/** The elementwise activation functions, as layers. */
public enum Activation implements Layer {
  /** {@code max(x, 0)}. */
  RELU,
  /** {@code min(max(x, 0), 6)}. */
  RELU6,
  /** {@code x Phi(x)} (Hendrycks and Gimpel, 2016). */
  GELU,
  /** {@code x sigmoid(x)}. */
  SILU,
  /** {@code x tanh(softplus(x))}. */
  MISH,
  /** {@code log(1 + e^x)}. */
  SOFTPLUS,
  /** {@code 1 / (1 + e^-x)}. */
  SIGMOID,
  /** Hyperbolic tangent. */
  TANH;

  @Override
  public Tensor apply(Tensor x, Context context) {
    return switch (this) {
      // Not through maximum, whose gradient at 0 is a half: 0 and one comparison less.
      case RELU -> ElementwiseOps.where(x.greater(0), x, x.zerosLike());
      case RELU6 -> x.relu6();
      case GELU -> x.gelu();
      case SILU -> x.silu();
      case MISH -> x.mish();
      case SOFTPLUS -> x.softplus();
      case SIGMOID -> x.sigmoid();
      case TANH -> x.tanh();
    };
  }
}
