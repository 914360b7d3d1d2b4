package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.program.CompiledPrograms;
import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.spi.BinaryCache;
import org.jspecify.annotations.Nullable;

/**
 * The compiler inside a device's driver, used beforehand: the bundle then holds the driver's own binaries. It is the way for devices
 * whose vendor has no offline compiler; and for PoCL a quicker one than {@link PoclCompiler}, which starts a process for each source.
 */
public final class DriverCompiler implements OfflineCompiler, AutoCloseable {
  private final OpenClDriver driver;
  private final OpenClDriver.Context context;
  private final CompiledPrograms programs;
  private final DeviceFacts facts;

  /**
   * The compiler of one device.
   *
   * @param index the number of the device, over all platforms
   * @param cache where binaries may already be, or null
   */
  public DriverCompiler(OpenClDriver driver, int index, @Nullable BinaryCache cache) {
    this.driver = driver;
    int count = 0;
    for (OpenClDriver.Platform p : driver.platforms()) {
      for (OpenClDriver.DeviceId d : driver.devices(p)) {
        if (count++ == index) {
          facts = driver.facts(p, d);
          if (!facts.compiler()) {
            throw new DeviceException("pack: opencl:" + index + " (" + facts.name() + ") compiles nothing; use the vendor's tools");
          }
          context = driver.createContext(p, d);
          programs = new CompiledPrograms(driver, context, d, facts, cache);
          return;
        }
      }
    }
    throw new DeviceException("pack: there is no device opencl:" + index + "; there are " + count + ", counted from 0");
  }

  @Override
  public String ending() {
    return ".driver";
  }

  @Override
  public String toolchain() {
    return "the driver's compiler, " + facts.platform() + ", driver " + facts.driver();
  }

  @Override
  public String board() {
    return facts.name();
  }

  @Override
  public byte[] compile(KernelSource source) {
    try {
      OpenClDriver.Program p = programs.program(source);
      try {
        return driver.binary(p);
      } finally {
        driver.release(p);
      }
    } catch (DriverError e) {
      throw new DeviceException("pack: " + source.name() + " (" + source.hash() + ") does not compile: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    driver.release(context);
  }
}
