package dev.tenzan.nn;

import dev.tenzan.ElementwiseOps;
import dev.tenzan.MovementOps;
import dev.tenzan.Tensor;
import dev.tenzan.ir.Op;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The gradients of reductions and scans. */
final class BackwardReduction {
  private BackwardReduction() {}

  static void reduce(Rule r, Op.Reduce op) {
    r.give(
        0,
        () ->
            switch (op.op()) {
              case SUM -> spread(r.gradient(), op.axes(), r.shape(0));
              case PROD -> product(r.gradient(), r.in(0), op.axes());
              case MIN, MAX -> extreme(r, op.axes());
            });
  }

  /** Puts the reduced axes back, with the same value at every place. */
  private static Tensor spread(Tensor reduced, List<Integer> axes, Shape whole) {
    Shape kept = whole;
    for (int axis : axes) {
      kept = kept.withDim(axis, 1);
    }
    return reduced.reshape(kept.dims()).broadcastTo(whole.dims());
  }

  /** The elements that equal the extreme share its gradient. */
  private static Tensor extreme(Rule r, List<Integer> axes) {
    Tensor x = r.in(0);
    Tensor ties = x.equal(spread(r.result(), axes, x.shape()));
    Tensor count = ties.cast(x.dtype()).sum(Rule.ints(axes));
    Tensor part = spread(r.gradient().div(count), axes, x.shape());
    return ElementwiseOps.where(ties, part, part.zerosLike());
  }

  /**
   * The gradient by one factor is the product of all others: of those before it and those behind it, so zeros
   * do no harm.
   */
  private static Tensor product(Tensor g, Tensor x, List<Integer> axes) {
    int rank = x.rank();
    int kept = rank - axes.size();
    int[] order =
        IntStream.concat(
                IntStream.range(0, rank).filter(i -> !axes.contains(i)),
                axes.stream().mapToInt(Integer::intValue))
            .toArray();
    Tensor moved = x.permuteDims(order);
    long n = moved.shape().subShape(kept, rank).size();
    Tensor lines = moved.reshape(moved.shape().subShape(0, kept).concat(Shape.of(n)).dims());
    Tensor others = before(lines, kept).mul(before(lines.flip(kept), kept).flip(kept));
    Tensor d = others.mul(g.expandDims(kept)).reshape(moved.shape().dims());
    int[] inverse = new int[rank];
    for (int i = 0; i < rank; i++) {
      inverse[order[i]] = i;
    }
    return d.permuteDims(inverse);
  }

  /** For every element of the last axis the product of those before it. */
  private static Tensor before(Tensor x, int axis) {
    long n = x.shape().dim(axis);
    if (n == 0) {
      return x;
    }
    Tensor one = x.device().ones(x.dtype(), x.shape().withDim(axis, 1).dims());
    if (n == 1) {
      return one;
    }
    return MovementOps.concat(axis, List.of(one, x.narrow(axis, 0, n - 1).cumulativeProd(axis)));
  }

  static void scan(Rule r, Op.Scan op) {
    int axis = op.axis();
    r.give(
        0,
        () ->
            switch (op.op()) {
              case SUM -> r.gradient().flip(axis).cumulativeSum(axis).flip(axis);
              case PROD -> scanProduct(r.gradient(), r.in(0), axis);
              case MIN, MAX -> scanExtreme(r, axis);
            });
  }

  /**
   * With {@code y[i] = x[0] ... x[i]}: the gradient by x[j] is {@code (x[0] ... x[j-1]) * sum over i >= j of
   * g[i] x[j+1] ... x[i]}. The inner products are a table of n x n, which division would avoid, but not where
   * an element is zero.
   */
  private static Tensor scanProduct(Tensor g, Tensor x, int axis) {
    int last = x.rank() - 1;
    long n = x.shape().dim(axis);
    Tensor lines = x.moveAxis(axis, last);
    Tensor places = x.device().arange(DType.I64, n);
    Tensor row = places.expandDims(1);
    long[] table = Arrays.copyOf(lines.shape().dims(), x.rank() + 1);
    table[x.rank()] = n;
    Tensor wide = lines.expandDims(last).broadcastTo(table);
    Tensor behind = places.greater(row).broadcastTo(table);
    Tensor products = ElementwiseOps.where(behind, wide, wide.onesLike()).cumulativeProd(x.rank());
    Tensor terms = products.mul(g.moveAxis(axis, last).expandDims(last));
    Tensor counted =
        ElementwiseOps.where(places.greaterEqual(row).broadcastTo(table), terms, terms.zerosLike());
    return counted.sum(x.rank()).mul(before(lines, last)).moveAxis(last, axis);
  }

  /** Every result's gradient goes to the latest element so far that equals it. */
  private static Tensor scanExtreme(Rule r, int axis) {
    Tensor x = r.in(0);
    long[] shape = x.shape().dims();
    Tensor places = positions(x, axis);
    Tensor records =
        ElementwiseOps.where(x.equal(r.result()), places, places.zerosLike()).cumulativeMax(axis);
    long inner = x.shape().subShape(axis + 1, x.rank()).size();
    Tensor all = x.device().arange(DType.I64, x.size()).reshape(shape);
    Tensor targets = all.add(records.sub(places).mul(inner)).reshape(x.size());
    Tensor flat = r.gradient().reshape(x.size());
    Tensor base = x.device().zeros(x.dtype(), x.size());
    return BackwardIndexing.scatterAdd(base, 0, targets, flat).reshape(shape);
  }

  private static Tensor positions(Tensor x, int axis) {
    long[] line = new long[x.rank()];
    Arrays.fill(line, 1);
    line[axis] = x.shape().dim(axis);
    return x.device().arange(DType.I64, line[axis]).reshape(line).broadcastTo(x.shape().dims());
  }
}
