package dev.tenzan.opencl;

import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.DryDriver;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;

/** Declares the OpenCL backend; it is available where the loader finds a device. */
public final class OpenClProvider implements BackendProvider {
  /** The name of the backend. */
  public static final String NAME = "opencl";

  /** The system property that, where true, puts a {@link DryDriver} in the place of the machine's devices. */
  public static final String DRY_PROPERTY = "tenzan.opencl.dry";

  private static final String REMEDY =
      "install the OpenCL runtime of your device's vendor (docs/opencl.md), or PoCL for processors (Debian: pocl-opencl-icd)";

  @Override
  public String name() {
    return NAME;
  }

  /** Below the cpu: OpenCL devices are anything from a fast GPU to this very processor, so one is used where it is named. */
  @Override
  public int priority() {
    return 50;
  }

  @Override
  public Availability availability() {
    if (Boolean.getBoolean(DRY_PROPERTY)) {
      return Availability.yes();
    }
    try {
      return availability(new JoclDriver());
    } catch (IllegalCallerException e) {
      return Availability.no(
          "no native access: " + e.getMessage(),
          "start java with --enable-native-access=ALL-UNNAMED (jocl,dev.tenzan.opencl on a module path)");
    } catch (LinkageError e) {
      return Availability.no(
          "no OpenCL library: " + firstLine(e), "install an ICD loader (Debian: ocl-icd-libopencl1), then a runtime: " + REMEDY);
    }
  }

  static Availability availability(OpenClDriver driver) {
    try {
      var platforms = driver.platforms();
      if (platforms.isEmpty()) {
        return Availability.no("the OpenCL loader finds no platform", REMEDY);
      }
      for (OpenClDriver.Platform p : platforms) {
        if (!driver.devices(p).isEmpty()) {
          return Availability.yes();
        }
      }
      return Availability.no(
          "none of the " + platforms.size() + " OpenCL platform(s) has a device",
          "see that the device is plugged in and its driver runs (clinfo)");
    } catch (DriverError e) {
      return Availability.no("OpenCL does not answer: " + e.getMessage(), "see whether clinfo runs; " + REMEDY);
    }
  }

  private static String firstLine(LinkageError e) {
    Throwable t = e instanceof ExceptionInInitializerError i && i.getCause() != null ? i.getCause() : e;
    return String.valueOf(t.getMessage()).lines().findFirst().orElse(t.getClass().getName());
  }

  @Override
  public Backend open() {
    return OpenClBackend.open(Boolean.getBoolean(DRY_PROPERTY) ? new DryDriver() : new JoclDriver(), ProgramSettings.configured());
  }
}
