package dev.tenzan.nn;

import dev.tenzan.ElementwiseOps;
import dev.tenzan.Tensor;
import dev.tenzan.ir.Op;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;

/** The gradients of operations that read or write at indices, and of sorting. */
final class BackwardIndexing {
  private BackwardIndexing() {}

  /** Adds updates to slices of a tensor along an axis; several updates of one slice add up in order. */
  static Tensor scatterAdd(Tensor base, int axis, Tensor indices, Tensor updates) {
    return Tensor.apply(new Op.Scatter(ReduceOp.SUM, axis), base, indices, updates);
  }

  private static Tensor take(Tensor x, int axis, Tensor indices) {
    return Tensor.apply(new Op.Gather(axis), x, indices);
  }

  static void gather(Rule r, Op.Gather op) {
    r.give(
        0,
        () -> {
          long count = r.shape(1).size();
          Shape rows = r.shape(0).withDim(op.axis(), count);
          return scatterAdd(
              r.zerosLike(0), op.axis(), r.in(1).reshape(count), r.gradient().reshape(rows.dims()));
        });
  }

  static void scatter(Rule r, Op.Scatter op) {
    ReduceOp combine = op.combine();
    if (combine == null) {
      replace(r, op.axis());
      return;
    }
    switch (combine) {
      case SUM -> {
        r.give(0, r::gradient);
        r.give(2, () -> take(r.gradient(), op.axis(), r.in(1)));
      }
      case MIN, MAX -> extreme(r, op.axis());
      case PROD -> {
        if (r.needs(2)) {
          throw new GradientException(
              "gradients: a multiplying scatter has no gradient by its updates " + r.shape(2)
                  + "; take its base at the indices and multiply instead");
        }
        Tensor ones = r.in(0).onesLike();
        r.give(0, () -> r.gradient().mul(Tensor.apply(op, ones, r.in(1), r.in(2))));
      }
    }
  }

  /** Replaced elements of the base have no gradient; of several updates of one slice the last has it. */
  private static void replace(Rule r, int axis) {
    Tensor g = r.gradient();
    Tensor indices = r.in(1);
    r.give(0, () -> Tensor.apply(new Op.Scatter(null, axis), g, indices, r.zerosLike(2)));
    r.give(
        2,
        () -> {
          Tensor order = r.device().arange(DType.I64, indices.size());
          Tensor none = r.device().zeros(DType.I64, r.shape(0).dim(axis));
          Tensor last = Tensor.apply(new Op.Scatter(null, 0), none, indices, order);
          Tensor wins = alongAxis(take(last, 0, indices).equal(order), axis, r.shape(2));
          Tensor part = take(g, axis, indices);
          return ElementwiseOps.where(wins, part, part.zerosLike());
        });
  }

  /** A tensor of one axis, spread over a shape whose axis it is. */
  private static Tensor alongAxis(Tensor line, int axis, Shape shape) {
    Shape thin = shape;
    for (int i = 0; i < shape.rank(); i++) {
      thin = i == axis ? thin : thin.withDim(i, 1);
    }
    return line.reshape(thin.dims()).broadcastTo(shape.dims());
  }

  /** The base element and the updates that equal the extreme share its gradient. */
  private static void extreme(Rule r, int axis) {
    Tensor indices = r.in(1);
    Tensor y = r.result();
    Tensor baseTies = r.in(0).equal(y);
    Tensor updateTies = r.in(2).equal(take(y, axis, indices));
    Tensor counts =
        scatterAdd(baseTies.cast(y.dtype()), axis, indices, updateTies.cast(y.dtype()));
    Tensor share = r.gradient().div(counts);
    r.give(0, () -> ElementwiseOps.where(baseTies, share, share.zerosLike()));
    r.give(
        2,
        () -> {
          Tensor part = take(share, axis, indices);
          return ElementwiseOps.where(updateTies, part, part.zerosLike());
        });
  }

  /**
   * Sorted elements go back to where they came from: the inverse of a permutation is its argsort. Those that were not asked for have no
   * gradient.
   */
  static void sort(Rule r, Op.Sort op) {
    if (op.indices()) {
      return;
    }
    r.give(
        0,
        () -> {
          long extent = r.shape(0).dim(op.axis());
          Tensor positions = Tensor.apply(new Op.Sort(op.axis(), op.descending(), true, extent), r.in(0));
          Tensor inverse = Tensor.apply(new Op.Sort(op.axis(), false, true, extent), positions);
          long[] behind = new long[2 * r.shape(0).rank()];
          behind[2 * op.axis() + 1] = extent - op.count();
          Tensor gradient = op.count() == extent ? r.gradient() : r.gradient().pad(0, behind);
          return gradient.takeAlongAxis(inverse, op.axis());
        });
  }
}
