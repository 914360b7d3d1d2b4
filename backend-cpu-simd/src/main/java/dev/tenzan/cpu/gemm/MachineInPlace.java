package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.InPlaceTiles;
import dev.tenzan.cpu.machine.InPlaceTiles.Matrix;
import dev.tenzan.cpu.machine.VectorSet;
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

  /** The largest B: its columns should stay in the first cache while all rows pass, or in the second one at least. */
  private static final long MOST_BYTES = 256 << 10;

  /** Rows of B that are far apart, often by a power of two, share few sets of the caches: so many times less of them may stay. */
  private static final long SPARSE = 8;

  /** The multiply-adds of a call, about: the thread does not stop for the garbage collector before it returns. */
  private static final long CALL_OPERATIONS = 1L << 20;

  private final MatMulProgram p;
  private final CpuPool pool;
  private final InPlaceTiles tiles;
  private final RowPieces pieces;
  private final long rowsPerCall;

  private MachineInPlace(MatMulProgram program, CpuPool pool, InPlaceTiles tiles) {
    this.p = program;
    this.pool = pool;
    this.tiles = tiles;
    this.pieces = RowPieces.of(p, pool.threads(), SERIAL_OPERATIONS, tiles.rows());
    long perRow = p.b().lanes() * Math.min(MatMulKernel.K_BLOCK, p.k());
    this.rowsPerCall = Math.max(1, CALL_OPERATIONS / (perRow * tiles.rows())) * tiles.rows();
  }

  /** The program of a product, or null where it is better packed. */
  static @Nullable MachineInPlace of(MatMulProgram p, CpuPool pool, VectorSet set) {
    boolean floats = (p.storage() == DType.F32 || p.storage() == DType.F64) && p.output() == p.storage();
    boolean some = p.batches() > 0 && p.a().lanes() > 0 && p.b().lanes() > 0 && p.k() > 0;
    if (!floats || !some || p.transposed() || p.b().laneStride() != 1) {
      return null;
    }
    boolean dense = Math.abs(p.b().stepStride()) <= 2 * p.b().lanes();
    boolean small = p.k() * p.b().lanes() * p.storage().byteSize() <= MOST_BYTES / (dense ? 1 : SPARSE);
    InPlaceTiles tiles = small ? InPlaceTiles.of(set, p.storage().byteSize()) : null;
    return tiles == null ? null : new MachineInPlace(p, pool, tiles);
  }

  @Override
  public void run(MemorySegment a, MemorySegment b, MemorySegment c) {
    pieces.run(pool, (batch, first, end) -> {
      for (long row = first; row < end; row += rowsPerCall) {
        rows(a, b, c, batch, row, Math.min(end, row + rowsPerCall));
      }
    });
  }

  /** Computes some rows of one product. */
  private void rows(MemorySegment a, MemorySegment b, MemorySegment c, long batch, long first, long end) {
    long bytes = tiles.bytes();
    long n = p.b().lanes();
    long aStep = p.a().stepStride();
    long bStep = p.b().stepStride();
    long aAt = p.a().batches().at(batch) + first * p.a().laneStride();
    long bAt = p.b().batches().at(batch);
    Matrix result = new Matrix(c.address() + (batch * p.a().lanes() + first) * n * bytes, n * bytes, bytes);
    for (long k = 0; k < p.k(); k += MatMulKernel.K_BLOCK) {
      Matrix left = new Matrix(a.address() + (aAt + k * aStep) * bytes, p.a().laneStride() * bytes, aStep * bytes);
      Matrix right = new Matrix(b.address() + (bAt + k * bStep) * bytes, bStep * bytes, bytes);
      tiles.run(left, right, result, end - first, n, Math.min(MatMulKernel.K_BLOCK, p.k() - k), k > 0);
    }
  }
}
