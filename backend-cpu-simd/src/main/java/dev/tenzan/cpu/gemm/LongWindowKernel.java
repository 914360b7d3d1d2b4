package dev.tenzan.cpu.gemm;

/**
 * The innermost loop of a convolution with a long window and few outputs: a tile of {@link #rows} places by {@link #columns} output channels,
 * over one block of k. The lanes of its vectors are output channels; what a place sees is read from the padded input, one value at a time,
 * for all of them. ({@link StripKernel} does it the other way round, for many places.)
 *
 * <p>Each element of the tile is one chain of fused multiply-adds from +0 in the order of k.
 */
abstract class LongWindowKernel {
  private final int rows;
  private final int columns;

  LongWindowKernel(int rows, int columns) {
    this.rows = rows;
    this.columns = columns;
  }

  /** The places of a tile. */
  final int rows() {
    return rows;
  }

  /** The output channels of a tile. */
  final int columns() {
    return columns;
  }

  /**
   * Computes one tile.
   *
   * @param depth the number of steps along k
   * @param weights the weights, those of all columns for a step together
   * @param at the index of the first step's weights
   * @param x the padded input, in an array whose length is a power of two: so an index is cut to it, where C2 would test it otherwise
   * @param steps for each step where its value lies, from that of the row
   * @param starts for each row where its first value lies
   * @param first the tile's first row
   * @param out receives the tile
   * @param to the index of the tile's first element
   * @param length the length of the rows of {@code out}
   */
  abstract void run(
      int depth, float[] weights, int at, float[] x, int[] steps, int[] starts, int first, float[] out, int to, int length);
}
