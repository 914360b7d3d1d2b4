package dev.tenzan.reference;

import dev.tenzan.spi.Buffer;
import java.lang.foreign.MemorySegment;

/** A buffer of the reference backend: a block of off-heap memory out of a {@link HostMemory}. */
final class HostBuffer implements Buffer {
  private final HostMemory owner;
  private final HostMemory.Block block;
  private final MemorySegment segment;
  private boolean freed;

  HostBuffer(HostMemory owner, HostMemory.Block block, long byteSize) {
    this.owner = owner;
    this.block = block;
    this.segment = block.segment().asSlice(0, byteSize);
  }

  @Override
  public long byteSize() {
    return segment.byteSize();
  }

  @Override
  public int device() {
    return 0;
  }

  HostMemory owner() {
    return owner;
  }

  HostMemory.Block block() {
    return block;
  }

  /** Exactly {@link #byteSize()} bytes. */
  MemorySegment segment() {
    return segment;
  }

  boolean isFreed() {
    return freed;
  }

  void markFreed() {
    freed = true;
  }

  @Override
  public String toString() {
    return "reference buffer of " + byteSize() + " bytes";
  }
}
