package dev.tenzan.cpu.direct;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Where one channel of a convolution's input lies while its outputs are computed: with its padding around it, cut to what the windows see,
 * and with the places of the last dimension sorted by their remainder modulo the stride. So what neighbouring outputs see at one window
 * position are neighbours in memory.
 */
final class ChannelPlanes {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE;

  private final ConvolutionKernel k;
  private final int last;
  private final int bytes;
  private final int phases;

  /** The places of one phase. */
  private final long run;

  /** For each dimension the places that windows see. */
  private final long[] extents;

  /** For each dimension but the last the distance of its places, in elements. */
  private final long[] strides;

  private final long size;

  /** One thread's plane. */
  private static final class Plane {
    private MemorySegment memory = MemorySegment.NULL;
    private @Nullable ChannelPlanes owner;
  }

  private static final ThreadLocal<Plane> PLANE = ThreadLocal.withInitial(Plane::new);

  ChannelPlanes(ConvolutionKernel kernel) {
    k = kernel;
    last = kernel.spatial().rank() - 1;
    bytes = kernel.dtype().byteSize();
    phases = Math.toIntExact(kernel.stride().get(last));
    extents = new long[last + 1];
    for (int d = 0; d <= last; d++) {
      extents[d] =
          (kernel.outSpatial().dim(d) - 1) * kernel.stride().get(d) + (kernel.window().dim(d) - 1) * kernel.windowDilation().get(d) + 1;
    }
    run = Math.ceilDiv(extents[last], phases);
    strides = new long[last];
    long next = run * phases;
    for (int d = last - 1; d >= 0; d--) {
      strides[d] = next;
      next = Math.multiplyExact(next, extents[d]);
    }
    size = next;
  }

  /** The elements of a plane. */
  long size() {
    return size;
  }

  /** The place that the first output sees at a window position. */
  long place(long[] window) {
    long along = window[last] * k.windowDilation().get(last);
    long at = along % phases * run + along / phases;
    for (int d = 0; d < last; d++) {
      at += window[d] * k.windowDilation().get(d) * strides[d];
    }
    return at;
  }

  /** The distance of the places that neighbouring outputs of a dimension see. */
  long step(int d) {
    return d == last ? 1 : k.stride().get(d) * strides[d];
  }

  /**
   * Fills the calling thread's plane with one channel.
   *
   * @param from the element offset of the channel
   * @return the plane, which the next call takes again
   */
  MemorySegment fill(MemorySegment x, long from) {
    Plane plane = PLANE.get();
    long needed = size * bytes;
    if (plane.memory.byteSize() < needed) {
      plane.memory = Arena.ofAuto().allocate(needed + needed / 4, 64);
      plane.owner = null;
    }
    if (plane.owner != this) {
      plane.memory.asSlice(0, needed).fill((byte) 0); // the padding stays so: only the inside is written
      plane.owner = this;
    }
    fill(x, from, plane.memory, 0, 0);
    return plane.memory;
  }

  /** Fills the part of the plane that lies under one index of the dimensions before {@code d}. */
  private void fill(MemorySegment x, long from, MemorySegment plane, long to, int d) {
    long pad = k.padLow().get(d);
    long low = Math.max(0, pad);
    long high = Math.min(extents[d], k.spatial().dim(d) + pad);
    long stride = k.x().stride(2 + d);
    if (d == last) {
      row(x, from + (low - pad) * stride, stride, plane, to, low, high);
      return;
    }
    for (long p = low; p < high; p++) {
      fill(x, from + (p - pad) * stride, plane, to + p * strides[d], d + 1);
    }
  }

  /** Copies the elements of the places {@code low..high}. */
  private void row(MemorySegment x, long from, long stride, MemorySegment plane, long to, long low, long high) {
    if (low >= high) {
      return;
    }
    if (phases == 1 && stride == 1) {
      MemorySegment.copy(x, from * bytes, plane, (to + low) * bytes, (high - low) * bytes);
      return;
    }
    for (int phase = 0; phase < phases; phase++) {
      // The first place of the phase that is not before `low`.
      long first = low + Math.floorMod(phase - low, (long) phases);
      long count = first >= high ? 0 : Math.ceilDiv(high - first, (long) phases);
      copy(x, from + (first - low) * stride, stride * phases, plane, to + phase * run + first / phases, (int) count);
    }
  }

  private void copy(MemorySegment x, long from, long stride, MemorySegment plane, long to, int count) {
    if (k.dtype() == DType.F32) {
      for (int i = 0; i < count; i++) {
        plane.set(F32, (to + i) * Float.BYTES, x.get(F32, (from + i * stride) * Float.BYTES));
      }
    } else {
      for (int i = 0; i < count; i++) {
        plane.set(F64, (to + i) * Double.BYTES, x.get(F64, (from + i * stride) * Double.BYTES));
      }
    }
  }
}
