package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.InPlaceTiles;
import dev.tenzan.cpu.machine.InPlaceTiles.Matrix;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A batch of small products in machine code, computed where they lie: packing costs as much as a small product, and brings nothing while B
 * stays in a near cache anyhow.
 */
final class MachineInPlace implements MatrixProgram {
  /** Products of fewer multiply-adds are computed by the calling thread alone; a hand-off takes longer. */
  private static final long SERIAL_OPERATIONS = 1L << 18;

  /** The multiply-adds of a task, about. */
  private static final long TASK_OPERATIONS = 1L << 20;

  private static final long MAX_TASKS_PER_THREAD = 4;

  /** Tasks of fewer rows would read all of B for little. */
  private static final long MIN_TASK_ROWS = 3L * InPlaceTiles.ROWS;

  /** The largest B: its columns should stay in the first cache while all rows pass, or in the second one at least. */
  private static final long MOST_BYTES = 256 << 10;

  /** Rows of B that are far apart, often by a power of two, share few sets of the caches: so many times less of them may stay. */
  private static final long SPARSE = 8;

  private final MatMulProgram p;
  private final CpuPool pool;
  private final InPlaceTiles tiles;
  private final long pieces;
  private final long unitsPerTask;

  private MachineInPlace(MatMulProgram program, CpuPool pool, InPlaceTiles tiles) {
    this.p = program;
    this.pool = pool;
    this.tiles = tiles;
    long perBatch = p.a().lanes() * p.b().lanes() * p.k();
    long operations = p.batches() * perBatch;
    if (operations <= SERIAL_OPERATIONS || pool.threads() == 1) {
      this.pieces = 1;
      this.unitsPerTask = p.batches();
    } else {
      long wanted = Math.clamp(operations / TASK_OPERATIONS, pool.threads(), MAX_TASKS_PER_THREAD * pool.threads());
      this.pieces = Math.clamp(Math.ceilDiv(wanted, p.batches()), 1, Math.max(1, p.a().lanes() / MIN_TASK_ROWS));
      this.unitsPerTask = Math.ceilDiv(p.batches() * pieces, wanted);
    }
  }

  /** The program of a product, or null where it is better packed. */
  static @Nullable MachineInPlace of(MatMulProgram p, CpuPool pool) {
    boolean floats = (p.storage() == DType.F32 || p.storage() == DType.F64) && p.output() == p.storage();
    boolean some = p.batches() > 0 && p.a().lanes() > 0 && p.b().lanes() > 0 && p.k() > 0;
    if (!floats || !some || p.transposed() || p.b().laneStride() != 1) {
      return null;
    }
    boolean dense = Math.abs(p.b().stepStride()) <= 2 * p.b().lanes();
    boolean small = p.k() * p.b().lanes() * p.storage().byteSize() <= MOST_BYTES / (dense ? 1 : SPARSE);
    InPlaceTiles tiles = small ? InPlaceTiles.here(p.storage().byteSize()) : null;
    return tiles == null ? null : new MachineInPlace(p, pool, tiles);
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

  /** Computes pieces of products: some rows of each. */
  private void units(MemorySegment a, MemorySegment b, MemorySegment c, long from, long to) {
    long bytes = tiles.bytes();
    long m = p.a().lanes();
    long n = p.b().lanes();
    long groups = Math.ceilDiv(m, InPlaceTiles.ROWS);
    for (long unit = from; unit < to; unit++) {
      long batch = unit / pieces;
      long piece = unit - batch * pieces;
      long row = InPlaceTiles.ROWS * Grid.start(groups, pieces, piece);
      long end = Math.min(m, InPlaceTiles.ROWS * Grid.start(groups, pieces, piece + 1));
      long aAt = p.a().batches().at(batch) + row * p.a().laneStride();
      long bAt = p.b().batches().at(batch);
      Matrix result = new Matrix(c.address() + (batch * m + row) * n * bytes, n * bytes, bytes);
      for (long k = 0; k < p.k(); k += MatMulKernel.K_BLOCK) {
        long aStep = p.a().stepStride();
        long bStep = p.b().stepStride();
        Matrix left = new Matrix(a.address() + (aAt + k * aStep) * bytes, p.a().laneStride() * bytes, aStep * bytes);
        Matrix right = new Matrix(b.address() + (bAt + k * bStep) * bytes, bStep * bytes, bytes);
        tiles.run(left, right, result, end - row, n, Math.min(MatMulKernel.K_BLOCK, p.k() - k), k > 0);
      }
    }
  }
}
