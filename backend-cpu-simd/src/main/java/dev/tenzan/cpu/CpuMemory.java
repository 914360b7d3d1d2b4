package dev.tenzan.cpu;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.spi.MemoryStats;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pool of off-heap blocks in size classes. Each power of two is cut into four classes, so a block is less than 25 % larger than
 * what was asked for (or than 64 bytes). Blocks up to {@link #SMALL} are carved out of chunks that live as long as the pool; a larger
 * block has an arena of its own, which is closed when too much lies unused. All memory is {@link SystemMemory}.
 *
 * <p>New memory is filled with zeros; a block that comes back from the pool keeps its old contents.
 */
public final class CpuMemory implements AutoCloseable {
  /** The greatest block that is carved out of a chunk. */
  static final long SMALL = 256 << 10;

  private static final long CHUNK = 4 << 20;
  private static final long ALIGNMENT = 64;

  /** The greatest block, more than a process has addresses for. */
  private static final long MOST = 1L << 46;

  private static final int CLASSES = sizeClass(MOST) + 1;

  /** Memory of one size class; {@code arena} is null where it is a part of a chunk. */
  record Block(MemorySegment memory, int sizeClass, @Nullable Arena arena) {}

  private final long unusedLimit;
  private final long heldLimit;
  private final Arena chunks = Arena.ofShared();
  private final List<@Nullable ArrayDeque<Block>> idle = new ArrayList<>();
  private final Set<Arena> largeArenas = new HashSet<>();
  private @Nullable MemorySegment chunk;
  private long chunkUsed;

  /** The bytes of all blocks with arenas of their own, and of chunks. */
  private long held;

  private long live;
  private long pooled;
  private long peak;
  private long allocations;
  private boolean closed;

  /**
   * Creates an empty pool.
   *
   * @param unusedLimit the number of unused bytes above which large blocks are given back to the operating system
   * @param heldLimit the bytes that it may hold in all
   */
  public CpuMemory(long unusedLimit, long heldLimit) {
    this.unusedLimit = unusedLimit;
    this.heldLimit = heldLimit;
    for (int i = 0; i < CLASSES; i++) {
      idle.add(null);
    }
  }

  /** The index of the least size class that holds {@code bytes}. */
  static int sizeClass(long bytes) {
    if (bytes <= 4 * ALIGNMENT) {
      return (int) ((Math.max(bytes, 1) - 1) / ALIGNMENT);
    }
    int log = 63 - Long.numberOfLeadingZeros(bytes - 1);
    int quarter = (int) ((bytes - 1) >>> (log - 2)) & 3;
    return (log - 7) * 4 + quarter;
  }

  /** The size of a class's blocks in bytes. */
  static long classBytes(int sizeClass) {
    if (sizeClass < 4) {
      return (sizeClass + 1) * ALIGNMENT;
    }
    int log = sizeClass / 4 + 7;
    return (5L + sizeClass % 4) << (log - 2);
  }

  /**
   * Takes a block from the pool, or new memory; the contents are unspecified.
   *
   * @throws DeviceMemoryException where there is no memory even after the pool was emptied
   */
  public HostBuffer allocate(long bytes) {
    if (bytes < 0 || bytes > MOST) {
      throw new DeviceMemoryException("allocate: " + bytes + " bytes is not a possible size; use a smaller shape");
    }
    int sizeClass = sizeClass(bytes);
    synchronized (this) {
      if (closed) {
        throw new ClosedException("allocate: the cpu backend is closed; open it again");
      }
      ArrayDeque<Block> queue = idle.get(sizeClass);
      Block block = queue == null ? null : queue.pollLast();
      if (block != null) {
        pooled -= classBytes(sizeClass);
      } else {
        block = fresh(sizeClass, bytes);
      }
      allocations++;
      live += bytes;
      peak = Math.max(peak, live);
      return new HostBuffer(this, block, bytes);
    }
  }

  private Block fresh(int sizeClass, long bytes) {
    try {
      return tryFresh(sizeClass);
    } catch (OutOfMemoryError first) {
      trim(0);
      try {
        return tryFresh(sizeClass);
      } catch (OutOfMemoryError second) {
        throw new DeviceMemoryException(
            "allocate: no memory for " + bytes + " bytes on cpu: " + second.getMessage() + "; " + live + " bytes are live, " + pooled
                + " pooled; close tensors or scopes earlier, or raise the limit by -D" + CpuBackend.MEMORY_LIMIT_PROPERTY,
            second);
      }
    }
  }

  private Block tryFresh(int sizeClass) {
    long size = classBytes(sizeClass);
    if (size <= SMALL) {
      MemorySegment c = chunk;
      if (c == null || chunkUsed + size > CHUNK) {
        c = fromSystem(chunks, CHUNK);
        chunk = c;
        chunkUsed = 0;
      }
      MemorySegment memory = c.asSlice(chunkUsed, size);
      chunkUsed += size;
      return new Block(memory, sizeClass, null);
    }
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = fromSystem(arena, size);
      largeArenas.add(arena);
      return new Block(memory, sizeClass, arena);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw e;
    }
  }

  private MemorySegment fromSystem(Arena arena, long bytes) {
    if (held + bytes > heldLimit) {
      throw new OutOfMemoryError("it holds " + held + " bytes of " + heldLimit);
    }
    MemorySegment memory = SystemMemory.allocate(arena, bytes);
    held += bytes;
    return memory;
  }

  /**
   * Gives a buffer back to the pool.
   *
   * @throws DeviceException where it was freed before or belongs to another pool
   */
  public void free(HostBuffer buffer) {
    synchronized (this) {
      if (buffer.owner() != this) {
        throw new DeviceException("free: the buffer belongs to another cpu backend; free it there");
      }
      if (buffer.isFreed()) {
        throw new DeviceException(
            "free: a buffer of " + buffer.byteSize() + " bytes was freed before; free each buffer once");
      }
      buffer.markFreed();
      live -= buffer.byteSize();
      if (closed) {
        return;
      }
      int sizeClass = buffer.block.sizeClass();
      ArrayDeque<Block> queue = idle.get(sizeClass);
      if (queue == null) {
        queue = new ArrayDeque<>();
        idle.set(sizeClass, queue);
      }
      queue.addLast(buffer.block);
      pooled += classBytes(sizeClass);
      if (pooled > unusedLimit) {
        trim(unusedLimit);
      }
    }
  }

  /** Closes the arenas of unused large blocks, the largest first, until no more than {@code keep} bytes lie unused. */
  public synchronized void trim(long keep) {
    for (int c = CLASSES - 1; c >= 0 && pooled > keep && classBytes(c) > SMALL; c--) {
      ArrayDeque<Block> queue = idle.get(c);
      while (queue != null && pooled > keep) {
        Block block = queue.pollFirst();
        if (block == null) {
          break;
        }
        Arena arena = block.arena();
        if (arena != null) {
          largeArenas.remove(arena);
          arena.close();
          held -= classBytes(c);
        }
        pooled -= classBytes(c);
      }
    }
  }

  /** The pool's counters. */
  public synchronized MemoryStats stats() {
    return new MemoryStats(live, pooled, peak, allocations);
  }

  /** Gives all memory back to the operating system; buffers cannot be used afterwards. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    pooled = 0;
    idle.replaceAll(q -> null);
    largeArenas.forEach(Arena::close);
    largeArenas.clear();
    chunk = null;
    chunks.close();
  }
}
