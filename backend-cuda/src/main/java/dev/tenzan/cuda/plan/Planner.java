package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.ptx.LoopPlanner;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;

/** Plans every kind of kernel. */
public final class Planner {
  private Planner() {}

  /** The plan of a kernel that {@link Abilities} supports. */
  public static Plan plan(KernelSpec kernel, Style style) {
    return switch (kernel) {
      case LoopKernel k -> LoopPlanner.plan(k, style);
      case MatMulKernel k -> MatMulPlanner.plan(k, style);
      case ConvolutionKernel k -> ConvolutionPlanner.plan(k, style);
      case ScanKernel k -> AxisPlanner.scan(k, style);
      case ScatterKernel k -> AxisPlanner.scatter(k, style);
      case SortKernel k -> SortPlanner.plan(k, style);
      case CustomKernel k -> throw new IllegalArgumentException("custom " + k.name() + " has no plan: its body runs it");
    };
  }
}
