package dev.tenzan.opencl;

import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Plan;
import dev.tenzan.spi.Executable;
import java.util.List;

/**
 * A kernel made ready for one OpenCL device.
 *
 * @param kernel what it runs
 * @param device where
 * @param plan its launches
 * @param kernels one OpenCL kernel for each step, whose numbers are set
 * @param tables one buffer for each table of the plan
 */
record OpenClKernel(
    KernelSpec kernel,
    OpenClDevice device,
    Plan plan,
    List<OpenClDriver.Kernel> kernels,
    List<OpenClDriver.Memory> tables)
    implements Executable {}
