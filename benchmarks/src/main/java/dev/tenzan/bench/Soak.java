package dev.tenzan.bench;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.type.DType;
import java.io.PrintStream;

/** Runs many operations in a loop and compares the live bytes of the device before and after: memory must not creep. */
public final class Soak {
  private static final int PER_ROUND = 10;

  private Soak() {}

  /**
   * Runs the soak.
   *
   * @param device the device
   * @param operations how many tensor operations
   * @param out where the result goes
   * @return 0 where the live bytes end where they began, else 1
   */
  public static int run(Device device, long operations, PrintStream out) {
    Tensor x = device.randomUniform(DType.F32, 7, 64, 64).eval();
    Tensor w = device.randomUniform(DType.F32, 8, 64, 64).eval();
    round(x, w);
    long before = device.memory().liveBytes();
    long done = 0;
    double checksum = 0;
    while (done < operations) {
      checksum = round(x, w);
      done += PER_ROUND;
    }
    long after = device.memory().liveBytes();
    out.printf(
        "soak on %s: %d operations, live bytes %d before, %d after, peak %d, last result %s%n",
        device, done, before, after, device.memory().peakBytes(), Double.toHexString(checksum));
    x.close();
    w.close();
    return after == before ? 0 : 1;
  }

  private static double round(Tensor x, Tensor w) {
    try (TensorScope _ = TensorScope.open()) {
      Tensor h = x.matmul(w).add(1).relu();
      Tensor p = h.softmax(1);
      Tensor loss = p.mul(x).sum(1).mean();
      return loss.item();
    }
  }

  /** The default device's soak, for the command line. */
  public static int run(long operations, PrintStream out) {
    return run(Devices.current(), operations, out);
  }
}
