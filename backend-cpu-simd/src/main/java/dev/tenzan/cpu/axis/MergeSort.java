package dev.tenzan.cpu.axis;

/** A stable bottom-up merge sort of 64-bit keys that carries positions along. */
final class MergeSort {
  private long[] keys;
  private long[] spareKeys;
  private long[] positions;
  private long[] sparePositions;

  MergeSort(long[] keys) {
    this.keys = keys;
    this.spareKeys = new long[keys.length];
    this.positions = new long[keys.length];
    this.sparePositions = new long[keys.length];
  }

  /** Sorts and returns the position from which each key came. */
  long[] sort() {
    int n = keys.length;
    for (int x = 0; x < n; x++) {
      positions[x] = x;
    }
    for (long run = 1; run < n; run *= 2) {
      for (long at = 0; at < n; at += 2 * run) {
        mergePairs((int) at, (int) Math.min(n, at + run), (int) Math.min(n, at + 2 * run));
      }
      long[] k = keys;
      keys = spareKeys;
      spareKeys = k;
      long[] p = positions;
      positions = sparePositions;
      sparePositions = p;
    }
    return positions;
  }

  private void mergePairs(int from, int middle, int to) {
    int a = from;
    int b = middle;
    for (int x = from; x < to; x++) {
      if (a < middle && (b >= to || keys[a] <= keys[b])) {
        spareKeys[x] = keys[a];
        sparePositions[x] = positions[a++];
      } else {
        spareKeys[x] = keys[b];
        sparePositions[x] = positions[b++];
      }
    }
  }

  /** Merges the sorted runs of {@code run} keys at {@code from} and behind it into {@code target}. */
  static void merge(long[] source, long[] target, int from, int run) {
    int n = source.length;
    int middle = (int) Math.min(n, (long) from + run);
    int to = (int) Math.min(n, (long) from + 2L * run);
    int a = from;
    int b = middle;
    for (int x = from; x < to; x++) {
      target[x] = a < middle && (b >= to || source[a] <= source[b]) ? source[a++] : source[b++];
    }
  }
}
