package dev.tenzan.opencl.loop;

import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.opencl.plan.Plan;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.DType;
import java.util.Arrays;
import java.util.List;

/** Plans loop kernels: one OpenCL kernel, or two where blocks of a reduction are folded. */
public final class LoopPlanner {
  /** Kernels whose numbers stay below it use 32-bit indices, which devices prefer; what is left of an int is room for sums. */
  private static final long NARROW = 1L << 30;

  private LoopPlanner() {}

  /** The plan of a kernel. */
  public static Plan plan(LoopKernel kernel, Style style) {
    LoopFootprint footprint = LoopFootprint.of(kernel);
    List<Long> bytes = Arrays.stream(footprint.bytes()).boxed().toList();
    if (kernel.space().isEmpty()) {
      return new Plan(bytes, List.of(), List.of(), List.of(), null);
    }
    boolean wide = footprint.largestIndex() >= NARROW;
    Plan plan = render(kernel, style, bytes, wide, false);
    long arguments = plan.steps().stream().mapToLong(s -> 8L * s.args().size()).max().orElse(0);
    return arguments > style.argumentBytes() ? render(kernel, style, bytes, wide, true) : plan;
  }

  private static Plan render(LoopKernel kernel, Style style, List<Long> bytes, boolean wide, boolean literal) {
    return kernel.reduction() == null
        ? MapCode.plan(kernel, style, bytes, wide, literal)
        : new ReduceCode(kernel, style, bytes, wide, literal).plan();
  }

  /** Whether a program has a gather. */
  static boolean gathers(ScalarProgram program) {
    return program.code().stream().anyMatch(Instr.Gather.class::isInstance);
  }

  /** Whether a kernel computes in double. */
  public static boolean usesDoubles(LoopKernel kernel) {
    return kernel.inputs().contains(DType.F64)
        || kernel.outputs().contains(DType.F64)
        || kernel.body().code().stream().anyMatch(i -> i.type() == DType.F64)
        || kernel.epilogue().code().stream().anyMatch(i -> i.type() == DType.F64);
  }
}
