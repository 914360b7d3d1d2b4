package dev.tenzan.opencl;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.ErrorCodes;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.spi.MemoryStats;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The buffers of one device, in size classes: each power of two is cut into four, so a block is less than 25 % larger than what was
 * asked for (or than 256 bytes). A freed block may be handed out while commands that use it still run: the queue is in order.
 *
 * <p>With {@code -Dtenzan.opencl.pool=off} every buffer is a block of its own, exactly as large as was asked for, and stays until the end:
 * for tools that look for accesses out of bounds and for values that were never written, which other blocks would hide from them.
 */
final class BufferPool {
  /** The system property that switches pooling off. */
  static final String PROPERTY = "tenzan.opencl.pool";

  private static final int CLASSES = 4 * 64;
  private static final int SMALLEST = 8; // the logarithm of the bytes of the least class

  private final OpenClDriver driver;
  private final OpenClDriver.Context context;
  private final String name;
  private final int device;
  private final long capacity;
  private final long largest;
  private final boolean pooling;
  private final List<ArrayDeque<OpenClDriver.Memory>> idle = new ArrayList<>();
  private final List<OpenClDriver.Memory> all = new ArrayList<>();
  private long live;
  private long held;
  private long pooled;
  private long peak;
  private long allocations;
  private boolean closed;

  BufferPool(
      OpenClDriver driver, OpenClDriver.Context context, String name, int device, long capacity, long largest) {
    this.driver = driver;
    this.context = context;
    this.name = name;
    this.device = device;
    this.capacity = capacity;
    this.largest = largest;
    String asked = System.getProperty(PROPERTY, "on").strip();
    if (!asked.equals("on") && !asked.equals("off")) {
      throw new DeviceException("-D" + PROPERTY + ": '" + asked + "' is not known; give on or off");
    }
    this.pooling = asked.equals("on");
    for (int i = 0; i < CLASSES; i++) {
      idle.add(new ArrayDeque<>());
    }
  }

  /** The index of the least size class that holds {@code bytes}. */
  static int sizeClass(long bytes) {
    if (bytes <= 1L << SMALLEST) {
      return 0;
    }
    int log = 63 - Long.numberOfLeadingZeros(bytes - 1);
    int quarter = (int) ((bytes - 1) >>> (log - 2)) & 3;
    return (log - SMALLEST) * 4 + quarter + 1;
  }

  /** The size of a class's blocks in bytes. */
  static long classBytes(int sizeClass) {
    if (sizeClass == 0) {
      return 1L << SMALLEST;
    }
    int log = (sizeClass - 1) / 4 + SMALLEST;
    return (5L + (sizeClass - 1) % 4) << (log - 2);
  }

  synchronized OpenClBuffer allocate(long bytes) {
    if (closed) {
      throw new ClosedException("allocate: the opencl backend is closed; open it again");
    }
    if (bytes < 0 || bytes > largest) {
      throw new DeviceMemoryException(
          "allocate: " + bytes + " bytes on " + name + ", which takes buffers of at most " + largest
              + " bytes; use smaller tensors");
    }
    int c = sizeClass(bytes);
    OpenClDriver.Memory memory = idle.get(c).pollLast();
    if (memory != null) {
      pooled -= blockBytes(c, bytes);
    } else {
      memory = fresh(c, bytes);
    }
    allocations++;
    live += bytes;
    held += blockBytes(c, bytes);
    peak = Math.max(peak, live);
    return new OpenClBuffer(this, device, memory, c, bytes);
  }

  private long blockBytes(int sizeClass, long bytes) {
    return pooling ? classBytes(sizeClass) : Math.max(1, bytes);
  }

  private OpenClDriver.Memory fresh(int sizeClass, long bytes) {
    long size = blockBytes(sizeClass, bytes);
    if (held + pooled + size > capacity) {
      trim();
    }
    if (held + size > capacity) {
      throw full(bytes, null);
    }
    try {
      return create(size);
    } catch (DriverError first) {
      if (!isMemory(first)) {
        throw first;
      }
      trim();
      try {
        return create(size);
      } catch (DriverError second) {
        if (!isMemory(second)) {
          throw second;
        }
        throw full(bytes, second);
      }
    }
  }

  private OpenClDriver.Memory create(long size) {
    // A class may be larger than what the device gives at once, although what was asked for is not.
    OpenClDriver.Memory m = driver.createBuffer(context, Math.min(size, largest));
    all.add(m);
    return m;
  }

  private static boolean isMemory(DriverError e) {
    return ErrorCodes.isMemory(e.code()) || e.code() == ErrorCodes.OUT_OF_RESOURCES;
  }

  private DeviceMemoryException full(long bytes, @Nullable Throwable cause) {
    return new DeviceMemoryException(
        "allocate: no memory for " + bytes + " bytes on " + name + ", which has " + capacity + "; " + live
            + " bytes are live; close tensors or scopes earlier",
        cause);
  }

  synchronized void free(OpenClBuffer buffer) {
    if (buffer.isFreed()) {
      throw new DeviceException(
          "free: a buffer of " + buffer.byteSize() + " bytes was freed before; free each buffer once");
    }
    buffer.markFreed();
    live -= buffer.byteSize();
    held -= blockBytes(buffer.sizeClass, buffer.byteSize());
    if (!closed && pooling) {
      idle.get(buffer.sizeClass).addLast(buffer.memory);
      pooled += classBytes(buffer.sizeClass);
      if (pooled > capacity / 4) {
        trim();
      }
    }
  }

  /** Gives unused blocks back to the device. */
  private void trim() {
    for (ArrayDeque<OpenClDriver.Memory> queue : idle) {
      for (OpenClDriver.Memory m : queue) {
        all.remove(m);
        driver.release(m);
      }
      queue.clear();
    }
    pooled = 0;
  }

  synchronized MemoryStats stats() {
    return new MemoryStats(live, pooled, peak, allocations);
  }

  synchronized void close() {
    closed = true;
    all.forEach(driver::release);
    all.clear();
    idle.forEach(ArrayDeque::clear);
    pooled = 0;
  }
}
