package dev.tenzan.cpu.gemm;

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
  static final int RUN = 7;

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
