package dev.tenzan.conformance;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.error.UnsupportedKernelException;
import java.util.Arrays;
import java.util.List;

/** Times cases: what one evaluation takes on a device, building, scheduling and launching included, with its programs cached. */
public final class CaseTimes {
  private static final int WARM = 20;
  private static final int RUNS = 31;

  private CaseTimes() {}

  /** The median of some evaluations in seconds, on dense inputs that are on the device already; NaN where it is unsupported. */
  public static double median(Device device, OpCase c) {
    double[] seconds = new double[RUNS];
    try (TensorScope _ = TensorScope.open()) {
      List<Tensor> inputs = c.makeInputs(device);
      for (int run = -WARM; run < RUNS; run++) {
        long start = System.nanoTime();
        try (TensorScope _ = TensorScope.open()) {
          c.function().apply(inputs).eval();
          device.synchronize();
        }
        if (run >= 0) {
          seconds[run] = (System.nanoTime() - start) * 1e-9;
        }
      }
    } catch (UnsupportedKernelException e) {
      return Double.NaN;
    }
    Arrays.sort(seconds);
    return seconds[RUNS / 2];
  }
}
