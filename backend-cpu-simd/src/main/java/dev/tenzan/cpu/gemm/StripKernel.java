package dev.tenzan.cpu.gemm;

/**
 * The innermost loop of a convolution that is not packed: a tile of {@link #rows} output channels by {@link #columns} neighbouring places,
 * over one block of k. What {@link MicroKernel} reads from a packed panel, this reads where it lies: the values that neighbouring places see
 * at one step are neighbours in the padded input ({@link PaddedPlanes}), at a distance that depends on the step alone.
 *
 * <p>Each element of the tile is one chain of fused multiply-adds from +0 in the order of k.
 */
abstract class StripKernel {
  private final int rows;
  private final int columns;

  StripKernel(int rows, int columns) {
    this.rows = rows;
    this.columns = columns;
  }

  /** The output channels of a tile. */
  final int rows() {
    return rows;
  }

  /** The places of a tile. */
  final int columns() {
    return columns;
  }

  /**
   * Computes one tile.
   *
   * @param depth the number of steps along k
   * @param a the weights, {@link PanelLayout#LANE_MAJOR}
   * @param aOffset the index of the first row's first weight
   * @param x the padded input
   * @param xOffset the index of the tile's first place in it
   * @param places for each step along k how far from the place its value lies
   * @param first the first of these steps
   * @param tile receives the tile, row by row
   */
  abstract void run(int depth, float[] a, int aOffset, float[] x, int xOffset, int[] places, int first, float[] tile);
}
