package dev.tenzan.cpu.gemm;

/**
 * How the panels of a batch of products are cut into tasks.
 *
 * <p>Row panel {@code r} of the grid is panel {@code r % panelsPerRowBatch} of batch {@code r /
 * panelsPerRowBatch}; columns likewise. Batches run along one of three axes: down the rows (all share B),
 * across the columns (all share A), or outside, where every product is a grid of its own.
 *
 * @param outerBatches products that are grids of their own
 * @param rowBatches products below each other
 * @param columnBatches products side by side
 * @param panelsPerRowBatch row panels of one product
 * @param panelsPerColumnBatch column panels of one product
 * @param rowTasks pieces that the row panels are cut into
 * @param columnTasks pieces that the column panels are cut into
 * @param sharesB whether the row tasks of a column piece work on one packed B
 */
record Grid(
    long outerBatches,
    long rowBatches,
    long columnBatches,
    long panelsPerRowBatch,
    long panelsPerColumnBatch,
    long rowTasks,
    long columnTasks,
    boolean sharesB) {
  /** A shared B of fewer panels would be packed and left too often. */
  private static final int MIN_SHARED_PANELS = 16;

  /**
   * Tasks of so many rows pack B for themselves: it is little beside their work, they wait for no other, and read nothing that another core
   * has just written.
   */
  private static final long OWN_ROWS = 192;

  /** Rows are cut before columns where there are so many times as many: a task reads B from the third cache once for each block of k. */
  private static final long ROWS_AHEAD = 2;

  /** Cuts a product for a number of threads. */
  static Grid of(Product p, Tiling sizes, int threads) {
    Tiling tiling = p.output() == p.compute() ? sizes : sizes.forNarrowResults();
    KernelSet.Tiles tiles = p.kernels().tiles(p.compute());
    int tileRows = tiles.rows();
    int tileColumns = tiles.columns();
    boolean across = p.batches() > 1 && p.a().sharedByBatches();
    boolean down = p.batches() > 1 && !across && p.b().sharedByBatches();
    long perRow = (p.m() + tileRows - 1) / tileRows;
    long perColumn = (p.n() + tileColumns - 1) / tileColumns;
    Grid whole = new Grid(
        across || down ? 1 : p.batches(), down ? p.batches() : 1, across ? p.batches() : 1, perRow,
            perColumn, 1, 1, false);
    Grid cut = whole.cut(tileRows, tileColumns, tiling, threads);
    long columnBytes = p.k() * tileColumns * p.compute().byteSize();
    long sharedColumns = columnBytes == 0 ? 0 : tiling.sharedBytes() / columnBytes;
    boolean fewRows = cut.rowPanels() * tileRows < OWN_ROWS * cut.rowTasks();
    boolean worthSharing = threads > 1 && cut.rowTasks() > 1 && fewRows && cut.outerBatches() < threads;
    if (!worthSharing || sharedColumns < Math.min(cut.columnPanels(), MIN_SHARED_PANELS)) {
      return cut;
    }
    // As many for each thread, so that all end together.
    long perThread = cut.rowPanels() * tileRows / ((long) tiling.minTaskRows() * threads);
    long balanced = (long) threads * Math.clamp(perThread, 1, tiling.tasksPerThread());
    long rowTasks = Math.max(balanced, pieces(cut.rowPanels(), tiling.taskRows() / tileRows));
    long most = Math.min(sharedColumns, tiling.taskColumns() / tileColumns);
    return whole.with(rowTasks, pieces(cut.columnPanels(), most), true);
  }

  private Grid with(long down, long across, boolean shared) {
    return new Grid(
        outerBatches, rowBatches, columnBatches, panelsPerRowBatch, panelsPerColumnBatch, down, across,
        shared);
  }

  private Grid cut(int tileRows, int tileColumns, Tiling tiling, int threads) {
    long rows = rowPanels();
    long columns = columnPanels();
    long down = pieces(rows, tiling.taskRows() / tileRows);
    long across = pieces(columns, tiling.taskColumns() / tileColumns);
    long wanted = threads == 1 ? 1 : (long) threads * tiling.tasksPerThread();
    while (outerBatches * down * across < wanted) {
      long rowsNow = rows / down * tileRows;
      long columnsNow = columns / across * tileColumns;
      boolean rowsCan = rowsNow >= 2L * tiling.minTaskRows();
      boolean columnsCan = columnsNow >= 2L * tiling.minTaskColumns();
      if (rowsCan && (rowsNow >= ROWS_AHEAD * columnsNow || !columnsCan)) {
        down *= 2;
      } else if (columnsCan) {
        across *= 2;
      } else {
        break;
      }
    }
    return with(down, across, false);
  }

  private static long pieces(long panels, long most) {
    long atMost = Math.max(1, most);
    return (panels + atMost - 1) / atMost;
  }

  /** All row panels of one outer batch. */
  long rowPanels() {
    return rowBatches * panelsPerRowBatch;
  }

  /** All column panels of one outer batch. */
  long columnPanels() {
    return columnBatches * panelsPerColumnBatch;
  }

  /** The number of tasks. */
  long tasks() {
    return outerBatches * rowTasks * columnTasks;
  }

  /**
   * Where piece {@code i} of {@code pieces} begins; the end of piece {@code i} is the start of piece {@code i
   * + 1}.
   */
  static long start(long panels, long pieces, long i) {
    return panels / pieces * i + panels % pieces * i / pieces;
  }
}
