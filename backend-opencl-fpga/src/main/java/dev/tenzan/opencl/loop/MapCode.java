package dev.tenzan.opencl.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.opencl.plan.Plan;
import dev.tenzan.opencl.plan.Step;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.program.Texts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A loop kernel without a reduction, as OpenCL C. */
final class MapCode {
  private MapCode() {}

  static Plan plan(LoopKernel kernel, Style style, List<Long> bytes, boolean wide, boolean literal) {
    Space space = Space.of(kernel, style.chunked());
    boolean gathers = LoopPlanner.gathers(kernel.body());
    LoopText t = new LoopText(kernel, space, style, new Params(wide, literal), gathers);
    long n = space.points(0, space.parallel);
    long items = style.items(n, 2 + kernel.body().size());
    points(t, n, (n + items - 1) / items, (inner, x) -> {
      String[] v = t.program(kernel.body(), "v", inner, x, "");
      t.stores(v, inner, x);
    });
    String code = Texts.prelude(LoopPlanner.usesDoubles(kernel)) + t.text("tz_map", List.of());
    Step step = new Step(style.source(code), "tz_map", t.args(List.of()), items, style.local());
    return new Plan(bytes, List.of(), List.of(), List.of(step), gathers ? Plan.Check.GATHER : null);
  }

  /** Writes the storing program at one point. */
  @FunctionalInterface
  interface Point {
    /** Writes it where the bases lack dimension {@code inner} (or none, -1), whose index is {@code x}. */
    void write(int inner, String x);
  }

  /** The loops over the points of the space, with the bases of the storing program. */
  static void points(LoopText t, long n, long chunk, Point body) {
    int last = t.space.parallel - 1;
    String count = t.params.of(n);
    @Nullable String[] known = new @Nullable String[t.space.rank()];
    if (!t.style.chunked()) {
      t.open("for (" + t.ix + " p = get_global_id(0); p < " + count + "; p += get_global_size(0)) {");
      String[] index = t.split("p", 0, t.space.parallel);
      System.arraycopy(index, 0, known, 0, index.length);
      t.bases(t.kernel.storeProgram(), true, known);
      body.write(-1, "");
      t.close();
      return;
    }
    t.run("p", chunk, count);
    if (last <= 0) {
      t.bases(t.kernel.storeProgram(), true, known);
      t.open("for (" + t.ix + " x = p; x < end; x++) {");
      body.write(last, "x");
      t.close();
      return;
    }
    t.open("while (p < end) {");
    t.line("const " + t.ix + " first = p % " + t.extents[last] + ";");
    t.line("const " + t.ix + " row = p / " + t.extents[last] + ";");
    String[] index = t.split("row", 0, last);
    System.arraycopy(index, 0, known, 0, index.length);
    t.bases(t.kernel.storeProgram(), true, known);
    t.line("const " + t.ix + " stop = min(first + (end - p), " + t.extents[last] + ");");
    t.line("p += stop - first;");
    t.open("for (" + t.ix + " x = first; x < stop; x++) {");
    body.write(last, "x");
    t.close();
    t.close();
  }
}
