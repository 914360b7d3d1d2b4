package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.ScanBlocks;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.ScanKernel;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Sums and products along lines of neighbouring elements in machine code: a piece's blocks by themselves, the chain of their last results, and
 * the carries, while the piece is in the first cache or the second. Threads take lines; a long line's pieces are shared out, and then each block
 * is scanned twice, the first time for its last result alone.
 */
public final class MachineScan {
  /** The bytes of a piece: groups of blocks in whole. */
  private static final long PIECE_BYTES = 32 << 10;

  /** Lines that are not whole blocks fill their last group up, which costs as much as a whole one. */
  private static final long LEAST_ODD_LINE = 2048;

  private static final long TASK_BYTES = 128 << 10;
  private static final long TASKS_PER_THREAD = 4;

  /** The pieces of a task of a long line. */
  private static final long TASK_PIECES = 4;

  /** The blocks whose last results are chained by one call, which is over in microseconds. */
  private static final long CALL_BLOCKS = 4096;

  private static final long ALIGNMENT = 64;

  private static final ThreadBuffer SCRATCH = new ThreadBuffer();
  private static final ThreadBuffer ALL_CARRIES = new ThreadBuffer();

  private final ScanKernel kernel;
  private final CpuPool pool;
  private final ScanBlocks code;
  private final boolean streams;
  private final long lineBytes;
  private final long blocks;
  private final long pieceBlocks;

  private MachineScan(ScanKernel kernel, CpuPool pool, ScanBlocks code, boolean streams) {
    this.kernel = kernel;
    this.pool = pool;
    this.code = code;
    this.streams = streams;
    this.lineBytes = kernel.length() * kernel.dtype().byteSize();
    this.blocks = Math.ceilDiv(kernel.length(), (long) ScanKernel.BLOCK);
    this.pieceBlocks = PIECE_BYTES / code.blockBytes();
  }

  /**
   * The program of a kernel, or null where there is no machine code for it.
   *
   * @param streams whether results pass the caches by
   */
  public static @Nullable MachineScan of(ScanKernel kernel, CpuPool pool, VectorSet set, boolean streams) {
    boolean odd = kernel.length() % ScanKernel.BLOCK != 0;
    boolean some = kernel.outer() > 0 && kernel.length() >= (odd ? LEAST_ODD_LINE : 1);
    ScanBlocks code = some && kernel.inner() == 1 ? ScanBlocks.of(set, kernel.dtype(), kernel.op()) : null;
    boolean fills = code != null && kernel.outer() * kernel.length() * kernel.dtype().byteSize() >= code.groupBytes();
    return code == null || !fills ? null : new MachineScan(kernel, pool, code, streams);
  }

  /** Runs the kernel. */
  public void run(MemorySegment in, MemorySegment out) {
    boolean isShared = kernel.outer() < pool.threads() && blocks >= 2 * TASK_PIECES * pieceBlocks;
    if (isShared) {
      for (long line = 0; line < kernel.outer(); line++) {
        sharedLine(in, out, line * lineBytes);
      }
      return;
    }
    long most = Math.max(1, kernel.outer() * lineBytes / TASK_BYTES);
    int tasks = (int) Math.min(kernel.outer(), Math.min(most, TASKS_PER_THREAD * pool.threads()));
    pool.parallelFor(tasks, t -> lines(new Piece(in, out), kernel.outer() * t / tasks, kernel.outer() * (t + 1) / tasks));
  }

  private void lines(Piece piece, long first, long end) {
    if (kernel.length() % ScanKernel.BLOCK == 0 && blocks <= pieceBlocks) {
      long together = pieceBlocks / blocks;
      for (long line = first; line < end; line += together) {
        long lines = Math.min(together, end - line);
        piece.scan(line * lineBytes, lines * lineBytes, lines, code.identity());
      }
      return;
    }
    for (long line = first; line < end; line++) {
      long state = code.identity();
      for (long at = 0; at < lineBytes; at += PIECE_BYTES) {
        state = piece.scan(line * lineBytes + at, Math.min(PIECE_BYTES, lineBytes - at), 1, state);
      }
    }
  }

  /** Computes the last results of all blocks, makes carries of them, and scans again. */
  private void sharedLine(MemorySegment in, MemorySegment out, long line) {
    long room = Math.ceilDiv(blocks, code.blocksOfGroup()) * code.blocksOfGroup() * Long.BYTES;
    MemorySegment carries = ALL_CARRIES.atLeast(2 * room);
    long lasts = carries.address() + room;
    long taskBytes = TASK_PIECES * PIECE_BYTES;
    int tasks = Math.toIntExact(Math.ceilDiv(lineBytes, taskBytes));
    long bytes = kernel.dtype().byteSize();
    pool.parallelFor(tasks, t -> {
      long at = t * taskBytes;
      new Piece(in, out).lasts(line + at, Math.min(taskBytes, lineBytes - at), lasts + at / code.blockBytes() * bytes);
    });
    long state = code.identity();
    for (long block = 0; block < blocks; block += CALL_BLOCKS) {
      state = code.chain(lasts + block * bytes, carries.address() + block * bytes, 1, Math.min(CALL_BLOCKS, blocks - block), state);
    }
    pool.parallelFor(tasks, t -> {
      Piece piece = new Piece(in, out);
      for (long at = t * taskBytes; at < Math.min(lineBytes, (t + 1) * taskBytes); at += PIECE_BYTES) {
        piece.scan(line + at, Math.min(PIECE_BYTES, lineBytes - at), carries.address() + at / code.blockBytes() * bytes);
      }
    });
  }

  /** A thread's memory for a piece. */
  private final class Piece {
    private final MemorySegment in;
    private final MemorySegment out;
    private final MemorySegment scratch;
    private final long lasts;
    private final long carries;
    private final long padded;
    private final boolean passesBy;

    Piece(MemorySegment in, MemorySegment out) {
      this.in = in;
      this.out = out;
      // Only whole vectors pass the caches by.
      this.passesBy = streams && out.address() % ALIGNMENT == 0 && (lineBytes % ALIGNMENT == 0 || kernel.outer() == 1);
      long results = pieceBlocks * Long.BYTES;
      this.lasts = PIECE_BYTES;
      this.carries = lasts + results;
      this.padded = carries + results;
      this.scratch = SCRATCH.atLeast(padded + code.groupBytes());
    }

    /** Scans whole lines, or a part of one that begins with a carry; returns the carry behind it. */
    long scan(long at, long bytes, long lines, long state) {
      locals(at, bytes);
      long all = Math.ceilDiv(bytes, (long) code.blockBytes());
      long after = code.chain(scratch.address() + lasts, scratch.address() + carries, lines, all / lines, state);
      finish(at, bytes, scratch.address() + carries);
      return after;
    }

    /** Scans a part of a line whose blocks have carries. */
    void scan(long at, long bytes, long carriesOfBlocks) {
      locals(at, bytes);
      finish(at, bytes, carriesOfBlocks);
    }

    private void locals(long at, long bytes) {
      long groups = bytes / code.groupBytes();
      if (groups > 0) {
        code.locals(in.address() + at, scratch.address(), scratch.address() + lasts, groups);
      }
      long done = groups * code.groupBytes();
      if (done < bytes) {
        long from = pad(at + done, bytes - done);
        long vectors = groups * code.groupBytes() / ScanKernel.BLOCK;
        code.locals(from, scratch.address() + done, scratch.address() + lasts + vectors, 1);
      }
    }

    /** Computes the last results of blocks alone. */
    void lasts(long at, long bytes, long target) {
      long groups = bytes / code.groupBytes();
      if (groups > 0) {
        code.lasts(in.address() + at, target, groups);
      }
      long done = groups * code.groupBytes();
      if (done < bytes) {
        code.lasts(pad(at + done, bytes - done), target + done / ScanKernel.BLOCK, 1);
      }
    }

    /** Copies what is less than a group, and fills it up; nobody reads what comes of that. */
    private long pad(long at, long bytes) {
      MemorySegment group = scratch.asSlice(padded, code.groupBytes());
      MemorySegment.copy(in, at, group, 0, bytes);
      group.asSlice(bytes).fill((byte) 0);
      return group.address();
    }

    private void finish(long at, long bytes, long carriesOfBlocks) {
      long whole = bytes / code.blockBytes();
      long source = scratch.address();
      if (whole > 0) {
        code.carries(source, out.address() + at, carriesOfBlocks, whole, passesBy);
      }
      long done = whole * code.blockBytes();
      if (done < bytes) {
        long carry = carriesOfBlocks + whole * kernel.dtype().byteSize();
        code.carries(source + done, scratch.address() + padded, carry, 1, false);
        MemorySegment.copy(scratch, padded, out, at + done, bytes - done);
      }
    }
  }
}
