package dev.tenzan.opencl;

import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.spi.Buffer;

/** A block of an OpenCL device's memory, from a {@link BufferPool}. */
final class OpenClBuffer implements Buffer {
  final BufferPool owner;
  final OpenClDriver.Memory memory;
  final int sizeClass;
  private final int device;
  private final long byteSize;
  private volatile boolean freed;

  OpenClBuffer(BufferPool owner, int device, OpenClDriver.Memory memory, int sizeClass, long byteSize) {
    this.owner = owner;
    this.device = device;
    this.memory = memory;
    this.sizeClass = sizeClass;
    this.byteSize = byteSize;
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public int device() {
    return device;
  }

  boolean isFreed() {
    return freed;
  }

  void markFreed() {
    freed = true;
  }
}
