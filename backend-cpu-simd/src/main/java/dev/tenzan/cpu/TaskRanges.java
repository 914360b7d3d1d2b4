package dev.tenzan.cpu;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The tasks of one job that no thread has claimed yet: a run of neighbours for each thread. A thread claims its own from the front; when
 * these are gone, it takes those of others from the back, the ones that their owner would come to last.
 */
final class TaskRanges {
  /** Longs from one run to the next: two lines of cache, because processors fetch lines in pairs. */
  private static final int APART = 16;

  private final int threads;

  /** For each thread the first task left in the low half of a number, and the end in its high half. */
  private final AtomicLongArray ranges;

  /** Divides {@code tasks} tasks among {@code threads} threads. */
  TaskRanges(int tasks, int threads) {
    this.threads = threads;
    long[] all = new long[threads * APART];
    int from = 0;
    for (int t = 0; t < threads; t++) {
      int to = (int) ((long) tasks * (t + 1) / threads);
      all[t * APART] = range(from, to);
      from = to;
    }
    this.ranges = new AtomicLongArray(all);
  }

  private static long range(int from, int to) {
    return (long) to << Integer.SIZE | from;
  }

  private static int from(long range) {
    return (int) range;
  }

  private static int to(long range) {
    return (int) (range >>> Integer.SIZE);
  }

  /** Claims a task for a thread, and returns its number; -1 where none is left. */
  int claim(int thread) {
    int at = thread * APART;
    for (long r = ranges.get(at); from(r) < to(r); r = ranges.get(at)) {
      if (ranges.weakCompareAndSetVolatile(at, r, r + 1)) {
        return from(r);
      }
    }
    for (int k = 1; k < threads; k++) {
      int other = (thread + k) % threads * APART;
      for (long r = ranges.get(other); from(r) < to(r); r = ranges.get(other)) {
        if (ranges.weakCompareAndSetVolatile(other, r, range(from(r), to(r) - 1))) {
          return to(r) - 1;
        }
      }
    }
    return -1;
  }

  /** Claims all that is left, and returns how many these were. */
  int claimAll() {
    int claimed = 0;
    for (int t = 0; t < threads; t++) {
      long r = ranges.getAndSet(t * APART, 0);
      claimed += to(r) - from(r);
    }
    return claimed;
  }
}
