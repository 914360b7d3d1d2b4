package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.loop.Stage;
import dev.tenzan.cpu.loop.Values;
import dev.tenzan.error.IndexException;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Runs a {@link ScatterKernel}. Each thread takes slices of the outer and inner axes and applies all updates to them in order, so the
 * order at each element is that of the kernel.
 */
public final class ScatterCode {
  private static final int WIDTH = 512;
  private static final long TASK_ELEMENTS = 16 * 1024;

  private final ScatterKernel kernel;
  private final CpuPool pool;
  private final DType type;
  private final int bytes;
  private final long columnChunks;

  /** Prepares a kernel. */
  public ScatterCode(ScatterKernel kernel, CpuPool pool) {
    this.kernel = kernel;
    this.pool = pool;
    this.type = kernel.dtype().compute();
    this.bytes = kernel.dtype().byteSize();
    this.columnChunks = (kernel.inner() + WIDTH - 1) / WIDTH;
  }

  /** Runs the kernel on base, indices, updates and the output. */
  public void run(MemorySegment[] segments) {
    int count = Math.toIntExact(kernel.count());
    long[] indices = new long[count];
    MemorySegment.copy(segments[1], ValueLayout.JAVA_LONG, 0, indices, 0, count);
    for (int j = 0; j < count; j++) {
      if (indices[j] < 0 || indices[j] >= kernel.extent()) {
        throw IndexException.ofScatter(indices[j], j, kernel.extent());
      }
    }
    MemorySegment.copy(
        segments[0], 0, segments[3], 0, kernel.outer() * kernel.extent() * kernel.inner() * bytes);
    long units = kernel.outer() * columnChunks;
    double work = (double) kernel.outer() * kernel.count() * kernel.inner();
    int tasks = (int) Math.min(units, Math.max(1, Math.min(4.0 * pool.threads(), work / TASK_ELEMENTS)));
    pool.parallelFor(
        tasks,
        t -> {
          Worker worker = new Worker(segments[2], segments[3], indices);
          for (long u = units * t / tasks; u < units * (t + 1) / tasks; u++) {
            worker.slice(u / columnChunks, u % columnChunks * WIDTH);
          }
        });
  }

  /** The scratch memory of one task. */
  private final class Worker {
    private final MemorySegment updates;
    private final MemorySegment out;
    private final long[] indices;
    private final Stage.Raw raw = new Stage.Raw();
    private final Values old = new Values();
    private final Values update = new Values();

    Worker(MemorySegment updates, MemorySegment out, long[] indices) {
      this.updates = updates;
      this.out = out;
      this.indices = indices;
      old.reserve(type, WIDTH);
      update.reserve(type, WIDTH);
    }

    void slice(long outer, long column) {
      int width = (int) Math.min(WIDTH, kernel.inner() - column);
      ReduceOp combine = kernel.combine();
      for (int j = 0; j < indices.length; j++) {
        long target = ((outer * kernel.extent() + indices[j]) * kernel.inner() + column) * bytes;
        long source = ((outer * kernel.count() + j) * kernel.inner() + column) * bytes;
        if (combine == null) {
          MemorySegment.copy(updates, source, out, target, (long) width * bytes);
        } else if (width == 1 && kernel.dtype() == DType.F32 && combine == ReduceOp.SUM) {
          float sum = out.get(FLOAT, target) + updates.get(FLOAT, source);
          out.set(FLOAT, target, sum);
        } else {
          Stage.load(kernel.dtype(), out, target, bytes, old, 0, width, raw);
          Stage.load(kernel.dtype(), updates, source, bytes, update, 0, width, raw);
          old.accumulate(type, combine, 0, update, 0, width);
          Rounding.round(kernel.dtype(), old, 0, width);
          Stage.store(kernel.dtype(), out, target, bytes, old, 0, width, raw);
        }
      }
    }
  }

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
}
