package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.loop.Stage;
import dev.tenzan.cpu.loop.Values;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * Runs a {@link ScanKernel}. Lines that lie side by side are scanned together, as rows of running values; a line of neighbouring elements
 * is scanned in pieces of whole blocks, several blocks at a time, because each is a chain that waits for itself. Lines are shared out over
 * the threads; where there are fewer lines than threads, the pieces of a line are, and their carries are added in a second sweep.
 */
public final class ScanCode {
  private static final int WIDTH = 256;
  private static final int PIECE = 8 * ScanKernel.BLOCK;

  /** What a thread scans at a time of a line that all threads share. */
  private static final int LONG_PIECE = 64 * PIECE;

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
    if (kernel.inner() == 1 && kernel.outer() < pool.threads() && kernel.length() >= 4L * LONG_PIECE && type == kernel.dtype()) {
      for (long line = 0; line < kernel.outer(); line++) {
        longLine(segments, line * kernel.length());
      }
      return;
    }
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

  /** Scans the blocks of a line with all threads, chains their last results, and adds these. */
  private void longLine(MemorySegment[] segments, long first) {
    long length = kernel.length();
    int blocks = Math.toIntExact(Math.ceilDiv(length, (long) ScanKernel.BLOCK));
    int pieces = Math.toIntExact(Math.ceilDiv(length, (long) LONG_PIECE));
    Values carries = new Values();
    carries.reserve(type, blocks);
    pool.parallelFor(
        pieces,
        t -> {
          Worker worker = new Worker(segments[0], segments[1]);
          long end = Math.min(length, (t + 1L) * LONG_PIECE);
          for (long p = (long) t * LONG_PIECE; p < end; p += PIECE) {
            worker.localPiece(first + p, (int) Math.min(PIECE, end - p), carries, (int) (p / ScanKernel.BLOCK));
          }
        });
    BlockScan.chain(type, kernel.op(), carries, blocks);
    pool.parallelFor(
        pieces,
        t -> {
          Worker worker = new Worker(segments[1], segments[1]);
          long end = Math.min(length, (t + 1L) * LONG_PIECE);
          for (long p = (long) t * LONG_PIECE; p < end; p += PIECE) {
            worker.carryPiece(first + p, (int) Math.min(PIECE, end - p), carries, (int) (p / ScanKernel.BLOCK));
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
      for (long p = 0; p < kernel.length(); p += PIECE) {
        int n = (int) Math.min(PIECE, kernel.length() - p);
        long at = (outer * kernel.length() + p) * bytes;
        Stage.load(kernel.dtype(), in, at, bytes, values, 0, n, raw);
        BlockScan.local(type, kernel.op(), values, n);
        for (int b = 0; b < n; b += ScanKernel.BLOCK) {
          int m = Math.min(ScanKernel.BLOCK, n - b);
          if (p + b > 0) {
            BlockScan.addCarry(type, kernel.op(), carry, 0, values, b, m);
          }
          carry.copy(type, values, b + m - 1, 0, 1);
        }
        Rounding.round(kernel.dtype(), values, 0, n);
        Stage.store(kernel.dtype(), out, at, bytes, values, 0, n, raw);
      }
    }

    /** Scans the blocks of a piece without their carries, and notes their last results. */
    void localPiece(long at, int n, Values lasts, int block) {
      Stage.load(kernel.dtype(), in, at * bytes, bytes, values, 0, n, raw);
      BlockScan.local(type, kernel.op(), values, n);
      for (int b = 0; b < n; b += ScanKernel.BLOCK) {
        lasts.copy(type, values, Math.min(n, b + ScanKernel.BLOCK) - 1, block + b / ScanKernel.BLOCK, 1);
      }
      Stage.store(kernel.dtype(), out, at * bytes, bytes, values, 0, n, raw);
    }

    /** Adds to each block of a piece the last result of the block before. */
    void carryPiece(long at, int n, Values lasts, int block) {
      Stage.load(kernel.dtype(), in, at * bytes, bytes, values, 0, n, raw);
      for (int b = 0; b < n; b += ScanKernel.BLOCK) {
        int number = block + b / ScanKernel.BLOCK;
        if (number > 0) {
          BlockScan.addCarry(type, kernel.op(), lasts, number - 1, values, b, Math.min(ScanKernel.BLOCK, n - b));
        }
      }
      Stage.store(kernel.dtype(), out, at * bytes, bytes, values, 0, n, raw);
    }
  }
}
