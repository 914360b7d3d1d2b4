package dev.tenzan.cpu.loop;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The lanes that generated code selects from vectors. */
final class LaneTables {
  private static final int MOST_LANES = 16;

  /**
   * From index {@code lanes} on, for lane i the place of element 2i in two vectors of so many lanes: the first has the elements from 0 on,
   * the second those up to the last one that is wanted, {@code 2 * (lanes - 1)}.
   */
  static final int[] INT_PAIRS = pairs();

  /** The same for vectors of longs. */
  static final long[] LONG_PAIRS = Arrays.stream(INT_PAIRS).asLongStream().toArray();

  /** For each lane the lane of the element that it shares with a neighbour. */
  static final int[] INT_REPEATED = IntStream.range(0, MOST_LANES).map(i -> i / 2).toArray();

  /** The same for vectors of longs. */
  static final long[] LONG_REPEATED = Arrays.stream(INT_REPEATED).asLongStream().toArray();

  private LaneTables() {}

  private static int[] pairs() {
    int[] table = new int[2 * MOST_LANES];
    for (int lanes = 1; lanes <= MOST_LANES; lanes *= 2) {
      for (int i = 0; i < lanes; i++) {
        table[lanes + i] = 2 * i < lanes ? 2 * i : 2 * i + 1;
      }
    }
    return table;
  }
}
