package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies between the host and one device through two blocks of host memory that is not paged: the device copies one while the processor
 * fills or drains the other. So any host memory will do, and a copy to the device returns before it has arrived.
 */
final class Staging {
  /** The bytes of a block: enough to keep the bus busy while the other is filled. */
  static final long BLOCK = 4L << 20;

  private static final int BLOCKS = 2;

  /** What copies in a block begin at a multiple of. */
  private static final long ALIGNMENT = 64;

  private final CudaDriver driver;
  private final CudaDriver.Context context;
  private final CudaDriver.Stream stream;
  private final List<CudaDriver.HostMemory> blocks = new ArrayList<>();
  private final List<CudaDriver.Event> done = new ArrayList<>();

  /** The block that is filled, and what of it was handed out since it was last known to be read. */
  private int turn;

  private long used;

  Staging(CudaDriver driver, CudaDriver.Context context, CudaDriver.Stream stream) {
    this.driver = driver;
    this.context = context;
    this.stream = stream;
  }

  /** Makes the blocks with the first copy: not every device that is opened copies. */
  private void open() {
    while (blocks.size() < BLOCKS) {
      blocks.add(driver.allocateHost(context, BLOCK));
    }
    while (done.size() < BLOCKS) {
      done.add(driver.createEvent(context));
    }
  }

  private MemorySegment part(int block, long bytes) {
    return blocks.get(block).segment().asSlice(0, bytes);
  }

  /** Copies to the device, behind the work before it. Small copies share a block: they wait only where both have been filled. */
  void copyIn(MemorySegment source, long target) {
    open();
    for (long at = 0; at < source.byteSize(); at += BLOCK) {
      long bytes = Math.min(BLOCK, source.byteSize() - at);
      if (bytes > BLOCK - used) {
        turn = (turn + 1) % BLOCKS;
        used = 0;
        driver.synchronize(done.get(turn));
      }
      MemorySegment part = blocks.get(turn).segment().asSlice(used, bytes);
      MemorySegment.copy(source, at, part, 0, bytes);
      used += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      driver.copyIn(stream, part, target + at);
      driver.record(done.get(turn), stream);
    }
  }

  /** Copies from the device, behind the work before it, and waits until all has arrived. */
  void copyOut(long source, MemorySegment target) {
    open();
    long size = target.byteSize();
    if (0 < size && size <= BLOCK) {
      MemorySegment part = part(0, size); // what it held for the device has been read, as the stream is in order
      driver.copyOut(stream, source, part);
      driver.synchronize(stream);
      MemorySegment.copy(part, 0, target, 0, size);
      return;
    }
    for (long at = 0; at < size + BLOCK; at += BLOCK) {
      if (at < size) {
        int block = (int) (at / BLOCK % BLOCKS);
        driver.copyOut(stream, source + at, part(block, Math.min(BLOCK, size - at)));
        driver.record(done.get(block), stream);
      }
      if (at > 0) {
        drain(at - BLOCK, target);
      }
    }
  }

  private void drain(long at, MemorySegment target) {
    int block = (int) (at / BLOCK % BLOCKS);
    long bytes = Math.min(BLOCK, target.byteSize() - at);
    driver.synchronize(done.get(block));
    MemorySegment.copy(part(block, bytes), 0, target, at, bytes);
  }

  void close() {
    done.forEach(driver::release);
    blocks.forEach(b -> driver.free(context, b));
    done.clear();
    blocks.clear();
  }
}
