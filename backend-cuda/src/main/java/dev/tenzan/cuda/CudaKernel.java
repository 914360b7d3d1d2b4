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
  private final boolean run;

  /** What runs where a library declines the plan's work, once it did. Guarded by the device. */
  @Nullable CudaKernel own;

  /** What runs where there is no memory for the plan's scratch buffers, once there was none. Guarded by the device. */
  @Nullable CudaKernel frugal;

  /**
   * A kernel.
   *
   * @param kernel what it runs
   * @param device where
   * @param plan what it needs
   * @param launches one for each step of the plan
   * @param run whether it runs others besides, and the kernel only names them
   */
  CudaKernel(KernelSpec kernel, CudaDevice device, Plan plan, List<PreparedLaunch> launches, boolean run) {
    this.kernel = kernel;
    this.device = device;
    this.plan = plan;
    this.launches = launches;
    this.run = run;
  }

  /** Whether it runs several kernels as one. */
  boolean isRun() {
    return run;
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
