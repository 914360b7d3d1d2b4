package dev.tenzan.cuda;

import dev.tenzan.spi.Buffer;

/** A block of device memory that a {@link BufferPool} handed out. */
final class CudaBuffer implements Buffer {
  final BufferPool owner;
  final long address;

  /** The size of the block, of which a part was asked for. */
  final long blockBytes;

  /** Whether a user holds it, and not the device itself. */
  final boolean users;

  private final int device;
  private final long bytes;
  private volatile boolean freed;

  CudaBuffer(BufferPool owner, int device, long address, long blockBytes, long bytes, boolean users) {
    this.owner = owner;
    this.device = device;
    this.address = address;
    this.blockBytes = blockBytes;
    this.bytes = bytes;
    this.users = users;
  }

  @Override
  public long byteSize() {
    return bytes;
  }

  @Override
  public int device() {
    return device;
  }

  boolean isFreed() {
    return freed;
  }

  /** To be called with the owner's lock. */
  void markFreed() {
    freed = true;
  }
}
