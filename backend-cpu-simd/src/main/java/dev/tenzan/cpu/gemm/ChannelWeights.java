package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.ConvolutionKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The f32 weights of a convolution whose outputs see one channel each: for each output channel those of the window, one channel after another. */
final class ChannelWeights {
  private static final ThreadLocal<FloatArray> PACKED = ThreadLocal.withInitial(FloatArray::new);

  private final ConvolutionKernel k;

  /** For each window position the element offset of output channel 0's weight. */
  private final long[] taps;

  ChannelWeights(ConvolutionKernel kernel) {
    this.k = kernel;
    this.taps = new long[Math.toIntExact(kernel.window().size())];
    BatchOffsets offsets = WeightSteps.of(kernel).offsets();
    for (int t = 0; t < taps.length; t++) {
      taps[t] = kernel.w().offset() + offsets.at(t);
    }
  }

  /** A copy of the weights, in an array of the calling thread, which the next call overwrites. */
  float[] packed(MemorySegment w) {
    int outputs = Math.toIntExact(k.outChannels());
    float[] packed = PACKED.get().atLeast(outputs * taps.length);
    for (int o = 0; o < outputs; o++) {
      for (int t = 0; t < taps.length; t++) {
        packed[o * taps.length + t] = w.get(ValueLayout.JAVA_FLOAT, (taps[t] + o * k.w().stride(0)) * Float.BYTES);
      }
    }
    return packed;
  }

  /** The weights, where they lie if they lie as wanted, or else {@linkplain #packed packed}. */
  MemorySegment where(MemorySegment w) {
    return areDense() ? w.asSlice(taps[0] * Float.BYTES) : MemorySegment.ofArray(packed(w));
  }

  private boolean areDense() {
    boolean dense = k.outChannels() == 1 || k.w().stride(0) == taps.length;
    for (int t = 1; t < taps.length; t++) {
      dense &= taps[t] == taps[0] + t;
    }
    return dense;
  }
}
