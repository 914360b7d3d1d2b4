package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.loop.Stage;
import dev.tenzan.cpu.loop.Values;
import dev.tenzan.error.ShapeException;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Runs a {@link SortKernel}. Elements become signed integers in the kernel's order. Long lines of elements of at most 32 bits are sorted
 * by radix, by all threads where there are few lines; all others by the JDK's sorts, which use vectors where there are any, in parts that
 * are merged. Positions of narrow elements ride in the low half of a 64-bit key, which makes the sort stable; for 64-bit elements a stable
 * merge sort carries the positions along.
 */
public final class SortCode {
  private static final int PART = 32 * 1024;

  /** From so many elements on a line is worth sharing out to several threads. */
  static final int SHARED = 2 * PART;

  /** The longest line. */
  static final int LONGEST = Integer.MAX_VALUE - 64;

  /** From so many elements on a radix sort of 32 bits is faster than comparisons. */
  static final int RADIX = 4096;

  private final SortKernel kernel;
  private final CpuPool pool;
  private final DType type;
  private final int bytes;
  private final int length;
  private final int count;

  /** Prepares a kernel. */
  public SortCode(SortKernel kernel, CpuPool pool) {
    if (kernel.length() > LONGEST) {
      throw new ShapeException(
          kernel.name() + ": an axis of " + kernel.length() + " elements is too long; sort at most 2^31 - 65");
    }
    this.kernel = kernel;
    this.pool = pool;
    this.type = kernel.dtype().compute();
    this.bytes = kernel.dtype().byteSize();
    this.length = (int) kernel.length();
    this.count = (int) kernel.count();
  }

  /** Runs the kernel on the input and the output. */
  public void run(MemorySegment[] segments) {
    long lines = count == 0 ? 0 : kernel.outer() * kernel.inner();
    boolean whole = lines < pool.threads() && length >= SHARED;
    int tasks = whole ? 1 : (int) Math.min(lines, 4L * pool.threads());
    pool.parallelFor(
        tasks,
        t -> {
          Worker worker = new Worker(segments[0], segments[1], whole);
          for (long u = lines * t / tasks; u < lines * (t + 1) / tasks; u++) {
            worker.line(u / kernel.inner(), u % kernel.inner());
          }
        });
  }

  /** The order-preserving integer of a float; all NaNs are the greatest. */
  static int key(float v) {
    int b = Float.floatToIntBits(v);
    return b ^ (b >> 31) & Integer.MAX_VALUE;
  }

  /** The float with this key. */
  static float unkey(int k) {
    return Float.intBitsToFloat(k ^ (k >> 31) & Integer.MAX_VALUE);
  }

  /** The order-preserving integer of a double; all NaNs are the greatest. */
  static long key(double v) {
    long b = Double.doubleToLongBits(v);
    return b ^ (b >> 63) & Long.MAX_VALUE;
  }

  /** The double with this key. */
  static double unkey(long k) {
    return Double.longBitsToDouble(k ^ (k >> 63) & Long.MAX_VALUE);
  }

  /** The scratch memory of one task. */
  private final class Worker {
    private final MemorySegment in;
    private final MemorySegment out;
    private final boolean parallel;
    private final Stage.Raw raw = new Stage.Raw();
    private final Values values = new Values();
    private final boolean wide = type.byteSize() == 8;
    private final boolean radix = !wide && length >= RADIX;
    private long[] keys = new long[length];
    private long[] spare;

    Worker(MemorySegment in, MemorySegment out, boolean parallel) {
      this.in = in;
      this.out = out;
      this.parallel = parallel;
      values.reserve(type, length);
      this.spare = parallel || radix ? new long[length] : new long[0];
    }

    void line(long outer, long inner) {
      long at = outer * length * kernel.inner() + inner;
      long first = outer * count * kernel.inner() + inner;
      Stage.load(kernel.dtype(), in, at * bytes, kernel.inner() * bytes, values, 0, length, raw);
      toKeys();
      if (!kernel.indices()) {
        sort(0);
        fromKeys();
        long stride = kernel.inner() * bytes;
        Stage.store(kernel.dtype(), out, first * bytes, stride, values, 0, count, raw);
        return;
      }
      Values positions = new Values();
      if (wide) {
        positions.l = new MergeSort(keys).sort();
      } else {
        for (int x = 0; x < length; x++) {
          keys[x] = keys[x] << 32 | x;
        }
        sort(32);
        for (int x = 0; x < count; x++) {
          keys[x] &= Integer.MAX_VALUE;
        }
        positions.l = keys;
      }
      Stage.store(DType.I64, out, first * 8, kernel.inner() * 8, positions, 0, count, raw);
    }

    /** Ascending keys; complemented where greatest comes first. */
    private void toKeys() {
      long flip = kernel.descending() ? -1 : 0;
      for (int x = 0; x < length; x++) {
        long k =
            switch (type) {
              case F32 -> key(values.f[x]);
              case F64 -> key(values.d[x]);
              case I64 -> values.l[x];
              case I32, BOOL, F16, BF16, I16, I8, U8 -> values.i[x];
            };
        keys[x] = k ^ flip;
      }
    }

    private void fromKeys() {
      long flip = kernel.descending() ? -1 : 0;
      for (int x = 0; x < count; x++) {
        long k = keys[x] ^ flip;
        switch (type) {
          case F32 -> values.f[x] = unkey((int) k);
          case F64 -> values.d[x] = unkey(k);
          case I64 -> values.l[x] = k;
          case I32, BOOL, F16, BF16, I16, I8, U8 -> values.i[x] = (int) k;
        }
      }
    }

    /** Sorts the keys, whose numbers begin at bit {@code low}. */
    private void sort(int low) {
      if (radix) {
        if (RadixSort.sort(keys, spare, low, pool, parallel ? pool.threads() : 1)) {
          long[] sorted = spare;
          spare = keys;
          keys = sorted;
        }
      } else if (parallel) {
        sortParts();
      } else {
        Arrays.sort(keys);
      }
    }

    private void sortParts() {
      int parts = Integer.highestOneBit(Math.max(2, Math.min(2 * pool.threads(), length / PART)));
      int part = (length + parts - 1) / parts;
      long[] a = keys;
      pool.parallelFor(parts, p -> Arrays.sort(a, Math.min(length, p * part), Math.min(length, (p + 1) * part)));
      for (int run = part; run < length; run *= 2) {
        long[] source = keys;
        long[] target = spare;
        int step = run;
        int merges = (length + 2 * run - 1) / (2 * run);
        pool.parallelFor(merges, m -> MergeSort.merge(source, target, 2 * m * step, step));
        keys = target;
        spare = source;
      }
    }
  }
}
