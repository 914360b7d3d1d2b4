package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The loops of one task, from the outside in: blocks of k; blocks of A; panels of the operand that stays in
 * the L1 cache; panels of the other one; and the micro-kernel.
 *
 * <p>Used by one thread, for one task after another.
 */
final class GemmTask {
  private final Product p;
  private final Grid grid;
  private final MicroKernel full;
  private final MicroKernel edge;
  private final PanelLayout layout;
  private final Tiling.Resident resident;
  private final Results results;
  private final Scratch scratch;
  private final DType type;
  private final boolean narrow;
  private final int tileRows;
  private final int tileColumns;
  private final int aBlockPanels;

  // The task's B, where it does not pack its own.
  private @Nullable PackedB shared;

  // The task's rectangle of panels.
  private long outer;
  private long firstRow;
  private long endRow;
  private long firstColumn;
  private long endColumn;

  // Where tiles are written: C itself, or accumulators that are narrowed at the end.
  private MemorySegment target;
  private long targetRowBytes;
  private long[] columnOffsets = {};
  private int[] columnWidths = {};

  // How many lanes of the block of A are packed for the full tile.
  private int fullLanes;

  // Where the packed panels of B begin in their array.
  private int[] panelOffsets = {};

  GemmTask(Product product, Grid grid, Tiling tiling, Scratch scratch) {
    this.p = product;
    this.grid = grid;
    KernelSet.Tiles tiles = product.kernels().tiles(product.compute());
    KernelSet.Pair pair = tiles.forA(product.a().hasAdjacentSteps());
    this.full = pair.full();
    this.edge = pair.edge();
    this.results = tiles.results();
    this.scratch = scratch;
    this.type = product.compute();
    this.narrow = product.output() != product.compute();
    this.tileRows = full.rows();
    this.tileColumns = full.columns();
    this.layout = full.layout();
    this.resident = tiling.resident();
    int panelBytes = tileRows * MatMulKernel.K_BLOCK * type.byteSize();
    this.aBlockPanels = Math.max(1, tiling.aBlockBytes() / panelBytes);
    this.target = product.c();
  }

  /** Computes one task's part of C with a B that was packed for all tasks of its columns. */
  void run(long task, PackedB packed) {
    shared = packed;
    run(task);
    shared = null;
  }

  /** Computes one task's part of C. */
  void run(long task) {
    outer = task / (grid.rowTasks() * grid.columnTasks());
    long down = task % grid.rowTasks();
    long across = task / grid.rowTasks() % grid.columnTasks();
    firstRow = Grid.start(grid.rowPanels(), grid.rowTasks(), down);
    endRow = Grid.start(grid.rowPanels(), grid.rowTasks(), down + 1);
    firstColumn = Grid.start(grid.columnPanels(), grid.columnTasks(), across);
    endColumn = Grid.start(grid.columnPanels(), grid.columnTasks(), across + 1);
    if (narrow) {
      targetRowBytes = (endColumn - firstColumn) * tileColumns * type.byteSize();
      target = scratch.accumulators((endRow - firstRow) * tileRows * targetRowBytes);
    } else {
      targetRowBytes = p.cRowStride() * type.byteSize();
      target = p.c();
    }
    placeColumns();
    long k = 0;
    do {
      // One empty block where k is 0: its chains are +0, which is the result.
      int depth = (int) Math.min(MatMulKernel.K_BLOCK, p.k() - k);
      addBlock(k, depth);
      k += depth;
    } while (k < p.k());
    if (narrow) {
      narrowAll();
    }
  }

  /** Finds for each column panel its width and its byte offset within a row of panels of the target. */
  private void placeColumns() {
    int columns = (int) (endColumn - firstColumn);
    columnOffsets = new long[columns];
    columnWidths = new int[columns];
    panelOffsets = new int[columns];
    for (int c = 0; c < columns; c++) {
      long batch = (firstColumn + c) / grid.panelsPerColumnBatch();
      long lane = (firstColumn + c - batch * grid.panelsPerColumnBatch()) * tileColumns;
      columnWidths[c] = (int) Math.min(tileColumns, p.n() - lane);
      columnOffsets[c] =
          narrow ? (long) c * tileColumns * type.byteSize() : address(batch, 0, lane);
    }
  }

  /** Adds the products of one block of k to the target, or stores those of the first. */
  private void addBlock(long k, int depth) {
    int columns = columnWidths.length;
    Object b;
    if (shared != null) {
      b = shared.panels();
      for (int c = 0; c < columns; c++) {
        panelOffsets[c] = shared.offset(c, k, depth);
      }
    } else {
      b = scratch.b((long) columns * tileColumns * depth);
      PackedB.packColumns(p, grid, outer, firstColumn, endColumn, k, depth, b, 0);
      for (int c = 0; c < columns; c++) {
        panelOffsets[c] = c * tileColumns * depth;
      }
    }
    Object a = scratch.a((long) aBlockPanels * tileRows * layout.laneSize(depth));
    long row = firstRow;
    while (row < endRow) {
      long batch = row / grid.panelsPerRowBatch();
      long inBatch = row - batch * grid.panelsPerRowBatch();
      long count = Math.min(grid.panelsPerRowBatch() - inBatch, Math.min(aBlockPanels, endRow - row));
      long firstLane = inBatch * tileRows;
      int lanes = (int) Math.min(p.m() - firstLane, count * tileRows);
      fullLanes = fullLanes(lanes);
      packA(batch, firstLane, lanes, k, depth, a);
      long to =
          narrow
              ? (row - firstRow) * tileRows * targetRowBytes
              : (batch * p.cBatchStride() + firstLane * p.cRowStride()) * type.byteSize();
      sweep(to, lanes, k > 0, depth, a, b);
      row += count;
    }
  }

  /** Packs lanes of A: panels for the full tile, then, where few rows are left, panels for the edge tile. */
  private void packA(long batch, long firstLane, int lanes, long k, int depth, Object a) {
    if (layout == PanelLayout.LANE_MAJOR) {
      p.a().packLanes(outer + batch, firstLane, lanes, k, depth, a, 0);
      return;
    }
    if (fullLanes > 0) {
      p.a().pack(outer + batch, firstLane, fullLanes, tileRows, k, depth, a, 0);
    }
    if (fullLanes < lanes) {
      long first = firstLane + fullLanes;
      p.a().pack(outer + batch, first, lanes - fullLanes, edge.rows(), k, depth, a, fullLanes * depth);
    }
  }

  /** How many of a block's lanes go through the full tile: all, if edge tiles would not save rows. */
  private int fullLanes(int lanes) {
    int rest = lanes % tileRows;
    int inEdgeTiles = (rest + edge.rows() - 1) / edge.rows() * edge.rows();
    return inEdgeTiles < tileRows ? lanes - rest : lanes;
  }

  /** Multiplies one packed block of A by all packed B panels. */
  private void sweep(long to, int lanes, boolean add, int depth, Object a, Object b) {
    int columns = columnWidths.length;
    if (resident == Tiling.Resident.A) {
      for (int lane = 0; lane < lanes; lane += rowsAt(lane)) {
        for (int c = 0; c < columns; c++) {
          tile(to, lane, lanes, c, add, depth, a, b);
        }
      }
    } else {
      for (int c = 0; c < columns; c++) {
        for (int lane = 0; lane < lanes; lane += rowsAt(lane)) {
          tile(to, lane, lanes, c, add, depth, a, b);
        }
      }
    }
  }

  /** The rows of the tile that begins at a lane of the block. */
  private int rowsAt(int lane) {
    return lane < fullLanes ? tileRows : edge.rows();
  }

  /** Computes one tile, and stores it or adds it to the target. */
  private void tile(
      long to, int lane, int lanes, int column, boolean add, int depth, Object a, Object b) {
    MicroKernel kernel = lane < fullLanes ? full : edge;
    Object tile = scratch.tile();
    kernel.run(depth, a, lane * layout.laneSize(depth), b, panelOffsets[column], tile);
    int height = Math.min(kernel.rows(), lanes - lane);
    long at = to + lane * targetRowBytes + columnOffsets[column];
    results.move(tile, tileColumns, height, columnWidths[column], target, at, targetRowBytes, add);
  }

  /** The byte offset of an element of C. */
  private long address(long batch, long row, long column) {
    long element = p.cOffset() + (outer + batch) * p.cBatchStride() + row * p.cRowStride() + column;
    return element * p.output().byteSize();
  }

  private void narrowAll() {
    for (long row = firstRow; row < endRow; row++) {
      long rowBatch = row / grid.panelsPerRowBatch();
      long lane = (row - rowBatch * grid.panelsPerRowBatch()) * tileRows;
      int height = (int) Math.min(tileRows, p.m() - lane);
      for (long column = firstColumn; column < endColumn; column++) {
        long columnBatch = column / grid.panelsPerColumnBatch();
        long columnLane = (column - columnBatch * grid.panelsPerColumnBatch()) * tileColumns;
        int width = (int) Math.min(tileColumns, p.n() - columnLane);
        long from =
            (row - firstRow) * tileRows * targetRowBytes
                + (column - firstColumn) * tileColumns * type.byteSize();
        long to = address(rowBatch + columnBatch, lane, columnLane);
        for (int i = 0; i < height; i++) {
          results.narrow(p.output(), target, from, width, p.c(), to);
          from += targetRowBytes;
          to += p.cRowStride() * p.output().byteSize();
        }
      }
    }
  }
}
