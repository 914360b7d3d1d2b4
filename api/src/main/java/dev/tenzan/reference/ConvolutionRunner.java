package dev.tenzan.reference;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Runs a {@link ConvolutionKernel}: for every output element a chain over channels and window. */
final class ConvolutionRunner implements Runner {
  /** Stands for the address of a window position that lies on a zero. */
  private static final long ZERO = Long.MIN_VALUE;

  private final ConvolutionKernel kernel;
  private final long groupInputs;
  private final long groupOutputs;

  ConvolutionRunner(ConvolutionKernel kernel) {
    this.kernel = kernel;
    this.groupInputs = kernel.inChannels() / kernel.groups();
    this.groupOutputs = kernel.outChannels() / kernel.groups();
  }

  @Override
  public List<Access> accesses() {
    Shape x = Shape.of(kernel.batch(), kernel.inChannels()).concat(kernel.spatial());
    Shape w = Shape.of(kernel.outChannels(), groupInputs).concat(kernel.window());
    long elements = kernel.batch() * kernel.outChannels() * kernel.outSpatial().size();
    return List.of(
        Access.affine(0, kernel.dtype(), kernel.x(), x),
        Access.affine(1, kernel.dtype(), kernel.w(), w),
        Access.dense(2, kernel.dtype(), elements));
  }

  @Override
  public void run(List<MemorySegment> inputs, List<MemorySegment> outputs) {
    Odometer position = new Odometer(kernel.outSpatial(), List.of());
    long positions = kernel.outSpatial().size();
    long[] weights = weightOffsets();
    long[] taps = new long[weights.length];
    ProductChain chain = new ProductChain(kernel.dtype().compute());
    for (long p = 0; p < positions; p++) {
      fillTaps(position, taps);
      for (long b = 0; b < kernel.batch(); b++) {
        for (long o = 0; o < kernel.outChannels(); o++) {
          long bits = dot(chain, inputs.get(0), inputs.get(1), b, o, taps, weights);
          long element = (b * kernel.outChannels() + o) * positions + p;
          Elements.write(kernel.dtype(), outputs.get(0), element, bits);
        }
      }
      position.next();
    }
  }

  private long dot(
      ProductChain chain, MemorySegment x, MemorySegment w, long b, long o, long[] taps, long[] weights) {
    DType storage = kernel.dtype();
    long firstChannel = o / groupOutputs * groupInputs;
    for (long c = 0; c < groupInputs; c++) {
      long xAt =
          kernel.x().offset() + b * kernel.x().stride(0) + (firstChannel + c) * kernel.x().stride(1);
      long wAt = kernel.w().offset() + o * kernel.w().stride(0) + c * kernel.w().stride(1);
      for (int t = 0; t < taps.length; t++) {
        long value = taps[t] == ZERO ? 0 : Elements.read(storage, x, xAt + taps[t]);
        chain.add(value, Elements.read(storage, w, wAt + weights[t]));
      }
    }
    return chain.finish();
  }

  /** For each window position in row-major order the address within a channel's weights. */
  private long[] weightOffsets() {
    long[] offsets = new long[Math.toIntExact(kernel.window().size())];
    Odometer window = new Odometer(kernel.window(), List.of());
    for (int t = 0; t < offsets.length; t++) {
      for (int d = 0; d < kernel.window().rank(); d++) {
        offsets[t] += window.index(d) * kernel.w().stride(2 + d);
      }
      window.next();
    }
    return offsets;
  }

  /** For each window position the address, within a channel, of the input beneath it, or {@link #ZERO}. */
  private void fillTaps(Odometer position, long[] taps) {
    Odometer window = new Odometer(kernel.window(), List.of());
    for (int t = 0; t < taps.length; t++) {
      taps[t] = tap(position, window);
      window.next();
    }
  }

  private long tap(Odometer position, Odometer window) {
    long address = 0;
    for (int d = 0; d < kernel.spatial().rank(); d++) {
      long dilated =
          position.index(d) * kernel.stride().get(d)
              + window.index(d) * kernel.windowDilation().get(d)
              - kernel.padLow().get(d);
      long apart = kernel.inputDilation().get(d);
      if (Math.floorMod(dilated, apart) != 0) {
        return ZERO;
      }
      long coordinate = Math.floorDiv(dilated, apart);
      if (coordinate < 0 || coordinate >= kernel.spatial().dim(d)) {
        return ZERO;
      }
      address += coordinate * kernel.x().stride(2 + d);
    }
    return address;
  }
}
