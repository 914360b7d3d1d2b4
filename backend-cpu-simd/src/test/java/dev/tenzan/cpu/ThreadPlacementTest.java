package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A thread that was moved may run where it could before. */
final class ThreadPlacementTest {
  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

  /** What is found out about a thread. */
  private record Found(ThreadPlacement placement, String status) {}

  @Test
  void onlyLinuxMovesThreads() {
    ThreadPlacement placement = ThreadPlacement.ofCurrent();
    if (LINUX) {
      assertNotNull(placement, "the tests run with native access");
    } else {
      assertNull(placement);
    }
  }

  @Test
  void aMovedThreadMayRunWhereItCould() throws Exception {
    if (!LINUX) {
      System.out.println("threads are moved on Linux only");
      return;
    }
    CompletableFuture<Found> found = new CompletableFuture<>();
    CountDownLatch end = new CountDownLatch(1);
    Thread other =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    Path self = Path.of("/proc").resolve(Files.readSymbolicLink(Path.of("/proc/thread-self")));
                    found.complete(new Found(ThreadPlacement.ofCurrent(), self.resolve("status").toString()));
                    end.await();
                  } catch (IOException | InterruptedException e) {
                    found.completeExceptionally(e);
                  }
                });
    Found of = found.get();
    String before = allowed(of.status);
    boolean several = before.contains(",") || before.contains("-");
    for (int round = 0; round < 1000; round++) {
      assertEquals(several, of.placement.leaveToCaller(), before);
    }
    assertEquals(before, allowed(of.status));
    end.countDown();
    other.join();
  }

  /** The processors of a thread, from proc_pid_status(5). */
  private static String allowed(String status) throws IOException {
    return Files.readAllLines(Path.of(status)).stream().filter(l -> l.startsWith("Cpus_allowed_list:")).findFirst().orElseThrow();
  }
}
