package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A loop kernel without a reduction, as PTX: neighbouring threads take neighbouring elements. */
final class MapCode {
  private MapCode() {}

  static Plan plan(LoopKernel kernel, Style style, List<Long> bytes, boolean wide, boolean literal) {
    MergedSpace space = MergedSpace.of(kernel);
    boolean gathers = LoopPlanner.gathers(kernel.body());
    LoopText x = new LoopText(kernel, space, wide, literal, gathers, null);
    long n = kernel.space().size();
    String block = x.special("%ctaid.x");
    String size = x.special("%ntid.x");
    String first = x.mad(block, size, x.special("%tid.x"));
    String step = x.calc("mul.lo", size, x.special("%nctaid.x"));
    x.walk(first, step, x.params.of("count", n), p -> {
      @Nullable String[] index = new @Nullable String[space.extents().size()];
      x.split(p, 0, space.parallel(), index);
      x.stores(x.program(kernel.body(), index, ""), index);
    });
    KernelSource source = new KernelSource(x.module("tz_map", Style.BLOCK));
    int threads = Style.threads(n);
    Step only = new Step(source, "tz_map", x.params.args(), style.blocks(n, threads), threads);
    return new Plan(bytes, List.of(), List.of(), List.of(only), gathers ? Plan.Check.GATHER : null);
  }
}
