package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.TileTurn;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An f32 convolution's weights for kernels whose vectors run across output channels: in a packed panel the channels lie side by side, one
 * step along k after another.
 *
 * @param k the convolution
 * @param offsets the element offset of each step along k among the weights of an output channel
 * @param run so many steps lie evenly spaced
 */
record WeightSteps(ConvolutionKernel k, BatchOffsets offsets, long run) {
  /** How far packing may write beyond a panel. */
  static final int SLACK = 16;

  static WeightSteps of(ConvolutionKernel k) {
    int rank = k.window().rank();
    long[] extents = new long[1 + rank];
    long[] strides = new long[1 + rank];
    for (int d = 0; d <= rank; d++) {
      extents[d] = d == 0 ? k.inChannels() / k.groups() : k.window().dim(d - 1);
      strides[d] = k.w().stride(1 + d);
    }
    BatchOffsets offsets = new BatchOffsets(0, extents, strides);
    return new WeightSteps(k, offsets, offsets.evenRun());
  }

  /** The element offset of a step of an output channel. */
  long place(long channel, long step) {
    return k.w().offset() + channel * k.w().stride(0) + offsets.at(step);
  }

  /**
   * Packs a panel of {@code width} channels. What lies in the lanes of channels that are not asked for is of no account; up to {@link #SLACK} values
   * behind the panel may be overwritten.
   *
   * @param channel the first output channel
   * @param channels how many, at most {@code width}
   * @param first the first step along k
   * @param depth how many steps
   * @param panel receives the panel, from the index {@code at} on
   */
  void pack(
      Packing packing, MemorySegment w, long channel, int channels, int width, long first, int depth, float[] panel, int at) {
    for (int done = 0; done < depth; ) {
      int count = (int) Math.min(depth - done, run - (first + done) % run);
      long from = place(channel, first + done);
      packing.pack(DType.F32, w, from * Float.BYTES, k.w().stride(0) * Float.BYTES, offsets.evenStride() * Float.BYTES, channels, width, count,
          panel, at + done * width);
      done += count;
    }
  }

  /**
   * Packs a panel of weights outside the heap, in machine code where steps are neighbours and channels come in vectors.
   *
   * @param turn turns weights; null where the Vector API does
   * @param kernels gives what packs other weights now
   * @param beside an array for them meanwhile
   * @param panel receives the panel
   */
  void packOutside(
      @Nullable TileTurn turn, Supplier<KernelSet> kernels, MemorySegment w, long channel, int channels, int width, long first, int depth,
      FloatArray beside, MemorySegment panel) {
    long step = offsets.evenStride();
    if (turn == null || channels % turn.lanes() != 0 || Math.abs(step) != 1) {
      float[] packed = beside.atLeast(depth * width + SLACK);
      pack(kernels.get().packing(), w, channel, channels, width, first, depth, packed, 0);
      MemorySegment.copy(packed, 0, panel, ValueLayout.JAVA_FLOAT, 0, depth * width);
      return;
    }
    long rowBytes = (long) width * Float.BYTES;
    for (int done = 0; done < depth; ) {
      int count = (int) Math.min(depth - done, run - (first + done) % run);
      // The weight that is first in memory is the first step's or the last one's.
      long from = place(channel, first + done) - (step < 0 ? count - 1 : 0);
      long to = panel.address() + (step < 0 ? done + count - 1 : done) * rowBytes;
      turn.run(w.address() + from * Float.BYTES, k.w().stride(0) * Float.BYTES, channels / turn.lanes(), count, to, step * rowBytes);
      done += count;
    }
  }
}
