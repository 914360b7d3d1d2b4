package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.spi.MemoryStats;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one device. Sizes are rounded up to quarters of a power of two, so a block is less than 25 % (or 256 bytes) larger
 * than what was asked for, and one that was freed fits the next of about its size: {@code cuMemAlloc} and {@code cuMemFree} wait for the
 * device. A freed block may be handed out while kernels that use it still run, as the stream is in order.
 */
final class BufferPool {
  /** What the driver aligns to. */
  private static final long SMALLEST = 256;

  private final CudaDriver driver;
  private final CudaDriver.Context context;
  private final String name;
  private final int device;
  private final long capacity;
  private final Holder holder;
  private final Map<Long, ArrayDeque<Long>> idle = new HashMap<>();
  private final Set<Long> all = new HashSet<>();
  private long live;
  private long pooled;
  private long peak;
  private long allocations;
  private boolean closed;

  /** Who may hold launches back: blocks that were freed behind them must stay until they are in the stream. */
  interface Holder {
    /** Whether some are held back. */
    boolean isHolding();

    /** Does something once none are. Its lock comes before the pool's. */
    <T> T settled(Supplier<T> action);
  }

  BufferPool(CudaDriver driver, CudaDriver.Context context, String name, int device, long capacity, Holder holder) {
    this.holder = holder;
    this.driver = driver;
    this.context = context;
    this.name = name;
    this.device = device;
    this.capacity = capacity;
  }

  /** The size of the block for so many bytes. */
  static long blockBytes(long bytes) {
    if (bytes <= SMALLEST) {
      return SMALLEST;
    }
    long step = Math.max(SMALLEST, Long.highestOneBit(bytes - 1) / 4);
    return (bytes + step - 1) / step * step;
  }

  /** A buffer for a user, who frees it. */
  CudaBuffer allocate(long bytes) {
    return allocate(bytes, true);
  }

  /** A buffer that the device keeps for its own use, and that no count of what users hold knows. */
  CudaBuffer reserve(long bytes) {
    return allocate(bytes, false);
  }

  private CudaBuffer allocate(long bytes, boolean users) {
    try {
      return take(bytes, users);
    } catch (DriverError e) {
      if (!ErrorCodes.isMemory(e.code())) {
        throw e;
      }
      return holder.settled(() -> takeAfterTrim(bytes, users));
    }
  }

  /** A block, where there is none new memory. */
  private synchronized CudaBuffer take(long bytes, boolean users) {
    if (closed) {
      throw new ClosedException("allocate: the cuda backend is closed; open it again");
    }
    if (bytes < 0 || bytes > capacity) {
      throw new DeviceMemoryException(
          "allocate: " + bytes + " bytes on " + name + ", which has " + capacity + "; use smaller tensors");
    }
    long size = blockBytes(bytes);
    ArrayDeque<Long> queue = idle.get(size);
    Long address = queue == null ? null : queue.pollLast();
    if (address == null) {
      address = create(size);
    } else {
      pooled -= size;
    }
    if (users) {
      allocations++;
      live += bytes;
      peak = Math.max(peak, live);
    }
    return new CudaBuffer(this, device, address, size, bytes, users);
  }

  /** Where there is no memory the unused blocks are given back, and it is tried once more. */
  private synchronized CudaBuffer takeAfterTrim(long bytes, boolean users) {
    trim();
    try {
      return take(bytes, users);
    } catch (DriverError e) {
      if (!ErrorCodes.isMemory(e.code())) {
        throw e;
      }
      throw full(bytes, e);
    }
  }

  private long create(long size) {
    long address = driver.allocate(context, size);
    all.add(address);
    return address;
  }

  private DeviceMemoryException full(long bytes, DriverError cause) {
    return new DeviceMemoryException(
        "allocate: no memory for " + bytes + " bytes on " + name + ", which has " + capacity + "; " + live
            + " bytes are live here, and other processes may hold more (nvidia-smi); close tensors or scopes earlier",
        cause);
  }

  synchronized void free(CudaBuffer buffer) {
    if (buffer.isFreed()) {
      throw new DeviceException(
          "free: a buffer of " + buffer.byteSize() + " bytes was freed before; free each buffer once");
    }
    buffer.markFreed();
    live -= buffer.users ? buffer.byteSize() : 0;
    if (!closed) {
      idle.computeIfAbsent(buffer.blockBytes, _ -> new ArrayDeque<>()).addLast(buffer.address);
      pooled += buffer.blockBytes;
      if (pooled > capacity / 4 && !holder.isHolding()) {
        trim();
      }
    }
  }

  /** Gives unused blocks back to the device. */
  private void trim() {
    for (ArrayDeque<Long> queue : idle.values()) {
      for (long address : queue) {
        all.remove(address);
        driver.free(context, address);
      }
    }
    idle.clear();
    pooled = 0;
  }

  synchronized MemoryStats stats() {
    return new MemoryStats(live, pooled, peak, allocations);
  }

  /** Whether a buffer of it is used on {@code other}. */
  boolean isOf(@Nullable CudaDevice other) {
    return other != null && other.pool.equals(this);
  }

  synchronized void close() {
    closed = true;
    for (long address : all) {
      driver.free(context, address);
    }
    all.clear();
    idle.clear();
    pooled = 0;
  }
}
