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
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Products of a few rows with a large matrix, or of a large matrix with a few columns, in machine code ({@link FewRows}). They are bound by the memory of
 * the matrix, whose elements are used once for each row; so it is read once, where it lies, and never packed.
 */
public final class FewRowsProduct {
  /** Smaller matrices are multiplied by the calling thread alone, as a hand-off takes longer. Each row beyond the first counts as an eighth of the matrix. */
  private static final long SERIAL_ELEMENTS = 1L << 16;

  /** The tasks of a thread, about, so that all end together. */
  private static final long TASKS_PER_THREAD = 2;

  /** The elements of the matrix that a call reads, about: the thread does not stop for the garbage collector before it returns. */
  private static final long CALL_ELEMENTS = 1L << 17;

  /** The bytes of accumulators of neighbouring lanes, about: they stay in the first cache. */
  private static final long ACCUMULATOR_BYTES = 16 << 10;

  /** Rows that no registers are left for read the matrix from a near cache once more. With three times as many, tiles of packed operands are as fast. */
  private static final int MOST_SETS = 2;

  /** Smaller matrices of neighbouring lanes are read from a near cache by tiles of several rows, each element once for some of them. */
  private static final long LEAST_BYTES = 256 << 10;

  /** The same for one row. */
  private static final long LEAST_BYTES_OF_ROW = 64 << 10;

  /** From here on, the matrix takes so long that operands or results of many rows may be turned round beside it. */
  private static final long LARGE_BYTES = 4 << 20;

  private static final ThreadBuffer PACKED = new ThreadBuffer();
  private static final ThreadBuffer ALIGNED = new ThreadBuffer();
  private static final ThreadBuffer PARTS = new ThreadBuffer();
  private static final ThreadBuffer SUMS = new ThreadBuffer();

  /** Some of X's rows, whose results fit the registers, and where they are packed, in bytes from the first. */
  private record Rows(FewRows code, long first, long packedAt, long partsAt) {}

  private final CpuPool pool;
  private final DType storage;
  private final DType compute;
  private final ProductSides.Side x;
  private final ProductSides.Side y;
  private final boolean swapped;
  private final boolean apart;
  private final boolean serial;
  private final long batches;
  private final long k;
  private final long blocks;
  private final List<Rows> rows;
  private final boolean packs;
  private final @Nullable CpuLoop aligning;
  private final long packedBytes;
  private final long partsBytes;
  private final long laneTasks;
  private final long blockTasks;
  private final @Nullable CpuLoop finish;

  private FewRowsProduct(
      MatMulKernel kernel, ProductSides sides, boolean swapped, boolean apart, CpuPool pool, LoopCompiler loops, List<FewRows> codes) {
    this.pool = pool;
    this.storage = kernel.input();
    this.compute = storage.compute();
    this.swapped = swapped;
    this.x = swapped ? sides.b() : sides.a();
    this.y = swapped ? sides.a() : sides.b();
    this.apart = apart;
    this.batches = sides.batches();
    this.k = sides.k();
    this.blocks = Math.ceilDiv(k, (long) MatMulKernel.K_BLOCK);
    int lanes = codes.getFirst().lanes();
    long groups = Math.ceilDiv(y.lanes(), (long) lanes);
    this.serial = batches * y.lanes() * k * (7 + x.lanes()) / 8 <= SERIAL_ELEMENTS;
    long wanted = serial ? 1 : TASKS_PER_THREAD * pool.threads();
    if (apart) {
      this.laneTasks = Math.clamp(Math.ceilDiv(wanted, batches), 1, Math.max(1, y.lanes() / lanes));
      this.blockTasks = Math.clamp(Math.ceilDiv(wanted, batches * laneTasks), 1, blocks);
    } else {
      long most = Math.max(1, ACCUMULATOR_BYTES / (compute.byteSize() * lanes * codes.getFirst().rows()));
      this.blockTasks = blocks;
      this.laneTasks = Math.clamp(Math.max(Math.ceilDiv(wanted, batches * blocks), Math.ceilDiv(groups, most)), 1, groups);
    }
    this.packs = x.lanes() > 1 || x.stepStride() != 1 || storage != compute;
    this.aligning = x.stepStride() == 1 ? null : CpuLoop.of(aligning(), loops);
    this.rows = new ArrayList<>();
    long packed = 0;
    long parts = 0;
    long first = 0;
    for (FewRows code : codes) {
      rows.add(new Rows(code, first, packed, parts));
      packed += batches * Math.ceilDiv(k, (long) lanes) * code.groupBytes();
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
    if (set == null || !kernel.input().isFloat() || sides.batches() == 0 || sides.k() == 0) {
      return null;
    }
    boolean swapped = sides.a().lanes() > sides.b().lanes();
    ProductSides.Side x = swapped ? sides.b() : sides.a();
    ProductSides.Side y = swapped ? sides.a() : sides.b();
    int most = FewRows.most(set);
    int lanes = set.bytes() / kernel.input().compute().byteSize();
    boolean apart = y.stepStride() == 1;
    if (x.lanes() == 0 || x.lanes() > MOST_SETS * most || y.lanes() < lanes || !(apart || y.laneStride() == 1)) {
      return null;
    }
    if (x.lanes() > most && apart && kernel.input() == DType.BF16 && matrices.hasMachineCode(kernel)) {
      return null; // dot products of two numbers at a time
    }
    boolean turns = x.lanes() > 1 && (swapped || x.stepStride() != 1);
    long bytes = y.lanes() * sides.k() * kernel.input().byteSize();
    if (bytes < leastBytes(x.lanes(), apart, turns, most)) {
      return null;
    }
    List<FewRows> codes = new ArrayList<>();
    int sets = (int) Math.ceilDiv(x.lanes(), (long) most);
    for (int i = 0; i < sets; i++) {
      FewRows code = FewRows.of(set, kernel.input(), (int) (x.lanes() * (i + 1) / sets - x.lanes() * i / sets));
      if (code == null) {
        return null;
      }
      codes.add(code);
    }
    return new FewRowsProduct(kernel, sides, swapped, apart, pool, loops, codes);
  }

  /** From how many bytes of the matrix on this is faster than tiles, as far as has been measured. */
  private static long leastBytes(long rows, boolean apart, boolean turns, int most) {
    if (apart && !turns) {
      return 0;
    }
    if (rows == 1) {
      return LEAST_BYTES_OF_ROW;
    }
    return turns && rows > most ? LARGE_BYTES : LEAST_BYTES;
  }

  /** Whether each task has all blocks of k, so that it adds their results itself. */
  private boolean addsAtOnce() {
    return apart && blockTasks == 1;
  }

  /** Copies X, so that the steps of its rows lie side by side. */
  private LoopKernel aligning() {
    long[] extents = x.batches().extents();
    int rank = extents.length;
    Shape space = Shape.of(extents).concat(Shape.of(x.lanes(), k));
    long[] strides = Arrays.copyOf(x.batches().strides(), rank + 2);
    strides[rank] = x.laneStride();
    strides[rank + 1] = x.stepStride();
    return copy(space, storage, new Affine(x.batches().offset(), strides), storage, new Affine(0, space.rowMajorStrides()));
  }

  /** Copies the results, rounded to the type of C, and turned round where the rows are C's columns. */
  private LoopKernel finishing(DType output) {
    long m = swapped ? y.lanes() : x.lanes();
    long n = swapped ? x.lanes() : y.lanes();
    Shape space = Shape.of(batches, m, n);
    Affine from = swapped ? new Affine(0, m * n, 1, m) : new Affine(0, m * n, n, 1);
    return copy(space, compute, from, output, new Affine(0, m * n, n, 1));
  }

  private static LoopKernel copy(Shape space, DType input, Affine from, DType output, Affine to) {
    List<Instr> code = new ArrayList<>();
    code.add(new Instr.Load(input, 0, from));
    if (output != output.compute()) {
      code.add(new Instr.Narrow(output, 0));
    }
    List<LoopKernel.Store> stores = List.of(new LoopKernel.Store(0, to, code.size() - 1));
    return new LoopKernel(
        space, Shape.SCALAR, List.of(input), List.of(output), new ScalarProgram(code), null, ScalarProgram.EMPTY, stores);
  }

  /** Multiplies. */
  public void run(MemorySegment a, MemorySegment b, MemorySegment c) {
    MemorySegment left = swapped ? b : a;
    MemorySegment right = swapped ? a : b;
    MemorySegment packed = packs ? PACKED.atLeast(packedBytes) : left;
    if (packs) {
      pack(left, packed);
    }
    MemorySegment sums = finish == null ? c : SUMS.atLeast(batches * x.lanes() * y.lanes() * compute.byteSize());
    MemorySegment parts = partsBytes == 0 ? MemorySegment.NULL : PARTS.atLeast(partsBytes);
    Call call = new Call(packed, right, parts, sums);
    each(Math.toIntExact(batches * laneTasks * blockTasks), call::task);
    if (!addsAtOnce()) {
      each(Math.toIntExact(batches * laneTasks), call::sum);
    }
    if (finish != null) {
      finish.run(new MemorySegment[] {sums, c});
    }
  }

  private void pack(MemorySegment left, MemorySegment packed) {
    long bytes = storage.byteSize();
    MemorySegment from = left;
    if (aligning != null) {
      from = ALIGNED.atLeast(batches * x.lanes() * k * bytes);
      aligning.run(new MemorySegment[] {left, from});
    }
    for (Rows some : rows) {
      for (long batch = 0; batch < batches; batch++) {
        long at = aligning == null ? x.batches().at(batch) + some.first * x.laneStride() : (batch * x.lanes() + some.first) * k;
        long row = aligning == null ? x.laneStride() : k;
        some.code.pack(from.address() + at * bytes, row * bytes, packed.address() + some.packedAt + batch * packedOfBatch(some), k);
      }
    }
  }

  /** The bytes of one product's packed rows. */
  private long packedOfBatch(Rows some) {
    return Math.ceilDiv(k, (long) some.code.lanes()) * some.code.groupBytes();
  }

  private void each(int tasks, CpuPool.TaskBody body) {
    if (serial) {
      for (int t = 0; t < tasks; t++) {
        body.run(t);
      }
    } else {
      pool.parallelFor(tasks, body);
    }
  }

  /** The memory of one run. */
  private final class Call {
    private final MemorySegment packed;
    private final MemorySegment matrix;
    private final MemorySegment parts;
    private final MemorySegment sums;

    Call(MemorySegment packed, MemorySegment matrix, MemorySegment parts, MemorySegment sums) {
      this.packed = packed;
      this.matrix = matrix;
      this.parts = parts;
      this.sums = sums;
    }

    /** The address of X's numbers of a step. */
    private long packed(Rows some, long batch, long step) {
      if (!packs) {
        return packed.address() + (x.batches().at(batch) + step) * compute.byteSize();
      }
      return packed.address() + some.packedAt + batch * packedOfBatch(some) + step * some.code.rows() * compute.byteSize();
    }

    /** The address of the results of a block for a vector of lanes. */
    private long part(Rows some, long batch, long block, long group) {
      return parts.address() + some.partsAt + ((batch * blocks + block) * groups() + group) * some.code.groupBytes();
    }

    private long groups() {
      return Math.ceilDiv(y.lanes(), (long) lanes());
    }

    private int lanes() {
      return rows.getFirst().code.lanes();
    }

    /** The address of a matrix element. */
    private long element(long batch, long lane, long step) {
      return matrix.address() + (y.batches().at(batch) + lane * y.laneStride() + step * y.stepStride()) * storage.byteSize();
    }

    private long sumAt(Rows some, long batch, long lane) {
      return sums.address() + ((batch * x.lanes() + some.first) * y.lanes() + lane) * compute.byteSize();
    }

    /** The first vector of lanes of a task. */
    private long start(long laneTask) {
      return groups() * laneTask / laneTasks;
    }

    /** Multiplies some lanes over some blocks of k. */
    void task(int task) {
      long batch = task / (laneTasks * blockTasks);
      long inBatch = task % (laneTasks * blockTasks);
      long laneTask = inBatch % laneTasks;
      long blockTask = inBatch / laneTasks;
      long block = blocks * blockTask / blockTasks;
      long endBlock = blocks * (blockTask + 1) / blockTasks;
      long group = start(laneTask);
      long end = start(laneTask + 1);
      if (!apart) {
        together(batch, block, group, end);
        return;
      }
      long whole = Math.min(end, y.lanes() / lanes());
      long blockSteps = MatMulKernel.K_BLOCK;
      long atOnce = Math.clamp(CALL_ELEMENTS / (lanes() * blockSteps), 1, endBlock - block);
      long together = Math.max(1, CALL_ELEMENTS / (lanes() * blockSteps * atOnce));
      for (long g = group; g < whole; g += together) {
        apart(batch, g, g * lanes(), Math.min(whole, g + together) - g, block, endBlock, atOnce);
      }
      if (whole < end) { // the last lanes and some of those before them, whose results are the same again
        apart(batch, whole, y.lanes() - lanes(), 1, block, endBlock, atOnce);
      }
    }

    private void apart(long batch, long group, long lane, long count, long block, long endBlock, long atOnce) {
      for (Rows some : rows) {
        for (long b = block; b < endBlock; b += atOnce) {
          long step = b * MatMulKernel.K_BLOCK;
          long steps = Math.min(k, Math.min(endBlock, b + atOnce) * MatMulKernel.K_BLOCK) - step;
          FewRows.Target target =
              addsAtOnce()
                  ? new FewRows.Target(sumAt(some, batch, lane), y.lanes() * compute.byteSize(), (long) lanes() * compute.byteSize(), 0)
                  : new FewRows.Target(
                      part(some, batch, b, group), some.code.groupBytes() / some.code.rows(), some.code.groupBytes(), groups() * some.code.groupBytes());
          some.code.lanesApart(
              element(batch, lane, step), y.laneStride() * storage.byteSize(), packed(some, batch, step), target, count, steps,
              addsAtOnce() && b > 0);
        }
      }
    }

    private void together(long batch, long block, long group, long end) {
      long step = block * MatMulKernel.K_BLOCK;
      long steps = Math.min(k - step, MatMulKernel.K_BLOCK);
      long lane = group * lanes();
      long count = Math.min(y.lanes(), end * lanes()) - lane;
      for (Rows some : rows) {
        long target = part(some, batch, block, group);
        MemorySegment.ofAddress(target).reinterpret((end - group) * some.code.groupBytes()).fill((byte) 0);
        some.code.lanesTogether(
            element(batch, lane, step), y.stepStride() * storage.byteSize(), packed(some, batch, step), target, count, steps);
      }
    }

    /** Adds the blocks of some lanes. */
    void sum(int task) {
      long batch = task / laneTasks;
      long laneTask = task % laneTasks;
      long group = start(laneTask);
      long end = start(laneTask + 1);
      for (Rows some : rows) {
        long blockBytes = groups() * some.code.groupBytes();
        long rowBytes = y.lanes() * compute.byteSize();
        long whole = apart ? Math.min(end, y.lanes() / lanes()) : end;
        long lane = group * lanes();
        long count = Math.min(y.lanes(), whole * lanes()) - lane;
        some.code.sums(part(some, batch, 0, group), blockBytes, blocks, sumAt(some, batch, lane), rowBytes, count);
        if (whole < end) {
          some.code.sums(part(some, batch, 0, whole), blockBytes, blocks, sumAt(some, batch, y.lanes() - lanes()), rowBytes, lanes());
        }
      }
    }
  }
}
