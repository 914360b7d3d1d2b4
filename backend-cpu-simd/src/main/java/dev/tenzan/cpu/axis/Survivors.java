package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.CpuPool;
import java.util.Arrays;

/** The elements of a line that may be among its first: their keys and places, added in the order of their places. */
final class Survivors {
  private final int count;
  private final boolean wide;
  private long[] keys;
  private int[] places;
  private int size;
  private int equal;
  private long threshold;

  /** Survivors of which the first {@code count} are wanted; keys that are not wide have 32 bits. */
  Survivors(int count, boolean wide) {
    this.count = count;
    this.wide = wide;
    this.keys = new long[2 * count + 64];
    this.places = new int[wide ? keys.length : 0];
  }

  /** Begins a line of which at least the wanted number of keys do not exceed the threshold. */
  void begin(long limit) {
    threshold = limit;
    size = 0;
    equal = 0;
  }

  long threshold() {
    return threshold;
  }

  /** Whether any of {@code n} keys is still of use. Of those equal to the threshold the first are. */
  boolean want(long[] of, int from, int n) {
    long least = Long.MAX_VALUE;
    for (int x = from; x < from + n; x++) {
      least = Math.min(least, of[x]);
    }
    return least < threshold || least == threshold && equal < count;
  }

  /** Adds a key up to the threshold. */
  void add(long key, int place) {
    if (key == threshold && equal++ >= count) {
      return;
    }
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, 2 * size);
      places = wide ? Arrays.copyOf(places, 2 * size) : places;
    }
    if (wide) {
      keys[size] = key;
      places[size++] = place;
    } else {
      keys[size++] = key << 32 | place;
    }
  }

  /**
   * The places of the wanted keys, in their order; valid until the next line begins.
   *
   * @param parts how many tasks of the pool may share the work
   */
  long[] sorted(CpuPool pool, int parts) {
    long[] at;
    if (wide) {
      at = new MergeSort(Arrays.copyOf(keys, size)).sort();
      for (int x = 0; x < count; x++) {
        at[x] = places[(int) at[x]];
      }
      return at;
    }
    if (size < SortCode.RADIX) {
      Arrays.sort(keys, 0, size);
      at = keys;
    } else {
      long[] all = Arrays.copyOf(keys, size);
      long[] spare = new long[size];
      at = RadixSort.sort(all, spare, 32, pool, parts) ? spare : all;
    }
    for (int x = 0; x < count; x++) {
      at[x] &= Integer.MAX_VALUE;
    }
    return at;
  }
}
