package dev.tenzan;

/**
 * A sequence of keys for random tensors, fixed by a seed: the output of SplitMix64 (Steele, Lea and Flood
 * 2014). A key fixes every element of a random tensor on every device. Not safe for use by several threads.
 */
public final class Random {
  private long state;

  /** A sequence for a seed. */
  public Random(long seed) {
    this.state = seed;
  }

  /** The next key. */
  public long nextKey() {
    state += 0x9e3779b97f4a7c15L;
    long z = state;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** A sequence of its own, independent of what this one gives next. */
  public Random split() {
    return new Random(nextKey());
  }
}
