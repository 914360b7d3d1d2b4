package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.TenzanException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Each task runs once, whatever the callers do. */
final class CpuPoolTest {
  @Test
  void everyTaskRunsOnce() {
    for (int threads : new int[] {1, 2, 3, 7}) {
      try (CpuPool pool = new CpuPool(threads)) {
        for (int tasks = 0; tasks < 200; tasks++) {
          assertOnce(pool, tasks);
        }
      }
    }
  }

  @Test
  void parkedWorkersComeBack() {
    try (CpuPool pool = new CpuPool(4, 50_000)) {
      for (int round = 0; round < 20; round++) {
        LockSupport.parkNanos(1_000_000);
        assertOnce(pool, 50);
      }
    }
  }

  @Test
  void nestedCallsRunInline() {
    try (CpuPool pool = new CpuPool(3)) {
      AtomicLong sum = new AtomicLong();
      pool.parallelFor(20, i -> pool.parallelFor(10, j -> sum.addAndGet(i * 10L + j)));
      assertEquals(199 * 200 / 2, sum.get());
    }
  }

  @Test
  void concurrentCallersAllFinish() throws InterruptedException {
    try (CpuPool pool = new CpuPool(3)) {
      List<Thread> callers = new ArrayList<>();
      AtomicLong done = new AtomicLong();
      for (int c = 0; c < 4; c++) {
        callers.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int round = 0; round < 200; round++) {
                        assertOnce(pool, 17);
                        done.incrementAndGet();
                      }
                    }));
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertEquals(800, done.get());
    }
  }

  @Test
  void errorsReachTheCaller() {
    try (CpuPool pool = new CpuPool(3)) {
      for (int round = 0; round < 50; round++) {
        IllegalStateException error =
            assertThrows(
                IllegalStateException.class,
                () ->
                    pool.parallelFor(
                        100,
                        task -> {
                          if (task == 7) {
                            throw new IllegalStateException("task 7");
                          }
                        }));
        assertEquals("task 7", error.getMessage());
        assertOnce(pool, 30);
      }
    }
  }

  @Test
  void closedPoolRunsOnTheCaller() {
    CpuPool pool = new CpuPool(3);
    pool.close();
    assertOnce(pool, 10);
  }

  @Test
  void badThreadCountsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new CpuPool(0));
    withProperty(
        CpuPool.THREADS_PROPERTY,
        () -> {
          for (String text : new String[] {"0", "-1", "two", "", "99999"}) {
            System.setProperty(CpuPool.THREADS_PROPERTY, text);
            TenzanException error = assertThrows(TenzanException.class, CpuPool::configuredThreads);
            assertTrue(error.getMessage().contains(CpuPool.THREADS_PROPERTY), error.getMessage());
          }
          System.setProperty(CpuPool.THREADS_PROPERTY, " 3 ");
          assertEquals(3, CpuPool.configuredThreads());
        });
  }

  @Test
  void badSpinsAreRefused() {
    withProperty(
        CpuPool.SPIN_PROPERTY,
        () -> {
          for (String text : new String[] {"-1", "3ms", "", "99999999"}) {
            System.setProperty(CpuPool.SPIN_PROPERTY, text);
            TenzanException error = assertThrows(TenzanException.class, () -> new CpuPool(2));
            assertTrue(error.getMessage().contains(CpuPool.SPIN_PROPERTY), error.getMessage());
          }
          System.setProperty(CpuPool.SPIN_PROPERTY, "0");
          try (CpuPool pool = new CpuPool(3)) {
            assertOnce(pool, 50);
          }
        });
  }

  private static void withProperty(String name, Runnable body) {
    String before = System.getProperty(name);
    try {
      body.run();
    } finally {
      if (before == null) {
        System.clearProperty(name);
      } else {
        System.setProperty(name, before);
      }
    }
  }

  private static void assertOnce(CpuPool pool, int tasks) {
    AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
    pool.parallelFor(tasks, runs::incrementAndGet);
    for (int i = 0; i < tasks; i++) {
      assertEquals(1, runs.get(i), "runs of task " + i);
    }
  }
}
