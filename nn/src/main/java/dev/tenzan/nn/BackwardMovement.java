package dev.tenzan.nn;

import dev.tenzan.Tensor;
import dev.tenzan.ir.Op;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The gradients of operations that move elements: each is the transposed movement, adding up where an element
 * went twice.
 */
final class BackwardMovement {
  /** Overlapping windows are folded by this many shifted additions at most; larger ones by a scatter. */
  private static final long MAX_SHIFTS = 16;

  private BackwardMovement() {}

  static void permute(Rule r, Op.Permute op) {
    Integer[] inverse = new Integer[op.axes().size()];
    for (int i = 0; i < inverse.length; i++) {
      inverse[op.axes().get(i)] = i;
    }
    r.give(0, () -> Tensor.apply(new Op.Permute(List.of(inverse)), r.gradient()));
  }

  static void slice(Rule r, Op.Slice op) {
    r.give(0, () -> unslice(r.gradient(), op, r.shape(0)));
  }

  /** Puts the elements of a slice back where they came from, among zeros. */
  private static Tensor unslice(Tensor g, Op.Slice op, Shape whole) {
    List<Long> low = new ArrayList<>();
    List<Long> high = new ArrayList<>();
    List<Long> interior = new ArrayList<>();
    List<Integer> backwards = new ArrayList<>();
    for (int i = 0; i < whole.rank(); i++) {
      long n = op.shape().dim(i);
      long step = op.steps().get(i);
      long start = op.starts().get(i);
      if (step < 0) {
        backwards.add(i);
        start += (n - 1) * step;
        step = -step;
      }
      low.add(n == 0 ? 0 : start);
      high.add(n == 0 ? whole.dim(i) : whole.dim(i) - start - (n - 1) * step - 1);
      interior.add(n < 2 ? 0 : step - 1);
    }
    Tensor turned = backwards.isEmpty() ? g : g.flip(Rule.ints(backwards));
    return padZeros(turned, low, high, interior);
  }

  /** Zeros around and between the elements; the identity where there are none to add. */
  private static Tensor padZeros(Tensor x, List<Long> low, List<Long> high, List<Long> interior) {
    boolean none = zeros(low) && zeros(high) && zeros(interior);
    return none ? x : Tensor.apply(new Op.Pad(low, high, interior, 0), x);
  }

  private static boolean zeros(List<Long> values) {
    return values.stream().allMatch(v -> v == 0);
  }

  /** Adds up over the axes that a broadcast added or stretched. */
  static Tensor sumTo(Tensor g, Shape target) {
    int added = g.rank() - target.rank();
    int[] axes =
        IntStream.range(0, g.rank())
            .filter(i -> i < added || (target.dim(i - added) == 1 && g.shape().dim(i) != 1))
            .toArray();
    return axes.length == 0 ? g : g.sum(axes).reshape(target.dims());
  }

  static void pad(Rule r, Op.Pad op) {
    r.give(
        0,
        () -> {
          Tensor g = r.gradient();
          int rank = g.rank();
          // Elements that the padding cropped away have no gradient: their places come back as zeros.
          List<Long> low = op.low().stream().map(v -> Math.max(0, -v)).toList();
          List<Long> high = op.high().stream().map(v -> Math.max(0, -v)).toList();
          Tensor whole = padZeros(g, low, high, Collections.nCopies(rank, 0L));
          List<Long> starts = op.low().stream().map(v -> Math.max(0, v)).toList();
          List<Long> steps = op.interior().stream().map(v -> v + 1).toList();
          return Tensor.apply(new Op.Slice(starts, steps, r.shape(0)), whole);
        });
  }

  static void concat(Rule r, Op.Concat op) {
    long start = 0;
    for (int i = 0; i < r.operands(); i++) {
      long from = start;
      long length = r.shape(i).dim(op.axis());
      r.give(i, () -> r.gradient().narrow(op.axis(), from, length));
      start += length;
    }
  }

  static void window(Rule r, Op.Window op) {
    r.give(0, () -> fold(r.gradient(), op, r.shape(0)));
  }

  /**
   * Adds the elements of all windows up at the places that they were taken from, one axis after the other.
   */
  private static Tensor fold(Tensor g, Op.Window op, Shape whole) {
    int spatial = op.size().rank();
    int lead = whole.rank() - spatial;
    Tensor sum = g;
    // The last axis first: its window axis is the last one, and goes.
    for (int i = spatial - 1; i >= 0; i--) {
      sum = foldAxis(sum, lead + i, op.strides().get(i), op.dilations().get(i), whole.dim(lead + i));
    }
    return sum;
  }

  /**
   * Folds the last axis (positions in a window) into axis {@code at} (windows), which gets the extent {@code
   * n}.
   */
  private static Tensor foldAxis(Tensor g, int at, long stride, long dilation, long n) {
    int last = g.rank() - 1;
    long size = g.shape().dim(last);
    long count = g.shape().dim(at);
    if (dilation == 1 && stride == size) {
      Tensor joined = joinLast(g, at, count * size);
      return padAxis(joined, at, 0, n - count * size, 0);
    }
    return size <= MAX_SHIFTS
        ? addShifted(g, at, stride, dilation, n)
        : scatterWindows(joinLast(g, at, count * size), at, count, size, stride, dilation, n);
  }

  /** Moves the last axis behind axis {@code at} and joins the two. */
  private static Tensor joinLast(Tensor g, int at, long extent) {
    Tensor moved = g.moveAxis(g.rank() - 1, at + 1);
    return moved.reshape(g.shape().subShape(0, g.rank() - 1).withDim(at, extent).dims());
  }

  private static Tensor addShifted(Tensor g, int at, long stride, long dilation, long n) {
    int last = g.rank() - 1;
    long size = g.shape().dim(last);
    long count = g.shape().dim(at);
    long span = count == 0 ? 0 : (count - 1) * stride + 1;
    Tensor sum = null;
    for (long t = 0; t < size; t++) {
      Tensor part = g.narrow(last, t, 1).squeeze(last);
      Tensor placed = padAxis(part, at, t * dilation, n - span - t * dilation, stride - 1);
      sum = sum == null ? placed : sum.add(placed);
    }
    if (sum == null) {
      throw new IllegalArgumentException("a window has at least one element");
    }
    return sum;
  }

  private static Tensor scatterWindows(
      Tensor g, int at, long count, long size, long stride, long dilation, long n) {
    Tensor starts = g.device().arange(DType.I64, count).mul(stride).expandDims(1);
    Tensor offsets = g.device().arange(DType.I64, size).mul(dilation);
    Tensor places = starts.add(offsets).reshape(count * size);
    Tensor base = g.device().zeros(g.dtype(), g.shape().withDim(at, n).dims());
    return BackwardIndexing.scatterAdd(base, at, places, g);
  }

  private static Tensor padAxis(Tensor x, int axis, long low, long high, long interior) {
    List<Long> lows = new ArrayList<>(Collections.nCopies(x.rank(), 0L));
    List<Long> highs = new ArrayList<>(lows);
    List<Long> interiors = new ArrayList<>(lows);
    lows.set(axis, low);
    highs.set(axis, high);
    interiors.set(axis, x.shape().dim(axis) < 2 ? 0 : interior);
    return padZeros(x, lows, highs, interiors);
  }
}
