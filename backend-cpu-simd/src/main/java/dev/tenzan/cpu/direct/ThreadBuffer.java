package dev.tenzan.cpu.direct;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Off-heap working memory of each thread that grows to the largest size asked for; the collector frees it. */
final class ThreadBuffer {
  private static final long ALIGNMENT = 64;

  private final ThreadLocal<MemorySegment> buffer = ThreadLocal.withInitial(() -> MemorySegment.NULL);

  /** The calling thread's memory, of at least so many bytes; what it holds is open after it has grown. */
  MemorySegment atLeast(long bytes) {
    MemorySegment known = buffer.get();
    if (known.byteSize() >= bytes) {
      return known;
    }
    MemorySegment grown = Arena.ofAuto().allocate(bytes + bytes / 4, ALIGNMENT);
    buffer.set(grown);
    return grown;
  }
}
