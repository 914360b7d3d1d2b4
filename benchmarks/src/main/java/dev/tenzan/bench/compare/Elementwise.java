package dev.tenzan.bench.compare;

import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * An elementwise expression over f32 arrays.
 *
 * @param function what is computed
 * @param length the elements of each array
 */
public record Elementwise(Function function, int length) implements Work {
  /** The elementwise expressions. */
  public enum Function {
    /** x + y. */
    ADD("add", 2),
    /** e to the power of x. */
    EXP("exp", 1),
    /** The hyperbolic tangent. */
    TANH("tanh", 1),
    /** The exact one, by the error function. */
    GELU("gelu", 1),
    /** Three operations, which a library may fuse. */
    CHAIN("tanh(x*y)+x", 2);

    private final String label;
    private final int arity;

    Function(String label, int arity) {
      this.label = label;
      this.arity = arity;
    }
  }

  @Override
  public String group() {
    return "elementwise";
  }

  @Override
  public String name() {
    return function.label;
  }

  @Override
  public String size() {
    return Units.count(length);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    double bound = function.arity == 2 ? 1 : 4;
    HostArray.Spec spec = HostArray.Spec.of(DType.F32, length).in(-bound, bound);
    return function.arity == 2 ? List.of(spec, spec) : List.of(spec);
  }

  @Override
  public double resultBytes() {
    return 4.0 * length;
  }

  @Override
  public double flops() {
    return function == Function.ADD ? length : 0;
  }

  @Override
  public Limit limit() {
    return function.arity == 2 ? Limit.TRIAD : Limit.COPY;
  }
}
