package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.loop.Stage;
import dev.tenzan.cpu.loop.Values;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * Runs a {@link ScanKernel}. Lines that lie side by side are scanned together, as rows of running values; a line of neighbouring elements
 * is scanned in pieces of whole blocks. Lines are shared out over the threads.
 */
public final class ScanCode {
  private static final int WIDTH = 256;
  private static final int PIECE = 8 * ScanKernel.BLOCK;
  private static final long TASK_ELEMENTS = 16 * 1024;

  private final ScanKernel kernel;
  private final CpuPool pool;
  private final DType type;
  private final int bytes;
  private final long columnChunks;

  /** Prepares a kernel. */
  public ScanCode(ScanKernel kernel, CpuPool pool) {
    this.kernel = kernel;
    this.pool = pool;
    this.type = kernel.dtype().compute();
    this.bytes = kernel.dtype().byteSize();
    this.columnChunks = (kernel.inner() + WIDTH - 1) / WIDTH;
  }

  /** Runs the kernel on the input and the output. */
  public void run(MemorySegment[] segments) {
    long units = kernel.length() == 0 ? 0 : kernel.outer() * columnChunks;
    double work = (double) kernel.outer() * kernel.length() * kernel.inner();
    int tasks = (int) Math.min(units, Math.max(1, Math.min(4.0 * pool.threads(), work / TASK_ELEMENTS)));
    pool.parallelFor(
        tasks,
        t -> {
          Worker worker = new Worker(segments[0], segments[1]);
          for (long u = units * t / tasks; u < units * (t + 1) / tasks; u++) {
            if (kernel.inner() == 1) {
              worker.line(u);
            } else {
              worker.columns(u / columnChunks, u % columnChunks * WIDTH);
            }
          }
        });
  }

  /** The scratch memory of one task. */
  private final class Worker {
    private final MemorySegment in;
    private final MemorySegment out;
    private final Stage.Raw raw = new Stage.Raw();
    private final Values values = new Values();
    private final Values local = new Values();
    private final Values carry = new Values();

    Worker(MemorySegment in, MemorySegment out) {
      this.in = in;
      this.out = out;
      values.reserve(type, PIECE);
      local.reserve(type, WIDTH);
      carry.reserve(type, WIDTH);
    }

    /** Scans neighbouring lines; a row is one position on the axis. */
    void columns(long outer, long column) {
      int width = (int) Math.min(WIDTH, kernel.inner() - column);
      for (long p = 0; p < kernel.length(); p++) {
        long at = ((outer * kernel.length() + p) * kernel.inner() + column) * bytes;
        Stage.load(kernel.dtype(), in, at, bytes, values, 0, width, raw);
        if (p % ScanKernel.BLOCK == 0) {
          if (p > 0) {
            carry.copy(type, values, WIDTH, 0, width); // the last results
          }
          local.copy(type, values, 0, 0, width);
        } else {
          local.accumulate(type, kernel.op(), 0, values, 0, width);
        }
        if (p < ScanKernel.BLOCK) {
          values.copy(type, local, 0, WIDTH, width);
        } else {
          values.copy(type, carry, 0, WIDTH, width);
          values.accumulate(type, kernel.op(), WIDTH, local, 0, width);
        }
        // Results are kept unrounded for the carry; the copy for the store may be rounded.
        values.copy(type, values, WIDTH, 0, width);
        Rounding.round(kernel.dtype(), values, 0, width);
        Stage.store(kernel.dtype(), out, at, bytes, values, 0, width, raw);
      }
    }

    /** Scans one line of neighbouring elements. */
    void line(long outer) {
      boolean first = true;
      for (long p = 0; p < kernel.length(); p += PIECE) {
        int n = (int) Math.min(PIECE, kernel.length() - p);
        long at = (outer * kernel.length() + p) * bytes;
        Stage.load(kernel.dtype(), in, at, bytes, values, 0, n, raw);
        for (int b = 0; b < n; b += ScanKernel.BLOCK) {
          int m = Math.min(ScanKernel.BLOCK, n - b);
          chain(b, m);
          if (!first) {
            addCarry(b, m);
          }
          carry.copy(type, values, b + m - 1, 0, 1);
          first = false;
        }
        Rounding.round(kernel.dtype(), values, 0, n);
        Stage.store(kernel.dtype(), out, at, bytes, values, 0, n, raw);
      }
    }

    private void chain(int at, int n) {
      if (kernel.op() == ReduceOp.SUM && type == DType.F32) {
        float[] v = values.f;
        float s = v[at];
        for (int x = at + 1; x < at + n; x++) {
          s += v[x];
          v[x] = s;
        }
      } else if (kernel.op() == ReduceOp.SUM && type == DType.F64) {
        double[] v = values.d;
        double s = v[at];
        for (int x = at + 1; x < at + n; x++) {
          s += v[x];
          v[x] = s;
        }
      } else {
        for (int x = 1; x < n; x++) {
          // value[x] = value[x - 1] op value[x]: the operations commute up to the sign of NaN
          values.accumulate(type, kernel.op(), at + x, values, at + x - 1, 1);
        }
      }
    }

    private void addCarry(int at, int n) {
      local.copy(type, carry, 0, 0, 1);
      spread(n);
      values.accumulate(type, kernel.op(), at, local, 0, n);
    }

    /** Fills the locals with their first value. */
    private void spread(int n) {
      for (int have = 1; have < n; have *= 2) {
        local.copy(type, local, 0, have, Math.min(have, n - have));
      }
    }
  }
}
