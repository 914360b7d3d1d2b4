package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Plans loop kernels: one PTX kernel, or two where blocks of a reduction are folded. */
public final class LoopPlanner {
  /** Kernels whose numbers stay below it use 32-bit indices, which devices prefer; what is left of an int is room for sums. */
  static final long NARROW = 1L << 30;

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
    boolean wide = footprint.largestIndex() >= NARROW;
    Plan plan = render(kernel, style, bytes, wide, false);
    int most = plan.steps().stream().mapToInt(s -> 8 * s.args().size()).max().orElse(0);
    return most > PARAMETER_BYTES ? render(kernel, style, bytes, wide, true) : plan;
  }

  /** The plan of loop kernels that are walked together, as one kernel; null where they are better launched one by one. */
  public static @Nullable Plan plan(RowRun run, Style style) {
    return RowCode.plan(run, style);
  }

  /** The plan of attention as one kernel; null where its kernels are better launched one by one. */
  public static @Nullable Plan plan(AttentionRun run, Style style) {
    return AttentionCode.plan(run, style);
  }

  private static Plan render(LoopKernel kernel, Style style, List<Long> bytes, boolean wide, boolean literal) {
    if (kernel.reduction() != null) {
      return new ReduceCode(kernel, style, bytes, wide, literal).plan();
    }
    TileCode tiles = TileCode.of(kernel);
    return tiles == null ? MapCode.plan(kernel, style, bytes, wide, literal) : tiles.plan(style, bytes, wide, literal);
  }

  /** Whether a program has a gather. */
  static boolean gathers(ScalarProgram program) {
    return program.code().stream().anyMatch(Instr.Gather.class::isInstance);
  }
}
