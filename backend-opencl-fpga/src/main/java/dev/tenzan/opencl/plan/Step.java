package dev.tenzan.opencl.plan;

import dev.tenzan.opencl.program.KernelSource;
import java.util.List;

/**
 * One launch of one OpenCL kernel over one dimension.
 *
 * @param source the program
 * @param entry the kernel's name in it
 * @param args the arguments in order
 * @param global the number of work-items, a multiple of local
 * @param local the work-items of a group
 */
public record Step(KernelSource source, String entry, List<Arg> args, long global, long local) {
  /** Copies the arguments. */
  public Step {
    args = List.copyOf(args);
  }
}
