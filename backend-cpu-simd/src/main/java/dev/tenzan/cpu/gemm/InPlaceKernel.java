package dev.tenzan.cpu.gemm;

import java.lang.foreign.MemorySegment;

/**
 * The innermost loop of a product that is not packed: a tile of {@link #rows} rows by {@link #columns} columns over one block of k, of
 * operands that are read, and results that are written, where they lie.
 *
 * <p>Each element of the tile is one chain of fused multiply-adds from +0 in the order of k. B's columns lie side by side. Of A either the
 * steps of a row do, or the rows of a step: a kernel is loaded for one of both ({@link PanelLayout}), for C2 drops the checks of addresses
 * that grow by a constant. All offsets and strides are in bytes.
 */
abstract class InPlaceKernel {
  private final int rows;
  private final int columns;

  InPlaceKernel(int rows, int columns) {
    this.rows = rows;
    this.columns = columns;
  }

  /** The rows of a tile. */
  final int rows() {
    return rows;
  }

  /** The columns of a tile. */
  final int columns() {
    return columns;
  }

  /**
   * Computes one tile.
   *
   * @param depth the number of steps along k
   * @param a off-heap memory
   * @param aOffset where the first row's first step lies
   * @param aStride the distance of rows where steps are adjacent, of steps where rows are
   * @param b off-heap memory
   * @param bOffset where the first step's first column lies
   * @param bStride the distance of steps
   * @param second how far the second vector of columns begins behind the first; tiles of more than two vectors have them side by side
   * @param c off-heap memory
   * @param cOffset where the first row's first column lies
   * @param cStride the distance of rows
   */
  abstract void run(
      int depth,
      MemorySegment a,
      long aOffset,
      long aStride,
      MemorySegment b,
      long bOffset,
      long bStride,
      long second,
      MemorySegment c,
      long cOffset,
      long cStride);
}
