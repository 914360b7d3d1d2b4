package dev.tenzan.opencl.program;

import dev.tenzan.opencl.driver.OpenClDriver;

/**
 * Where a device gets the program of a {@link KernelSource} from. A device with a compiler has a {@link CompiledPrograms}; one
 * without finds programs that were built beforehand, by {@link KernelSource#hash}.
 */
@FunctionalInterface
public interface ProgramSource {
  /**
   * The built program of a source; the caller releases it.
   *
   * @throws dev.tenzan.error.DeviceException where it was to be built beforehand, and is not there or not for this device
   * @throws dev.tenzan.opencl.driver.DriverError where it cannot be built; the detail holds the build log
   */
  OpenClDriver.Program load(KernelSource source);
}
