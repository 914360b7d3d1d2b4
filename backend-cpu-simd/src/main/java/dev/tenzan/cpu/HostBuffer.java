package dev.tenzan.cpu;

import dev.tenzan.spi.Buffer;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A block of host memory from {@link CpuMemory}; its segment is exactly as long as was asked for. */
public final class HostBuffer implements Buffer {
  private static final VarHandle FREED;

  static {
    try {
      FREED = MethodHandles.lookup().findVarHandle(HostBuffer.class, "freed", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final MemorySegment segment;
  private final CpuMemory owner;
  final CpuMemory.Block block;
  private boolean freed;

  HostBuffer(CpuMemory owner, CpuMemory.Block block, long bytes) {
    this.owner = owner;
    this.block = block;
    this.segment = block.memory().byteSize() == bytes ? block.memory() : block.memory().asSlice(0, bytes);
  }

  /** The memory: off-heap, aligned to 64 bytes. */
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public long byteSize() {
    return segment.byteSize();
  }

  @Override
  public int device() {
    return 0;
  }

  CpuMemory owner() {
    return owner;
  }

  /** Whether the buffer was given back. */
  public boolean isFreed() {
    return (boolean) FREED.getAcquire(this);
  }

  /** Marks the buffer as given back; the caller holds the pool's lock. */
  void markFreed() {
    FREED.setRelease(this, true);
  }
}
