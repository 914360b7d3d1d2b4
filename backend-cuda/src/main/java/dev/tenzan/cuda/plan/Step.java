package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.program.KernelSource;
import java.util.List;

/**
 * One launch of one kernel over one dimension.
 *
 * @param source the module
 * @param entry the kernel's name in it
 * @param args the arguments in order
 * @param grid the number of blocks
 * @param block the threads of a block
 */
public record Step(KernelSource source, String entry, List<Arg> args, int grid, int block) {
  /** Copies the arguments. */
  public Step {
    args = List.copyOf(args);
  }
}
