package dev.tenzan.nn;

import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.error.DTypeException;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * A comparison of gradients with central finite differences in f64: for tests. A function whose result is no
 * scalar is checked through a fixed weighted sum of its elements.
 */
public final class GradientCheck {
  /**
   * The step that balances the truncation error (h^2) and the rounding error (eps / h) of a central
   * difference.
   */
  private static final double STEP = Math.cbrt(Math.ulp(1.0));

  private GradientCheck() {}

  /**
   * The greatest error of a gradient element, {@code |gradient - difference| / max(1, |gradient|,
   * |difference|)}; NaN where either is NaN. About 1e-9 is what finite differences reach of well-behaved
   * functions.
   *
   * @param f a function of tensors, differentiable at the inputs and within 1e-5 of them
   * @param inputs f64 tensors of one device
   * @throws DTypeException where an input is not f64
   */
  public static double check(Function<List<Tensor>, Tensor> f, List<Tensor> inputs) {
    for (Tensor t : inputs) {
      if (t.dtype() != DType.F64) {
        throw new DTypeException("gradientCheck: input " + t.dtype() + t.shape()
            + "; finite differences need f64 inputs");
      }
    }
    Tensor.eval(inputs);
    double worst = 0;
    try (TensorScope _ = TensorScope.open()) {
      var analytic = Gradients.of(() -> scalar(f.apply(inputs)), inputs);
      Tensor.eval(analytic.gradients());
      for (int i = 0; i < inputs.size(); i++) {
        double[] gradient = analytic.gradients().get(i).toDoubles();
        double[] x = inputs.get(i).toDoubles();
        for (int j = 0; j < x.length; j++) {
          double numeric = difference(f, inputs, i, x, j);
          double scale = Math.max(1, Math.max(Math.abs(numeric), Math.abs(gradient[j])));
          worst = Math.max(worst, Math.abs(numeric - gradient[j]) / scale);
        }
      }
    }
    return worst;
  }

  private static double difference(
      Function<List<Tensor>, Tensor> f, List<Tensor> inputs, int i, double[] x, int j) {
    double h = STEP * Math.max(1, Math.abs(x[j]));
    double above = at(f, inputs, i, x, j, x[j] + h);
    double below = at(f, inputs, i, x, j, x[j] - h);
    return (above - below) / ((x[j] + h) - (x[j] - h));
  }

  private static double at(
      Function<List<Tensor>, Tensor> f, List<Tensor> inputs, int i, double[] x, int j, double value) {
    try (TensorScope _ = TensorScope.open()) {
      double[] moved = x.clone();
      moved[j] = value;
      Tensor input = inputs.get(i);
      List<Tensor> arguments = new ArrayList<>(inputs);
      arguments.set(i, input.device().of(moved).reshape(input.shape().dims()));
      return scalar(f.apply(arguments)).item();
    }
  }

  /** The sum of the elements with the weights sin(1), sin(2), ..., which hide no element and no symmetry. */
  private static Tensor scalar(Tensor y) {
    if (y.rank() == 0) {
      return y;
    }
    double[] weights = new double[Math.toIntExact(y.size())];
    Arrays.setAll(weights, i -> StrictMath.sin(i + 1.0));
    return y.reshape(y.size()).mul(y.device().of(weights).cast(y.dtype())).sum();
  }
}
