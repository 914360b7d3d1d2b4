package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.kernel.RowRun;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loop kernels walked together: a task takes some rows through all of them, while they are in the second cache. Buffers that live only inside
 * are a few rows long, and each thread's own.
 */
public final class RowChain {
  /** The bytes of the rows of a task, in all buffers: they should stay in a second cache, beside what the hardware fetches ahead. */
  private static final long TASK_BYTES = 256 << 10;

  /** Rows of more bytes do not stay in the cache. */
  private static final long MAX_ROW_BYTES = 512 << 10;

  /** Less traffic is that of a second cache anyway. */
  private static final long MIN_SAVED_BYTES = 2L << 20;

  private static final long TASKS_PER_THREAD = 4;
  private static final long ALIGNMENT = 64;
  private static final ThreadBuffer LOCALS = new ThreadBuffer();

  private final CpuPool pool;
  private final long rows;
  private final int tasks;
  private final List<Link> links = new ArrayList<>();
  private final long[] localOffsets;
  private final long localBytes;

  /**
   * One kernel.
   *
   * @param full for the rows of a task
   * @param rest for those of the last one
   * @param rowBytes the bytes of a row of each slot
   */
  private record Link(CpuLoop full, CpuLoop rest, int[] buffers, long[] rowBytes) {}

  private RowChain(RowRun run, long rows, LoopCompiler compiler) {
    this.pool = compiler.pool();
    this.rows = rows;
    this.tasks = Math.toIntExact(Math.ceilDiv(run.rows(), rows));
    long rest = run.rows() - (tasks - 1) * rows;
    for (RowRun.Part part : run.parts()) {
      boolean streams = compiler.streams(run.rows() * bytesForOthers(run, part));
      CpuLoop full = CpuLoop.of(part.first(rows), compiler, streams);
      CpuLoop last = rest == rows ? full : CpuLoop.of(part.first(rest), compiler, streams);
      int[] buffers = part.buffers().stream().mapToInt(Integer::intValue).toArray();
      long[] rowBytes = new long[buffers.length];
      for (int slot = 0; slot < buffers.length; slot++) {
        rowBytes[slot] = part.rowBytes(slot);
      }
      links.add(new Link(full, last, buffers, rowBytes));
    }
    this.localOffsets = new long[run.localRowBytes().size()];
    long end = 0;
    for (int i = 0; i < localOffsets.length; i++) {
      localOffsets[i] = end;
      end += Math.ceilDiv(rows * run.localRowBytes().get(i), ALIGNMENT) * ALIGNMENT;
    }
    this.localBytes = end;
  }

  /** The bytes of a row that a kernel writes and nobody in the run reads; 0 where it also writes what is read. */
  private static long bytesForOthers(RowRun run, RowRun.Part part) {
    int inputs = part.kernel().inputs().size();
    long bytes = 0;
    for (int slot = inputs; slot < part.buffers().size(); slot++) {
      int b = part.buffers().get(slot);
      if (run.parts().stream().anyMatch(p -> p.buffers().subList(0, p.kernel().inputs().size()).contains(b))) {
        return 0;
      }
      bytes += part.rowBytes(slot);
    }
    return bytes;
  }

  /** A chain, or null where its kernels run as well one after another. */
  public static @Nullable RowChain of(RowRun run, LoopCompiler compiler) {
    long rowBytes = run.rowBytes();
    if (rowBytes > MAX_ROW_BYTES || run.savedBytes() < MIN_SAVED_BYTES) {
      return null;
    }
    long rows = Math.clamp(TASK_BYTES / Math.max(1, rowBytes), 1, run.rows());
    long tasks = Math.ceilDiv(run.rows(), rows);
    boolean shared = tasks >= TASKS_PER_THREAD * compiler.pool().threads() && tasks <= Integer.MAX_VALUE;
    return shared ? new RowChain(run, rows, compiler) : null;
  }

  /** Runs all kernels; the caller has checked the buffers' sizes. */
  public void run(MemorySegment[] segments) {
    pool.parallelFor(tasks, t -> runRows(segments, t));
  }

  private void runRows(MemorySegment[] segments, long task) {
    MemorySegment locals = LOCALS.atLeast(localBytes);
    for (Link link : links) {
      MemorySegment[] parts = new MemorySegment[link.buffers.length];
      for (int slot = 0; slot < parts.length; slot++) {
        int b = link.buffers[slot];
        parts[slot] =
            b >= segments.length
                ? locals.asSlice(localOffsets[b - segments.length])
                : segments[b].asSlice(task * rows * link.rowBytes[slot]);
      }
      (task == tasks - 1 ? link.rest : link.full).run(parts);
    }
  }
}
