package dev.tenzan.cpu;

import dev.tenzan.cpu.loop.CpuLoop;
import dev.tenzan.cpu.loop.LoopCompiler;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.type.Affine;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Attention some rows at a time: a task takes the queries of some rows of one matrix through both products and the loops between them, while their
 * scores are in the second cache. Scores and weights are a thread's own; in memory they would be as long as all queries times all keys.
 */
final class AttentionChain {
  /** The bytes of a task's rows of scores, weights and what else lives only inside. */
  private static final long TASK_BYTES = 512 << 10;

  /** Fewer rows would spend more time on preparing keys and values than on multiplying them. */
  private static final long MIN_ROWS = 32;

  /** So many rows may take more than a second cache holds, but not much more: that is still better than all rows in memory. */
  private static final long MOST_BYTES = 8L << 20;

  /** With fewer keys the products of all matrices together are faster than one after another: 128 took 1.6 ms for 64 matrices, and 2.7 in tasks. */
  private static final long MIN_KEYS = 256;

  /** Less traffic is that of a second cache anyway. */
  private static final long MIN_SAVED_BYTES = 2L << 20;

  private static final long TASKS_PER_THREAD = 2;
  private static final long ALIGNMENT = 64;
  private static final ThreadBuffer LOCALS = new ThreadBuffer();

  private final AttentionRun run;
  private final CpuPool pool;
  private final long rows;
  private final int blocks;
  private final int tasks;
  private final Part full;
  private final Part rest;

  /** For each of the buffers that a launch is given how far it moves along the batch and m, in bytes. */
  private final long[][] steps;

  private final long[] localOffsets;
  private final long localBytes;

  /** The products and the loops for a number of rows. */
  private record Part(CpuKernel scores, List<CpuLoop> loops, CpuKernel result) {}

  /**
   * What a run is made ready with.
   *
   * @param pool the threads that it runs on
   * @param loops makes loop kernels
   * @param products makes products
   */
  record Makers(CpuPool pool, LoopCompiler loops, Function<MatMulKernel, CpuKernel> products) {}

  private AttentionChain(AttentionRun run, long rows, long[][] steps, List<Integer> places, Makers makers) {
    this.run = run;
    this.pool = makers.pool;
    this.rows = rows;
    this.steps = steps;
    this.blocks = Math.toIntExact(Math.ceilDiv(run.scores().m(), rows));
    this.tasks = Math.toIntExact(run.scores().batch().size() * blocks);
    this.full = part(run, rows, makers);
    long last = run.scores().m() - (blocks - 1) * rows;
    this.rest = last == rows ? full : part(run, last, makers);
    long[] ofPlace = new long[places.size()];
    long end = 0;
    for (int i = 0; i < ofPlace.length; i++) {
      if (places.get(i) == i) {
        ofPlace[i] = end;
        end += Math.ceilDiv(rows * run.localRowBytes().get(i), ALIGNMENT) * ALIGNMENT;
      }
    }
    this.localOffsets = places.stream().mapToLong(i -> ofPlace[i]).toArray();
    this.localBytes = end;
  }

  /** For each local buffer the one whose place it takes: itself, or an earlier one of rows as long that nobody reads any more when it is written. */
  private static List<Integer> places(AttentionRun run) {
    int locals = run.localRowBytes().size();
    int[] written = new int[locals];
    int[] read = new int[locals];
    Arrays.fill(written, -1);
    read[run.weightsAt() - run.buffers()] = run.loops().size();
    for (int i = 0; i < run.loops().size(); i++) {
      AttentionRun.Loop loop = run.loops().get(i);
      for (int slot = 0; slot < loop.buffers().size(); slot++) {
        int local = loop.buffers().get(slot) - run.buffers();
        if (local >= 0) {
          read[local] = Math.max(read[local], i); // what nobody reads is written all the same
          written[local] = slot < loop.kernel().inputs().size() ? written[local] : i;
        }
      }
    }
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < locals; i++) {
      int place = i;
      for (int j = 0; j < i && place == i; j++) {
        boolean free = written[i] > read[j] && run.localRowBytes().get(i).equals(run.localRowBytes().get(j));
        if (free && places.get(j) == j) {
          place = j;
          read[j] = Math.max(read[j], read[i]);
        }
      }
      places.add(place);
    }
    return places;
  }

  /** A run, or null where its kernels are as good one after another, or cannot be cut. */
  static @Nullable CpuKernel of(AttentionRun run, Makers makers) {
    MatMulKernel s = run.scores();
    List<Integer> places = places(run);
    long rowBytes = IntStream.range(0, places.size()).filter(i -> places.get(i) == i).mapToLong(i -> run.localRowBytes().get(i)).sum();
    long most = Math.min(s.m(), Math.max(MIN_ROWS, TASK_BYTES / Math.max(1, rowBytes)));
    long count = s.batch().size() * s.m();
    if (s.n() < MIN_KEYS || most * rowBytes > MOST_BYTES || count * rowBytes < MIN_SAVED_BYTES) {
      return null;
    }
    long blocks = Math.ceilDiv(s.m(), most);
    long tasks = Math.multiplyExact(blocks, s.batch().size());
    long[][] steps = steps(run);
    if (steps == null || !isDense(run) || tasks < TASKS_PER_THREAD * makers.pool.threads() || tasks > Integer.MAX_VALUE) {
      return null;
    }
    AttentionChain chain = new AttentionChain(run, Math.ceilDiv(s.m(), blocks), steps, places, makers);
    return new CpuKernel(s, run.bytes(), chain::run);
  }

  /** Whether the weights lie row by row, as they do where a task has its own. */
  private static boolean isDense(AttentionRun run) {
    MatMulKernel r = run.result();
    int rank = r.batch().rank();
    long row = r.k() * r.input().byteSize();
    return r.a().offset() == 0 && r.a().stride(rank + 1) == 1 && run.localRowBytes().get(run.weightsAt() - run.buffers()) == row;
  }

  /** How far each buffer moves along the rows; null where one does not do so evenly, or backwards. */
  private static long @Nullable [][] steps(AttentionRun run) {
    int dims = run.dims();
    long[][] steps = new long[run.buffers()][];
    MatMulKernel s = run.scores();
    MatMulKernel r = run.result();
    steps[AttentionRun.QUERIES] = matrix(s.a(), dims, true, s.input().byteSize());
    steps[AttentionRun.KEYS] = matrix(s.b(), dims, false, s.input().byteSize());
    steps[AttentionRun.VALUES] = matrix(r.b(), dims, false, r.input().byteSize());
    long[] out = new long[dims];
    long size = r.n() * r.output().byteSize();
    for (int d = dims - 1; d >= 0; d--) {
      out[d] = size;
      size *= d == dims - 1 ? r.m() : r.batch().dim(d);
    }
    steps[AttentionRun.OUTPUT] = out;
    for (AttentionRun.Loop loop : run.loops()) {
      if (hasIndices(loop.kernel())) {
        return null;
      }
      for (int slot = 0; slot < loop.buffers().size(); slot++) {
        int b = loop.buffers().get(slot);
        long[] own = AttentionRun.steps(loop.kernel(), slot, dims);
        if (own == null || b < run.buffers() && steps[b] != null && !Arrays.equals(steps[b], own)) {
          return null;
        }
        if (b < run.buffers()) {
          steps[b] = own;
        }
      }
    }
    return Arrays.stream(steps).flatMapToLong(Arrays::stream).allMatch(v -> v >= 0) ? steps : null;
  }

  private static long[] matrix(Affine a, int dims, boolean rows, int bytes) {
    long[] steps = new long[dims];
    for (int d = 0; d < dims; d++) {
      steps[d] = d == dims - 1 && !rows ? 0 : a.stride(d) * bytes;
    }
    return steps;
  }

  private static boolean hasIndices(LoopKernel k) {
    return k.body().code().stream().anyMatch(Instr.Index.class::isInstance) || k.epilogue().code().stream().anyMatch(Instr.Index.class::isInstance);
  }

  private static Part part(AttentionRun run, long rows, Makers makers) {
    MatMulKernel s = run.scores();
    MatMulKernel r = run.result();
    int rank = s.batch().rank();
    Affine weights = new Affine(0, r.k(), 1);
    MatMulKernel scores =
        new MatMulKernel(s.input(), s.output(), Shape.SCALAR, rows, s.n(), s.k(), inner(s.a(), rank), inner(s.b(), rank), s.numerics());
    MatMulKernel result =
        new MatMulKernel(r.input(), r.output(), Shape.SCALAR, rows, r.n(), r.k(), weights, inner(r.b(), rank), r.numerics());
    List<CpuLoop> loops = new ArrayList<>();
    for (AttentionRun.Loop loop : run.loops()) {
      long[] extents = loop.kernel().space().dims();
      Arrays.fill(extents, 0, rank, 1);
      extents[rank] = rows;
      loops.add(CpuLoop.of(loop.kernel().over(Shape.of(extents)), makers.loops, false));
    }
    return new Part(makers.products.apply(scores), loops, makers.products.apply(result));
  }

  /** The addresses within a matrix; where it begins is the segment's matter, but for the offset. */
  private static Affine inner(Affine a, int rank) {
    return new Affine(a.offset(), a.stride(rank), a.stride(rank + 1));
  }

  private void run(MemorySegment[] segments) {
    pool.parallelFor(tasks, t -> rows(segments, t));
  }

  private void rows(MemorySegment[] segments, int task) {
    long block = task % blocks;
    Part part = block == blocks - 1 ? rest : full;
    MemorySegment locals = LOCALS.atLeast(localBytes);
    MemorySegment[] all = new MemorySegment[segments.length + localOffsets.length];
    for (int b = 0; b < segments.length; b++) {
      all[b] = segments[b].asSlice(first(steps[b], task / blocks, block * rows));
    }
    for (int i = 0; i < localOffsets.length; i++) {
      all[segments.length + i] = locals.asSlice(localOffsets[i]);
    }
    part.scores.code().run(new MemorySegment[] {all[AttentionRun.QUERIES], all[AttentionRun.KEYS], all[run.scoresAt()]});
    for (int i = 0; i < part.loops.size(); i++) {
      List<Integer> buffers = run.loops().get(i).buffers();
      MemorySegment[] own = new MemorySegment[buffers.size()];
      for (int slot = 0; slot < own.length; slot++) {
        own[slot] = all[buffers.get(slot)];
      }
      part.loops.get(i).run(own);
    }
    part.result.code().run(new MemorySegment[] {all[run.weightsAt()], all[AttentionRun.VALUES], all[AttentionRun.OUTPUT]});
  }

  /** The byte at which a buffer's part for a row of a matrix begins. */
  private long first(long[] step, long matrix, long row) {
    Shape batch = run.scores().batch();
    long at = row * step[batch.rank()];
    for (int d = batch.rank() - 1; d >= 0; d--) {
      at += matrix % batch.dim(d) * step[d];
      matrix /= batch.dim(d);
    }
    return at;
  }
}
