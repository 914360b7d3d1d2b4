package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;

/** Plans loop kernels: one PTX kernel, or two where blocks of a reduction are folded. */
public final class LoopPlanner {
  /** Kernels whose numbers stay below it use 32-bit indices, which devices prefer; what is left of an int is room for sums. */
  private static final long NARROW = 1L << 30;

  /** The bytes of parameters of a kernel that every driver takes. */
  private static final int PARAMETER_BYTES = 4096;

  private LoopPlanner() {}

  /** The plan of a kernel. */
  public static Plan plan(LoopKernel kernel, Style style) {
    LoopFootprint footprint = LoopFootprint.of(kernel);
    List<Long> bytes = Arrays.stream(footprint.bytes()).boxed().toList();
    if (kernel.space().isEmpty()) {
      return Plan.nothing(bytes);
    }
    boolean wide = Math.max(largest(kernel), footprint.reach()) >= NARROW;
    Plan plan = render(kernel, style, bytes, wide, false);
    int most = plan.steps().stream().mapToInt(s -> 8 * s.args().size()).max().orElse(0);
    return most > PARAMETER_BYTES ? render(kernel, style, bytes, wide, true) : plan;
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

  /** A bound of the magnitude of every number that index arithmetic meets. */
  private static long largest(LoopKernel kernel) {
    Shape all = kernel.space().concat(kernel.reduced());
    long most = Math.max(kernel.space().size(), 1);
    if (!all.isEmpty()) {
      most = Math.max(most, all.size());
      most = Math.max(most, largest(kernel.body(), all));
    }
    most = Math.max(most, largest(kernel.epilogue(), kernel.space()));
    for (LoopKernel.Store s : kernel.stores()) {
      most = Math.max(most, magnitude(s.address(), kernel.space()));
    }
    return most;
  }

  private static long largest(ScalarProgram program, Shape space) {
    long most = 0;
    for (Instr i : program.code()) {
      long m =
          switch (i) {
            case Instr.Load l -> magnitude(l.address(), space);
            case Instr.Gather g -> magnitude(g.address(), space) + Math.abs(g.stride()) * Math.max(1, g.extent());
            case Instr.Index x -> magnitude(x.value(), space);
            case Instr.Const _, Instr.Reduced _, Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> 0;
            case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> 0;
          };
      most = Math.max(most, m < 0 ? Long.MAX_VALUE : m);
    }
    return most;
  }

  private static long magnitude(Affine a, Shape space) {
    long sum = Math.abs(a.offset());
    for (int d = 0; d < a.rank(); d++) {
      sum += Math.abs(a.stride(d)) * Math.max(1, space.dim(d));
    }
    return sum < 0 ? Long.MAX_VALUE : sum;
  }
}
