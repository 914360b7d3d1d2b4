package dev.tenzan.nn;

import dev.tenzan.ElementwiseOps;
import dev.tenzan.Tensor;
import dev.tenzan.ir.Op;
import dev.tenzan.type.Shape;

/**
 * A layer that augments images {@code [batch, channels, h, w]} in training: every second one, at random, is
 * moved by up to one pixel along each axis, zeros following. The choice comes from the context's key, so that
 * runs repeat.
 */
public record RandomShift() implements Layer {
  @Override
  public Tensor apply(Tensor x, Context context) {
    if (!context.isTraining()) {
      return x;
    }
    Tensor key = context.nextKey();
    Shape each = Shape.of(x.dim(0), 1, 1, 1);
    Tensor moved = Tensor.apply(new Op.RandomBits(each, 0), key).less(0);
    Tensor down = Tensor.apply(new Op.RandomBits(each, 1), key).remainder(3);
    Tensor right = Tensor.apply(new Op.RandomBits(each, 2), key).remainder(3);
    return ElementwiseOps.where(moved, shift(shift(x, 2, down), 3, right), x);
  }

  /** Moves by one element forwards where the choice is 2, backwards where it is 1. */
  private static Tensor shift(Tensor x, int axis, Tensor choice) {
    long n = x.dim(axis);
    long[] padding = new long[2 * x.rank()];
    padding[2 * axis] = 1;
    padding[2 * axis + 1] = 1;
    Tensor wide = x.pad(0, padding);
    Tensor forwards = wide.narrow(axis, 0, n);
    Tensor backwards = wide.narrow(axis, 2, n);
    return ElementwiseOps.where(
        choice.equal(0), x, ElementwiseOps.where(choice.equal(1), backwards, forwards));
  }
}
