package dev.tenzan.cuda;

import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Executable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A kernel made ready for one CUDA device. */
final class CudaKernel implements Executable {
  private final KernelSpec kernel;
  private final CudaDevice device;
  private final Plan plan;
  private final List<PreparedLaunch> launches;

  /** What runs where cuBLASLt declines the plan's product, once it did. Guarded by the device. */
  @Nullable CudaKernel own;

  /**
   * A kernel.
   *
   * @param kernel what it runs
   * @param device where
   * @param plan what it needs
   * @param launches one for each step of the plan
   */
  CudaKernel(KernelSpec kernel, CudaDevice device, Plan plan, List<PreparedLaunch> launches) {
    this.kernel = kernel;
    this.device = device;
    this.plan = plan;
    this.launches = launches;
  }

  @Override
  public KernelSpec kernel() {
    return kernel;
  }

  CudaDevice device() {
    return device;
  }

  Plan plan() {
    return plan;
  }

  List<PreparedLaunch> launches() {
    return launches;
  }
}
