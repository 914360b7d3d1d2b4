package dev.tenzan.cpu.gemm;

import java.util.concurrent.locks.LockSupport;

/** Calls vector code over and over until it is quick, which it is when C2 has compiled it. */
final class QuickCalls {
  private static final long GIVE_UP_NANOS = 20_000_000_000L;

  private QuickCalls() {}

  /**
   * Returns when the long calls were quick often enough, or after 20 seconds.
   *
   * @param shorts short calls, many of them: HotSpot counts calls as well as rounds of loops, and short ones are soon made
   * @param longs long calls, which are timed
   * @param rounds how often the long calls are to be quick
   * @param quickNanos how long these take at most when they are compiled
   */
  static void warmUp(Runnable shorts, Runnable longs, int rounds, long quickNanos) {
    warmUp(shorts, longs, rounds, quickNanos, false);
  }

  /**
   * The same.
   *
   * @param rests whether to rest as long as it works: nothing waits for it that has no other way as good as fast
   */
  static void warmUp(Runnable shorts, Runnable longs, int rounds, long quickNanos, boolean rests) {
    long end = System.nanoTime() + GIVE_UP_NANOS;
    int quick = 0;
    while (quick < rounds && System.nanoTime() < end) {
      long start = System.nanoTime();
      shorts.run();
      long begin = System.nanoTime();
      longs.run();
      quick += System.nanoTime() - begin < quickNanos ? 1 : 0;
      if (rests) {
        rest(System.nanoTime() - start);
      }
    }
  }

  /** Leaves the processor to others for about so long. */
  static void rest(long nanos) {
    LockSupport.parkNanos(nanos);
  }
}
