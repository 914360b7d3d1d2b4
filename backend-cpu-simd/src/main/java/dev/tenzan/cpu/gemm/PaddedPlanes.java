package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where the channels of a convolution's input lie while its outputs are computed: with their padding around them, cut to what the windows
 * see, and sorted by the remainders of their coordinates modulo the strides ("phases"). So what neighbouring outputs see at one position of
 * the window are neighbours in memory, and so far from each other as the outputs' places are, whatever the position.
 *
 * <p>Where the last dimension has no stride, the zeros at the end of a row are those at the start of the next one, as far as they go.
 *
 * <p>For inputs without dilation, of f32 or f64.
 */
public final class PaddedPlanes {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE;

  private final ConvolutionKernel k;
  private final int rank;
  private final int bytes;
  private final long[] stride;

  /** For each dimension the remainders modulo the stride that windows see. */
  private final long[] phases;

  /** For each dimension the coordinates that windows see, padding included. */
  private final long[] seen;

  /** For each dimension the distance of the places of neighbouring outputs. */
  private final long[] steps;

  private final long phaseSize;
  private final long size;

  /** The planes of a convolution whose outputs are not empty. */
  public PaddedPlanes(ConvolutionKernel kernel) {
    k = kernel;
    rank = kernel.spatial().rank();
    bytes = kernel.dtype().byteSize();
    stride = kernel.stride().stream().mapToLong(Long::longValue).toArray();
    phases = new long[rank];
    seen = new long[rank];
    steps = new long[rank];
    for (int d = 0; d < rank; d++) {
      seen[d] = (kernel.outSpatial().dim(d) - 1) * stride[d] + (kernel.window().dim(d) - 1) * kernel.windowDilation().get(d) + 1;
    }
    int last = rank - 1;
    long behind = seen[last] - kernel.padLow().get(last) - kernel.spatial().dim(last);
    long shared = stride[last] == 1 && rank > 1 ? Math.max(0, Math.min(behind, kernel.padLow().get(last))) : 0;
    long next = 1;
    long all = 1;
    for (int d = last; d >= 0; d--) {
      steps[d] = next;
      long extent = d == last ? seen[d] - shared : seen[d];
      next = Math.multiplyExact(next, Math.ceilDiv(extent, stride[d]));
      phases[d] = Math.min(stride[d], seen[d]);
      all = Math.multiplyExact(all, phases[d]);
    }
    phaseSize = next;
    size = Math.addExact(Math.multiplyExact(next, all), shared);
  }

  /** Whether a convolution's planes have at most so many elements each; padding between far strides can make them large. */
  public static boolean areSmall(ConvolutionKernel k, double most) {
    double size = 1;
    for (int d = 0; d < k.spatial().rank(); d++) {
      double stride = k.stride().get(d);
      double seen = (k.outSpatial().dim(d) - 1) * stride + (k.window().dim(d) - 1) * (double) k.windowDilation().get(d) + 1;
      size *= (seen / stride + 1) * Math.min(stride, seen);
    }
    return size <= most;
  }

  /** The elements of a plane. */
  public long size() {
    return size;
  }

  /** The distance of the places of neighbouring outputs in a dimension, in elements. */
  public long step(int d) {
    return steps[d];
  }

  /** The places from the first output's to the last one's, both included. */
  public long span() {
    long span = 1;
    for (int d = 0; d < rank; d++) {
      span += (k.outSpatial().dim(d) - 1) * steps[d];
    }
    return span;
  }

  /** The place that the first output sees at a position of the window. */
  public long place(long[] window) {
    long at = 0;
    long phase = 0;
    for (int d = 0; d < rank; d++) {
      long coordinate = window[d] * k.windowDilation().get(d);
      phase = phase * phases[d] + coordinate % stride[d];
      at += coordinate / stride[d] * steps[d];
    }
    return phase * phaseSize + at;
  }

  /**
   * Writes one channel's plane.
   *
   * @param x the input
   * @param from the element offset of the channel
   * @param to the memory of the plane
   * @param at the element offset of the plane
   */
  public void fill(MemorySegment x, long from, MemorySegment to, long at) {
    to.asSlice(at * bytes, size * bytes).fill((byte) 0);
    fill(x, from, to, at, 0, 0);
  }

  private void fill(MemorySegment x, long from, MemorySegment to, long at, long phase, int d) {
    long pad = k.padLow().get(d);
    long low = Math.max(0, pad);
    long high = Math.min(seen[d], k.spatial().dim(d) + pad);
    long apart = k.x().stride(2 + d);
    if (d < rank - 1) {
      for (long c = low; c < high; c++) {
        fill(x, from + (c - pad) * apart, to, at + c / stride[d] * steps[d], phase * phases[d] + c % stride[d], d + 1);
      }
      return;
    }
    long s = stride[d];
    for (long r = 0; r < phases[d]; r++) {
      long first = low + Math.floorMod(r - low, s); // the first coordinate of the phase
      if (first < high) {
        copy(
            x, from + (first - pad) * apart, apart * s, to, at + (phase * phases[d] + r) * phaseSize + first / s,
            (int) Math.ceilDiv(high - first, s));
      }
    }
  }

  private void copy(MemorySegment x, long from, long apart, MemorySegment to, long at, int count) {
    if (apart == 1) {
      MemorySegment.copy(x, from * bytes, to, at * bytes, (long) count * bytes);
    } else if (k.dtype() == DType.F32) {
      for (int i = 0; i < count; i++) {
        to.set(F32, (at + i) * Float.BYTES, x.get(F32, (from + i * apart) * Float.BYTES));
      }
    } else {
      for (int i = 0; i < count; i++) {
        to.set(F64, (at + i) * Double.BYTES, x.get(F64, (from + i * apart) * Double.BYTES));
      }
    }
  }

  /** Copies the outputs among the places of a channel, {@link #span} values, to a dense channel of the output. */
  public void copyRows(MemorySegment places, MemorySegment out) {
    int last = rank - 1;
    long row = k.outSpatial().dim(last) * bytes;
    long rows = k.outSpatial().size() / k.outSpatial().dim(last);
    for (long r = 0; r < rows; r++) {
      long from = 0;
      long rest = r;
      for (int d = last - 1; d >= 0; d--) {
        from += rest % k.outSpatial().dim(d) * steps[d];
        rest /= k.outSpatial().dim(d);
      }
      MemorySegment.copy(places, from * bytes, out, r * row, row);
    }
  }
}
