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
  private final RowPieces pieces;

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
    this.pieces = RowPieces.of(program, pool.threads(), serialOperations, ROW_GROUP);
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
    pieces.run(pool, (batch, first, end) -> rows(a, b, c, batch, first, end));
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
