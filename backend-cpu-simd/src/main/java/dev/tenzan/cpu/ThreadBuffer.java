package dev.tenzan.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Off-heap working memory of each thread that grows to the largest size asked for; the collector frees it. */
public final class ThreadBuffer {
  private static final long ALIGNMENT = 64;

  /** From here on, a large page or several are worth what they leave unused. */
  private static final long LEAST_LARGE = SystemMemory.PAGE / 2;

  /** Below, zeros are soon written. */
  private static final long LEAST_OF_SYSTEM = 64 << 10;

  private final ThreadLocal<MemorySegment> buffer = ThreadLocal.withInitial(() -> MemorySegment.NULL);

  /** The calling thread's memory, of at least so many bytes; what it holds is open after it has grown. */
  public MemorySegment atLeast(long bytes) {
    MemorySegment known = buffer.get();
    if (known.byteSize() >= bytes) {
      return known;
    }
    MemorySegment grown = grow(bytes + bytes / 4);
    buffer.set(grown);
    return grown;
  }

  private static MemorySegment grow(long bytes) {
    if (bytes < LEAST_OF_SYSTEM) {
      return Arena.ofAuto().allocate(bytes, ALIGNMENT);
    }
    return SystemMemory.allocateCollected(bytes < LEAST_LARGE ? bytes : Math.ceilDiv(bytes, SystemMemory.PAGE) * SystemMemory.PAGE);
  }
}
