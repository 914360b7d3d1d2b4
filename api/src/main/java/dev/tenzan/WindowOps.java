package dev.tenzan;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * The operations of {@link Tensor} that slide windows over the spatial axes of {@code [batch, channels,
 * spatial...]}, with 1 to 3 spatial axes.
 */
public sealed interface WindowOps permits Tensor {
  /** The tensor that the operations apply to. */
  Tensor self();

  private int spatial(String op) {
    int n = self().rank() - 2;
    if (n < 1 || n > 3) {
      throw new ShapeException(
          op + ": shape " + self().shape()
          + "; it takes [batch, channels, spatial...] with 1 to 3 spatial axes");
    }
    return n;
  }

  private static List<Long> spread(String op, String what, List<Long> values, int n, long least) {
    if (values.size() != n && values.size() != 1) {
      throw new ShapeException(
          op + ": " + what + " " + values + " for " + n + " spatial axes; give one entry or one for each");
    }
    for (long v : values) {
      if (v < least) {
        throw new ShapeException(op + ": " + what + " " + values + "; entries are " + least + " or more");
      }
    }
    return values.size() == n ? values : Collections.nCopies(n, values.getFirst());
  }

  /** {@link #conv(Tensor, ConvOptions)} with stride 1 and no padding. */
  default Tensor conv(Tensor weights) {
    return conv(weights, ConvOptions.of());
  }

  /**
   * The cross-correlation with weights {@code [out, channels / groups, window...]}: {@code [batch, out,
   * spatial...]}.
   *
   * @throws ShapeException where the shapes, groups or window do not fit
   */
  default Tensor conv(Tensor weights, ConvOptions options) {
    int n = spatial("conv");
    DType t = ShapeInference.promote("conv", self().dtype(), weights.dtype());
    Op.Convolution op =
        new Op.Convolution(
            spread("conv", "stride", options.stride(), n, 1),
            spread("conv", "padding", options.padLow(), n, 0),
            spread("conv", "padding", options.padHigh(), n, 0),
            Collections.nCopies(n, 1L),
            spread("conv", "dilation", options.dilation(), n, 1),
            options.groups(),
            Nodes.numerics(t));
    return Nodes.composite(() -> Tensor.apply(op, self().cast(t), weights.cast(t)));
  }

  /**
   * The transposed convolution with weights {@code [channels, out / groups, window...]}: what {@link #conv}'s
   * gradient does to its input. Each spatial extent becomes {@code (n - 1) * stride - low - high + dilation *
   * (window - 1) + 1 + outputPadding}.
   */
  default Tensor convTranspose(Tensor weights, ConvOptions options) {
    int n = spatial("convTranspose");
    DType t = ShapeInference.promote("convTranspose", self().dtype(), weights.dtype());
    Shape w = weights.shape();
    long groups = options.groups();
    if (w.rank() != self().rank() || groups < 1 || w.dim(0) != self().dim(1) || w.dim(0) % groups != 0) {
      throw new ShapeException(
          "convTranspose: weights " + w + " for input " + self().shape() + " and " + groups
              + " groups; they must be [channels, out / groups, window...]");
    }
    Shape window = w.subShape(2, w.rank());
    List<Long> stride = spread("convTranspose", "stride", options.stride(), n, 1);
    List<Long> dilation = spread("convTranspose", "dilation", options.dilation(), n, 1);
    List<Long> padLow = spread("convTranspose", "padding", options.padLow(), n, 0);
    List<Long> padHigh = spread("convTranspose", "padding", options.padHigh(), n, 0);
    List<Long> extra = spread("convTranspose", "output padding", options.outputPadding(), n, 0);
    List<Long> low = new ArrayList<>();
    List<Long> high = new ArrayList<>();
    int[] axes = new int[n];
    long[] first = new long[n];
    long[] extent = new long[n];
    for (int i = 0; i < n; i++) {
      long reach = (window.dim(i) - 1) * dilation.get(i);
      long before = reach - padLow.get(i);
      long behind = reach - padHigh.get(i) + extra.get(i);
      axes[i] = 2 + i;
      low.add(Math.max(0, before));
      high.add(Math.max(0, behind));
      first[i] = Math.max(0, -before);
      extent[i] = (self().dim(2 + i) - 1) * stride.get(i) + 1 + before + behind - reach;
      if (extent[i] < 1) {
        throw new ShapeException(
            "convTranspose: axis " + (2 + i) + " of input " + self().shape() + " would get extent "
                + extent[i] + "; pad less");
      }
    }
    Op.Convolution op =
        new Op.Convolution(Collections.nCopies(n, 1L), low, high, stride, dilation, groups, Nodes.numerics(t));
    Shape split = Shape.of(groups, w.dim(0) / groups, w.dim(1)).concat(window);
    Shape merged = Shape.of(groups * w.dim(1), w.dim(0) / groups).concat(window);
    return Nodes.composite(
        () -> {
          Tensor swapped = weights.cast(t).reshape(split.dims()).swapAxes(1, 2).reshape(merged.dims());
          Tensor out = Tensor.apply(op, self().cast(t), swapped.flip(axes));
          for (int i = 0; i < n; i++) {
            out = out.narrow(2 + i, first[i], extent[i]);
          }
          return out;
        });
  }

  /** The greatest element of each window; padding never wins. */
  default Tensor maxPool(PoolOptions options) {
    DType t = self().dtype();
    if (t == DType.BOOL) {
      throw new DTypeException(
          "maxPool: dtype bool is not supported; cast first, for example cast(DType.F32)");
    }
    double least =
        switch (t) {
          case F64, F32, F16, BF16 -> Double.NEGATIVE_INFINITY;
          case I64 -> Long.MIN_VALUE;
          case I32 -> Integer.MIN_VALUE;
          case I16 -> Short.MIN_VALUE;
          case I8 -> Byte.MIN_VALUE;
          case U8, BOOL -> 0;
        };
    return Nodes.composite(() -> pool("maxPool", self(), least, ReduceOp.MAX, options));
  }

  /** The mean of each window of floats. */
  default Tensor avgPool(PoolOptions options) {
    Nodes.requireFloat("avgPool", self());
    int n = spatial("avgPool");
    double size = 1;
    for (long w : spread("avgPool", "window", options.window(), n, 1)) {
      size *= w;
    }
    double whole = size;
    Stream<Long> paddings = Stream.concat(options.padLow().stream(), options.padHigh().stream());
    boolean padded = paddings.anyMatch(p -> p != 0);
    return Nodes.composite(
        () -> {
          Tensor x = Nodes.wide(self());
          Tensor sum = pool("avgPool", x, 0, ReduceOp.SUM, options);
          if (options.countPadding() || !padded) {
            return sum.div(whole).cast(self().dtype());
          }
          long[] one = x.shape().withDim(0, 1).withDim(1, 1).dims();
          Tensor count = pool("avgPool", x.device().ones(x.dtype(), one), 0, ReduceOp.SUM, options);
          return sum.div(count).cast(self().dtype());
        });
  }

  /** The mean over all spatial axes, which stay with extent 1. */
  default Tensor globalAvgPool() {
    int[] axes = new int[spatial("globalAvgPool")];
    Arrays.setAll(axes, i -> 2 + i);
    return self().meanKeep(axes);
  }

  private static Tensor pool(String op, Tensor x, double fill, ReduceOp reduce, PoolOptions o) {
    int n = ((WindowOps) x).spatial(op);
    List<Long> window = spread(op, "window", o.window(), n, 1);
    List<Long> stride = spread(op, "stride", o.stride(), n, 1);
    List<Long> low = spread(op, "padding", o.padLow(), n, 0);
    List<Long> high = spread(op, "padding", o.padHigh(), n, 0);
    List<Long> dilation = spread(op, "dilation", o.dilation(), n, 1);
    long[] pads = new long[2 * x.rank()];
    boolean padded = false;
    boolean sideBySide = true;
    for (int i = 0; i < n; i++) {
      long reach = (window.get(i) - 1) * dilation.get(i) + 1;
      if (Math.max(low.get(i), high.get(i)) >= reach) {
        throw new ShapeException(
            op + ": padding " + low + " and " + high + " for window " + window
                + "; it must be less than a window's reach");
      }
      pads[2 * (2 + i)] = low.get(i);
      pads[2 * (2 + i) + 1] = high.get(i);
      padded |= low.get(i) + high.get(i) != 0;
      sideBySide &= stride.get(i).equals(window.get(i)) && dilation.get(i) == 1;
    }
    Tensor in = padded ? x.pad(fill, pads) : x;
    List<Integer> axes = new ArrayList<>();
    if (sideBySide) {
      Tensor cut = crop(op, in, window);
      long[] d = new long[2 + 2 * n];
      d[0] = x.dim(0);
      d[1] = x.dim(1);
      for (int i = 0; i < n; i++) {
        d[2 + 2 * i] = cut.dim(2 + i) / window.get(i);
        d[3 + 2 * i] = window.get(i);
        axes.add(3 + 2 * i);
      }
      return ReductionOps.reduce(reduce, cut.reshape(d), axes);
    }
    for (int i = 0; i < n; i++) {
      axes.add(2 + n + i);
    }
    Shape size = Shape.of(window.stream().mapToLong(Long::longValue).toArray());
    return ReductionOps.reduce(reduce, Tensor.apply(new Op.Window(size, stride, dilation), in), axes);
  }

  /** Drops what is left behind the last whole window. */
  private static Tensor crop(String op, Tensor x, List<Long> window) {
    Tensor t = x;
    for (int i = 0; i < window.size(); i++) {
      long n = x.dim(2 + i);
      if (window.get(i) > n) {
        throw new ShapeException(
            op + ": window " + window + " does not fit shape " + x.shape()
            + "; pad, or take a smaller window");
      }
      t = t.narrow(2 + i, 0, n - n % window.get(i));
    }
    return t;
  }
}
