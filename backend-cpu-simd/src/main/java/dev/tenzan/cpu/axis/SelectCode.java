package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.kernel.SortKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Runs a {@link SortKernel} that asks for a few elements of long lines, without sorting the lines.
 *
 * <p>The elements of a line are dealt to groups, several times as many as elements are wanted, and the least key of each is found. Of
 * these the one at the wanted number is the threshold: so many groups hold a key up to it, so what is wanted does not exceed it. Then
 * only chunks of the line that hold a key up to it are looked at again, and what they hold up to it is sorted. Fewer groups than are
 * wanted hold less than the threshold, and of those equal to it the first are enough: so about as many as are wanted are sorted where
 * the order is random, and little more than half of the line in the worst.
 */
public final class SelectCode {
  /** From so few of a line on the selection pays. */
  private static final int SHARE = 16;

  /** Groups for each wanted element, as far as their size allows. */
  private static final int GROUPS = 3;

  private static final int LEAST_GROUP = 8;
  private static final int MOST_GROUP = 256;
  private static final int CHUNK = LineKeys.CHUNK;

  /** The columns that are turned into lines together: so many elements of 32 bits are two cache lines. */
  private static final int COLUMNS = 32;

  /** The most elements that are turned into lines together. */
  private static final int PANEL = 1 << 18;

  private final SortKernel kernel;
  private final CpuPool pool;
  private final int bytes;
  private final int length;
  private final int count;

  /** The groups of a chunk. */
  private final int groups;

  private final long stride;

  /** Keys for one chunk that nobody uses: a short line is selected faster than new ones are allocated. */
  private final AtomicReference<@Nullable LineKeys> spare = new AtomicReference<>();

  /** Prepares a kernel that {@link #suits}. */
  public SelectCode(SortKernel kernel, CpuPool pool) {
    this.kernel = kernel;
    this.pool = pool;
    this.bytes = kernel.dtype().byteSize();
    this.length = (int) kernel.length();
    this.count = (int) kernel.count();
    int group = Integer.highestOneBit(Math.max(1, length / (GROUPS * count)));
    this.groups = CHUNK / Math.clamp(group, LEAST_GROUP, MOST_GROUP);
    this.stride = kernel.inner() * bytes;
  }

  /** Whether a kernel asks for some, but few, of the elements of lines that are not too long. */
  public static boolean suits(SortKernel kernel) {
    return kernel.count() > 0 && kernel.count() <= kernel.length() / SHARE && kernel.length() <= SortCode.LONGEST;
  }

  /** Runs the kernel on the input and the output. */
  public void run(MemorySegment[] segments) {
    MemorySegment in = segments[0];
    MemorySegment out = segments[1];
    long inner = kernel.inner();
    long lines = kernel.outer() * inner;
    if (lines < pool.threads() && length >= SortCode.SHARED) {
      Worker worker = new Worker(in, out, 0);
      for (long u = 0; u < lines; u++) {
        worker.shared(u / inner, u % inner);
      }
      worker.giveBack();
      return;
    }
    int columns = (int) Math.min(Math.min(COLUMNS, inner), PANEL / length);
    if (columns > 1) {
      long panels = Math.ceilDiv(inner, columns);
      each(in, out, kernel.outer() * panels, columns, (w, u) -> {
        long first = u % panels * columns;
        w.panel(u / panels, first, (int) Math.min(columns, inner - first));
      });
    } else {
      each(in, out, lines, 0, (w, u) -> w.line(u / inner, u % inner));
    }
  }

  /** What a worker does for one unit of work. */
  @FunctionalInterface
  private interface Unit {
    void run(Worker worker, long unit);
  }

  private void each(MemorySegment in, MemorySegment out, long units, int columns, Unit unit) {
    int tasks = (int) Math.min(units, 4L * pool.threads());
    pool.parallelFor(
        tasks,
        t -> {
          Worker worker = new Worker(in, out, columns);
          for (long u = units * t / tasks; u < units * (t + 1) / tasks; u++) {
            unit.run(worker, u);
          }
          worker.giveBack();
        });
  }

  /** The scratch memory of one task. */
  private final class Worker {
    private final MemorySegment in;
    private final MemorySegment out;
    private final int chunks = Math.ceilDiv(length, CHUNK);
    private final long[] least = new long[chunks * groups];
    private final long[] sorted = new long[chunks * groups];
    private final Survivors survivors = new Survivors(count, bytes == Long.BYTES);

    /** A chunk, or the columns of a panel as lines, which are not a power of two apart: they would share few sets of the cache. */
    private final LineKeys keys;

    private final int apart = length + CHUNK / LEAST_GROUP + 16;

    /** One row of a panel. */
    private final LineKeys row;

    Worker(MemorySegment in, MemorySegment out, int columns) {
      this.in = in;
      this.out = out;
      LineKeys known = columns > 0 ? null : spare.getAndSet(null);
      this.keys = known != null ? known : LineKeys.of(kernel, columns > 0 ? columns * apart : CHUNK);
      this.row = columns > 0 ? LineKeys.of(kernel, columns) : keys;
    }

    /** Ends the work: the next worker for lines may take over the keys. */
    void giveBack() {
      if (row == keys) {
        spare.set(keys);
      }
    }

    private long start(long outer, long inner) {
      return (outer * length * kernel.inner() + inner) * bytes;
    }

    void line(long outer, long inner) {
      findLeast(keys, start(outer, inner), 0, chunks);
      finish(outer, inner, chunks == 1 ? 0 : -1, 1);
    }

    /** A line whose chunks are shared out to all threads. */
    void shared(long outer, long inner) {
      int tasks = Math.min(chunks, 4 * pool.threads());
      pool.parallelFor(
          tasks,
          t -> {
            int from = (int) ((long) chunks * t / tasks);
            int to = (int) ((long) chunks * (t + 1) / tasks);
            findLeast(LineKeys.of(kernel, CHUNK), start(outer, inner), from, to);
          });
      finish(outer, inner, -1, pool.threads());
    }

    private void findLeast(LineKeys chunk, long at, int from, int to) {
      for (int c = from; c < to; c++) {
        load(chunk, at, c);
        chunk.least(0, size(c), groups, least, c * groups);
      }
    }

    /** The elements of a chunk. */
    private int size(int c) {
      return Math.min(CHUNK, length - c * CHUNK);
    }

    private void load(LineKeys chunk, long at, int c) {
      chunk.load(in, at + (long) c * CHUNK * stride, stride, 0, size(c));
      chunk.toKeys(0, size(c));
    }

    /** Neighbouring columns: each row of them is loaded at once. */
    void panel(long outer, long inner, int columns) {
      long at = start(outer, inner);
      for (int x = 0; x < length; x++) {
        row.load(in, at + x * stride, bytes, 0, columns);
        row.spread(keys, x, apart, columns);
      }
      for (int column = 0; column < columns; column++) {
        int pos = column * apart;
        keys.toKeys(pos, length);
        for (int c = 0; c < chunks; c++) {
          keys.least(pos + c * CHUNK, size(c), groups, least, c * groups);
        }
        finish(outer, inner + column, pos, 1);
      }
    }

    /** Selects by the least keys of the groups; the line's keys are at {@code pos}, or to be loaded again where that is negative. */
    private void finish(long outer, long inner, int pos, int parts) {
      System.arraycopy(least, 0, sorted, 0, sorted.length);
      Arrays.sort(sorted);
      survivors.begin(sorted[count - 1]);
      long at = start(outer, inner);
      for (int c = 0; c < chunks; c++) {
        if (!survivors.want(least, c * groups, groups)) {
          continue;
        }
        if (pos < 0) {
          load(keys, at, c);
        }
        keys.select(pos < 0 ? 0 : pos + c * CHUNK, size(c), c * CHUNK, survivors);
      }
      write(outer, inner, survivors.sorted(pool, parts));
    }

    private void write(long outer, long inner, long[] places) {
      long first = outer * count * kernel.inner() + inner;
      long at = start(outer, inner);
      for (int x = 0; x < count; x++) {
        long to = first + x * kernel.inner();
        if (kernel.indices()) {
          out.set(ValueLayout.JAVA_LONG_UNALIGNED, to * Long.BYTES, places[x]);
        } else {
          MemorySegment.copy(in, at + places[x] * stride, out, to * bytes, bytes);
        }
      }
    }
  }
}
