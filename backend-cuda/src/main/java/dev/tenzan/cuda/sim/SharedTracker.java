package dev.tenzan.cuda.sim;

/**
 * Finds races and uninitialised reads in a block's shared memory. Each granule remembers who wrote it last and who read it last, and
 * between which barriers. Two accesses by different threads conflict where one of them writes and nothing orders them: no barrier of
 * the block in between, nor, for threads of one warp, a {@code bar.warp.sync}. Accesses that are both atomic, volatile, or otherwise
 * strong do not race (PTX ISA, "Memory Consistency Model").
 */
final class SharedTracker {
  // A stamp: the epoch of the block in the high half, then 16 bits of the warp's epoch, one bit for strong accesses, 15 for the reader.
  private static final int STRONG = 1 << 15;
  private static final int WHO = STRONG - 1;
  private static final int SEVERAL_OF_WARP = 1 << 12;
  private static final int SEVERAL = 1 << 13;

  private final long[] writes;
  private final long[] reads;
  private final int shift;
  private final boolean races;
  private final boolean uninitialised;
  private int epoch;
  private int first;

  /** {@code granule} is the number of bytes of the kernel's smallest access, so that no two accesses share one in part. */
  SharedTracker(long bytes, int granule, boolean races, boolean uninitialised) {
    this.shift = Integer.numberOfTrailingZeros(granule);
    this.races = races;
    this.uninitialised = uninitialised;
    this.writes = new long[(int) (bytes + granule - 1 >> shift)];
    this.reads = races ? new long[writes.length] : writes;
  }

  /** A block begins: what earlier ones wrote is gone. */
  void begin() {
    epoch++;
    first = epoch;
  }

  /** All threads of the block have met. */
  void barrier() {
    epoch++;
  }

  private long stamp(Warp w, int who, boolean strong) {
    return (long) epoch << 32 | (w.warpEpoch & 0xffffL) << 16 | (strong ? STRONG : 0) | who;
  }

  void read(Warp w, int lane, long offset, int bytes, boolean strong) {
    int thread = w.thread(lane);
    int end = (int) (offset + bytes - 1 >> shift);
    for (int g = (int) (offset >> shift); g <= end; g++) {
      long write = writes[g];
      if (write >>> 32 == epoch ? ((int) write & WHO) == thread : (int) (write >>> 32) >= first) {
        if (races && !(reads[g] >>> 32 == epoch && ((int) reads[g] & (WHO | STRONG)) == SEVERAL)) {
          reads[g] = reader(w, thread, reads[g], strong);
        }
        continue; // the common case: written by the thread itself, or before the last barrier
      }
      if (uninitialised && (int) (write >>> 32) < first) {
        throw new Fault(lane, "uninitialised read of shared memory at offset " + offset);
      }
      if (!races) {
        continue;
      }
      if (conflicts(w, thread, write, strong)) {
        throw race(w, lane, offset, "read after a write", write);
      }
      reads[g] = reader(w, thread, reads[g], strong);
    }
  }

  private long reader(Warp w, int thread, long old, boolean strong) {
    int who = thread;
    boolean both = strong;
    if (old >>> 32 == epoch) {
      int before = (int) old & WHO;
      both &= (old & STRONG) != 0;
      if (before == SEVERAL || !sameWarp(w, before)) {
        who = SEVERAL;
      } else if (before != thread && (old >> 16 & 0xffff) == (w.warpEpoch & 0xffff)) {
        who = SEVERAL_OF_WARP | w.index;
      }
    }
    return stamp(w, who, both);
  }

  private static boolean sameWarp(Warp w, int who) {
    return who != SEVERAL && ((who & SEVERAL_OF_WARP) != 0 ? who & ~SEVERAL_OF_WARP : who / Lanes.WIDTH) == w.index;
  }

  private boolean conflicts(Warp w, int thread, long other, boolean strong) {
    int who = (int) other & WHO;
    if (other >>> 32 != epoch || who == thread || (strong && (other & STRONG) != 0)) {
      return false;
    }
    return !sameWarp(w, who) || (other >> 16 & 0xffff) == (w.warpEpoch & 0xffff);
  }

  void write(Warp w, int lane, long offset, int bytes, boolean strong) {
    int thread = w.thread(lane);
    int end = (int) (offset + bytes - 1 >> shift);
    for (int g = (int) (offset >> shift); g <= end; g++) {
      if (races) {
        if (conflicts(w, thread, writes[g], strong)) {
          throw race(w, lane, offset, "write after a write", writes[g]);
        }
        if (conflicts(w, thread, reads[g], strong)) {
          throw race(w, lane, offset, "write after a read", reads[g]);
        }
      }
      writes[g] = stamp(w, thread, strong);
    }
  }

  private static Fault race(Warp w, int lane, long offset, String what, long other) {
    int who = (int) other & WHO;
    String by = who >= SEVERAL_OF_WARP ? "several threads" : "thread " + w.block.threadName(who);
    return new Fault(lane, "race in shared memory at offset " + offset + ": " + what + " by " + by + " without a barrier in between");
  }
}
