package dev.tenzan.cpu.direct;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.gemm.MatrixEngine;
import dev.tenzan.cpu.gemm.ProductSides;
import dev.tenzan.cpu.loop.CpuLoop;
import dev.tenzan.cpu.loop.LoopCompiler;
import dev.tenzan.cpu.machine.FewRows;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Products of a few rows with a large matrix, or of a large matrix with a few columns, in machine code ({@link FewRows}). They are bound by the memory of
 * the matrix, whose elements are used once for each row; so it is read once, where it lies, and never packed.
 *
 * <p>The few rows are X here, and the matrix is Y, whose lanes are its columns, or its rows where X are columns. Where Y's lanes lie apart and its steps side by side, a task has
 * some lanes; otherwise some lanes of one block of k, whose results are added later.
 */
public final class FewRowsProduct {
  /** Smaller matrices are multiplied by the calling thread alone, as a hand-off takes longer. Each row beyond the first counts as an eighth of the matrix. */
  private static final long SERIAL_ELEMENTS = 1L << 16;

  /** The tasks of a thread that a product is cut into at least, so that all end together. */
  private static final long TASKS_PER_THREAD = 2;

  /** The tasks of a thread at most; beyond, tasks are several parts. */
  private static final long MOST_TASKS_PER_THREAD = 8;

  /** The elements of the matrix that a call reads, about: the thread does not stop for the garbage collector before it returns. */
  private static final long CALL_ELEMENTS = 1L << 17;

  /** The elements that a call packs or adds, about. */
  private static final long MOVED_ELEMENTS = 1L << 15;

  /** The bytes of accumulators of neighbouring lanes, about: they stay in the first cache. */
  private static final long ACCUMULATOR_BYTES = 16 << 10;

  /** Rows that no registers are left for read the matrix from a near cache once more. With three times as many, tiles of packed operands are as fast. */
  private static final int MOST_SETS = 2;

  /** With fewer steps, the results take more of the time than the matrix, and others write them but once. */
  private static final long LEAST_STEPS = 32;

  /** Smaller matrices of neighbouring lanes are read from a near cache by tiles of several rows, each element once for some of them. */
  private static final long LEAST_BYTES = 256 << 10;

  /** The same for one row. */
  private static final long LEAST_BYTES_OF_ROW = 64 << 10;

  /** From here on, the matrix takes so long that operands or results of many rows may be turned round beside it. */
  private static final long LARGE_BYTES = 4 << 20;

  /** What may be needed beside the operands and the result, at most, in bytes. */
  private static final long MOST_SCRATCH = 64 << 20;

  private static final ThreadBuffer PACKED = new ThreadBuffer();
  private static final ThreadBuffer ALIGNED = new ThreadBuffer();
  private static final ThreadBuffer PARTS = new ThreadBuffer();
  private static final ThreadBuffer SUMS = new ThreadBuffer();

  /**
   * Some of X's rows, for whose results there are registers.
   *
   * @param first the first row
   * @param packedAt where they are packed, in bytes
   * @param partsAt where the results of blocks are, in bytes
   */
  private record RowSet(FewRows code, long first, long packedAt, long partsAt) {}

  private final CpuPool pool;
  private final DType storage;
  private final DType compute;
  private final ProductSides.Side x;
  private final ProductSides.Side y;
  private final boolean swapped;
  private final boolean lanesApart;
  private final boolean serial;
  private final long batches;
  private final long k;
  private final long blocks;
  private final int lanes;
  private final long groups;
  private final List<RowSet> sets = new ArrayList<>();
  private final boolean packs;
  private final long xBatches;
  private final @Nullable CpuLoop aligning;
  private final long packedBytes;
  private final long partsBytes;
  private final long laneTasks;
  private final long blockTasks;
  private final @Nullable CpuLoop finish;

  private FewRowsProduct(
      MatMulKernel kernel, ProductSides sides, boolean swapped, CpuPool pool, LoopCompiler loops, List<FewRows> codes) {
    this.pool = pool;
    this.storage = kernel.input();
    this.compute = storage.compute();
    this.swapped = swapped;
    this.x = swapped ? sides.b() : sides.a();
    this.y = swapped ? sides.a() : sides.b();
    this.lanesApart = y.laneStride() != 1;
    this.batches = sides.batches();
    this.k = sides.k();
    this.blocks = Math.ceilDiv(k, (long) MatMulKernel.K_BLOCK);
    this.lanes = codes.getFirst().lanes();
    this.groups = Math.ceilDiv(y.lanes(), (long) lanes);
    this.serial = batches * y.lanes() * k * (7 + x.lanes()) / 8 <= SERIAL_ELEMENTS;
    long wanted = serial ? 1 : TASKS_PER_THREAD * pool.threads();
    if (lanesApart) {
      // No more than whole vectors of lanes: the last one and the lanes behind it, which share results, are of one task.
      this.laneTasks = Math.clamp(Math.ceilDiv(wanted, batches), 1, y.lanes() / lanes);
      this.blockTasks = Math.clamp(Math.ceilDiv(wanted, batches * laneTasks), 1, blocks);
    } else {
      long most = Math.max(1, ACCUMULATOR_BYTES / codes.getFirst().groupBytes());
      this.blockTasks = blocks;
      this.laneTasks = Math.clamp(Math.max(Math.ceilDiv(wanted, batches * blocks), Math.ceilDiv(groups, most)), 1, groups);
    }
    this.packs = x.lanes() > 1 || x.stepStride() != 1 || storage != compute;
    this.xBatches = x.batches().shared() ? 1 : batches;
    this.aligning = x.stepStride() == 1 ? null : CpuLoop.of(aligning(), loops);
    long packed = 0;
    long parts = 0;
    long first = 0;
    for (FewRows code : codes) {
      sets.add(new RowSet(code, first, packed, parts));
      packed += xBatches * packedOfBatch(code);
      parts += batches * blocks * groups * code.groupBytes();
      first += code.rows();
    }
    this.packedBytes = packs ? packed : 0;
    this.partsBytes = addsAtOnce() ? 0 : parts;
    boolean plain = kernel.output() == compute && (!swapped || x.lanes() == 1);
    this.finish = plain ? null : CpuLoop.of(finishing(kernel.output()), loops);
  }

  /**
   * The program of a product, or null where it is to be computed another way.
   *
   * @param matrices what computes it otherwise
   */
  public static @Nullable FewRowsProduct of(MatMulKernel kernel, CpuPool pool, LoopCompiler loops, MatrixEngine matrices) {
    VectorSet set = loops.machine();
    ProductSides sides = ProductSides.of(kernel);
    if (set == null || !kernel.input().isFloat() || sides.batches() == 0 || sides.k() < LEAST_STEPS) {
      return null;
    }
    boolean swapped = sides.a().lanes() > sides.b().lanes();
    ProductSides.Side x = swapped ? sides.b() : sides.a();
    ProductSides.Side y = swapped ? sides.a() : sides.b();
    int most = FewRows.most(set);
    if (x.lanes() == 0 || x.lanes() > MOST_SETS * most || y.lanes() < FewRows.lanes(set, kernel.input())) {
      return null;
    }
    boolean lanesApart = y.laneStride() != 1;
    if (lanesApart && y.stepStride() != 1) {
      return null;
    }
    if (x.lanes() > most && lanesApart && kernel.input() == DType.BF16 && matrices.hasMachineCode(kernel)) {
      return null; // dot products of two numbers at a time
    }
    if (swapped && x.lanes() > 1 && sides.k() < LEAST_STEPS * x.lanes()) {
      return null; // turning the results round would take longer than the matrix
    }
    boolean turns = x.lanes() > 1 && (swapped || x.stepStride() != 1);
    long bytes = y.lanes() * sides.k() * kernel.input().byteSize();
    if (bytes < leastBytes(x.lanes(), lanesApart, turns, most)) {
      return null;
    }
    List<FewRows> codes = new ArrayList<>();
    int count = (int) Math.ceilDiv(x.lanes(), (long) most);
    for (int i = 0; i < count; i++) {
      FewRows code = FewRows.of(set, kernel.input(), (int) (x.lanes() * (i + 1) / count - x.lanes() * i / count));
      if (code == null) {
        return null;
      }
      codes.add(code);
    }
    FewRowsProduct product = new FewRowsProduct(kernel, sides, swapped, pool, loops, codes);
    return product.scratchBytes() > MOST_SCRATCH ? null : product;
  }

  /** From how many bytes of the matrix on this is faster than tiles, as far as has been measured. */
  private static long leastBytes(long rows, boolean lanesApart, boolean turns, int most) {
    if (lanesApart && !turns) {
      return 0;
    }
    if (rows == 1) {
      return LEAST_BYTES_OF_ROW;
    }
    return turns && rows > most ? LARGE_BYTES : LEAST_BYTES;
  }

  private long scratchBytes() {
    return packedBytes + partsBytes + (aligning == null ? 0 : alignedBytes()) + (finish == null ? 0 : sumBytes());
  }

  private long alignedBytes() {
    return xBatches * x.lanes() * k * storage.byteSize();
  }

  private long sumBytes() {
    return batches * x.lanes() * y.lanes() * compute.byteSize();
  }

  /** The bytes of one product's packed rows. */
  private long packedOfBatch(FewRows code) {
    return Math.ceilDiv(k, (long) lanes) * code.groupBytes();
  }

  /** Whether each task has all blocks of k, so that it adds their results itself. */
  private boolean addsAtOnce() {
    return lanesApart && blockTasks == 1;
  }

  /** Copies X, so that the steps of its rows lie side by side. */
  private LoopKernel aligning() {
    long[] extents = xBatches == 1 ? new long[0] : x.batches().extents();
    int rank = extents.length;
    Shape space = Shape.of(extents).concat(Shape.of(x.lanes(), k));
    long[] strides = Arrays.copyOf(xBatches == 1 ? extents : x.batches().strides(), rank + 2);
    strides[rank] = x.laneStride();
    strides[rank + 1] = x.stepStride();
    return LoopKernel.copy(space, storage, new Affine(x.batches().offset(), strides), storage, new Affine(0, space.rowMajorStrides()));
  }

  /** Copies the results, rounded to the type of C, and turned round where the rows are C's columns. */
  private LoopKernel finishing(DType output) {
    long m = swapped ? y.lanes() : x.lanes();
    long n = swapped ? x.lanes() : y.lanes();
    Shape space = Shape.of(batches, m, n);
    Affine from = swapped ? new Affine(0, m * n, 1, m) : new Affine(0, m * n, n, 1);
    return LoopKernel.copy(space, compute, from, output, new Affine(0, m * n, n, 1));
  }

  /** Multiplies. */
  public void run(MemorySegment a, MemorySegment b, MemorySegment c) {
    MemorySegment few = swapped ? b : a;
    MemorySegment aligned = few;
    if (aligning != null) {
      aligned = ALIGNED.atLeast(alignedBytes());
      aligning.run(new MemorySegment[] {few, aligned});
    }
    MemorySegment packed = packs ? PACKED.atLeast(packedBytes) : few;
    MemorySegment parts = partsBytes == 0 ? MemorySegment.NULL : PARTS.atLeast(partsBytes);
    MemorySegment sums = finish == null ? c : SUMS.atLeast(sumBytes());
    Run run = new Run(aligned, packed, swapped ? a : b, parts, sums);
    run.pack();
    run.multiply();
    run.sum();
    if (finish != null) {
      finish.run(new MemorySegment[] {sums, c});
    }
  }

  /** Does the parts of some work, in tasks of several where they are many. */
  private void each(boolean alone, long parts, LongConsumer part) {
    if (alone) {
      for (long p = 0; p < parts; p++) {
        part.accept(p);
      }
      return;
    }
    int tasks = (int) Math.min(parts, MOST_TASKS_PER_THREAD * pool.threads());
    pool.parallelFor(
        tasks,
        t -> {
          for (long p = parts * t / tasks; p < parts * (t + 1) / tasks; p++) {
            part.accept(p);
          }
        });
  }

  /** The memory of one run. */
  private final class Run {
    private final MemorySegment aligned;
    private final MemorySegment packed;
    private final MemorySegment matrix;
    private final MemorySegment parts;
    private final MemorySegment sums;

    Run(MemorySegment aligned, MemorySegment packed, MemorySegment matrix, MemorySegment parts, MemorySegment sums) {
      this.aligned = aligned;
      this.packed = packed;
      this.matrix = matrix;
      this.parts = parts;
      this.sums = sums;
    }

    void pack() {
      if (!packs) {
        return;
      }
      long steps = Math.max(1, MOVED_ELEMENTS / (x.lanes() * lanes)) * lanes;
      long pieces = Math.ceilDiv(k, steps);
      boolean alone = xBatches * k * x.lanes() <= 2 * MOVED_ELEMENTS;
      each(alone, xBatches * pieces, p -> pack(p / pieces, p % pieces * steps, steps));
    }

    private void pack(long batch, long step, long steps) {
      boolean copied = aligning != null;
      long row = (copied ? k : x.laneStride()) * storage.byteSize();
      long origin = (copied ? batch * x.lanes() * k : x.batches().at(batch)) + step * (copied ? 1 : x.stepStride());
      for (RowSet set : sets) {
        long from = aligned.address() + origin * storage.byteSize() + set.first * row;
        set.code.pack(from, row, packed(set, batch, step), Math.min(steps, k - step));
      }
    }

    /** The address of X's numbers of a step. */
    private long packed(RowSet set, long batch, long step) {
      if (!packs) {
        return packed.address() + (x.batches().at(batch) + step) * compute.byteSize();
      }
      long at = xBatches == 1 ? 0 : batch * packedOfBatch(set.code);
      return packed.address() + set.packedAt + at + step * set.code.rows() * compute.byteSize();
    }

    /** The address of the results of a block for a vector of lanes. */
    private long part(RowSet set, long batch, long block, long group) {
      return parts.address() + set.partsAt + ((batch * blocks + block) * groups + group) * set.code.groupBytes();
    }

    /** The address of an element of the matrix. */
    private long element(long batch, long lane, long step) {
      return matrix.address() + (y.batches().at(batch) + lane * y.laneStride() + step * y.stepStride()) * storage.byteSize();
    }

    private long sumAt(RowSet set, long batch, long lane) {
      return sums.address() + ((batch * x.lanes() + set.first) * y.lanes() + lane) * compute.byteSize();
    }

    void multiply() {
      each(serial, batches * blockTasks * laneTasks, this::multiply);
    }

    /** Multiplies some lanes over some blocks of k. */
    private void multiply(long task) {
      long laneTask = task % laneTasks;
      long blockTask = task / laneTasks % blockTasks;
      long batch = task / laneTasks / blockTasks;
      long block = blocks * blockTask / blockTasks;
      long endBlock = blocks * (blockTask + 1) / blockTasks;
      long group = groups * laneTask / laneTasks;
      long end = groups * (laneTask + 1) / laneTasks;
      if (lanesApart) {
        multiplyApart(batch, block, endBlock, group, end);
      } else {
        multiplyTogether(batch, block, group, end);
      }
    }

    private void multiplyApart(long batch, long block, long endBlock, long group, long end) {
      long blockElements = (long) lanes * MatMulKernel.K_BLOCK;
      long blocksAtOnce = Math.clamp(CALL_ELEMENTS / blockElements, 1, endBlock - block);
      long groupsAtOnce = Math.max(1, CALL_ELEMENTS / (blockElements * blocksAtOnce));
      long whole = Math.min(end, y.lanes() / lanes);
      for (long g = group; g < whole; g += groupsAtOnce) {
        multiplyApart(batch, g, g * lanes, Math.min(whole, g + groupsAtOnce) - g, block, endBlock, blocksAtOnce);
      }
      if (whole < end) {
        // The last lanes and some of those before them, from their first block on: their results are the same again.
        multiplyApart(batch, whole, y.lanes() - lanes, 1, block, endBlock, blocksAtOnce);
      }
    }

    private void multiplyApart(long batch, long group, long lane, long count, long block, long endBlock, long blocksAtOnce) {
      long numberBytes = compute.byteSize();
      for (long b = block; b < endBlock; b += blocksAtOnce) {
        long step = b * MatMulKernel.K_BLOCK;
        long steps = Math.min(k, Math.min(endBlock, b + blocksAtOnce) * MatMulKernel.K_BLOCK) - step;
        for (RowSet set : sets) {
          long groupBytes = set.code.groupBytes();
          FewRows.Target target =
              addsAtOnce()
                  ? new FewRows.Target(sumAt(set, batch, lane), y.lanes() * numberBytes, lanes * numberBytes, 0)
                  : new FewRows.Target(part(set, batch, b, group), lanes * numberBytes, groupBytes, groups * groupBytes);
          set.code.lanesApart(
              element(batch, lane, step), y.laneStride() * storage.byteSize(), packed(set, batch, step), target, count, steps, addsAtOnce() && b > 0);
        }
      }
    }

    private void multiplyTogether(long batch, long block, long group, long end) {
      long first = block * MatMulKernel.K_BLOCK;
      long endStep = Math.min(k, first + MatMulKernel.K_BLOCK);
      long lane = group * lanes;
      long count = Math.min(y.lanes(), end * lanes) - lane;
      long stepsAtOnce = Math.max(1, CALL_ELEMENTS / (count * lanes)) * lanes;
      for (RowSet set : sets) {
        long target = part(set, batch, block, group);
        MemorySegment.ofAddress(target).reinterpret((end - group) * set.code.groupBytes()).fill((byte) 0);
        for (long step = first; step < endStep; step += stepsAtOnce) {
          set.code.lanesTogether(
              element(batch, lane, step), y.stepStride() * storage.byteSize(), packed(set, batch, step), target, count,
              Math.min(stepsAtOnce, endStep - step));
        }
      }
    }

    /** Adds the results of blocks. */
    void sum() {
      if (addsAtOnce()) {
        return;
      }
      long elements = blocks * x.lanes() * lanes;
      long groupsAtOnce = Math.clamp(MOVED_ELEMENTS / elements, 1, groups);
      long pieces = Math.ceilDiv(groups, groupsAtOnce);
      boolean alone = batches * groups * elements <= 2 * MOVED_ELEMENTS;
      each(alone, batches * pieces, p -> sum(p / pieces, p % pieces * groupsAtOnce, groupsAtOnce));
    }

    private void sum(long batch, long group, long count) {
      long end = Math.min(groups, group + count);
      long whole = lanesApart ? Math.min(end, y.lanes() / lanes) : end;
      long rowBytes = y.lanes() * compute.byteSize();
      long lane = group * lanes;
      for (RowSet set : sets) {
        long blockBytes = groups * set.code.groupBytes();
        set.code.sums(
            part(set, batch, 0, group), blockBytes, blocks, sumAt(set, batch, lane), rowBytes, Math.min(y.lanes(), whole * lanes) - lane);
        if (whole < end) { // the last lanes, which have a vector of their own
          set.code.sums(part(set, batch, 0, whole), blockBytes, blocks, sumAt(set, batch, y.lanes() - lanes), rowBytes, lanes);
        }
      }
    }
  }
}
