package dev.tenzan;

import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * The reductions of {@link Tensor}. Without axes they reduce all of them; the reduced axes vanish, or stay
 * with extent 1 in the {@code ...Keep} forms. The order of summation is fixed, see {@link
 * dev.tenzan.kernel.ReductionTree}.
 */
public sealed interface ReductionOps permits Tensor {
  /** The tensor that the operations apply to. */
  Tensor self();

  private List<Integer> axes(String op, int... axes) {
    int rank = self().rank();
    if (axes.length == 0) {
      return Nodes.list(Nodes.identity(rank));
    }
    if (axes.length == 1) {
      return List.of(ShapeInference.normalizeAxis(op, axes[0], rank));
    }
    TreeSet<Integer> sorted = new TreeSet<>();
    for (int a : axes) {
      if (!sorted.add(ShapeInference.normalizeAxis(op, a, rank))) {
        throw new ShapeException(op + ": axis " + a + " is named twice");
      }
    }
    return List.copyOf(sorted);
  }

  /** Reduces sorted axes; the dtype stays. */
  static Tensor reduce(ReduceOp op, Tensor t, List<Integer> axes) {
    return axes.isEmpty() ? t : Tensor.apply(new Op.Reduce(op, axes), t);
  }

  private Tensor keep(Tensor reduced, List<Integer> axes) {
    long[] d = self().shape().dims();
    axes.forEach(a -> d[a] = 1);
    return reduced.reshape(d);
  }

  /** A reduction whose axes stay with extent 1. */
  private Tensor keeping(String op, int[] axes, Supplier<Tensor> reduction) {
    return Nodes.composite(() -> keep(reduction.get(), axes(op, axes)));
  }

  /** Integers narrower than 64 bits and bools are summed as i64, as the array API asks. */
  private Tensor summable() {
    return self().dtype().isFloat() ? self() : self().cast(DType.I64);
  }

  private Tensor accumulate(ReduceOp op, List<Integer> axes) {
    return self().dtype().isFloat() ? reduce(op, self(), axes) : Nodes.composite(() -> reduce(op, summable(), axes));
  }

  private long count(List<Integer> axes) {
    long n = 1;
    for (int a : axes) {
      n *= self().shape().dim(a);
    }
    return n;
  }

  /** The sum; integers and bools give i64. */
  default Tensor sum(int... axes) {
    return accumulate(ReduceOp.SUM, axes("sum", axes));
  }

  /** {@link #sum}, keeping the axes. */
  default Tensor sumKeep(int... axes) {
    return keeping("sum", axes, () -> sum(axes));
  }

  /** The product; integers and bools give i64. */
  default Tensor prod(int... axes) {
    return accumulate(ReduceOp.PROD, axes("prod", axes));
  }

  /** {@link #prod}, keeping the axes. */
  default Tensor prodKeep(int... axes) {
    return keeping("prod", axes, () -> prod(axes));
  }

  /** The least element; NaN wins; an empty axis is an error. */
  default Tensor min(int... axes) {
    return reduce(ReduceOp.MIN, self(), axes("min", axes));
  }

  /** {@link #min}, keeping the axes. */
  default Tensor minKeep(int... axes) {
    return keeping("min", axes, () -> min(axes));
  }

  /** The greatest element; NaN wins; an empty axis is an error. */
  default Tensor max(int... axes) {
    return reduce(ReduceOp.MAX, self(), axes("max", axes));
  }

  /** {@link #max}, keeping the axes. */
  default Tensor maxKeep(int... axes) {
    return keeping("max", axes, () -> max(axes));
  }

  /** Whether any element is not zero, as bool; false for none. */
  default Tensor any(int... axes) {
    return truth(ReduceOp.MAX, axes("any", axes), 0);
  }

  /** A reduction of truth values, which has a value for no elements. */
  private Tensor truth(ReduceOp op, List<Integer> axes, double ofNone) {
    return Nodes.composite(
        () -> {
          if (count(axes) > 0) {
            return reduce(op, self().cast(DType.BOOL), axes);
          }
          return reduce(ReduceOp.SUM, self().cast(DType.I64), axes).cast(DType.BOOL).fullLike(ofNone);
        });
  }

  /** {@link #any}, keeping the axes. */
  default Tensor anyKeep(int... axes) {
    return keeping("any", axes, () -> any(axes));
  }

  /** Whether all elements are not zero, as bool; true for none. */
  default Tensor all(int... axes) {
    return truth(ReduceOp.MIN, axes("all", axes), 1);
  }

  /** {@link #all}, keeping the axes. */
  default Tensor allKeep(int... axes) {
    return keeping("all", axes, () -> all(axes));
  }

  /** The number of elements that are not zero, as i64. */
  default Tensor countNonzero(int... axes) {
    List<Integer> a = axes("countNonzero", axes);
    return Nodes.composite(() -> reduce(ReduceOp.SUM, self().cast(DType.BOOL).cast(DType.I64), a));
  }

  /** The arithmetic mean of floats: the sum divided by the count; NaN for none. */
  default Tensor mean(int... axes) {
    Nodes.requireFloat("mean", self());
    List<Integer> a = axes("mean", axes);
    return Nodes.composite(
        () -> reduce(ReduceOp.SUM, Nodes.wide(self()), a).div(count(a)).cast(self().dtype()));
  }

  /** {@link #mean}, keeping the axes. */
  default Tensor meanKeep(int... axes) {
    return keeping("mean", axes, () -> mean(axes));
  }

  /** The variance of floats with divisor n, in two passes: mean, then squared deviations. */
  default Tensor var(int... axes) {
    return var(axes, 0);
  }

  /** The variance of floats with divisor {@code n - correction}. */
  default Tensor var(int[] axes, double correction) {
    Nodes.requireFloat("var", self());
    List<Integer> a = axes("var", axes);
    return Nodes.composite(() -> variance(a, correction).cast(self().dtype()));
  }

  private Tensor variance(List<Integer> axes, double correction) {
    Tensor x = Nodes.wide(self());
    Tensor mean = keep(reduce(ReduceOp.SUM, x, axes).div(count(axes)), axes);
    Tensor squares = reduce(ReduceOp.SUM, x.sub(mean).square(), axes);
    return squares.div(Math.max(0, count(axes) - correction));
  }

  /** {@link #var(int...)}, keeping the axes. */
  default Tensor varKeep(int... axes) {
    return keeping("var", axes, () -> var(axes));
  }

  /** The standard deviation of floats with divisor n. */
  default Tensor std(int... axes) {
    return std(axes, 0);
  }

  /** The standard deviation of floats with divisor {@code n - correction}. */
  default Tensor std(int[] axes, double correction) {
    Nodes.requireFloat("std", self());
    List<Integer> a = axes("std", axes);
    return Nodes.composite(() -> variance(a, correction).sqrt().cast(self().dtype()));
  }

  /** {@link #std(int...)}, keeping the axes. */
  default Tensor stdKeep(int... axes) {
    return keeping("std", axes, () -> std(axes));
  }

  /** The Euclidean norm of floats: the root of the sum of squares. */
  default Tensor norm(int... axes) {
    Nodes.requireFloat("norm", self());
    List<Integer> a = axes("norm", axes);
    return Nodes.composite(
        () -> reduce(ReduceOp.SUM, Nodes.wide(self()).square(), a).sqrt().cast(self().dtype()));
  }

  /** {@link #norm}, keeping the axes. */
  default Tensor normKeep(int... axes) {
    return keeping("norm", axes, () -> norm(axes));
  }

  /**
   * {@code log(sum(exp(x)))} of floats, shifted by the maximum so that it does not overflow; -infinity for
   * none.
   */
  default Tensor logSumExp(int... axes) {
    Nodes.requireFloat("logSumExp", self());
    List<Integer> a = axes("logSumExp", axes);
    return Nodes.composite(
        () -> {
          Tensor x = Nodes.wide(self());
          if (count(a) == 0) {
            return reduce(ReduceOp.SUM, x, a).log().cast(self().dtype());
          }
          Tensor max = reduce(ReduceOp.MAX, x, a);
          Tensor shift = ElementwiseOps.where(max.isFinite(), max, max.zerosLike());
          Tensor sum = reduce(ReduceOp.SUM, x.sub(keep(shift, a)).exp(), a);
          return sum.log().add(shift).cast(self().dtype());
        });
  }

  /** {@link #logSumExp}, keeping the axes. */
  default Tensor logSumExpKeep(int... axes) {
    return keeping("logSumExp", axes, () -> logSumExp(axes));
  }

  private Tensor argExtreme(String op, ReduceOp reduce, int axis) {
    int a = ShapeInference.normalizeAxis(op, axis, self().rank());
    if (self().shape().dim(a) == 0) {
      throw new ShapeException(op + ": axis " + axis + " of shape " + self().shape() + " is empty");
    }
    return Tensor.apply(new Op.ArgReduce(reduce, a), self());
  }

  /** The position of the first least element along an axis, as i64; the first NaN where there is one. */
  default Tensor argmin(int axis) {
    return argExtreme("argmin", ReduceOp.MIN, axis);
  }

  /** The position of the first greatest element along an axis, as i64; the first NaN where there is one. */
  default Tensor argmax(int axis) {
    return argExtreme("argmax", ReduceOp.MAX, axis);
  }

  /** The position of the first least element of the flattened tensor. */
  default Tensor argmin() {
    return self().rank() == 1 ? argmin(0) : Nodes.composite(() -> self().flatten().argmin(0));
  }

  /** The position of the first greatest element of the flattened tensor. */
  default Tensor argmax() {
    return self().rank() == 1 ? argmax(0) : Nodes.composite(() -> self().flatten().argmax(0));
  }

  private Tensor scan(ReduceOp op, Tensor t, int axis) {
    String label = new Op.Scan(op, 0).label();
    return Tensor.apply(new Op.Scan(op, ShapeInference.normalizeAxis(label, axis, self().rank())), t);
  }

  /** The running sum along an axis; integers and bools give i64. */
  default Tensor cumulativeSum(int axis) {
    return Nodes.composite(() -> scan(ReduceOp.SUM, summable(), axis));
  }

  /** The running product along an axis; integers and bools give i64. */
  default Tensor cumulativeProd(int axis) {
    return Nodes.composite(() -> scan(ReduceOp.PROD, summable(), axis));
  }

  /** The running minimum along an axis. */
  default Tensor cumulativeMin(int axis) {
    return scan(ReduceOp.MIN, self(), axis);
  }

  /** The running maximum along an axis. */
  default Tensor cumulativeMax(int axis) {
    return scan(ReduceOp.MAX, self(), axis);
  }
}
