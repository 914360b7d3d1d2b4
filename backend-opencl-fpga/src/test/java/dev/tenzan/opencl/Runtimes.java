package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.spi.Availability;
import java.util.Arrays;

/** Whether this machine has an OpenCL device for the tests that need one. */
public final class Runtimes {
  private Runtimes() {}

  /** Skips the test with the reason where there is no device; fails where {@code -Dtenzan.require} lists one. */
  public static void assumeAvailable() {
    Availability a = new OpenClProvider().availability();
    String why = "needs an OpenCL device: " + a.missing() + "; " + a.remedy();
    if (Arrays.stream(System.getProperty("tenzan.require", "").split(",")).anyMatch(d -> d.startsWith("opencl"))) {
      assertTrue(a.available(), why);
    }
    assumeTrue(a.available(), why);
  }

  /** Whether PoCL is among the platforms. */
  static boolean hasPocl() {
    OpenClDriver driver = new JoclDriver();
    return driver.platforms().stream()
        .flatMap(p -> driver.devices(p).stream().map(d -> driver.facts(p, d)))
        .anyMatch(f -> f.platform().startsWith("Portable Computing Language"));
  }
}
