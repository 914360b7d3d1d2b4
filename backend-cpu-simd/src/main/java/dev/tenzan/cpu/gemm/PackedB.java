package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.MatMulKernel;

/**
 * One column piece of B, all of k, packed once for all tasks that lie below each other.
 *
 * <p>The blocks of k follow each other; in a block the panels do. It is packed in pieces, on any threads, and
 * read when all pieces are done.
 */
final class PackedB {
  /** So many panels in a piece: long runs in memory, and enough pieces for the threads. */
  private static final int PIECE_PANELS = 8;

  /** What lies between two pieces, in values: packing one may write so far beyond its end. */
  private static final int GAP = 16;

  private final Product p;
  private final Grid grid;
  private final int tileColumns;
  private final long outer;
  private final long firstColumn;
  private final int columns;
  private final Object panels;

  /**
   * Room for the columns {@code [firstColumn, endColumn)} of panels of one outer batch.
   *
   * @param panels an array of the compute type, of {@link #length} values and the slack that packing wants
   */
  PackedB(Product product, Grid grid, long outer, long firstColumn, long endColumn, Object panels) {
    this.p = product;
    this.grid = grid;
    this.tileColumns = product.kernels().tiles(product.compute()).columns();
    this.outer = outer;
    this.firstColumn = firstColumn;
    this.columns = (int) (endColumn - firstColumn);
    this.panels = panels;
  }

  /** The number of values of so many panels. */
  static long length(Product p, long panels) {
    long gaps = blocks(p) * piecesPerBlock(panels) * GAP;
    return panels * p.kernels().tiles(p.compute()).columns() * p.k() + gaps;
  }

  /** The array of packed panels. */
  Object panels() {
    return panels;
  }

  /** Where a panel lies in the array, in the block of k that begins at step {@code k}. */
  int offset(int column, long k, int depth) {
    long piece = k / MatMulKernel.K_BLOCK * piecesPerBlock(columns) + column / PIECE_PANELS;
    return (int) (k * columns * tileColumns + (long) column * tileColumns * depth + piece * GAP);
  }

  /** How many pieces there are to pack. */
  int pieces() {
    return Math.toIntExact(blocks(p) * piecesPerBlock(columns));
  }

  private static long blocks(Product p) {
    return (p.k() + MatMulKernel.K_BLOCK - 1) / MatMulKernel.K_BLOCK;
  }

  private static long piecesPerBlock(long columns) {
    return (columns + PIECE_PANELS - 1) / PIECE_PANELS;
  }

  /** Packs one piece. */
  void pack(int piece) {
    int perBlock = (int) piecesPerBlock(columns);
    long k = (long) (piece / perBlock) * MatMulKernel.K_BLOCK;
    int depth = (int) Math.min(MatMulKernel.K_BLOCK, p.k() - k);
    int first = piece % perBlock * PIECE_PANELS;
    int end = Math.min(columns, first + PIECE_PANELS);
    packColumns(
        p, grid, outer, firstColumn + first, firstColumn + end, k, depth, panels, offset(first, k, depth));
  }

  /**
   * Packs the columns {@code [first, end)} of panels, which may belong to several batches, for one block of
   * k.
   */
  static void packColumns(
      Product p, Grid grid, long outer, long first, long end, long k, int depth, Object panels, int at) {
    int tileColumns = p.kernels().tiles(p.compute()).columns();
    int to = at;
    long column = first;
    while (column < end) {
      long batch = column / grid.panelsPerColumnBatch();
      long inBatch = column - batch * grid.panelsPerColumnBatch();
      long count = Math.min(grid.panelsPerColumnBatch() - inBatch, end - column);
      long firstLane = inBatch * tileColumns;
      int lanes = (int) Math.min(p.n() - firstLane, count * tileColumns);
      p.b().pack(outer + batch, firstLane, lanes, tileColumns, k, depth, panels, to);
      to += (int) count * tileColumns * depth;
      column += count;
    }
  }
}
