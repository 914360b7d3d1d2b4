package dev.tenzan.cuda.sim;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** A stretch of simulated memory: an allocation, a block's shared memory, a warp's local memory, a launch's parameters. */
final class Region {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  final long base;
  final long size;
  final MemorySegment data;

  /** Whether each byte has been written, where that is checked. */
  final byte @Nullable [] written;

  /** Whether kernels may only read it. */
  final boolean constant;

  Region(long base, long size, boolean checked, boolean constant) {
    this.base = base;
    this.size = size;
    this.constant = constant;
    // An array of longs is aligned for every access, zeroed, and left to the garbage collector.
    this.data = MemorySegment.ofArray(new long[Math.toIntExact((size + 7) / 8)]);
    this.written = checked ? new byte[Math.toIntExact(size)] : null;
  }

  boolean holds(long offset, int bytes) {
    return offset >= 0 && offset <= size - bytes;
  }

  long load(long offset, int bytes) {
    return switch (bytes) {
      case 1 -> data.get(ValueLayout.JAVA_BYTE, offset) & 0xffL;
      case 2 -> data.get(SHORT, offset) & 0xffffL;
      case 4 -> data.get(INT, offset) & 0xffff_ffffL;
      default -> data.get(LONG, offset);
    };
  }

  void store(long offset, int bytes, long bits) {
    switch (bytes) {
      case 1 -> data.set(ValueLayout.JAVA_BYTE, offset, (byte) bits);
      case 2 -> data.set(SHORT, offset, (short) bits);
      case 4 -> data.set(INT, offset, (int) bits);
      default -> data.set(LONG, offset, bits);
    }
    if (written != null) {
      mark(offset, bytes);
    }
  }

  void mark(long offset, long bytes) {
    if (written != null) {
      for (long i = offset; i < offset + bytes; i++) {
        written[(int) i] = 1;
      }
    }
  }

  /** Whether every byte has been written, or that is not checked. */
  boolean isWritten(long offset, int bytes) {
    if (written != null) {
      for (int i = 0; i < bytes; i++) {
        if (written[(int) offset + i] == 0) {
          return false;
        }
      }
    }
    return true;
  }
}
