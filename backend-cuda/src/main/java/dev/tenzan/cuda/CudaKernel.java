package dev.tenzan.cuda;

import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Executable;
import java.util.List;

/**
 * A kernel made ready for one CUDA device.
 *
 * @param kernel what it runs
 * @param device where
 * @param plan what it needs
 * @param launches one for each step of the plan
 */
record CudaKernel(KernelSpec kernel, CudaDevice device, Plan plan, List<PreparedLaunch> launches) implements Executable {}
