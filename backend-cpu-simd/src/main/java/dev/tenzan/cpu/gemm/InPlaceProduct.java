package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A batch of small matrix products that are computed where they lie. Packing costs as much as a small product, and brings nothing while B
 * stays in the cache anyhow.
 *
 * <p>Rows and columns that no full tile covers go through a tile that overlaps its neighbour: what is computed twice is the same twice.
 */
final class InPlaceProduct implements MatrixProgram {
  /** The multiply-adds of a task, about: so many that the hand-off is short beside them. */
  private static final long TASK_OPERATIONS = 1L << 20;

  /** Tasks of fewer rows would waste some on the edges of their tiles. */
  private static final long MIN_TASK_ROWS = 24;

  private static final long MAX_TASKS_PER_THREAD = 4;

  /** Tasks are cut between groups of so many rows, the height of the lower tiles. */
  private static final long ROW_GROUP = 4;

  /** Rows of B that are far apart, often by a power of two, share few sets of the caches: so many times less of them may stay. */
  private static final long SPARSE = 8;

  private final MatMulProgram p;
  private final CpuPool pool;
  private final InPlaceKernels kernels;
  private final int bytes;
  private final long m;
  private final long n;
  private final int k;
  private final int lanes;
  private final boolean adjacentSteps;
  private final long pieces;
  private final long unitsPerTask;

  private InPlaceProduct(MatMulProgram program, CpuPool pool, InPlaceKernels kernels, long serialOperations) {
    this.p = program;
    this.pool = pool;
    this.kernels = kernels;
    this.bytes = program.storage().byteSize();
    this.m = program.a().lanes();
    this.n = program.b().lanes();
    this.k = (int) program.k();
    this.lanes = kernels.narrow().full().columns() / 2;
    this.adjacentSteps = hasAdjacentSteps(program);
    long perBatch = m * n * k;
    long operations = program.batches() * perBatch;
    if (operations <= serialOperations || pool.threads() == 1) {
      this.pieces = 1;
      this.unitsPerTask = program.batches();
    } else {
      long wanted = Math.clamp(operations / TASK_OPERATIONS, pool.threads(), MAX_TASKS_PER_THREAD * pool.threads());
      this.pieces = Math.clamp(Math.ceilDiv(wanted, program.batches()), 1, Math.max(1, m / MIN_TASK_ROWS));
      this.unitsPerTask = Math.ceilDiv(program.batches() * pieces, wanted);
    }
  }

  /** The program in place of a packed one, or null where it has to be packed. */
  static @Nullable InPlaceProduct of(MatMulProgram p, CpuPool pool, InPlaceKernels.Store kernels, Tiling tiling) {
    boolean floats = p.storage() == DType.F32 || p.storage() == DType.F64;
    boolean some = p.batches() > 0 && p.a().lanes() > 0 && p.b().lanes() > 0 && !p.transposed();
    if (!floats || !some || p.k() > MatMulKernel.K_BLOCK || p.b().laneStride() != 1) {
      return null;
    }
    int bytes = p.storage().byteSize();
    boolean dense = Math.abs(p.b().stepStride()) <= 2 * p.b().lanes();
    boolean small = p.k() * p.b().lanes() <= tiling.inPlaceBytes() / (dense ? bytes : SPARSE * bytes);
    boolean adjacentRows = p.a().laneStride() == 1 && p.a().lanes() >= ROW_GROUP;
    boolean vectors = p.b().lanes() * bytes * 8 >= kernels.bits();
    if (!small || !vectors || !(hasAdjacentSteps(p) || adjacentRows)) {
      return null;
    }
    PanelLayout layout = hasAdjacentSteps(p) ? PanelLayout.LANE_MAJOR : PanelLayout.STEP_MAJOR;
    return new InPlaceProduct(p, pool, kernels.of(p.storage(), layout), tiling.serialOperations());
  }

  /** Whether the steps of A's rows lie side by side; otherwise its rows do. */
  private static boolean hasAdjacentSteps(MatMulProgram p) {
    return p.a().stepStride() == 1 || p.k() <= 1;
  }

  /** Whether to run it now. */
  boolean isReady() {
    return kernels.areReady(p.gemm());
  }

  @Override
  public void run(MemorySegment a, MemorySegment b, MemorySegment c) {
    long units = p.batches() * pieces;
    if (unitsPerTask >= units) {
      units(a, b, c, 0, units);
      return;
    }
    int tasks = Math.toIntExact(Math.ceilDiv(units, unitsPerTask));
    pool.parallelFor(tasks, t -> units(a, b, c, t * unitsPerTask, Math.min(units, (t + 1) * unitsPerTask)));
  }

  /** Computes pieces of products. */
  private void units(MemorySegment a, MemorySegment b, MemorySegment c, long from, long to) {
    long groups = Math.ceilDiv(m, ROW_GROUP);
    for (long unit = from; unit < to; unit++) {
      long batch = unit / pieces;
      long piece = unit - batch * pieces;
      long first = ROW_GROUP * Grid.start(groups, pieces, piece);
      long end = Math.min(m, ROW_GROUP * Grid.start(groups, pieces, piece + 1));
      rows(a, b, c, batch, first, end);
    }
  }

  /** Computes some rows of one product: by tiles of the lower height where that saves rows, otherwise by full ones. */
  private void rows(MemorySegment a, MemorySegment b, MemorySegment c, long batch, long first, long end) {
    int full = kernels.wide().full().rows();
    int edge = kernels.wide().edge().rows();
    long aAt = p.a().batches().at(batch);
    long bAt = p.b().batches().at(batch) * bytes;
    long cAt = batch * m * n;
    long count = end - first;
    if (count < edge) {
      for (long row = first; row < end; row++) { // as often as a tile has rows
        columns(a, (aAt + row * p.a().laneStride()) * bytes, 0, b, bAt, c, (cAt + row * n) * bytes, 0, true);
      }
      return;
    }
    long aStride = (adjacentSteps ? p.a().laneStride() : p.a().stepStride()) * bytes;
    long edges = edgeTiles(count, full, edge);
    long done = 0;
    while (done < count) {
      boolean lower = count - done <= edges * edge;
      int height = lower ? edge : full;
      long row = first + Math.min(done, count - height);
      columns(a, (aAt + row * p.a().laneStride()) * bytes, aStride, b, bAt, c, (cAt + row * n) * bytes, n * bytes, lower);
      done += height;
    }
  }

  /** How many of the tiles of so many rows are of the lower height, so that they compute the fewest rows. */
  private static long edgeTiles(long rows, int full, int edge) {
    long best = Math.ceilDiv(rows, (long) edge);
    long fewest = best * edge;
    for (long edges = 0; edges <= 2 && rows >= full; edges++) {
      long covered = edges * edge + Math.max(0, Math.ceilDiv(rows - edges * edge, (long) full)) * full;
      if (covered < fewest || (covered == fewest && edges < best)) {
        fewest = covered;
        best = edges;
      }
    }
    return best;
  }

  /** Computes one row of tiles. */
  private void columns(
      MemorySegment a,
      long aAt,
      long aStride,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      long cStride,
      boolean lower) {
    InPlaceKernel wide = lower ? kernels.wide().edge() : kernels.wide().full();
    InPlaceKernel narrow = lower ? kernels.narrow().edge() : kernels.narrow().full();
    long bStride = p.b().stepStride() * bytes;
    long column = 0;
    while (column < n) {
      long left = n - column;
      boolean isWide = n >= wide.columns() && left > narrow.columns();
      InPlaceKernel kernel = isWide ? wide : narrow;
      long at = Math.max(0, Math.min(column, n - kernel.columns()));
      long second = Math.min(lanes, n - at - lanes) * bytes;
      kernel.run(k, a, aAt, aStride, b, bAt + at * bytes, bStride, second, c, cAt + at * bytes, cStride);
      column = at + kernel.columns();
    }
  }
}
