package dev.tenzan.reference;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.MemoryStats;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The off-heap memory of the reference backend. Each block has an arena of its own; freed blocks are kept by
 * size class, because to close a shared arena stops every thread for a moment. Not safe for use by several
 * threads.
 */
final class HostMemory {
  /** The system property that sets the most bytes that are held, in buffers and for reuse together. */
  static final String LIMIT_PROPERTY = "tenzan.reference.memory";

  private static final int ALIGNMENT = 64;

  /** A piece of memory that is allocated and given back to the system as a whole. */
  record Block(Arena arena, MemorySegment segment) {}

  private final long limit;
  private final Map<Long, ArrayDeque<Block>> pool = new HashMap<>();
  private final Set<Block> inUse = new HashSet<>();
  private long inUseBytes;
  private long liveBytes;
  private long pooledBytes;
  private long peakBytes;
  private long allocations;
  private boolean closed;

  /** Memory that holds at most {@code limit} bytes. */
  HostMemory(long limit) {
    this.limit = limit;
  }

  /** The limit from {@value #LIMIT_PROPERTY}; without it the greatest heap size, as for direct buffers. */
  static long defaultLimit() {
    String text = System.getProperty(LIMIT_PROPERTY);
    if (text == null) {
      return Runtime.getRuntime().maxMemory();
    }
    try {
      long limit = Long.parseLong(text.strip());
      if (limit > 0) {
        return limit;
      }
    } catch (NumberFormatException e) {
      throw new DeviceException(malformedLimit(text), e);
    }
    throw new DeviceException(malformedLimit(text));
  }

  private static String malformedLimit(String text) {
    return "reference: -D" + LIMIT_PROPERTY + "=" + text + " is not a size; give a positive number of bytes";
  }

  long limit() {
    return limit;
  }

  HostBuffer allocate(long bytes) {
    checkOpen();
    if (bytes < 0) {
      throw new DeviceMemoryException("allocate: negative size " + bytes + "; sizes are 0 or more");
    }
    if (bytes > limit) {
      throw exhausted(bytes, null);
    }
    long capacity = sizeClass(bytes);
    Block block = takePooled(capacity);
    if (block == null) {
      if (inUseBytes + pooledBytes + capacity > limit) {
        releasePool();
      }
      if (inUseBytes + capacity > limit) {
        throw exhausted(bytes, null);
      }
      block = fromSystem(bytes, capacity);
    }
    HostBuffer buffer = new HostBuffer(this, block, bytes);
    inUse.add(block);
    inUseBytes += capacity;
    liveBytes += bytes;
    peakBytes = Math.max(peakBytes, liveBytes);
    allocations++;
    return buffer;
  }

  void free(Buffer buffer) {
    checkOpen();
    HostBuffer b = owned(buffer, "free");
    b.markFreed();
    long capacity = b.block().segment().byteSize();
    inUse.remove(b.block());
    inUseBytes -= capacity;
    liveBytes -= b.byteSize();
    pooledBytes += capacity;
    pool.computeIfAbsent(capacity, c -> new ArrayDeque<>()).push(b.block());
  }

  /** The memory behind a live buffer of this backend. */
  MemorySegment segment(Buffer buffer, String op) {
    checkOpen();
    return owned(buffer, op).segment();
  }

  MemoryStats stats() {
    return new MemoryStats(liveBytes, pooledBytes, peakBytes, allocations);
  }

  void close() {
    if (!closed) {
      closed = true;
      releasePool();
      for (Block block : inUse) {
        block.arena().close();
      }
      inUse.clear();
      inUseBytes = 0;
      liveBytes = 0;
    }
  }

  void checkOpen() {
    if (closed) {
      throw new ClosedException("reference: the backend is closed; open it again before use");
    }
  }

  private HostBuffer owned(Buffer buffer, String op) {
    if (!(buffer instanceof HostBuffer b) || b.owner() != this) {
      throw new DeviceException(
          op + ": " + buffer + " belongs to another backend; copy its contents to this one first");
    }
    if (b.isFreed()) {
      throw new ClosedException(op + ": " + b + " was freed; free each buffer once, after its last use");
    }
    return b;
  }

  private @Nullable Block takePooled(long capacity) {
    ArrayDeque<Block> blocks = pool.get(capacity);
    Block block = blocks == null ? null : blocks.poll();
    if (block != null) {
      pooledBytes -= capacity;
    }
    return block;
  }

  /** A new block; its arena is closed when the pool is released or the backend closed. */
  @SuppressWarnings("MustBeClosedChecker")
  private Block fromSystem(long bytes, long capacity) {
    Arena arena = Arena.ofShared();
    try {
      return new Block(arena, arena.allocate(capacity, ALIGNMENT));
    } catch (OutOfMemoryError e) {
      arena.close();
      throw exhausted(bytes, e);
    }
  }

  private void releasePool() {
    for (ArrayDeque<Block> blocks : pool.values()) {
      for (Block block : blocks) {
        block.arena().close();
      }
    }
    pool.clear();
    pooledBytes = 0;
  }

  private DeviceMemoryException exhausted(long bytes, @Nullable Throwable cause) {
    String message =
        "allocate: " + bytes + " bytes do not fit the reference device: " + liveBytes + " of " + limit
            + " bytes are in live buffers; close tensors or scopes, or raise -D"
            + LIMIT_PROPERTY + "=<bytes>";
    return cause == null ? new DeviceMemoryException(message) : new DeviceMemoryException(message, cause);
  }

  /** The size rounded up so that at most a fifth is lost: four classes between powers of two. */
  private static long sizeClass(long bytes) {
    long least = Math.max(bytes, ALIGNMENT);
    long step = Math.max(ALIGNMENT, Long.highestOneBit(least) / 4);
    return (least + step - 1) / step * step;
  }
}
