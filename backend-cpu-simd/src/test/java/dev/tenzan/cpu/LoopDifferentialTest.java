package dev.tenzan.cpu;

import dev.tenzan.conformance.RandomLoop;
import dev.tenzan.kernel.LoopKernel;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random loop kernels against {@link LoopOracle}, bit for bit. */
class LoopDifferentialTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);

  private static void run(String mode, CpuBackend backend, int cases, boolean reduce, long points, int ops) {
    try (backend) {
      for (int c = 0; c < cases; c++) {
        long seed = SEED + c;
        LoopKernel k = new RandomLoop(new Random(seed), points, ops).next(reduce);
        LoopCase.check(mode + " seed " + seed, k, backend, new Random(seed));
      }
    }
    System.out.println("seeds " + SEED + " to " + (SEED + cases - 1) + ", " + mode);
  }

  @Test
  void scalarMaps() {
    run("scalar map", Backends.scalar(1), 1500, false, 400, 12);
  }

  @Test
  void scalarReductions() {
    run("scalar reduction", Backends.scalar(1), 1500, true, 6000, 8);
  }

  @Test
  void vectorMaps() {
    run("vector map", Backends.vector(1), 1500, false, 400, 12);
  }

  @Test
  void vectorReductions() {
    run("vector reduction", Backends.vector(1), 1500, true, 6000, 8);
  }
}
