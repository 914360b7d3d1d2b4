package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A thread meets its own tasks first, and every task is claimed once. */
final class TaskRangesTest {
  @Test
  void aThreadTakesItsOwnInOrderAndThenTheLastOfOthers() {
    TaskRanges ranges = new TaskRanges(7, 3); // 0 1, 2 3, 4 5 6
    assertEquals(2, ranges.claim(1));
    assertEquals(3, ranges.claim(1));
    assertEquals(6, ranges.claim(1));
    assertEquals(4, ranges.claim(2));
    assertEquals(5, ranges.claim(1));
    assertEquals(1, ranges.claim(1));
    assertEquals(0, ranges.claim(0));
    for (int thread = 0; thread < 3; thread++) {
      assertEquals(-1, ranges.claim(thread));
    }
  }

  @Test
  void whatIsLeftIsClaimedAtOnce() {
    TaskRanges ranges = new TaskRanges(10, 4);
    ranges.claim(0);
    ranges.claim(2);
    assertEquals(8, ranges.claimAll());
    assertEquals(0, ranges.claimAll());
    assertEquals(-1, ranges.claim(3));
  }

  @Test
  void fewerTasksThanThreadsAreAllClaimed() {
    for (int tasks = 0; tasks < 5; tasks++) {
      TaskRanges ranges = new TaskRanges(tasks, 5);
      int[] claimed = IntStream.generate(() -> ranges.claim(4)).limit(tasks).sorted().toArray();
      assertEquals(Arrays.toString(IntStream.range(0, tasks).toArray()), Arrays.toString(claimed));
      assertEquals(-1, ranges.claim(0));
    }
  }

  @Test
  void threadsThatClaimTogetherGetEachTaskOnce() throws InterruptedException {
    int tasks = 20_000;
    int threads = 4;
    TaskRanges ranges = new TaskRanges(tasks, threads);
    int[][] claimed = new int[threads][tasks];
    Thread[] running = new Thread[threads];
    for (int t = 0; t < threads; t++) {
      int thread = t;
      running[t] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int task = ranges.claim(thread); task >= 0; task = ranges.claim(thread)) {
                      claimed[thread][task]++;
                    }
                  });
    }
    for (Thread thread : running) {
      thread.join();
    }
    for (int task = 0; task < tasks; task++) {
      int at = task;
      assertEquals(1, IntStream.range(0, threads).map(t -> claimed[t][at]).sum(), "claims of task " + task);
    }
  }
}
