package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.ProductKernels;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A batch of matrix products in machine code: of f32 or f64 numbers by fused multiply-adds, of bytes or bf16 numbers by dot-product instructions. A task is a rectangle of C with all of k.
 * It packs its part of A, then each panel of its part of B just before it is used: what another thread has packed would have to come from
 * that one's cache, which takes longer.
 *
 * <p>The sums of bytes are those of integers that wrap, in any order. Those of bf16 numbers have the bits of the chain that {@link
 * MatMulKernel} fixes, where no operand is so small that sums might be subnormal; packing finds out, and where one is, the product is
 * computed another way.
 */
final class MachineProduct implements MatrixProgram {
  /** Products of fewer multiply-adds are computed by the calling thread alone; a hand-off takes longer. */
  private static final long SERIAL_OPERATIONS = 1L << 20;

  /** The panels of A of a task, at most: each task packs all of its B, so it should have many rows. */
  private static final long TASK_PANELS = 43;

  /** The panels of B that a task computes with, along all of k, before it takes others: their sums stay in the second cache meanwhile. */
  private static final long COLUMNS_TOGETHER = 4;

  /** Up to so many steps along k, where writing C is what takes time: then C is written along its rows, so many panels wide. */
  private static final long SHORT = 128;

  private static final long SHORT_COLUMNS_TOGETHER = 16;

  /** Numbers of fewer rows are read where they lie: a tile of 12 rows would be idle for the most part. */
  private static final long LEAST_ROWS = 4;

  /** The packed A of a task, at most, in bytes: with more of k, its blocks take turns. */
  private static final long LEFT_BYTES = 16L << 20;

  private static final ThreadBuffer LEFT = new ThreadBuffer();
  private static final ThreadBuffer RIGHT = new ThreadBuffer();
  private static final ThreadBuffer SUMS = new ThreadBuffer();

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final long TILE_ROW_BYTES = 2L * ProductKernels.VECTOR;

  private final MatMulProgram p;
  private final CpuPool pool;
  private final ProductKernels kernels;
  private final MatrixProgram otherwise;
  private final boolean narrow;
  private final boolean alongRows;
  private final MachinePanels left;
  private final MachinePanels right;
  private final long rowTasks;
  private final long columnTasks;

  private MachineProduct(MatMulProgram program, CpuPool pool, ProductKernels kernels, MatrixProgram otherwise) {
    this.p = program;
    this.pool = pool;
    this.kernels = kernels;
    this.otherwise = otherwise;
    this.narrow = !kernels.arePlain() && program.output() == program.storage();
    this.alongRows = kernels.arePlain() && program.k() <= SHORT;
    this.left = MachinePanels.left(program.a(), kernels, program.k());
    this.right = MachinePanels.right(program.b(), kernels, program.k());
    long rows = Math.ceilDiv(left.panels(), TASK_PANELS);
    long columns = 1;
    // Each more task of rows packs B once more, each one of columns A.
    while (operations() > SERIAL_OPERATIONS && p.batches() * rows * columns < pool.threads()
        && Math.max(left.panels() / rows, right.panels() / columns) > 1) {
      if (left.panels() / rows * ProductKernels.ROWS >= right.panels() / columns * kernels.columns()) {
        rows++;
      } else {
        columns++;
      }
    }
    this.rowTasks = rows;
    this.columnTasks = columns;
  }

  /**
   * The program of a product, or null where it is to be computed another way.
   *
   * @param otherwise computes it where its numbers are too small
   */
  static @Nullable MachineProduct of(MatMulProgram p, CpuPool pool, ProductKernels kernels, MatrixProgram otherwise) {
    boolean some = p.batches() > 0 && p.k() > 0 && p.a().lanes() > 0 && p.b().lanes() > 0;
    int bytes = p.storage().byteSize();
    boolean packs = MachinePanels.canPack(p.a(), bytes) && MachinePanels.canPack(p.b(), bytes);
    boolean few = kernels.arePlain() && p.a().lanes() < LEAST_ROWS;
    return some && packs && !few ? new MachineProduct(p, pool, kernels, otherwise) : null;
  }

  @Override
  public void run(MemorySegment a, MemorySegment b, MemorySegment c) {
    MemorySegment x = p.transposed() ? b : a;
    MemorySegment y = p.transposed() ? a : b;
    long perBatch = rowTasks * columnTasks;
    int tasks = Math.toIntExact(p.batches() * perBatch);
    boolean[] fine = new boolean[tasks];
    if (operations() <= SERIAL_OPERATIONS) {
      for (int t = 0; t < tasks; t++) {
        fine[t] = rectangle(x, y, c, t / perBatch, t % perBatch);
      }
    } else {
      pool.parallelFor(tasks, t -> fine[t] = rectangle(x, y, c, t / perBatch, t % perBatch));
    }
    for (boolean each : fine) {
      if (!each) {
        otherwise.run(a, b, c);
        return;
      }
    }
  }

  /** How much of what its tiles compute is used. */
  double used() {
    double rows = (double) p.a().lanes() / (left.panels() * ProductKernels.ROWS);
    return rows * p.b().lanes() / (right.panels() * kernels.columns());
  }

  private long operations() {
    return p.batches() * p.a().lanes() * p.b().lanes() * p.k();
  }

  /** Computes some rows and columns of C; false where numbers are so small that what is in C now may be wrong. */
  private boolean rectangle(MemorySegment a, MemorySegment b, MemorySegment c, long batch, long task) {
    long bytes = p.storage().byteSize();
    long aAt = p.a().batches().at(batch) * bytes;
    long bAt = p.b().batches().at(batch) * bytes;
    long firstRow = Grid.start(left.panels(), rowTasks, task / columnTasks);
    long rows = Grid.start(left.panels(), rowTasks, task / columnTasks + 1) - firstRow;
    long column = Grid.start(right.panels(), columnTasks, task % columnTasks);
    long endColumn = Grid.start(right.panels(), columnTasks, task % columnTasks + 1);
    long together = alongRows ? SHORT_COLUMNS_TOGETHER : COLUMNS_TOGETHER;
    // Sums that are to be narrowed are not in C before they are whole.
    long blocks = narrow ? left.blocks() : Math.clamp(LEFT_BYTES / (rows * left.panelBytes()), 1, left.blocks());
    MemorySegment packed = LEFT.atLeast(blocks * rows * left.panelBytes());
    for (long first = 0; first < left.blocks(); first += blocks) {
      long end = Math.min(left.blocks(), first + blocks);
      int least = ProductKernels.LEAST_EXPONENTS;
      for (long k = first; k < end; k++) {
        for (long row = 0; row < rows; row++) {
          least = Math.min(least, left.pack(a, aAt, k, firstRow + row, packed, ((k - first) * rows + row) * left.panelBytes()));
        }
      }
      for (long at = column; at < endColumn; at += together) {
        long columns = Math.min(together, endColumn - at);
        if (alongRows) {
          columnsAlongRows(packed, b, bAt, c, batch, firstRow, rows, at, columns);
        } else if (!columns(packed, b, bAt, c, batch, firstRow, rows, at, columns, first, end, least)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Computes some columns of a task's rows, one row of tiles after another. */
  private void columnsAlongRows(
      MemorySegment a, MemorySegment b, long bAt, MemorySegment c, long batch, long firstRow, long rows, long firstColumn, long columns) {
    MemorySegment arguments = MachinePanels.arguments();
    MemorySegment panels = RIGHT.atLeast(columns * right.panelBytes());
    MemorySegment beside = SUMS.atLeast(ProductKernels.ROWS * TILE_ROW_BYTES);
    for (long column = 0; column < columns; column++) {
      right.pack(b, bAt, 0, firstColumn + column, panels, column * right.panelBytes());
    }
    arguments.set(LONG, ProductKernels.COUNT, left.groups(0));
    arguments.set(LONG, ProductKernels.ADD, 0);
    arguments.set(LONG, ProductKernels.AHEAD_STEP, 0);
    for (long row = 0; row < rows; row++) {
      arguments.set(LONG, ProductKernels.SOURCE, a.address() + row * left.panelBytes());
      for (long column = 0; column < columns; column++) {
        long panel = panels.address() + column * right.panelBytes();
        arguments.set(LONG, ProductKernels.SECOND, panel);
        arguments.set(LONG, ProductKernels.AHEAD, panel);
        tile(arguments, beside, c, batch, firstRow + row, firstColumn + column, false);
      }
    }
  }

  /** Computes some columns of a task's rows, over some blocks of k. */
  private boolean columns(
      MemorySegment a,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long batch,
      long firstRow,
      long rows,
      long firstColumn,
      long columns,
      long firstBlock,
      long endBlock,
      int leastOfA) {
    MemorySegment arguments = MachinePanels.arguments();
    MemorySegment panel = RIGHT.atLeast(right.panelBytes());
    // Sums to be narrowed, all of them; or one tile of those that do not fit C.
    long sumsRowBytes = narrow ? columns * TILE_ROW_BYTES : TILE_ROW_BYTES;
    MemorySegment sums = SUMS.atLeast((narrow ? rows : 1) * ProductKernels.ROWS * sumsRowBytes);
    for (long k = firstBlock; k < endBlock; k++) {
      for (long column = 0; column < columns; column++) {
        int least = right.pack(b, bAt, k, firstColumn + column, panel, 0);
        if (p.storage() == DType.BF16 && !areLarge(leastOfA, least)) {
          return false;
        }
        arguments.set(LONG, ProductKernels.COUNT, left.groups(k));
        arguments.set(LONG, ProductKernels.ADD, k);
        arguments.set(LONG, ProductKernels.SECOND, panel.address());
        long nextColumn = column + 1 < columns ? column + 1 : 0;
        long ahead = b.address() + bAt + right.source(nextColumn == 0 ? k + 1 : k, firstColumn + nextColumn);
        long aheadStep = right.sourceStep();
        arguments.set(LONG, ProductKernels.AHEAD_STEP, aheadStep);
        for (long row = 0; row < rows; row++) {
          arguments.set(LONG, ProductKernels.AHEAD, ahead + row * ProductKernels.ROWS * aheadStep);
          arguments.set(LONG, ProductKernels.SOURCE, a.address() + ((k - firstBlock) * rows + row) * left.panelBytes());
          if (narrow) {
            long at = row * ProductKernels.ROWS * sumsRowBytes + column * TILE_ROW_BYTES;
            tile(arguments, sums.address() + at, sumsRowBytes);
          } else {
            tile(arguments, sums, c, batch, firstRow + row, firstColumn + column, k > 0);
          }
        }
      }
    }
    if (narrow) {
      long first = firstRow * ProductKernels.ROWS;
      narrow(arguments, sums, sumsRowBytes, c, batch, first, first + rows * ProductKernels.ROWS, firstColumn, firstColumn + columns);
    }
    return true;
  }

  /** Whether no sum of products can be subnormal. */
  private static boolean areLarge(int a, int b) {
    return a > 0 && b > 0 && a + b >= ProductKernels.LEAST_EXPONENTS;
  }

  private void tile(MemorySegment arguments, long target, long rowBytes) {
    arguments.set(LONG, ProductKernels.TARGET, target);
    arguments.set(LONG, ProductKernels.TARGET_STEP, rowBytes);
    kernels.tile(left.layout()).call(arguments);
  }

  /** Computes one tile of C, where it lies or beside it. */
  private void tile(
      MemorySegment arguments, MemorySegment beside, MemorySegment c, long batch, long row, long column, boolean add) {
    long m = p.a().lanes();
    long n = p.b().lanes();
    long firstRow = row * ProductKernels.ROWS;
    long firstColumn = column * kernels.columns();
    long at = ((batch * m + firstRow) * n + firstColumn) * kernels.groupBytes();
    long rowBytes = n * kernels.groupBytes();
    long height = Math.min(ProductKernels.ROWS, m - firstRow);
    long width = Math.min(kernels.columns(), n - firstColumn) * kernels.groupBytes();
    if (height == ProductKernels.ROWS && width == TILE_ROW_BYTES) {
      tile(arguments, c.address() + at, rowBytes);
      return;
    }
    for (long i = 0; i < height && add; i++) {
      MemorySegment.copy(c, at + i * rowBytes, beside, i * TILE_ROW_BYTES, width);
    }
    tile(arguments, beside.address(), TILE_ROW_BYTES);
    for (long i = 0; i < height; i++) {
      MemorySegment.copy(beside, i * TILE_ROW_BYTES, c, at + i * rowBytes, width);
    }
  }

  private void narrow(
      MemorySegment arguments,
      MemorySegment sums,
      long sumsRowBytes,
      MemorySegment c,
      long batch,
      long fromRow,
      long endRow,
      long firstColumn,
      long endColumn) {
    long m = p.a().lanes();
    long n = p.b().lanes();
    long from = firstColumn * kernels.columns();
    long columns = Math.min(n, endColumn * kernels.columns()) - from;
    arguments.set(LONG, ProductKernels.COUNT, columns / kernels.lanes());
    arguments.set(LONG, ProductKernels.MASK, (1L << columns % kernels.lanes()) - 1);
    for (long row = fromRow; row < Math.min(m, endRow); row++) {
      arguments.set(LONG, ProductKernels.SOURCE, sums.address() + (row - fromRow) * sumsRowBytes);
      arguments.set(LONG, ProductKernels.TARGET, c.address() + ((batch * m + row) * n + from) * p.output().byteSize());
      kernels.narrow().call(arguments);
    }
  }
}
