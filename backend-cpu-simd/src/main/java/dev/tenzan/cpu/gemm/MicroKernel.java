package dev.tenzan.cpu.gemm;

/**
 * The innermost loop of a matrix product: a tile of C, {@link #rows} by {@link #columns}, over one block of
 * k.
 *
 * <p>Both operands come as packed panels, heap arrays of the compute type: for each step of k the A panel
 * holds {@code rows} values, laid out as {@link #layout} says, and the B panel {@code columns} adjacent ones.
 * Every element of the tile is one chain of
 * fused multiply-adds (for integers: wrapping multiplies and adds) in the order of k that starts from +0.
 *
 * <p>The tile goes to a small array in the L1 cache, not to C: this costs one percent and keeps the method
 * small. A method with a hundred vector calls is too much for C1 ("out of virtual registers"), and one that
 * C1 cannot compile with a profile may never be passed on to C2.
 */
abstract class MicroKernel {
  private final int rows;
  private final int columns;
  private final PanelLayout layout;

  /** A kernel that reads A step by step. */
  MicroKernel(int rows, int columns) {
    this(rows, columns, PanelLayout.STEP_MAJOR);
  }

  MicroKernel(int rows, int columns, PanelLayout layout) {
    this.rows = rows;
    this.columns = columns;
    this.layout = layout;
  }

  /** The rows of the tile: the width of an A panel. */
  final int rows() {
    return rows;
  }

  /** The columns of the tile: the width of a B panel. */
  final int columns() {
    return columns;
  }

  /** How the values of its A panels lie. */
  final PanelLayout layout() {
    return layout;
  }

  /**
   * Computes one tile.
   *
   * @param depth the number of steps along k
   * @param aPanels the array of packed A panels
   * @param aOffset the index of this tile's panel in it
   * @param bPanels the array of packed B panels
   * @param bOffset the index of this tile's panel in it
   * @param tile receives the tile, row by row, from index 0
   */
  abstract void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object tile);
}
