package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.BlockSums;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A loop kernel with a reduction. The parallel space is cut into chunks of neighbouring outputs along its innermost dimension. Each
 * block of {@link ReductionTree} of a chunk gives one row of partial results; the rows are folded, and the epilogue runs over the chunk.
 *
 * <p>A block is computed along the reduced dimensions (each output's values are evaluated side by side, then combined), or across
 * the outputs (for each reduced point the values of all outputs of the chunk are combined into 64 rows of accumulators, one for each
 * lane of the tree), whichever walks memory in order.
 */
final class ReduceLoop implements CpuLoop {
  /** A run of fewer values is not worth its start. */
  private static final long SHORT_RUN = 16;

  /** Points of one task, where there are enough. */
  private static final long TASK_POINTS = 32 * 1024;

  /** The blocks that are run at once, where they can be: the start of a run does not show any more. */
  private static final int BLOCKS_AT_ONCE = BlockSums.MOST;

  /** Sums of fewer bytes find most of them in a cache. */
  private static final long SUMS_BYTES = 8L << 20;

  /** Parts of rows are multiples of so many elements, which are whole vectors and whole lines of cache. */
  private static final int STEP = 64;

  /** Points of a block, where the tree does not say: few enough that a search ends soon after its hit. */
  private static final int FREE_BLOCK = 32 * 1024;

  private final LoopCompiler compiler;
  private final LoopSpace space;
  private final LoopNest body;

  /** The body with the blocks of an output as rows; null where each is run by itself. */
  private final @Nullable LoopNest blockRows;

  /** Sums the blocks of an output whose numbers come from memory; null where generated code does. */
  private final @Nullable BlockSums sums;

  /** The slot and the byte address of those numbers. */
  private final int sumsSlot;

  private final Address sumsAddress;

  /** What the results go through on their way to memory; null where they are copied. */
  private final @Nullable LoopNest epilogue;

  /** Where results are copied to as they are. */
  private final List<Copy> copies;

  private final ReduceOp op;
  private final DType type;

  /** The reduced points of one output. */
  private final long count;

  private final boolean empty;
  private final boolean across;

  /** Whether a single chain gives the result: few values, or any order will do. */
  private final boolean chain;

  /** Whether the values must be combined in a single chain. */
  private final boolean sequential;

  /** Whether generated code combines the values as it computes them; otherwise they are evaluated first. */
  private final boolean lanes;

  /** What generated code looks for in the rows; null where it combines them. */
  private final @Nullable FirstHit search;

  private final Address hitIndex;

  /** Combines values that were evaluated first; null where none are, or where they must be combined in a chain. */
  private final @Nullable RowFold fold;

  /** The points of a block, but for the last one of an output. */
  private final int block;

  private final long blocks;
  private final int chunk;
  private final long columns;
  private final long columnChunks;
  private final long chunks;
  private final boolean splitBlocks;
  private final int tasks;

  /**
   * A store of results as they are, side by side.
   *
   * @param buffer the number of the buffer
   * @param address the byte address
   */
  private record Copy(int buffer, Address address) {}

  ReduceLoop(LoopKernel kernel, LoopCompiler compiler) {
    LoopKernel.Reduction reduction = kernel.reduction();
    if (reduction == null) {
      throw new IllegalArgumentException("reduce: the kernel has no reduction");
    }
    this.compiler = compiler;
    this.space = LoopSpace.of(kernel);
    this.op = reduction.op();
    this.type = kernel.body().type(reduction.value());
    this.count = kernel.reduced().size();
    this.empty = count == 0;
    this.sequential = ReductionTree.isSequential(count) && !op.orderFree(type);
    this.chain = sequential || op.orderFree(type);
    int lastParallel = space.parallel - 1;
    int lastReduced = space.rank() > space.parallel ? space.rank() - 1 : -1;
    this.columns = space.extent(lastParallel);
    this.across = !empty && lastParallel >= 0 && prefersAcross(kernel, lastParallel, lastReduced);
    boolean rows = !empty && !across && !sequential && space.rank() - space.parallel <= 1;
    this.search = rows && !ReductionTree.isSequential(count) ? searchInOnePass(kernel, lastReduced) : null;
    this.hitIndex = space.address(search == null ? new Affine(0) : search.index(), 1);
    this.lanes = rows && search == null && combinesInOnePass(kernel, reduction, lastReduced);
    this.fold = across || lanes || search != null || sequential ? null : new RowFold(compiler, op, type);
    this.block = search != null || lanes && op.orderFree(type) ? FREE_BLOCK : ReductionTree.BLOCK;
    this.blocks = Math.max(1, (count + block - 1) / block);
    this.body = bodyNest(kernel, reduction, across ? lastParallel : lastReduced, across ? lastReduced : lastParallel, 1);
    this.blockRows = lanes && blocks > 1 ? bodyNest(kernel, reduction, lastReduced, lastReduced, block) : null;
    this.copies = copies(kernel, lastParallel);
    this.epilogue = copies.isEmpty() ? epilogueNest(kernel, lastParallel) : null;
    int width = type.byteSize() == 8 ? 256 : 512;
    long most = across ? (chain ? 8L * width : width) : Math.max(1, Math.min(512, TASK_POINTS / Math.max(1, count)));
    Partition partition = new Partition(kernel, compiler);
    int threads = partition.threads;
    long outer = space.points(0, Math.max(0, lastParallel));
    int mostChunk = (int) Math.min(columns, most);
    this.chunk = columns * outer < threads ? mostChunk : partition.even(columns, mostChunk, outer, across ? STEP : 1);
    this.columnChunks = Math.ceilDiv(columns, chunk);
    this.chunks = columnChunks * outer;
    Instr.Load summed = blockRows == null || chunk > 1 ? null : largeSum(kernel, reduction, lastReduced);
    this.sums = summed == null ? null : BlockSums.here();
    this.sumsSlot = summed == null ? 0 : summed.slot();
    this.sumsAddress = space.address(summed == null ? new Affine(0) : summed.address(), Float.BYTES);
    this.splitBlocks = threads > 1 && chunks < 2L * threads && blocks > 1;
    long units = splitBlocks ? chunks * blocks : chunks;
    this.tasks = partition.tasks(units);
  }

  /**
   * Whether to walk along the outputs: where the reduced dimension is too short a run, as a pooling window's is, or else where fewer
   * loads jump from element to element on that way than along the reduced dimension.
   */
  private boolean prefersAcross(LoopKernel kernel, int lastParallel, int lastReduced) {
    if (space.extent(lastReduced) < SHORT_RUN && columns >= 2 * space.extent(lastReduced)) {
      return true;
    }
    int jumps = jumps(kernel, lastParallel) - jumps(kernel, lastReduced);
    return jumps != 0 ? jumps < 0 : columns > space.extent(lastReduced);
  }

  /** The loads that neither stay at their element nor move to the next one along a dimension. */
  private int jumps(LoopKernel kernel, int dim) {
    int jumps = 0;
    for (Instr i : kernel.body().code()) {
      Affine address =
          switch (i) {
            case Instr.Load l -> l.address();
            case Instr.Gather g -> g.address();
            default -> null;
          };
      if (address != null) {
        long stride = space.address(address, 1).stride(dim);
        jumps += stride == 0 || stride == 1 ? 0 : 1;
      }
    }
    return jumps;
  }

  /** The load whose adjacent numbers are summed and nothing else, where they are so many that they come from memory; else null. */
  private Instr.@Nullable Load largeSum(LoopKernel kernel, LoopKernel.Reduction reduction, int inner) {
    VectorIsa isa = compiler.isa();
    boolean suits = op == ReduceOp.SUM && isa != null && isa.bits() == VectorSet.AVX512.bits() && count * Float.BYTES >= SUMS_BYTES;
    if (!suits || kernel.body().size() != 1 || !(kernel.body().get(reduction.value()) instanceof Instr.Load l)) {
      return null;
    }
    return l.storage() == DType.F32 && space.address(l.address(), 1).stride(inner) == 1 ? l : null;
  }

  private boolean combinesInOnePass(LoopKernel kernel, LoopKernel.Reduction reduction, int inner) {
    return compiler.isSinglePass(new BodyBuilder(space, inner, kernel.body()).toLanes(op, reduction.value()).body());
  }

  /** The search that the kernel is, if generated code can do it. */
  private @Nullable FirstHit searchInOnePass(LoopKernel kernel, int inner) {
    FirstHit hit = FirstHit.of(kernel);
    boolean can = hit != null && compiler.isSinglePass(new BodyBuilder(space, inner, kernel.body()).toFirst(hit.condition()).body());
    return can ? hit : null;
  }

  private LoopNest bodyNest(LoopKernel kernel, LoopKernel.Reduction reduction, int inner, int row, long rowSteps) {
    BodyBuilder builder = new BodyBuilder(space, inner, kernel.body());
    if (across) {
      builder.toAccumulators(op, reduction.value());
    } else if (lanes) {
      builder.toLanes(op, reduction.value());
    } else if (search != null) {
      builder.toFirst(search.condition());
    } else {
      builder.toResults(reduction.value());
    }
    return new LoopNest(space, inner, row, rowSteps, compiler.compile(builder.body()), builder);
  }

  /** The stores of a kernel whose results are stored as they are, and so need no code of their own; empty where one is another. */
  private List<Copy> copies(LoopKernel kernel, int lastParallel) {
    boolean asTheyAre = kernel.epilogue().size() == 1 && kernel.epilogue().get(0) instanceof Instr.Reduced && type != DType.BOOL;
    List<Copy> found = new ArrayList<>();
    for (LoopKernel.Store s : kernel.stores()) {
      Address address = space.address(s.address(), type.byteSize());
      boolean adjacent = lastParallel < 0 || columns == 1 || space.address(s.address(), 1).stride(lastParallel) == 1;
      if (!asTheyAre || !adjacent || kernel.outputs().get(s.slot()) != type) {
        return List.of();
      }
      found.add(new Copy(kernel.inputs().size() + s.slot(), address));
    }
    return found;
  }

  private LoopNest epilogueNest(LoopKernel kernel, int lastParallel) {
    BodyBuilder builder = new BodyBuilder(space, lastParallel, kernel.epilogue());
    for (LoopKernel.Store s : kernel.stores()) {
      builder.toMemory(
          kernel.outputs().get(s.slot()), kernel.inputs().size() + s.slot(), s.address(), s.value());
    }
    return new LoopNest(space, lastParallel, -1, compiler.compile(builder.body()), builder);
  }

  @Override
  public void run(MemorySegment[] segments) {
    if (!splitBlocks) {
      if (tasks == 1) {
        runChunks(segments, 0, chunks);
      } else {
        compiler
            .pool()
            .parallelFor(tasks, t -> runChunks(segments, chunks * t / tasks, chunks * (t + 1) / tasks));
      }
      return;
    }
    Values partial = new Values();
    partial.reserve(type, Math.toIntExact(chunks * blocks * chunk));
    long units = chunks * blocks;
    AtomicLong[] hits = new AtomicLong[(int) chunks];
    Arrays.setAll(hits, _ -> new AtomicLong(blocks));
    compiler
        .pool()
        .parallelFor(
            tasks, t -> runBlocks(segments, partial, hits, units * t / tasks, units * (t + 1) / tasks));
    Frame f = Frame.current();
    for (long c = 0; c < chunks; c++) {
      int at = (int) (c * blocks * chunk);
      partial.foldRows(type, op, at, (int) blocks, chunk);
      finish(f, segments, partial, at, c);
    }
    f.seg = Frame.NO_SEGMENTS;
  }

  private void runChunks(MemorySegment[] segments, long from, long to) {
    Frame f = Frame.current();
    f.partial.reserve(type, Math.toIntExact(blocks * chunk));
    for (long c = from; c < to; c++) {
      if (empty) {
        f.partial.fill(type, 0, chunk, op.identity(type));
      } else {
        computeBlocks(f, segments, c, 0, blocks, new AtomicLong(blocks), f.partial, 0);
        f.partial.foldRows(type, op, 0, (int) blocks, chunk);
      }
      finish(f, segments, f.partial, 0, c);
    }
    f.seg = Frame.NO_SEGMENTS;
  }

  /** Computes blocks, numbered chunk by chunk; {@code hits} has a number for each chunk, as {@link #computeBlocks} says. */
  private void runBlocks(MemorySegment[] segments, Values partial, AtomicLong[] hits, long from, long to) {
    Frame f = Frame.current();
    for (long u = from; u < to; ) {
      long c = u / blocks;
      long end = Math.min(to, (c + 1) * blocks);
      computeBlocks(f, segments, c, u % blocks, end - c * blocks, hits[(int) c], partial, (int) (u * chunk));
      u = end;
    }
    f.seg = Frame.NO_SEGMENTS;
  }

  /** Stores a chunk whose results begin at {@code at}. */
  private void finish(Frame f, MemorySegment[] segments, Values results, int at, long c) {
    if (epilogue == null) {
      long[] index = seek(f, c);
      for (Copy copy : copies) {
        results.copyOut(type, at, segments[copy.buffer], copy.address.at(index), width(c));
      }
      return;
    }
    epilogue.prepare(f, segments);
    f.reducedFrom(results);
    f.redAt = at;
    epilogue.run(f, seek(f, c), 1, width(c));
  }

  /** The number of outputs in a chunk. */
  private int width(long c) {
    return (int) Math.min(chunk, columns - c % columnChunks * chunk);
  }

  /** Sets the frame's index to the first output of a chunk, and the reduced indices to 0. */
  private long[] seek(Frame f, long c) {
    long[] index = f.index;
    Arrays.fill(index, 0, space.rank(), 0);
    long rest = c / columnChunks;
    for (int d = space.parallel - 2; d >= 0; d--) {
      index[d] = rest % space.extents[d];
      rest /= space.extents[d];
    }
    if (space.parallel > 0) {
      index[space.parallel - 1] = c % columnChunks * chunk;
    }
    return index;
  }

  /**
   * Computes neighbouring blocks of one chunk, a row of partial results each.
   *
   * @param hit the first block in which a search is known to have found something for all outputs; those behind it are left out
   */
  private void computeBlocks(
      Frame f, MemorySegment[] segments, long c, long from, long to, AtomicLong hit, Values target, int at) {
    for (long b = from; b < to; ) {
      int row = at + (int) (b - from) * chunk;
      int whole = (int) Math.min(BLOCKS_AT_ONCE, Math.min(to, count / block) - b);
      if (blockRows != null && whole > 1) {
        wholeBlocks(blockRows, f, segments, c, b, whole, target, row);
        b += whole;
      } else {
        if (search == null) {
          computeBlock(f, segments, c, b, target, row);
        } else if (hit.get() < b) {
          target.fill(type, row, row + chunk, search.none());
        } else {
          computeBlock(f, segments, c, b, target, row);
          if (search.inAll(target.l, row, width(c))) {
            hit.accumulateAndGet(b, Math::min);
          }
        }
        b++;
      }
    }
  }

  /** Computes blocks of all their points by generated code that walks them as rows. */
  private void wholeBlocks(
      LoopNest nest, Frame f, MemorySegment[] segments, long c, long first, int rows, Values target, int at) {
    nest.prepare(f, segments);
    long[] index = seek(f, c);
    index[nest.inner] = first * block;
    if (sums != null) {
      float identity = Float.intBitsToFloat((int) op.identity(type));
      sums.run(segments[sumsSlot].address() + sumsAddress.at(index), rows, identity, target.f, at);
      return;
    }
    f.resultsTo(target);
    f.atStep = chunk;
    for (int o = 0; o < width(c); o++) {
      f.at = at + o;
      nest.run(f, index, rows, block);
      if (space.parallel > 0) {
        index[space.parallel - 1]++;
      }
    }
  }

  /** Computes one block of one chunk: a row of partial results. */
  private void computeBlock(Frame f, MemorySegment[] segments, long c, long number, Values target, int at) {
    long first = number * block;
    int n = (int) Math.min(block, count - first);
    body.prepare(f, segments);
    long[] index = seek(f, c);
    if (across) {
      blockAcross(f, index, width(c), first, n, target, at);
    } else if (lanes) {
      if (body.inner >= 0) {
        index[body.inner] = first;
      }
      f.resultsTo(target);
      f.at = at;
      f.atStep = 1;
      body.run(f, index, width(c), n);
    } else if (search != null) {
      index[body.inner] = first;
      searchRows(f, index, width(c), n, search.none(), target, at);
    } else if (space.rank() - space.parallel <= 1) {
      blockAlong(f, segments, index, width(c), first, n, target, at);
    } else {
      for (int o = 0; o < width(c); o++) {
        blockGathered(f, segments, index, first, n, target, at + o);
        if (space.parallel > 0) {
          index[space.parallel - 1]++;
        }
      }
    }
  }

  /** Searches a row for each output, and turns columns into the indices that the kernel asks for. */
  private void searchRows(Frame f, long[] index, int rows, int n, long none, Values target, int at) {
    f.work.reserve(DType.BOOL, rows);
    f.resultsTo(f.work);
    f.at = 0;
    f.atStep = 1;
    body.run(f, index, rows, n);
    long first = hitIndex.at(index);
    for (int r = 0; r < rows; r++) {
      long hit = f.work.i[r];
      target.l[at + r] = hit < n ? first + r * hitIndex.stride(body.row) + hit * hitIndex.stride(body.inner) : none;
    }
  }

  /** Combines rows of the evaluated values. */
  private void combineRows(Frame f, int rows, int n, Values target, int at) {
    if (fold == null) {
      for (int k = 0; k < rows; k++) {
        target.chain(type, op, at + k, f.work, k * n, n);
      }
    } else {
      fold.run(f, f.work, rows, n, target, at);
    }
  }

  /** One reduced dimension, walked by the columns of generated code; as many outputs at a time as values fit. */
  private void blockAlong(
      Frame f, MemorySegment[] segments, long[] index, int width, long first, int n, Values target, int at) {
    int batch = Math.min(width, Math.max(1, ReductionTree.BLOCK / n));
    f.work.reserve(type, batch * n);
    if (body.inner >= 0) {
      index[body.inner] = first;
    }
    for (int o = 0; o < width; o += batch) {
      int outputs = Math.min(batch, width - o);
      body.prepare(f, segments);
      f.resultsTo(f.work);
      f.at = 0;
      f.atStep = n;
      body.run(f, index, outputs, n);
      combineRows(f, outputs, n, target, at + o);
      if (space.parallel > 0) {
        index[space.parallel - 1] += outputs;
      }
    }
  }

  /** Several reduced dimensions: the block's values are evaluated run by run, in order. */
  private void blockGathered(
      Frame f, MemorySegment[] segments, long[] index, long first, int n, Values target, int at) {
    f.work.reserve(type, ReductionTree.BLOCK);
    body.prepare(f, segments);
    f.resultsTo(f.work);
    f.atStep = 0;
    int last = space.rank() - 1;
    for (int done = 0; done < n; ) {
      seekReduced(index, first + done);
      int run = (int) Math.min(n - done, space.extents[last] - index[last]);
      f.at = done;
      body.run(f, index, 1, run);
      done += run;
    }
    combineRows(f, 1, n, target, at);
  }

  private void seekReduced(long[] index, long point) {
    long rest = point;
    for (int d = space.rank() - 1; d >= space.parallel; d--) {
      index[d] = rest % space.extents[d];
      rest /= space.extents[d];
    }
  }

  /** Accumulators for each lane, a row of outputs each; generated code walks the reduced points of the last dimension as rows. */
  private void blockAcross(
      Frame f, long[] index, int width, long first, int n, Values target, int at) {
    int lanes = chain ? 1 : ReductionTree.LANES;
    int last = space.rank() - 1;
    boolean rows = body.row >= 0;
    f.work.reserve(type, lanes * width);
    f.work.fill(type, 0, lanes * width, op.identity(type));
    f.resultsTo(f.work);
    f.atStep = chain ? 0 : width;
    for (int done = 0; done < n; ) {
      int lane = chain ? 0 : done % lanes;
      int run = n - done;
      if (rows) {
        seekReduced(index, first + done);
        run = (int) Math.min(run, space.extents[last] - index[last]);
      }
      run = chain ? run : Math.min(run, lanes - lane);
      f.at = lane * width;
      body.run(f, index, run, width);
      done += run;
    }
    f.work.foldRows(type, op, 0, lanes, width);
    target.copy(type, f.work, 0, at, width);
  }
}
