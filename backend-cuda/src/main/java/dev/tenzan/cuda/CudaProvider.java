package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DeviceFacts;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.cuda.driver.JCudaDriver;
import dev.tenzan.cuda.vendor.Libraries;
import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;
import dev.tenzan.spi.BinaryCache;

/** Declares the CUDA backend; it is available where NVIDIA's driver is, with a device that is not too old. */
public final class CudaProvider implements BackendProvider {
  /** The name of the backend. */
  public static final String NAME = "cuda";

  /** The system property with the folder of assembled kernels; {@code off} switches the cache off. */
  public static final String CACHE_PROPERTY = "tenzan.cuda.cache";

  /** The CUDA version of the oldest driver that JCuda's library loads with. */
  static final int LEAST_VERSION = 12_060;

  private static final String DRIVER =
      "install NVIDIA's driver, version 560 or newer (docs/cuda.md); nothing else is needed";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int priority() {
    return 300;
  }

  @Override
  public Availability availability() {
    try {
      return availability(new JCudaDriver());
    } catch (LinkageError e) {
      return missing(e);
    }
  }

  /** What the failure to load the driver's library says. JCuda tells it in the nested traces of its message. */
  static Availability missing(LinkageError e) {
    String text = String.valueOf(e.getMessage());
    if (text.contains("IllegalCallerException")) {
      Module module = CudaProvider.class.getModule();
      String names = module.isNamed() ? "jcuda," + module.getName() : "ALL-UNNAMED";
      return Availability.no("Java denies native access", "start java with --enable-native-access=" + names);
    }
    if (text.contains("undefined symbol") || text.contains("procedure could not be found")) {
      return Availability.no("NVIDIA's driver is older than CUDA " + version(LEAST_VERSION), "update it to version 560 or newer");
    }
    if (text.contains("libcuda.so") || text.contains("nvcuda")) {
      return Availability.no("no NVIDIA driver: libcuda.so.1 is not there", DRIVER);
    }
    String cause =
        text.lines().filter(l -> l.contains("UnsatisfiedLinkError: ") || l.contains("NoClassDefFoundError: "))
            .reduce((_, last) -> last)
            .map(l -> l.substring(l.indexOf("Error: ") + 7).strip())
            .orElse(text.lines().findFirst().orElse(e.getClass().getName()));
    return Availability.no(
        "JCuda's library does not load: " + cause, "put jcuda-natives for this system on the class path: linux-x86_64 or windows-x86_64");
  }

  static Availability availability(CudaDriver driver) {
    try {
      int version = driver.start();
      if (version < LEAST_VERSION) {
        return Availability.no(
            "NVIDIA's driver supports CUDA " + version(version) + ", and " + version(LEAST_VERSION) + " is needed",
            "update it to version 560 or newer");
      }
      int count = driver.deviceCount();
      String old = "";
      for (int i = 0; i < count; i++) {
        DeviceFacts facts = driver.facts(i);
        if (facts.capability() >= DeviceFacts.LEAST) {
          return Availability.yes();
        }
        old = facts.name() + " (" + facts.architecture() + ")";
      }
      return count == 0
          ? Availability.no("NVIDIA's driver finds no device", ErrorCodes.remedy(ErrorCodes.NO_DEVICE))
          : Availability.no(
              "the GPU is too old: " + old + ", and sm_" + DeviceFacts.LEAST + " (Turing) is the oldest that runs the kernels",
              "use the opencl device, or cpu");
    } catch (DriverError e) {
      return Availability.no("NVIDIA's driver does not answer: " + e.getMessage(), ErrorCodes.remedy(e.code()));
    }
  }

  /** A CUDA version in words. */
  static String version(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  @Override
  public Backend open() {
    return new CudaBackend(new JCudaDriver(), NAME, BinaryCache.configured(CACHE_PROPERTY, NAME).orElse(null), Libraries.installed());
  }
}
