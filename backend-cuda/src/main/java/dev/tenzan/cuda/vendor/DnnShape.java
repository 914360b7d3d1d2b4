package dev.tenzan.cuda.vendor;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A convolution as cuDNN takes it: forward, or one of the two that give its gradients, with two or three spatial axes. A kernel's own form
 * says which: gaps between its input's elements or a window that is turned around make it the gradient by the input, a window larger than
 * the result makes it the gradient by the weights, whose batch and channels have changed places.
 *
 * @param kind which operation
 * @param dtype the type of all three tensors
 * @param first the input, or of the gradient by the input the gradient that comes in
 * @param second the weights, or of the gradient by the weights the gradient that comes in
 * @param result what is computed
 * @param exchanged whether the first two axes of the result have to change places, to be the kernel's
 * @param stride the forward convolution's steps
 * @param dilation the distances of its window's elements
 * @param before the zeros before its spatial axes
 * @param behind the zeros behind them
 * @param firstOffset the element of the first operand's buffer at which it begins
 * @param secondOffset likewise
 */
public record DnnShape(
    Kind kind, DType dtype, Grid first, Grid second, Grid result, boolean exchanged, List<Long> stride, List<Long> dilation, List<Long> before,
    List<Long> behind, long firstOffset, long secondOffset) {
  /** An operation of cuDNN. */
  public enum Kind {
    /** {@code y} of {@code x} and {@code w}. */
    FORWARD,
    /** {@code dx} of {@code dy} and {@code w}. */
    BY_INPUT,
    /** {@code dw} of {@code x} and {@code dy}. */
    BY_WEIGHTS
  }

  /**
   * A tensor: batch and channels, or output and input channels, then two or three spatial axes.
   *
   * @param dims the extents
   * @param strides elements from one index to the next
   */
  public record Grid(List<Long> dims, List<Long> strides) {
    /** Copies the lists. */
    public Grid {
      dims = List.copyOf(dims);
      strides = List.copyOf(strides);
    }

    private boolean isDense() {
      long size = 1;
      for (int d = dims.size() - 1; d >= 0; d--) {
        if (strides.get(d) != size) {
          return false;
        }
        size *= dims.get(d);
      }
      return size <= Integer.MAX_VALUE;
    }
  }

  /** The least number of spatial axes that the library takes. */
  private static final int LEAST_AXES = 2;

  /** Copies the lists. */
  public DnnShape {
    stride = List.copyOf(stride);
    dilation = List.copyOf(dilation);
    before = List.copyOf(before);
    behind = List.copyOf(behind);
  }

  /** The shape of a kernel with results; empty where cuDNN cannot express it. */
  public static Optional<DnnShape> of(ConvolutionKernel kernel) {
    boolean typed = kernel.dtype() == DType.F32 || kernel.dtype() == DType.F16 || kernel.dtype() == DType.BF16;
    long channels = kernel.inChannels() / kernel.groups();
    if (!typed || kernel.batch() * channels * kernel.spatial().size() * kernel.window().size() == 0) {
      return Optional.empty();
    }
    Form form = new Form(kernel);
    // With a window larger than the result the library's forward engines are the wrong ones: 50 ms were seen where 1 would do.
    boolean large = kernel.window().size() > kernel.outSpatial().size();
    Optional<DnnShape> first = large ? form.byWeights() : form.forward();
    Optional<DnnShape> last = large && kernel.groups() == 1 ? form.forward() : Optional.empty();
    return Stream.of(first, form.byInput(), last)
        .flatMap(Optional::stream)
        .filter(DnnShape::fits)
        .findFirst();
  }

  private static boolean all(List<Long> values, long wanted) {
    return values.stream().allMatch(v -> v == wanted);
  }

  /**
   * Whether all tensors are dense and row-major, and an int counts their elements. The library has kernels for other layouts, but was found
   * to take some strides for others without a word (cuDNN 9.19, weights of a window of one element whose channels had changed places).
   */
  private boolean fits() {
    return first.isDense() && second.isDense() && result.isDense();
  }

  /** A kernel's geometry with at least two spatial axes, of which those that were added have one element. */
  private static final class Form {
    private final ConvolutionKernel kernel;
    private final long channels;
    private final int axes;
    private final List<Long> spatial;
    private final List<Long> window;
    private final List<Long> out;
    private final List<Long> stride;
    private final List<Long> padLow;
    private final List<Long> gaps;
    private final List<Long> dilation;
    private final List<Long> xStrides;
    private final List<Long> wStrides;

    /** Whether the window lies as it is walked; and whether it is turned around along all axes, as one of a single element may be said to be. */
    private final boolean forward;

    private final boolean turned;

    Form(ConvolutionKernel kernel) {
      this.kernel = kernel;
      this.channels = kernel.inChannels() / kernel.groups();
      int rank = kernel.spatial().rank();
      this.axes = Math.max(LEAST_AXES, rank);
      this.spatial = lifted(longs(kernel.spatial().dims()), 1);
      this.window = lifted(longs(kernel.window().dims()), 1);
      this.out = lifted(longs(kernel.outSpatial().dims()), 1);
      this.stride = lifted(kernel.stride(), 1);
      this.padLow = lifted(kernel.padLow(), 0);
      this.gaps = lifted(kernel.inputDilation(), 1);
      this.dilation = lifted(kernel.windowDilation(), 1);
      this.xStrides = spatialStrides(kernel.x(), spatial);
      this.wStrides = spatialStrides(kernel.w(), window);
      this.forward = IntStream.range(0, axes).allMatch(d -> window.get(d) == 1 || wStrides.get(d) > 0);
      this.turned = IntStream.range(0, axes).allMatch(d -> window.get(d) == 1 || wStrides.get(d) < 0);
    }

    private static List<Long> longs(long[] values) {
      List<Long> all = new ArrayList<>();
      for (long v : values) {
        all.add(v);
      }
      return all;
    }

    private List<Long> lifted(List<Long> values, long neutral) {
      List<Long> all = new ArrayList<>(Collections.nCopies(axes - values.size(), neutral));
      all.addAll(values);
      return all;
    }

    /** The strides along spatial axes; those of axes with one element are made what dense ones would be, as they say nothing. */
    private List<Long> spatialStrides(Affine address, List<Long> extents) {
      int rank = kernel.spatial().rank();
      Long[] all = new Long[axes];
      long inner = 1;
      for (int d = axes - 1; d >= 0; d--) {
        int given = d - (axes - rank);
        all[d] = extents.get(d) == 1 || given < 0 ? Long.valueOf(inner) : Long.valueOf(address.stride(2 + given));
        inner = Math.abs(all[d]) * extents.get(d);
      }
      return List.of(all);
    }

    /** A tensor; the stride of an axis of one element, which says nothing, is made that of a tensor without gaps. */
    private static Grid grid(long outer, long outerStride, long inner, long innerStride, List<Long> extents, List<Long> strides) {
      List<Long> dims = new ArrayList<>(List.of(outer, inner));
      dims.addAll(extents);
      long end = 1;
      for (int d = 0; d < extents.size(); d++) {
        end = Math.max(end, extents.get(d) * strides.get(d));
      }
      long channel = inner == 1 ? end : innerStride;
      List<Long> all = new ArrayList<>(List.of(outer == 1 ? Math.max(end, inner * channel) : outerStride, channel));
      all.addAll(strides);
      return new Grid(dims, all);
    }

    /** The results, dense. */
    private Grid results(long outer, long inner) {
      Long[] strides = new Long[axes];
      long size = 1;
      for (int d = axes - 1; d >= 0; d--) {
        strides[d] = size;
        size *= out.get(d);
      }
      return grid(outer, inner * size, inner, size, out, List.of(strides));
    }

    /**
     * The zeros behind an axis with which a forward convolution takes an extent to another; null where none do. What a step leaves over
     * gives a choice, and the same as before is what the library has most kernels for.
     */
    private static @Nullable Long behind(long extent, long window, long dilation, long stride, long before, long results) {
      long least = (results - 1) * stride + (window - 1) * dilation + 1 - before - extent;
      long most = least + stride - 1;
      if (before < 0 || most < 0) {
        return null;
      }
      return Math.clamp(before, Math.max(0, least), most);
    }

    private Optional<DnnShape> forward() {
      if (!forward || !all(gaps, 1)) {
        return Optional.empty();
      }
      List<Long> extents = new ArrayList<>(spatial);
      List<Long> before = new ArrayList<>(padLow);
      List<Long> behind = new ArrayList<>();
      long offset = kernel.x().offset();
      for (int d = 0; d < axes; d++) {
        if (padLow.get(d) < 0) { // crops
          before.set(d, 0L);
          extents.set(d, extents.get(d) + padLow.get(d));
          offset -= padLow.get(d) * xStrides.get(d);
        }
        long reach = (out.get(d) - 1) * stride.get(d) + (window.get(d) - 1) * dilation.get(d) + 1 - before.get(d);
        extents.set(d, reach < 1 ? extents.get(d) : Math.min(extents.get(d), reach + stride.get(d) - 1)); // leaves out what no window reaches
        Long zeros = behind(extents.get(d), window.get(d), dilation.get(d), stride.get(d), before.get(d), out.get(d));
        if (zeros == null || extents.get(d) < 1) {
          return Optional.empty();
        }
        behind.add(zeros);
      }
      Affine x = kernel.x();
      Affine w = kernel.w();
      return Optional.of(
 new DnnShape(
          Kind.FORWARD, kernel.dtype(), grid(kernel.batch(), x.stride(0), kernel.inChannels(), x.stride(1), extents, xStrides),
          grid(kernel.outChannels(), w.stride(0), channels, w.stride(1), window, wStrides), results(kernel.batch(), kernel.outChannels()), false, stride,
          dilation, before, behind, offset, w.offset()));
    }

    /** The kernel's input is the gradient that comes in, its stride is 1, and the distance of its elements is the stride. */
    private Optional<DnnShape> byInput() {
      Affine w = kernel.w();
      long outPerGroup = kernel.outChannels() / kernel.groups();
      // The forward convolution's output channels are this one's input channels, in all groups.
      boolean oneStride = kernel.groups() == 1 || w.stride(1) * channels == w.stride(0) * outPerGroup || channels == 1;
      if (!all(stride, 1) || !oneStride || !turned) {
        return Optional.empty();
      }
      long perOutput = channels == 1 ? w.stride(0) * outPerGroup : w.stride(1);
      List<Long> before = new ArrayList<>();
      List<Long> behind = new ArrayList<>();
      List<Long> strides = new ArrayList<>();
      long offset = w.offset();
      for (int d = 0; d < axes; d++) {
        long reach = (window.get(d) - 1) * dilation.get(d);
        before.add(reach - padLow.get(d));
        Long zeros = behind(out.get(d), window.get(d), dilation.get(d), gaps.get(d), before.get(d), spatial.get(d));
        if (zeros == null) {
          return Optional.empty();
        }
        behind.add(zeros);
        strides.add(Math.abs(wStrides.get(d)));
        offset += window.get(d) > 1 ? (window.get(d) - 1) * wStrides.get(d) : 0;
      }
      Affine x = kernel.x();
      return Optional.of(
 new DnnShape(
          Kind.BY_INPUT, kernel.dtype(), grid(kernel.batch(), x.stride(0), kernel.inChannels(), x.stride(1), spatial, xStrides),
          grid(kernel.inChannels(), perOutput, outPerGroup, w.stride(0), window, strides), results(kernel.batch(), kernel.outChannels()), false, gaps, dilation, before, behind,
          x.offset(), offset));
    }

    /**
     * The kernel's channels are the forward convolution's batch, its batch is the channels, its window the gradient that comes in, and stride
     * and dilation have changed places.
     */
    private Optional<DnnShape> byWeights() {
      if (!forward || !all(gaps, 1) || kernel.groups() > 1) {
        return Optional.empty();
      }
      List<Long> behind = new ArrayList<>();
      for (int d = 0; d < axes; d++) {
        Long zeros = behind(spatial.get(d), out.get(d), stride.get(d), dilation.get(d), padLow.get(d), window.get(d));
        if (zeros == null) {
          return Optional.empty();
        }
        behind.add(zeros);
      }
      Affine x = kernel.x();
      Affine w = kernel.w();
      return Optional.of(
 new DnnShape(
          Kind.BY_WEIGHTS, kernel.dtype(), grid(kernel.inChannels(), x.stride(1), kernel.batch(), x.stride(0), spatial, xStrides),
          grid(kernel.inChannels(), w.stride(1), kernel.outChannels(), w.stride(0), window, wStrides), results(kernel.outChannels(), kernel.batch()),
          kernel.outChannels() > 1 && kernel.batch() > 1, dilation, stride, padLow,
          behind, x.offset(), w.offset()));
    }
  }
}
