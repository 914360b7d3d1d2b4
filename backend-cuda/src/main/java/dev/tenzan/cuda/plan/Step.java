package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.program.KernelSource;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * One launch of one kernel over one dimension.
 *
 * @param source the module
 * @param entry the kernel's name in it
 * @param args the arguments in order
 * @param grid the number of blocks
 * @param block the threads of a block
 * @param shared the shared memory of a block in bytes, besides what the kernel declares
 */
public record Step(KernelSource source, String entry, List<Arg> args, int grid, int block, int shared) {
  /** Copies the arguments. */
  public Step {
    args = List.copyOf(args);
  }

  /** A launch of a kernel that declares all its shared memory. */
  public Step(KernelSource source, String entry, List<Arg> args, int grid, int block) {
    this(source, entry, args, grid, block, 0);
  }

  /** The same launch with other arguments. */
  Step with(UnaryOperator<Arg> argument) {
    return new Step(source, entry, args.stream().map(argument).toList(), grid, block, shared);
  }
}
