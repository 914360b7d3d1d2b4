package dev.tenzan.nn;

import dev.tenzan.Tensor;
import dev.tenzan.ir.Op;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The gradients of matrix products and convolutions: products and convolutions again, with the numerics of the operation. */
final class BackwardProducts {
  private BackwardProducts() {}

  static void matmul(Rule r, Op.MatMul op) {
    Tensor g = r.gradient();
    Op.MatMul back = new Op.MatMul(g.dtype(), op.numerics());
    r.give(0, () -> Tensor.apply(back, g, r.in(1).mT()));
    r.give(1, () -> Tensor.apply(back, r.in(0).mT(), g));
  }

  static void convolution(Rule r, Op.Convolution op) {
    r.give(0, () -> byInput(r, op));
    r.give(1, () -> byWeights(r, op));
  }

  /**
   * The gradient by x is the convolution of g with the turned-around window, in which stride and input
   * dilation change places. In each dimension output p reads the dilated input at {@code p * stride + t *
   * windowDilation - padLow}; solved for p, with t counted from the window's end.
   */
  private static Tensor byInput(Rule r, Op.Convolution op) {
    Tensor g = r.gradient();
    Tensor w = r.in(1);
    Shape xs = r.shape(0);
    if (xs.isEmpty()) {
      return r.zerosLike(0);
    }
    int spatial = xs.rank() - 2;
    List<Long> low = new ArrayList<>();
    List<Long> high = new ArrayList<>();
    for (int i = 0; i < spatial; i++) {
      long reach = (w.shape().dim(2 + i) - 1) * op.windowDilation().get(i);
      long span = (g.shape().dim(2 + i) - 1) * op.stride().get(i) + 1;
      long before = reach - op.padLow().get(i);
      low.add(before);
      high.add((xs.dim(2 + i) - 1) * op.inputDilation().get(i) + reach + 1 - span - before);
    }
    Op.Convolution back =
        new Op.Convolution(
            op.inputDilation(), low, high, op.stride(), op.windowDilation(), op.groups(), op.numerics());
    return Tensor.apply(back, g, exchangeChannels(w, op.groups()).flip(spatialAxes(spatial)));
  }

  /** {@code [groups * out, in, window...]} to {@code [groups * in, out, window...]}. */
  private static Tensor exchangeChannels(Tensor w, long groups) {
    long out = w.shape().dim(0) / groups;
    long in = w.shape().dim(1);
    Shape window = w.shape().subShape(2, w.rank());
    return w.reshape(Shape.of(groups, out, in).concat(window).dims())
        .swapAxes(1, 2)
        .reshape(Shape.of(groups * in, out).concat(window).dims());
  }

  /**
   * The gradient by w is the convolution of x with g, in which batch and channels change places, g is the
   * window, and stride and window dilation change places. Groups stay apart because x's channels of a group
   * form a group of (channel, batch).
   */
  private static Tensor byWeights(Rule r, Op.Convolution op) {
    Tensor g = r.gradient();
    Tensor x = r.in(0);
    Shape ws = r.shape(1);
    if (x.shape().isEmpty() || g.shape().isEmpty()) {
      return r.zerosLike(1);
    }
    int spatial = ws.rank() - 2;
    List<Long> high = new ArrayList<>();
    for (int i = 0; i < spatial; i++) {
      long span = (x.shape().dim(2 + i) - 1) * op.inputDilation().get(i) + 1;
      long reach = (g.shape().dim(2 + i) - 1) * op.stride().get(i) + 1;
      high.add((ws.dim(2 + i) - 1) * op.windowDilation().get(i) + reach - span - op.padLow().get(i));
    }
    Op.Convolution back =
        new Op.Convolution(
            op.windowDilation(), op.padLow(), high, op.inputDilation(), op.stride(), op.groups(), op.numerics());
    long batch = x.shape().dim(0);
    long in = ws.dim(1);
    Shape extents = x.shape().subShape(2, x.rank());
    int[] order = IntStream.range(0, x.rank() + 1).toArray();
    order[0] = 2;
    order[2] = 0;
    Tensor byChannel =
        x.reshape(Shape.of(batch, op.groups(), in).concat(extents).dims())
            .permuteDims(order)
            .reshape(Shape.of(in, op.groups() * batch).concat(extents).dims());
    return Tensor.apply(back, byChannel, g.swapAxes(0, 1)).swapAxes(0, 1);
  }

  private static int[] spatialAxes(int spatial) {
    return IntStream.range(2, 2 + spatial).toArray();
  }
}
