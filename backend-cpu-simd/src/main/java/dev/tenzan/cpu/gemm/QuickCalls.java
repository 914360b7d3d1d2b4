package dev.tenzan.cpu.gemm;

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
    long end = System.nanoTime() + GIVE_UP_NANOS;
    int quick = 0;
    while (quick < rounds && System.nanoTime() < end) {
      shorts.run();
      long begin = System.nanoTime();
      longs.run();
      quick += System.nanoTime() - begin < quickNanos ? 1 : 0;
    }
  }
}
