package dev.tenzan.conformance;

import dev.tenzan.ConvOptions;
import dev.tenzan.PoolOptions;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;

/** Convolutions and pooling. */
final class ConvolutionCases {
  private static final List<DType> MAIN = List.of(DType.F64, DType.F32, DType.I32);

  private ConvolutionCases() {}

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Convolution and pooling", all);
    convolutions(c);
    chains(c);
    fast(c.constant().under(Numerics.FAST));
    c.smooth().under(Numerics.REPRODUCIBLE);
    transposed(c);
    maxPools(c);
    avgPools(c);
    globalPools(c);
  }

  /** Floats within -1 to 1, so that products are too; integers that overflow. */
  private static InputSpec factor(DType t, long... dims) {
    InputSpec in = InputSpec.of(t, dims);
    return t.isFloat() ? in.range(-1, 1) : in.values(InputSpec.Values.BITS);
  }

  private static long[] dims(long... dims) {
    return dims;
  }

  private static List<Long> list(long... values) {
    return Arrays.stream(values).boxed().toList();
  }

  private static long entry(List<Long> perAxis, int d) {
    return perAxis.size() == 1 ? perAxis.getFirst() : perAxis.get(d);
  }

  /**
   * How windows lie over the spatial axes.
   *
   * @param input the spatial extents of the input
   * @param window the extents of a window
   * @param positions how many windows there are along each axis
   * @param stride the distance of windows
   * @param low the elements before each axis
   * @param dilation the distance of a window's elements
   */
  private record Windows(
      Shape input, Shape window, Shape positions, List<Long> stride, List<Long> low, List<Long> dilation) {
    /** As many windows as the input and the padding before and behind it hold. */
    static Windows fill(
        Shape input, Shape window, List<Long> stride, List<Long> low, List<Long> high, List<Long> dilation) {
      long[] d = new long[input.rank()];
      for (int i = 0; i < d.length; i++) {
        long reach = (window.dim(i) - 1) * entry(dilation, i) + 1;
        d[i] = (input.dim(i) + entry(low, i) + entry(high, i) - reach) / entry(stride, i) + 1;
      }
      return new Windows(input, window, Shape.of(d), stride, low, dilation);
    }

    /** The row-major element of the input under an element of the window at a position, or -1 in the padding. */
    int under(int position, int tap) {
      long p = position;
      long t = tap;
      long element = 0;
      long scale = 1;
      for (int i = input.rank() - 1; i >= 0; i--) {
        long at = p % positions.dim(i) * entry(stride, i) + t % window.dim(i) * entry(dilation, i) - entry(low, i);
        if (at < 0 || at >= input.dim(i)) {
          return -1;
        }
        element += at * scale;
        scale *= input.dim(i);
        p /= positions.dim(i);
        t /= window.dim(i);
      }
      return (int) element;
    }
  }

  private static void convolutions(CaseList c) {
    ConvOptions o = ConvOptions.of();
    for (DType t : CaseList.NUMBERS) {
      conv(c, "1d", t, dims(2, 3, 9), dims(4, 3, 3), o);
      conv(c, "2d", t, dims(1, 2, 5, 5), dims(3, 2, 3, 2), o.stride(2).padding(1));
      conv(c, "3d", t, dims(1, 2, 3, 3, 3), dims(2, 2, 2, 2, 2), o);
    }
    for (DType t : MAIN) {
      conv(c, "stride", t, dims(2, 2, 10), dims(3, 2, 3), o.stride(3));
      conv(c, "padding", t, dims(1, 2, 4), dims(3, 2, 3), o.padding(4));
      conv(c, "sides", t, dims(1, 2, 6), dims(3, 2, 3), o.padding(list(2), list(0)));
      conv(c, "dilation", t, dims(1, 2, 9), dims(3, 2, 3), o.dilation(3).padding(2));
      conv(c, "groups", t, dims(2, 4, 5), dims(6, 2, 3), o.groups(2).padding(1));
      conv(c, "whole", t, dims(2, 3, 5), dims(2, 3, 5), o);
      conv(c, "pointwise", t, dims(2, 3, 3, 2), dims(5, 3, 1, 1), o);
      conv(c, "plain2d", t, dims(2, 2, 3, 4), dims(3, 2, 2, 3), o);
      conv(c, "perAxis", t, dims(1, 2, 5, 6), dims(2, 2, 2, 3), o.stride(2, 1).padding(1, 0).dilation(1, 2));
      conv(c, "sides2d", t, dims(1, 2, 4, 5), dims(3, 2, 2, 3), o.padding(list(1, 0), list(0, 2)));
      conv(c, "groups2d", t, dims(1, 4, 3, 4), dims(4, 2, 2, 2), o.groups(2));
      conv(c, "depthwise", t, dims(1, 3, 4, 4), dims(6, 1, 3, 2), o.groups(3).padding(1));
      conv(c, "perAxis3d", t, dims(1, 2, 3, 2, 4), dims(2, 2, 2, 1, 3), o.stride(1, 2, 1).padding(1, 0, 2).dilation(2, 1, 1));
      conv(c, "depthwise3d", t, dims(2, 2, 2, 3, 2), dims(2, 1, 2, 2, 2), o.groups(2).padding(1));
      conv(c, "noBatch", t, dims(0, 2, 5), dims(3, 2, 3), o);
      conv(c, "noOutput", t, dims(1, 2, 5), dims(0, 2, 3), o);
      conv(c, "noChannel", t, dims(2, 0, 5), dims(3, 0, 3), o);
      conv(c, "onlyPadding", t, dims(1, 2, 0), dims(3, 2, 3), o.padding(2));
    }
    conv(c, "image", DType.F32, dims(2, 8, 14, 15), dims(16, 8, 3, 3), o.padding(1));
    conv(c, "imageStride", DType.F32, dims(1, 3, 33, 31), dims(8, 3, 7, 7), o.padding(3).stride(2));
    conv(c, "imageDepthwise", DType.F32, dims(1, 12, 17, 16), dims(12, 1, 3, 3), o.padding(1).groups(12));
    conv(c, "imagePointwise", DType.F32, dims(2, 24, 9, 9), dims(17, 24, 1, 1), o);
    Tolerance tolerance = Tolerance.sum(DType.F32, 6, 1);
    conv(c, "mixed", DType.F32, factor(DType.F16, 1, 2, 5), factor(DType.BF16, 3, 2, 3), o, tolerance,
        ProductCases::compensated);
    c.add("conv", "default", DType.F32, tolerance, List.of(factor(DType.F32, 1, 2, 5), factor(DType.F32, 3, 2, 3)),
        x -> x.get(0).conv(x.get(1)), x -> correlate(DType.F32, x.get(0), x.get(1), o, ProductCases::compensated));
  }

  /** The order of the sum is part of the semantics. The padding's zeros take part in it: an infinite weight gives NaN there. */
  private static void chains(CaseList c) {
    ConvOptions o = ConvOptions.of();
    for (DType t : CaseList.FLOATS) {
      chain(c, "chain", t, factor(t, 1, 40, 5, 4), factor(t, 3, 40, 3, 3), o.padding(1));
      chain(c, "chainOfGroups", t, factor(t, 1, 6, 9), factor(t, 4, 3, 90), o.padding(45).groups(2));
      int n = Formats.specialFloats(t).length;
      InputSpec.Values special = InputSpec.Values.SPECIAL_FAST;
      chain(c, "specialInput", t, InputSpec.of(t, 1, 1, n).values(special), factor(t, 2, 1, 3), o.padding(1));
      chain(c, "specialWeights", t, factor(t, 1, 1, 4), InputSpec.of(t, n, 1, 1).values(special), o.padding(1));
    }
  }

  /** Bits are free, accuracy is not; see the products. */
  private static void fast(CaseList c) {
    ConvOptions o = ConvOptions.of();
    for (DType t : CaseList.FLOATS) {
      fast(c, "image", t, dims(2, 8, 9, 10), dims(16, 8, 3, 3), o.padding(1));
      fast(c, "stride", t, dims(1, 3, 15, 13), dims(8, 3, 5, 5), o.padding(2).stride(2));
      fast(c, "pointwise", t, dims(2, 24, 5, 7), dims(17, 24, 1, 1), o);
      fast(c, "groups", t, dims(1, 16, 6, 6), dims(32, 8, 3, 3), o.groups(2).dilation(2).padding(2));
      fast(c, "depthwise", t, dims(1, 6, 7, 8), dims(6, 1, 3, 3), o.padding(1).groups(6));
      fast(c, "1d", t, dims(2, 40, 20), dims(8, 40, 9), o);
      fast(c, "3d", t, dims(1, 8, 4, 5, 4), dims(8, 8, 2, 2, 2), o);
      fast(c, "layer", t, dims(1, 64, 9, 9), dims(24, 64, 3, 3), o.padding(1)); // long enough for kernels on tensor cores, as the next ones
      fast(c, "large-groups", t, dims(3, 60, 8, 8), dims(70, 30, 3, 3), o.stride(2).padding(1).groups(2));
      fast(c, "whole", t, dims(3, 8, 5, 5), dims(6, 8, 5, 5), o);
      fast(c, "wide", t, dims(2, 4, 6, 7), dims(3, 4, 5, 5), o);
      fastTransposed(c, "image", t, dims(2, 16, 7, 6), dims(16, 8, 3, 3), o.stride(2).padding(1).outputPadding(1));
      fastTransposed(c, "layer", t, dims(1, 80, 6, 7), dims(80, 17, 3, 3), o.stride(2).padding(1));
      fastTransposed(c, "pointwise", t, dims(2, 12, 5, 4), dims(12, 20, 1, 1), o);
      fastTransposed(c, "groups", t, dims(1, 8, 6, 6), dims(8, 6, 3, 3), o.groups(2).padding(1));
      fastTransposed(c, "depthwise", t, dims(1, 6, 5, 6), dims(6, 1, 3, 3), o.stride(2).groups(6));
      fastTransposed(c, "1d", t, dims(2, 16, 9), dims(16, 8, 4), o.stride(3).dilation(2));
    }
  }

  private static void fast(CaseList c, String variant, DType t, long[] x, long[] w, ConvOptions o) {
    long length = Shape.of(w).size() / w[0];
    conv(c, "fast-" + variant, t, factor(t, x), factor(t, w), o, Tolerance.fast(t, length, 1), ProductCases::compensated);
    for (InputSpec.Values v : List.of(InputSpec.Values.WHOLE, InputSpec.Values.WHOLE_OR_INFINITE)) {
      InputSpec in = InputSpec.of(t, x).range(-8, 8).values(v);
      conv(c, "fast-" + v.label() + "-" + variant, t, in, InputSpec.of(t, w).range(-8, 8).values(v), o, Tolerance.whole(),
          (n, a, b) -> ProductCases.chain(t, n, a, b));
    }
  }

  /** Finite values alone: whether zeros between elements meet an infinite weight is left to the device in this mode. */
  private static void fastTransposed(CaseList c, String variant, DType t, long[] x, long[] w, ConvOptions o) {
    long length = Shape.of(w).size() / w[1] / o.groups();
    convTranspose(c, "fast-" + variant, t, factor(t, x), factor(t, w), o, Tolerance.fast(t, length, 1), ProductCases::compensated);
    InputSpec.Values whole = InputSpec.Values.WHOLE;
    convTranspose(
        c, "fast-" + whole.label() + "-" + variant, t, InputSpec.of(t, x).range(-8, 8).values(whole),
        InputSpec.of(t, w).range(-8, 8).values(whole), o, Tolerance.whole(), (n, a, b) -> ProductCases.chain(t, n, a, b));
  }

  private static void chain(CaseList c, String variant, DType t, InputSpec x, InputSpec w, ConvOptions o) {
    conv(c, variant, t, x, w, o, Tolerance.EXACT, (n, a, b) -> ProductCases.chain(t, n, a, b));
  }

  private static void conv(CaseList c, String variant, DType t, long[] x, long[] w, ConvOptions o) {
    long length = Shape.of(w).size() / Math.max(1, w[0]);
    Tolerance tolerance = t.isFloat() ? Tolerance.sum(t, length, 1) : Tolerance.EXACT;
    conv(c, variant, t, factor(t, x), factor(t, w), o, tolerance, ProductCases::compensated);
  }

  private static void conv(
      CaseList c, String variant, DType t, InputSpec in, InputSpec w, ConvOptions o, Tolerance tolerance,
      ProductCases.Sum sum) {
    c.add("conv", variant, t, tolerance, List.of(in, w), x -> x.get(0).conv(x.get(1), o),
        x -> correlate(t, x.get(0), x.get(1), o, sum));
  }

  private static Shape spatial(HostArray x) {
    return x.shape().subShape(2, x.shape().rank());
  }

  private static HostArray correlate(DType t, HostArray x, HostArray w, ConvOptions o, ProductCases.Sum sum) {
    Windows windows = Windows.fill(spatial(x), spatial(w), o.stride(), o.padLow(), o.padHigh(), o.dilation());
    Shape positions = windows.positions();
    int outputs = (int) w.shape().dim(0);
    int channels = (int) w.shape().dim(1);
    int taps = (int) spatial(w).size();
    int size = (int) spatial(x).size();
    int places = (int) positions.size();
    Shape out = Shape.of(x.shape().dim(0), outputs).concat(positions);
    // The element of the input for product n of element i, or -1: products run over channels, then the window.
    Pairing input = (i, n) -> {
      int output = i / places % outputs;
      int channel = i / places / outputs * (int) x.shape().dim(1) + output / (outputs / (int) o.groups()) * channels + n / taps;
      int under = windows.under(i % places, n % taps);
      return under < 0 ? -1 : channel * size + under;
    };
    Pairing weight = (i, n) -> i / places % outputs * channels * taps + n;
    return sums(t, out, channels * taps, x, input, w, weight, sum);
  }

  /** Which element takes part in product {@code n} of the result's element {@code i}; -1 for a zero. */
  @FunctionalInterface
  private interface Pairing {
    int element(int i, int n);
  }

  private static HostArray sums(
      DType t, Shape out, int length, HostArray x, Pairing left, HostArray w, Pairing right, ProductCases.Sum sum) {
    if (t.isFloat()) {
      return HostArray.reals(t, out, i -> sum.of(length, n -> real(x, left.element(i, n)), n -> real(w, right.element(i, n))));
    }
    return HostArray.integers(t, out, i -> {
      long total = 0;
      for (int n = 0; n < length; n++) {
        int at = left.element(i, n);
        total += at < 0 ? 0 : x.integer(at) * w.integer(right.element(i, n));
      }
      return total;
    });
  }

  private static double real(HostArray x, int element) {
    return element < 0 ? 0 : x.real(element);
  }

  private static void transposed(CaseList c) {
    ConvOptions o = ConvOptions.of();
    for (DType t : CaseList.NUMBERS) {
      convTranspose(c, "1d", t, dims(2, 3, 4), dims(3, 2, 3), o.stride(2).padding(1));
      convTranspose(c, "2d", t, dims(1, 2, 3, 2), dims(2, 3, 2, 3), o);
    }
    for (DType t : MAIN) {
      convTranspose(c, "plain", t, dims(1, 2, 5), dims(2, 3, 3), o);
      convTranspose(c, "outputPadding", t, dims(1, 2, 4), dims(2, 3, 3), o.stride(3).padding(1).outputPadding(2));
      convTranspose(c, "dilation", t, dims(1, 2, 4), dims(2, 3, 3), o.stride(2).dilation(2).padding(2).outputPadding(1));
      convTranspose(c, "sides", t, dims(1, 2, 4), dims(2, 3, 3), o.stride(2).padding(list(2), list(0)));
      convTranspose(c, "cropped", t, dims(1, 2, 6), dims(2, 3, 2), o.stride(2).padding(4));
      convTranspose(c, "gaps", t, dims(1, 2, 4), dims(2, 3, 1), o.stride(3).outputPadding(2));
      convTranspose(c, "groups", t, dims(2, 4, 3), dims(4, 3, 2), o.groups(2).stride(2));
      convTranspose(c, "depthwise", t, dims(1, 3, 3, 3), dims(3, 2, 2, 2), o.groups(3).stride(2));
      convTranspose(c, "perAxis", t, dims(1, 2, 3, 4), dims(2, 2, 3, 2), o.stride(2, 1).padding(1, 0).outputPadding(1, 0));
      convTranspose(c, "3d", t, dims(1, 2, 2, 3, 2), dims(2, 2, 2, 2, 2), o.stride(2, 1, 2));
      convTranspose(c, "noBatch", t, dims(0, 2, 4), dims(2, 3, 3), o);
    }
    convTranspose(c, "image", DType.F32, dims(1, 6, 9, 8), dims(6, 5, 3, 3), o.stride(2).padding(1).outputPadding(1));
  }

  private static void convTranspose(CaseList c, String variant, DType t, long[] xDims, long[] wDims, ConvOptions o) {
    long length = Shape.of(wDims).size() / wDims[1] / o.groups();
    Tolerance tolerance = t.isFloat() ? Tolerance.sum(t, length, 1) : Tolerance.EXACT;
    convTranspose(c, variant, t, factor(t, xDims), factor(t, wDims), o, tolerance, ProductCases::compensated);
  }

  private static void convTranspose(
      CaseList c, String variant, DType t, InputSpec in, InputSpec w, ConvOptions o, Tolerance tolerance, ProductCases.Sum sum) {
    long[] xDims = in.shape().dims();
    long[] wDims = w.shape().dims();
    int groups = (int) o.groups();
    int channels = (int) xDims[1] / groups;
    int outputs = (int) wDims[1];
    Shape window = w.shape().subShape(2, wDims.length);
    Shape spatial = in.shape().subShape(2, xDims.length);
    Shape target = extents(spatial, window, o);
    // The windows of the convolution whose gradient this is: they lie over the result, one for each element of the input.
    Windows windows = new Windows(target, window, spatial, o.stride(), o.padLow(), o.dilation());
    int taps = (int) window.size();
    int size = (int) spatial.size();
    int places = (int) target.size();
    int[][] inverse = invert(windows);
    Pairing input = (i, n) -> {
      int group = i / places % (groups * outputs) / outputs;
      int channel = i / places / (groups * outputs) * groups * channels + group * channels + n / taps;
      int from = inverse[i % places][n % taps];
      return from < 0 ? -1 : channel * size + from;
    };
    Pairing weight = (i, n) -> {
      int output = i / places % (groups * outputs);
      return ((output / outputs * channels + n / taps) * outputs + output % outputs) * taps + n % taps;
    };
    Shape out = Shape.of(xDims[0], (long) groups * outputs).concat(target);
    c.add("convTranspose", variant, t, tolerance, List.of(in, w), x -> x.get(0).convTranspose(x.get(1), o),
        x -> sums(t, out, channels * taps, x.get(0), input, x.get(1), weight, sum));
  }

  private static Shape extents(Shape spatial, Shape window, ConvOptions o) {
    long[] d = new long[spatial.rank()];
    for (int i = 0; i < d.length; i++) {
      long padding = entry(o.padLow(), i) + entry(o.padHigh(), i);
      long reach = entry(o.dilation(), i) * (window.dim(i) - 1) + 1;
      d[i] = (spatial.dim(i) - 1) * entry(o.stride(), i) - padding + reach + entry(o.outputPadding(), i);
    }
    return Shape.of(d);
  }

  /** For each element and each place in the window the number of the window which has the element there, or -1. */
  private static int[][] invert(Windows windows) {
    int positions = (int) windows.positions().size();
    int taps = (int) windows.window().size();
    int[][] inverse = new int[(int) windows.input().size()][taps];
    for (int[] row : inverse) {
      Arrays.fill(row, -1);
    }
    for (int p = 0; p < positions; p++) {
      for (int t = 0; t < taps; t++) {
        int under = windows.under(p, t);
        if (under >= 0) {
          inverse[under][t] = p;
        }
      }
    }
    return inverse;
  }

  /** The values of a pooling: any, but such that gradients can be checked in f64. */
  private static InputSpec any(DType t, long... dims) {
    InputSpec in = InputSpec.of(t, dims);
    return t == DType.F64 ? in : in.values(InputSpec.Values.BITS);
  }

  private static void maxPools(CaseList c) {
    for (DType t : CaseList.NUMBERS) {
      maxPool(c, "1d", any(t, 2, 3, 9), PoolOptions.of(2));
      maxPool(c, "2d", any(t, 2, 2, 5, 3), PoolOptions.of(3, 2).stride(2, 1).padding(1));
      maxPool(c, "3d", any(t, 1, 2, 4, 3, 2), PoolOptions.of(2));
      maxPool(c, "special", InputSpec.of(t, 3, 1, 40).values(InputSpec.Values.SPECIAL_FAST), PoolOptions.of(3).stride(1));
    }
    for (DType t : List.of(DType.F64, DType.F32, DType.I32)) {
      maxPool(c, "apart", any(t, 1, 2, 11), PoolOptions.of(2).stride(3));
      maxPool(c, "overlapping", any(t, 1, 2, 11), PoolOptions.of(4).stride(3).padding(2));
      maxPool(c, "dilation", any(t, 1, 2, 11), PoolOptions.of(3).stride(2).dilation(3).padding(1));
      maxPool(c, "sides", any(t, 1, 2, 7), PoolOptions.of(3).stride(2).padding(list(0), list(2)));
      maxPool(c, "sidesSideBySide", any(t, 1, 2, 7), PoolOptions.of(3).padding(list(0), list(2)));
      maxPool(c, "square", any(t, 1, 2, 4, 6), PoolOptions.of(2));
      maxPool(c, "rest", any(t, 1, 2, 5, 5), PoolOptions.of(2));
      maxPool(c, "whole", any(t, 1, 3, 4, 4), PoolOptions.of(4));
      maxPool(c, "perAxis3d", any(t, 1, 1, 4, 3, 4), PoolOptions.of(2, 1, 3).stride(1, 2, 1).padding(1, 0, 1).dilation(2, 1, 1));
      maxPool(c, "noBatch", any(t, 0, 2, 6), PoolOptions.of(2));
    }
    maxPool(c, "image", any(DType.F32, 2, 3, 20, 21), PoolOptions.of(3).stride(2).padding(1));
  }

  private static Windows windows(InputSpec in, PoolOptions o) {
    Shape spatial = in.shape().subShape(2, in.shape().rank());
    long[] window = new long[spatial.rank()];
    Arrays.setAll(window, i -> entry(o.window(), i));
    return Windows.fill(spatial, Shape.of(window), o.stride(), o.padLow(), o.padHigh(), o.dilation());
  }

  private static void maxPool(CaseList c, String variant, InputSpec in, PoolOptions o) {
    DType t = in.dtype();
    Windows windows = windows(in, o);
    Shape out = in.shape().subShape(0, 2).concat(windows.positions());
    int places = (int) windows.positions().size();
    int size = (int) windows.input().size();
    int taps = (int) windows.window().size();
    c.add("maxPool", variant, t, Tolerance.EXACT, List.of(in), x -> x.getFirst().maxPool(o),
        x -> {
          if (!t.isFloat()) {
            return HostArray.integers(t, out, i -> {
              long most = Formats.least(t);
              for (int n = 0; n < taps; n++) {
                int under = windows.under(i % places, n);
                most = under < 0 ? most : Math.max(most, x.getFirst().integer(i / places * size + under));
              }
              return most;
            });
          }
          return HostArray.reals(t, out, i -> {
            double most = Double.NEGATIVE_INFINITY;
            for (int n = 0; n < taps; n++) {
              int under = windows.under(i % places, n);
              most = under < 0 ? most : Math.max(most, x.getFirst().real(i / places * size + under));
            }
            return most;
          });
        });
  }

  private static void avgPools(CaseList c) {
    for (DType t : CaseList.FLOATS) {
      avgPool(c, "1d", factor(t, 2, 3, 9), PoolOptions.of(2));
      avgPool(c, "2d", factor(t, 2, 2, 5, 3), PoolOptions.of(3, 2).stride(2, 1).padding(1));
      avgPool(c, "3d", factor(t, 1, 2, 4, 3, 2), PoolOptions.of(2));
      avgPool(c, "large", InputSpec.of(t, 2, 1, 12).range(50_000, 60_000), PoolOptions.of(4));
      avgPool(c, "special", InputSpec.of(t, 1, 1, Formats.specialFloats(t).length).values(InputSpec.Values.SPECIAL_FAST),
          PoolOptions.of(1));
    }
    for (DType t : List.of(DType.F64, DType.F32)) {
      avgPool(c, "counted", factor(t, 2, 2, 7), PoolOptions.of(3).stride(2).padding(2));
      avgPool(c, "notCounted", factor(t, 2, 2, 7), PoolOptions.of(3).stride(2).padding(2).withoutPaddingInCount());
      avgPool(c, "notCounted2d", factor(t, 1, 2, 4, 5), PoolOptions.of(3).stride(1).padding(1).withoutPaddingInCount());
      avgPool(c, "notCountedSides", factor(t, 1, 2, 4, 5),
          PoolOptions.of(2).padding(list(1, 0), list(0, 1)).withoutPaddingInCount());
      avgPool(c, "notCountedNoPadding", factor(t, 1, 2, 6), PoolOptions.of(3).withoutPaddingInCount());
      avgPool(c, "dilation", factor(t, 1, 2, 9), PoolOptions.of(3).stride(1).dilation(2).padding(1));
      avgPool(c, "apart", factor(t, 1, 2, 11), PoolOptions.of(2).stride(3));
      avgPool(c, "rest", factor(t, 1, 2, 5, 5), PoolOptions.of(2));
      avgPool(c, "noBatch", factor(t, 0, 2, 6), PoolOptions.of(2));
      avgPool(c, "noBatchNotCounted", factor(t, 0, 2, 6), PoolOptions.of(2).padding(1).withoutPaddingInCount());
    }
    avgPool(c, "image", factor(DType.F32, 2, 3, 20, 21), PoolOptions.of(3).stride(2).padding(1));
  }

  private static void avgPool(CaseList c, String variant, InputSpec in, PoolOptions o) {
    DType t = in.dtype();
    Windows windows = windows(in, o);
    Shape out = in.shape().subShape(0, 2).concat(windows.positions());
    int places = (int) windows.positions().size();
    int size = (int) windows.input().size();
    int taps = (int) windows.window().size();
    Tolerance tolerance = Tolerance.sum(t, taps, in.values() == InputSpec.Values.RANGE ? in.high() : 1);
    c.add("avgPool", variant, t, tolerance, List.of(in), x -> x.getFirst().avgPool(o),
        x -> HostArray.reals(t, out, i -> {
          double sum = 0;
          int count = 0;
          for (int n = 0; n < taps; n++) {
            int under = windows.under(i % places, n);
            sum += under < 0 ? 0 : x.getFirst().real(i / places * size + under);
            count += under < 0 && !o.countPadding() ? 0 : 1;
          }
          return sum / count;
        }));
  }

  private static void globalPools(CaseList c) {
    for (DType t : CaseList.FLOATS) {
      globalAvgPool(c, factor(t, 2, 3, 5));
      globalAvgPool(c, factor(t, 2, 3, 3, 2));
      globalAvgPool(c, factor(t, 1, 2, 2, 3, 2));
      globalAvgPool(c, InputSpec.of(t, 2, 2, 9, 10).range(50_000, 60_000));
    }
    globalAvgPool(c, factor(DType.F64, 0, 3, 2, 2));
    globalAvgPool(c, factor(DType.F32, 2, 2, 0, 3));
  }

  private static void globalAvgPool(CaseList c, InputSpec in) {
    DType t = in.dtype();
    int rank = in.shape().rank();
    int size = (int) in.shape().subShape(2, rank).size();
    Shape out = in.shape();
    for (int d = 2; d < rank; d++) {
      out = out.withDim(d, 1);
    }
    Shape pooled = out;
    c.add("globalAvgPool", in.shape().toString(), t, Tolerance.sum(t, size, in.high()), List.of(in),
        x -> x.getFirst().globalAvgPool(),
        x -> HostArray.reals(t, pooled,
            i -> ProductCases.compensated(size, n -> x.getFirst().real(i * size + n), _ -> 1) / size));
  }
}
