package dev.tenzan.cpu.direct;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.loop.CpuLoop;
import dev.tenzan.cpu.loop.LoopCompiler;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The product of a few rows with a large matrix whose rows are dense. It is bound by the memory of that matrix, each element of which is used
 * once for each row; so the matrix is read once, front to back, and never packed.
 *
 * <p>Blocks of {@link MatMulKernel#K_BLOCK} steps are independent until their results are added, in order: a task is one block and some
 * columns, and reads neighbouring memory.
 *
 * <p>Where machine code runs, {@link FewRowsProduct} does so for most of them.
 */
public final class RowProduct {
  /** More rows would share what they load, as the tiles of a matrix product do. */
  private static final long MAX_ROWS = 3;

  /** The steps along k of one loop; its accumulators are loaded and stored once. */
  private static final int STEPS = 8;

  /** The columns of one task at most: their accumulators, twice, stay in the L1 cache. */
  private static final long COLUMNS = 2048;

  /** Narrower products are not bound by memory. */
  private static final long MIN_COLUMNS = 256;

  private static final ThreadBuffer PARTS = new ThreadBuffer();

  private final CpuPool pool;
  private final LoopCompiler loops;
  private final MatMulKernel k;
  private final DType compute;
  private final int rows;
  private final long blocks;
  private final long pieces;
  private final Piece whole;
  private final Piece rest;
  private final CpuLoop finish;

  /** The loops for pieces of so many columns; {@code starts[s - 1]} and {@code steps[s - 1]} are for s steps. */
  private record Piece(long columns, CpuLoop[] starts, CpuLoop[] steps, CpuLoop add) {}

  private RowProduct(MatMulKernel kernel, CpuPool pool, LoopCompiler loops) {
    this.k = kernel;
    this.pool = pool;
    this.loops = loops;
    this.compute = kernel.input().compute();
    this.rows = (int) kernel.m();
    this.blocks = Math.ceilDiv(kernel.k(), (long) MatMulKernel.K_BLOCK);
    long wanted = Math.ceilDiv(2L * pool.threads(), blocks);
    long width = Math.clamp(Math.ceilDiv(kernel.n(), wanted), Math.min(MIN_COLUMNS, kernel.n()), COLUMNS);
    this.pieces = Math.ceilDiv(kernel.n(), width);
    this.whole = piece(width);
    this.rest = piece(kernel.n() - (pieces - 1) * width);
    this.finish = CpuLoop.of(finishKernel(), loops);
  }

  /** The program of a product, or null where it is to be computed by tiles. */
  public static @Nullable RowProduct of(MatMulKernel k, CpuPool pool, LoopCompiler loops) {
    int rank = k.batch().rank();
    boolean floats = k.input().isFloat();
    boolean thin = k.batch().size() == 1 && k.m() >= 1 && k.m() <= MAX_ROWS && k.n() >= MIN_COLUMNS && k.k() >= STEPS;
    return floats && thin && k.b().stride(rank + 1) == 1 ? new RowProduct(k, pool, loops) : null;
  }

  private Piece piece(long columns) {
    CpuLoop[] starts = new CpuLoop[STEPS];
    CpuLoop[] steps = new CpuLoop[STEPS];
    for (int s = 1; s <= STEPS; s++) {
      boolean used = s == STEPS || s == k.k() % MatMulKernel.K_BLOCK % STEPS;
      if (used) {
        starts[s - 1] = CpuLoop.of(stepKernel(columns, s, true), loops);
        steps[s - 1] = CpuLoop.of(stepKernel(columns, s, false), loops);
      }
    }
    return new Piece(columns, starts, steps, CpuLoop.of(addKernel(columns), loops));
  }

  /** Adds the products of some steps to the accumulators, or to +0. Inputs: A, B, accumulators; output: accumulators. */
  private LoopKernel stepKernel(long columns, int count, boolean start) {
    int rank = k.batch().rank();
    DType storage = k.input();
    List<Instr> code = new ArrayList<>();
    int[] sums = new int[rows];
    for (int r = 0; r < rows; r++) {
      sums[r] = code.size();
      code.add(start ? new Instr.Const(compute, 0) : new Instr.Load(compute, 2, new Affine(r * k.n(), 1)));
    }
    for (int s = 0; s < count; s++) {
      int b = code.size();
      code.add(new Instr.Load(storage, 1, new Affine(s * k.b().stride(rank), 1)));
      for (int r = 0; r < rows; r++) {
        int a = code.size();
        code.add(new Instr.Load(storage, 0, new Affine(r * k.a().stride(rank) + s * k.a().stride(rank + 1), 0)));
        code.add(new Instr.Ternary(compute, ScalarOp.FMA, a, b, sums[r]));
        sums[r] = code.size() - 1;
      }
    }
    List<LoopKernel.Store> stores = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      stores.add(new LoopKernel.Store(0, new Affine(r * k.n(), 1), sums[r]));
    }
    return loop(columns, List.of(storage, storage, compute), compute, code, stores);
  }

  /** Adds one block's results to another's. */
  private LoopKernel addKernel(long columns) {
    List<Instr> code = new ArrayList<>();
    List<LoopKernel.Store> stores = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      code.add(new Instr.Load(compute, 0, new Affine(r * k.n(), 1)));
      code.add(new Instr.Load(compute, 1, new Affine(r * k.n(), 1)));
      code.add(new Instr.Binary(compute, ScalarOp.ADD, code.size() - 2, code.size() - 1));
      stores.add(new LoopKernel.Store(0, new Affine(r * k.n(), 1), code.size() - 1));
    }
    return loop(columns, List.of(compute, compute), compute, code, stores);
  }

  /** Copies the results, rounded to the type of C. */
  private LoopKernel finishKernel() {
    Affine all = new Affine(0, 1);
    return LoopKernel.copy(Shape.of(rows * k.n()), compute, all, k.output(), all);
  }

  private static LoopKernel loop(
      long columns, List<DType> inputs, DType output, List<Instr> code, List<LoopKernel.Store> stores) {
    return LoopKernel.map(Shape.of(columns), inputs, List.of(output), code, stores);
  }

  /** Multiplies. */
  public void run(MemorySegment a, MemorySegment b, MemorySegment c) {
    MemorySegment parts = PARTS.atLeast(2 * blocks * area());
    pool.parallelFor(Math.toIntExact(blocks * pieces), t -> block(a, b, parts, t / pieces, t % pieces));
    pool.parallelFor(Math.toIntExact(pieces), p -> addBlocks(parts, p));
    finish.run(new MemorySegment[] {sumOf(parts, blocks - 1), c});
  }

  /** The bytes of the accumulators of one block. */
  private long area() {
    return rows * k.n() * compute.byteSize();
  }

  /** One of a block's two areas: a loop never writes what it reads, for it may write some elements twice. */
  private MemorySegment area(MemorySegment parts, long block, long which) {
    return parts.asSlice((2 * block + which) * area());
  }

  /** Where the sum of the blocks up to one of them lies. */
  private MemorySegment sumOf(MemorySegment parts, long last) {
    return last == 0 ? area(parts, 0, 0) : area(parts, (last + 1) % 2, 1);
  }

  private void addBlocks(MemorySegment parts, long p) {
    Piece piece = p == pieces - 1 ? rest : whole;
    long column = p * whole.columns * compute.byteSize();
    for (long block = 1; block < blocks; block++) {
      piece.add.run(
          new MemorySegment[] {
            sumOf(parts, block - 1).asSlice(column),
            area(parts, block, 0).asSlice(column),
            sumOf(parts, block).asSlice(column)
          });
    }
  }

  private void block(MemorySegment a, MemorySegment b, MemorySegment parts, long block, long p) {
    int rank = k.batch().rank();
    Piece piece = p == pieces - 1 ? rest : whole;
    long column = p * whole.columns;
    long bytes = k.input().byteSize();
    long first = block * MatMulKernel.K_BLOCK;
    long end = Math.min(k.k(), first + MatMulKernel.K_BLOCK);
    for (long step = first; step < end; ) {
      int count = (int) Math.min(STEPS, end - step);
      CpuLoop loop = (step == first ? piece.starts : piece.steps)[count - 1];
      long after = Math.ceilDiv(end - step - count, (long) STEPS); // the last of the loops writes area 0
      loop.run(
          new MemorySegment[] {
            a.asSlice((k.a().offset() + step * k.a().stride(rank + 1)) * bytes),
            b.asSlice((k.b().offset() + step * k.b().stride(rank) + column) * bytes),
            area(parts, block, (after + 1) % 2).asSlice(column * compute.byteSize()),
            area(parts, block, after % 2).asSlice(column * compute.byteSize())
          });
      step += count;
    }
  }
}
