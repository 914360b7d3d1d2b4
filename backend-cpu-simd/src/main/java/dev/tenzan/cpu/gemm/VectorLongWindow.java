package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.ConvolutionKernel;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/** {@link LongWindowTiles} by a {@link LongWindowKernel}; a piece is a tile. */
final class VectorLongWindow extends LongWindowTiles {
  private final Strips strips;
  private final LongWindowKernel kernel;
  private final Supplier<KernelSet> kernels;
  private final KernelSet compiled;
  private final WeightSteps weights;

  /** For each row, an output place of an input, where its first value lies; the last one again to fill a tile. */
  private final int[] starts;

  /**
   * The tiles of a convolution.
   *
   * @param kernels gives what packs weights now
   * @param compiled what packs them when it is compiled
   */
  VectorLongWindow(PaddedPlanes planes, Strips strips, Supplier<KernelSet> kernels, KernelSet compiled) {
    super(planes, strips.longWindow().columns());
    this.strips = strips;
    this.kernel = strips.longWindow();
    this.kernels = kernels;
    this.compiled = compiled;
    this.weights = WeightSteps.of(planes.kernel());
    this.starts = starts();
  }

  private int[] starts() {
    ConvolutionKernel k = planes().kernel();
    int[] places = places(planes());
    int rows = Math.toIntExact(k.batch() * places.length);
    int[] found = new int[Math.ceilDiv(rows, kernel.rows()) * kernel.rows()];
    for (int r = 0; r < found.length; r++) {
      int row = Math.min(r, rows - 1);
      found[r] = Math.toIntExact(row / places.length * planes().size()) + places[row % places.length];
    }
    return found;
  }

  @Override
  int rows() {
    return starts.length;
  }

  @Override
  int pieces() {
    return starts.length / kernel.rows();
  }

  @Override
  boolean isReady() {
    return strips.areReady() && kernels.get() == compiled;
  }

  private int blockSize() {
    return K_BLOCK * width() + WeightSteps.SLACK;
  }

  @Override
  MemorySegment weights(MemorySegment known, int blocks) {
    int size = blocks * blockSize();
    return !known.isNative() && known.byteSize() >= (long) size * Float.BYTES ? known : MemorySegment.ofArray(new float[size]);
  }

  private static float[] array(MemorySegment weights) {
    return (float[]) weights.heapBase().orElseThrow();
  }

  @Override
  void turn(MemorySegment w, int group, long first, int depth, MemorySegment to, int block) {
    int columns = kernel.columns();
    for (int column = 0; column < width(); column += columns) {
      int lanes = Math.min(columns, outputs() - column);
      weights.pack(
          compiled.packing(), w, (long) group * outputs() + column, lanes, columns, first, depth, array(to), block * blockSize() + K_BLOCK * column);
    }
  }

  @Override
  void multiply(int depth, MemorySegment weights, int block, float[] x, int[] steps, int from, int to, float[] results, int at) {
    float[] turned = array(weights);
    for (int column = 0; column < width(); column += kernel.columns()) {
      for (int tile = from; tile < to; tile++) {
        int row = tile * kernel.rows();
        kernel.run(depth, turned, block * blockSize() + K_BLOCK * column, x, steps, starts, row, results, at + row * width() + column, width());
      }
    }
  }
}
