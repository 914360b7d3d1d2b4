package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.conformance.RandomLoop;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Loops of a process whose JVM keeps native memory from them: each access goes through its buffer's segment. */
class NoNativeAccessTest {
  private static final long SEED = 20260101;
  private static final int CASES = 200;

  /** What the process runs. */
  public static void main(String[] args) {
    int cases = 0;
    try (CpuBackend backend = Backends.vector(1); CpuBackend scalar = Backends.scalar(1)) {
      for (; cases < CASES; cases++) {
        long seed = SEED + cases;
        var kernel = new RandomLoop(new Random(seed), 400, 8).next(cases % 2 == 0);
        LoopCase.check("seed " + seed, kernel, cases % 4 < 2 ? backend : scalar, new Random(seed));
      }
    }
    System.out.println((OffHeap.MEMORY == null ? "segments, " : "addresses, ") + cases + " cases");
  }

  private static String run(String access) throws IOException, InterruptedException {
    return OtherJvm.lastLine(NoNativeAccessTest.class, access, "--add-modules", "jdk.incubator.vector");
  }

  @Test
  void loopsUseSegments() throws IOException, InterruptedException {
    assertEquals("segments, " + CASES + " cases", run("--illegal-native-access=deny"));
  }

  @Test
  void loopsUseAddresses() throws IOException, InterruptedException {
    assertEquals("addresses, " + CASES + " cases", run("--enable-native-access=ALL-UNNAMED"));
  }
}
