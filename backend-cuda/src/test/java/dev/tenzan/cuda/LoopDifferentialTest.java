package dev.tenzan.cuda;

import dev.tenzan.conformance.Differential;
import dev.tenzan.cuda.driver.SimulatedDriver;
import org.junit.jupiter.api.Test;

/** Random loop kernels on a simulated device and on the reference backend. */
class LoopDifferentialTest {
  private static final int CASES = 150;

  private static void run(String mode, boolean reduce, long points, int ops) {
    try (CudaBackend cuda = new CudaBackend(new SimulatedDriver(1), SimulatedCudaProvider.NAME, null)) {
      Differential.loops(cuda, mode, reduce, points, ops, CASES);
    }
  }

  @Test
  void maps() {
    run("map", false, 400, 12);
  }

  @Test
  void reductions() {
    run("reduction", true, 9000, 8);
  }
}
