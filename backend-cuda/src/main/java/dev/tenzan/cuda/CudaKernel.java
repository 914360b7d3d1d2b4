package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Executable;
import java.util.List;

/**
 * A kernel made ready for one CUDA device.
 *
 * @param kernel what it runs
 * @param device where
 * @param plan its launches
 * @param functions one for each step
 * @param tables the address of each table of the plan
 */
record CudaKernel(KernelSpec kernel, CudaDevice device, Plan plan, List<CudaDriver.Function> functions, List<Long> tables)
    implements Executable {}
