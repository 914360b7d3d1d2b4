package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.PixelTiles;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;

/**
 * The innermost loop of a convolution whose vectors run across output channels: a tile of two runs of {@value #RUN} neighbouring places by
 * {@link #columns} output channels, over one block of k. What a place sees is read from the padded input, one value at a time, for all
 * channels of the tile. Two runs may lie anywhere, so short rows of the output fill a tile together; {@link StripKernel}, whose vectors run
 * across places, computes those between the rows along.
 *
 * <p>Each element of the tile is one chain of fused multiply-adds from +0 in the order of k.
 */
abstract class PixelKernel {
  /** The neighbouring places of a run. */
  static final int RUN = PixelTiles.RUN;

  /** The places of a tile. */
  static final int ROWS = 2 * RUN;

  private final int columns;

  PixelKernel(int columns) {
    this.columns = columns;
  }

  /** The output channels of a tile. */
  final int columns() {
    return columns;
  }

  /** How many channels' time a tile takes of which only so many are wanted. */
  int computed(int channels) {
    return columns;
  }

  /** Whether it reads weights from memory outside the heap, where vectors do not straddle lines of the cache. */
  boolean readsAligned() {
    return false;
  }

  /**
   * Computes one tile and stores it, or adds it to what is there.
   *
   * @param kernels gives what stores tiles
   * @param channels the output channels that are wanted, at least one; what is stored for others is unspecified
   * @param weights the weights, those of all columns for a step together
   * @param aligned the same where it {@link #readsAligned}
   * @param tile memory for a tile
   * @param target the memory for tiles
   * @param at where this one lies in it, in bytes
   */
  void tile(Supplier<KernelSet> kernels, int channels, int depth, float[] weights, MemorySegment aligned, float[] x, int one, int two, Places places, int first, float[] tile,
      MemorySegment target, long at, boolean add) {
    run(depth, weights, 0, x, one, two, places.indices, first, tile);
    kernels.get().tiles(DType.F32).results().move(tile, columns, ROWS, columns, target, at, (long) columns * Float.BYTES, add);
  }

  /**
   * For each step along k how far from a place its value lies.
   *
   * @param indices in elements
   * @param bytes in bytes, as numbers of 64 bits, and {@link PixelTiles#AHEAD} zeros
   */
  record Places(int[] indices, MemorySegment bytes) {
    static Places of(int[] indices) {
      MemorySegment bytes = Arena.ofAuto().allocate((long) (indices.length + PixelTiles.AHEAD) * Long.BYTES, Long.BYTES);
      for (int i = 0; i < indices.length; i++) {
        bytes.setAtIndex(ValueLayout.JAVA_LONG, i, (long) indices[i] * Float.BYTES);
      }
      return new Places(indices, bytes);
    }
  }

  /**
   * Computes one tile.
   *
   * @param depth the number of steps along k
   * @param weights the weights, those of all columns for a step together
   * @param at the index of the first step's weights
   * @param x the padded input
   * @param one the index of the first run's first place in it
   * @param two that of the second run
   * @param places for each step along k how far from the place its value lies
   * @param first the first of these steps
   * @param tile receives the tile, place by place
   */
  abstract void run(int depth, float[] weights, int at, float[] x, int one, int two, int[] places, int first, float[] tile);
}
