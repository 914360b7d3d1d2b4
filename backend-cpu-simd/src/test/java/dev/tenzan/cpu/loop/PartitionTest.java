package dev.tenzan.cpu.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PartitionTest {
  @Test
  void littleWorkStaysOnFewThreads() {
    assertEquals(1, new Partition(0, 64).threads);
    assertEquals(1, new Partition(1.9, 64).threads);
    assertEquals(5, new Partition(5.5, 64).threads);
    assertEquals(64, new Partition(1e300, 64).threads);
    assertEquals(5, new Partition(5.5, 64).tasks(1000), "one task for each of the threads, so that no other comes");
    assertEquals(3, new Partition(5.5, 64).tasks(3));
    assertEquals(8, new Partition(100, 2).tasks(1000));
  }

  @Test
  void partsCoverADimensionEvenly() {
    long seed = 20261126;
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 20_000; i++) {
      int threads = random.nextInt(1, 9);
      Partition partition = new Partition(1e9, threads);
      long extent = random.nextLong(1, 200_000);
      int most = random.nextInt(1, 40_000);
      long others = random.nextLong(1, 5);
      int step = random.nextBoolean() ? 1 : 64;
      int part = partition.even(extent, most, others, step);
      String what = "%d by %d, %d others, %d threads, steps of %d: %d".formatted(extent, most, others, threads, step, part);
      assertTrue(part >= 1 && part <= most, what);
      assertTrue(part == most || part % step == 0, what);
      long parts = Math.ceilDiv(extent, part);
      assertTrue(parts * part >= extent && (parts - 1) * part < extent, what);
      if (step == 1 && others == 1 && extent >= 100L * threads && parts < 8L * threads && part < most) {
        // The longest share is no longer than an even one by more than a part's rounding.
        long longest = Math.ceilDiv(parts, threads) * part;
        assertTrue(longest <= extent / threads + parts, what);
      }
    }
  }

  @Test
  void twoThreadsGetHalvesOfAVector() {
    Partition two = new Partition(4, 2);
    assertEquals(25_024, two.even(50_000, 32_768, 1, 64));
    assertEquals(4, Math.ceilDiv(100_000, two.even(100_000, 32_768, 1, 64)));
    assertEquals(32_768, new Partition(0, 2).even(50_000, 32_768, 1, 64), "one thread needs no halves");
  }
}
