package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * A normalisation of the rows of an f32 matrix; the inputs are the matrix, the scale and the shift, as far as there are any.
 *
 * @param norm which
 * @param rows the matrix' rows
 * @param columns its columns
 */
public record Normalise(Norm norm, int rows, int columns) implements Work {
  /** What layer norm and RMS norm add below the root. */
  public static final double EPSILON = 1e-5;

  /** What is done to each row. */
  public enum Norm {
    /** Exponentials that sum to one. */
    SOFTMAX("softmax", 1),
    /** To mean 0 and variance 1, then scaled and shifted. */
    LAYER_NORM("layer norm", 3),
    /** To a mean square of 1, then scaled. */
    RMS_NORM("RMS norm", 2);

    private final String label;
    private final int arity;

    Norm(String label, int arity) {
      this.label = label;
      this.arity = arity;
    }
  }

  @Override
  public String group() {
    return "rows";
  }

  @Override
  public String name() {
    return norm.label;
  }

  @Override
  public String size() {
    return Work.by(rows, columns);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    HostArray.Spec x = HostArray.Spec.of(DType.F32, rows, columns).in(-4, 4);
    HostArray.Spec weights = HostArray.Spec.of(DType.F32, columns);
    return List.of(x, weights, weights).subList(0, norm.arity);
  }

  @Override
  public double resultBytes() {
    return 4.0 * rows * columns;
  }

  @Override
  public double flops() {
    return 0;
  }

  @Override
  public Limit limit() {
    return Limit.COPY;
  }
}
