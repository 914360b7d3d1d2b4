package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * Packs panels of a convolution's unrolled input lane by lane: a lane is one output position, and along a row
 * of the window it sees evenly spaced input elements, with zeros before and after them where the window
 * overlaps the padding.
 *
 * <p>Used by one thread.
 */
final class ConvolutionSteps {
  private final ConvolutionGeometry g;
  private final DType storage;
  private final MemorySegment memory;
  private final long channelStride;
  private final int last;
  private final long[] output;
  private final long[] window;

  /**
   * A packer for a geometry whose last dimension has no input dilation.
   *
   * @param channelStride the distance of channels in elements
   */
  ConvolutionSteps(ConvolutionGeometry geometry, DType storage, MemorySegment memory, long channelStride) {
    this.g = geometry;
    this.storage = storage;
    this.memory = memory;
    this.channelStride = channelStride;
    this.last = geometry.rank() - 1;
    this.output = new long[geometry.rank()];
    this.window = new long[geometry.rank()];
  }

  /**
   * Packs one panel, as {@link Operand#pack} says.
   *
   * @param first the element offset of channel 0
   */
  void pack(long first, long lane, int lanes, int width, long k, int depth, Object panel, int at) {
    for (int l = 0; l < lanes; l++) {
      ConvolutionGeometry.split(lane + l, g.outSpatial(), output);
      packLane(first, width, k, depth, panel, at + l);
    }
  }

  /** Packs the lane of {@link #output}: one row of the window after another. */
  private void packLane(long first, int width, long k, int depth, Object panel, int at) {
    long channel = k / g.windowSize();
    ConvolutionGeometry.split(k - channel * g.windowSize(), g.window(), window);
    int done = 0;
    while (done < depth) {
      int steps = (int) Math.min(depth - done, g.window()[last] - window[last]);
      packRow(first + channel * channelStride, steps, width, panel, at + done * width);
      done += steps;
      if (nextRow()) {
        channel++;
      }
    }
  }

  /** Packs steps of one row of the window, from {@link #window} on. */
  private void packRow(long channelOffset, int steps, int width, Object panel, int at) {
    long row = channelOffset;
    for (int d = 0; d < last; d++) {
      long coordinate = g.coordinate(d, output[d], window[d]);
      if (coordinate < 0) {
        Packing.clear(panel, at, 1, steps, width);
        return;
      }
      row += coordinate * g.strides()[d];
    }
    long apart = g.windowDilation()[last];
    long coordinate = output[last] * g.stride()[last] + window[last] * apart - g.padLow()[last];
    int from = Math.clamp(Math.ceilDiv(-coordinate, apart), 0, steps);
    int to = Math.clamp(Math.ceilDiv(g.spatial()[last] - coordinate, apart), from, steps);
    Packing.clear(panel, at, 1, from, width);
    long bytes = storage.byteSize();
    long element = row + (coordinate + from * apart) * g.strides()[last];
    Packing.copy(storage, memory, element * bytes, apart * g.strides()[last] * bytes, to - from, panel,
        at + from * width, width);
    Packing.clear(panel, at + to * width, 1, steps - to, width);
  }

  /** Goes to the start of the window's next row; returns whether that is one of the next channel. */
  private boolean nextRow() {
    window[last] = 0;
    for (int d = last - 1; d >= 0; d--) {
      if (++window[d] < g.window()[d]) {
        return false;
      }
      window[d] = 0;
    }
    return true;
  }
}
