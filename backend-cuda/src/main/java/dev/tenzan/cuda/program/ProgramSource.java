package dev.tenzan.cuda.program;

import dev.tenzan.cuda.driver.CudaDriver;

/** Where a device gets the kernels of a {@link KernelSource} from. */
@FunctionalInterface
public interface ProgramSource {
  /**
   * The loaded kernels of a source; the caller unloads them.
   *
   * @throws dev.tenzan.cuda.driver.DriverError where they cannot be loaded; the detail holds the log
   */
  CudaDriver.Module load(KernelSource source);
}
