package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.CpuPool;

/**
 * A stable radix sort, least significant digit first, of 64-bit keys by 32 of their bits (Knuth, The Art of Computer Programming 3, 5.2.5).
 * Several threads may share it: each counts and moves the keys of one part, and the parts' keys of a digit keep the order of the parts.
 */
final class RadixSort {
  private static final int DIGIT = 8;
  private static final int DIGITS = 1 << DIGIT;
  private static final int PASSES = 32 / DIGIT;

  /** What turns the order of signed numbers into that of unsigned ones. */
  private static final int SIGN = 1 << DIGIT - 1;

  private final CpuPool pool;
  private final int parts;
  private final int length;
  private final int low;

  /** For each pass and part how many keys have each digit, then where the next of them goes. */
  private final int[][][] counts;

  private RadixSort(CpuPool pool, int parts, int length, int low) {
    this.pool = pool;
    this.parts = parts;
    this.length = length;
    this.low = low;
    this.counts = new int[PASSES][parts][DIGITS];
  }

  /**
   * Sorts by the signed 32-bit number whose least bit is {@code low}.
   *
   * @param spare as long as the keys
   * @param parts the number of parts; each is a task of the pool
   * @return whether the sorted keys are in {@code spare}
   */
  static boolean sort(long[] keys, long[] spare, int low, CpuPool pool, int parts) {
    return new RadixSort(pool, parts, keys.length, low).sort(keys, spare);
  }

  private int start(int part) {
    return (int) ((long) length * part / parts);
  }

  private boolean sort(long[] keys, long[] spare) {
    boolean inSpare = false;
    long[] from = keys;
    long[] to = spare;
    for (int pass = 0; pass < PASSES; pass++) {
      int shift = low + pass * DIGIT;
      int flip = pass == PASSES - 1 ? SIGN : 0;
      int[][] count = counts[pass];
      long[] source = from;
      long[] target = to;
      pool.parallelFor(parts, p -> count(source, start(p), start(p + 1), shift, flip, count[p]));
      if (toPlaces(count)) {
        continue; // all keys have the same digit
      }
      pool.parallelFor(parts, p -> move(source, start(p), start(p + 1), shift, flip, count[p], target));
      from = target;
      to = source;
      inSpare = !inSpare;
    }
    return inSpare;
  }

  private static void count(long[] keys, int from, int to, int shift, int flip, int[] count) {
    for (int x = from; x < to; x++) {
      count[(int) (keys[x] >>> shift) & DIGITS - 1 ^ flip]++;
    }
  }

  /** Turns counts into places; returns whether one digit has all keys. */
  private boolean toPlaces(int[][] count) {
    int place = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
      int before = place;
      for (int[] part : count) {
        int keys = part[digit];
        part[digit] = place;
        place += keys;
      }
      if (place - before == length) {
        return true;
      }
    }
    return false;
  }

  private static void move(long[] keys, int from, int to, int shift, int flip, int[] place, long[] target) {
    for (int x = from; x < to; x++) {
      long key = keys[x];
      target[place[(int) (key >>> shift) & DIGITS - 1 ^ flip]++] = key;
    }
  }
}
