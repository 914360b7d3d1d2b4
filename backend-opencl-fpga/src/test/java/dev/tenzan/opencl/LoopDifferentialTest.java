package dev.tenzan.opencl;

import dev.tenzan.conformance.Differential;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.plan.Style;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Random loop kernels on the OpenCL device and on the reference backend. */
class LoopDifferentialTest {
  /** Each case compiles a program, so there are few; more on request. */
  private static final int CASES = 12;

  private static void run(String mode, UnaryOperator<DeviceFacts> facts, boolean reduce, long points, int ops) {
    Runtimes.assumeAvailable();
    try (OpenClBackend opencl = new OpenClBackend(SeenAs.with(new JoclDriver(), facts), null)) {
      Differential.loops(opencl, mode, reduce, points, ops, CASES);
    }
  }

  @Test
  void maps() {
    run("map", f -> f, false, 400, 12);
  }

  @Test
  void reductions() {
    run("reduction", f -> f, true, 9000, 8);
  }

  @Test
  void mapsForGraphicsProcessors() {
    run("gpu map", SeenAs::gpu, false, 400, 12);
  }

  @Test
  void reductionsForGraphicsProcessors() {
    run("gpu reduction", SeenAs::gpu, true, 9000, 8);
  }

  @Test
  void mapsAndReductionsForFpgas() {
    System.setProperty(Style.PROPERTY, "fpga");
    try {
      run("fpga map", f -> f, false, 400, 12);
      run("fpga reduction", f -> f, true, 9000, 8);
    } finally {
      System.clearProperty(Style.PROPERTY);
    }
  }

  @Test
  void numbersInTheText() {
    run("literal reduction", SeenAs::fewArguments, true, 9000, 8);
  }
}
