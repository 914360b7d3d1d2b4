package dev.tenzan.opencl.program;

import dev.tenzan.opencl.driver.OpenClDriver;

/**
 * Where a device gets the program of a {@link KernelSource} from. A device with a compiler has a {@link CompiledPrograms}; one
 * without finds programs that were built beforehand, by {@link KernelSource#hash}.
 */
@FunctionalInterface
public interface ProgramSource {
  /**
   * A program that holds the kernels of a source.
   *
   * @param program the program
   * @param suffix what the names of the source's kernels end in, as several sources may share a program; mostly empty
   */
  record Loaded(OpenClDriver.Program program, String suffix) {}

  /**
   * The built program of a source; the caller releases it.
   *
   * @throws dev.tenzan.error.DeviceException where it was to be built beforehand, and is not there or not for this device
   * @throws dev.tenzan.opencl.driver.DriverError where it cannot be built; the detail holds the build log
   */
  Loaded load(KernelSource source);

  /** Releases what it keeps for itself. */
  default void close() {}
}
