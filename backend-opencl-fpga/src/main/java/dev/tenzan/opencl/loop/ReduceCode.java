package dev.tenzan.opencl.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.opencl.plan.Arg;
import dev.tenzan.opencl.plan.Plan;
import dev.tenzan.opencl.plan.Step;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.program.Texts;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A loop kernel with a reduction, as OpenCL C. One unit of work is one block of {@link ReductionTree} of one point of the space; where
 * there are several blocks, the units leave partial results, and a second kernel folds them and runs the epilogue.
 *
 * <p>Chunked devices walk a unit in one work-item, with the 64 lanes of a block in private memory; or, where memory runs along the
 * outputs, they walk a tile of outputs side by side. Others give a unit to a group of 64 work-items, one for each lane.
 */
final class ReduceCode {
  /** Outputs that are reduced side by side: two or more vectors of any width, and 64 lanes of them stay in a first-level cache. */
  private static final int TILE = 32;

  private final LoopKernel kernel;
  private final Style style;
  private final List<Long> bytes;
  private final Space space;
  private final boolean wide;
  private final boolean literal;
  private final ReduceOp op;
  private final DType type;
  private final int value;
  private final long count;
  private final long blocks;
  private final long outputs;
  private final boolean chain;
  private final boolean across;
  private final String acc;

  /** The indices of the dimensions that the loops written so far fix; the others are null. */
  private final @Nullable String[] known;

  /** The name of the number of the point that is being reduced. */
  private String point = "";

  ReduceCode(LoopKernel kernel, Style style, List<Long> bytes, boolean wide, boolean literal) {
    LoopKernel.Reduction r = kernel.reduction();
    if (r == null) {
      throw new IllegalArgumentException("reduce: the kernel has no reduction");
    }
    this.kernel = kernel;
    this.style = style;
    this.bytes = bytes;
    this.space = Space.of(kernel, style.chunked());
    this.wide = wide;
    this.literal = literal;
    this.op = r.op();
    this.type = kernel.body().type(r.value());
    this.value = r.value();
    this.count = kernel.reduced().size();
    this.blocks = ReductionTree.blocks(count);
    this.outputs = kernel.space().size();
    this.chain = ReductionTree.isSequential(count);
    this.across = style.chunked() && count > 0 && prefersAcross();
    this.acc = Scalars.type(type);
    this.known = new @Nullable String[space.rank()];
  }

  Plan plan() {
    boolean bodyGathers = count > 0 && LoopPlanner.gathers(kernel.body());
    boolean endGathers = LoopPlanner.gathers(kernel.epilogue());
    Plan.Check checked = bodyGathers || endGathers ? Plan.Check.GATHER : null;
    boolean doubles = LoopPlanner.usesDoubles(kernel);
    boolean split = blocks > 1;
    List<Step> steps = new ArrayList<>();
    LoopText t = text(bodyGathers || (!split && endGathers));
    long global = style.chunked() || chain ? unitsByItems(t, split) : unitsByGroups(t, split);
    List<String> partDeclaration = List.of("__global " + acc + "* restrict part");
    List<Arg> part = List.of(new Arg.Temp(0));
    String code =
        Texts.prelude(doubles) + t.text("tz_reduce", split ? partDeclaration : List.of());
    long local = style.chunked() ? 1 : Style.GROUP;
    steps.add(new Step(style.source(code), "tz_reduce", t.args(split ? part : List.of()), global, local));
    if (!split) {
      return new Plan(bytes, List.of(), List.of(), steps, checked);
    }
    LoopText f = text(endGathers);
    long items = style.items(outputs, blocks + kernel.epilogue().size());
    fold(f, (outputs + items - 1) / items);
    String end = Texts.prelude(doubles) + f.text("tz_fold", partDeclaration);
    steps.add(new Step(style.source(end), "tz_fold", f.args(part), items, style.local()));
    long temp = Math.multiplyExact(outputs * blocks, (long) (type == DType.BOOL ? 4 : type.byteSize()));
    return new Plan(bytes, List.of(temp), List.of(), steps, checked);
  }

  private LoopText text(boolean gathers) {
    return new LoopText(kernel, space, style, new Params(wide, literal), gathers);
  }

  /** Whether more loads move by one element along the outputs than along the reduced dimensions. */
  private boolean prefersAcross() {
    int lastParallel = space.parallel - 1;
    int lastReduced = space.rank() - 1;
    if (lastParallel < 0 || lastReduced == lastParallel) {
      return false;
    }
    int alongOutputs = 0;
    int alongReduced = 0;
    for (Instr i : kernel.body().code()) {
      Affine a = i instanceof Instr.Load l ? l.address() : i instanceof Instr.Gather g ? g.address() : null;
      if (a != null) {
        alongOutputs += space.canonical(a).stride(lastParallel) == 1 ? 1 : 0;
        alongReduced += space.canonical(a).stride(lastReduced) == 1 ? 1 : 0;
      }
    }
    return alongOutputs > alongReduced;
  }

  private String combine(String a, String b) {
    return Scalars.binary(op.combine(), type, a, b);
  }

  private String identity() {
    return Scalars.constant(type, op.identity(type));
  }

  /** One work-item walks a run of units; gives the number of work-items. */
  private long unitsByItems(LoopText t, boolean split) {
    int last = space.parallel - 1;
    long columns = last < 0 ? 1 : space.extents[last];
    long tiles = across ? (columns + TILE - 1) / TILE : columns;
    long units = space.points(0, Math.max(0, last)) * tiles * blocks;
    double cost = (double) Math.min(count, ReductionTree.BLOCK) * (2 + kernel.body().size()) * (across ? TILE : 1);
    long items = style.items(units, cost);
    String n = t.params.of(units);
    if (style.chunked()) {
      t.run("from", (units + items - 1) / items, n);
      t.open("for (" + t.ix + " u = from; u < end; u++) {");
    } else {
      t.open("for (" + t.ix + " u = get_global_id(0); u < " + n + "; u += get_global_size(0)) {");
    }
    unit(t, split, across ? t.params.of(tiles) : "");
    if (across) {
      tile(t, split);
    } else {
      t.line(acc + " r = " + identity() + ";");
      if (chain) {
        chain(t, -1, "", "r");
      } else {
        lanes(t);
      }
      finish(t, split);
    }
    t.close();
    return items;
  }

  /** Splits a unit's number into block and point; or block and tile, where outputs are taken in tiles ({@code tiles} is their number). */
  private void unit(LoopText t, boolean split, String tiles) {
    String rest = "u";
    if (split) {
      String b = t.params.of(blocks);
      t.line("const " + t.ix + " block = u % " + b + ";");
      t.line("const " + t.ix + " of = u / " + b + ";");
      rest = "of";
    }
    Arrays.fill(known, null);
    point = rest;
    int last = space.parallel - 1;
    if (tiles.isEmpty()) {
      String[] index = t.split(rest, 0, space.parallel);
      System.arraycopy(index, 0, known, 0, index.length);
      return;
    }
    t.line("const " + t.ix + " tile = " + rest + " % " + tiles + ";");
    t.line("const " + t.ix + " row = " + rest + " / " + tiles + ";");
    String[] index = t.split("row", 0, last);
    System.arraycopy(index, 0, known, 0, index.length);
    t.line("const " + t.ix + " x0 = tile * " + TILE + ";");
    t.line("const int w = (int)min((" + t.ix + ")" + TILE + ", " + t.extents[last] + " - x0);");
  }

  private @Nullable String[] knownIndices() {
    return known.clone();
  }

  /**
   * Loops over all reduced points in order, and combines the body's value into {@code target}.
   *
   * @param tileDim the dimension whose index is {@code x} beside the reduced ones, or -1
   */
  private void chain(LoopText t, int tileDim, String x, String target) {
    int last = space.rank() - 1;
    int opened = 0;
    String innermost = "";
    @Nullable String[] index = knownIndices();
    for (int d = space.parallel; d < space.rank(); d++) {
      if (count == 0) {
        return;
      }
      if (d == last && tileDim < 0) {
        t.bases(kernel.body(), false, index);
      }
      String name = t.name("r");
      t.open("for (" + t.ix + " " + name + " = 0; " + name + " < " + t.extents[d] + "; " + name + "++) {");
      index[d] = name;
      innermost = name;
      opened++;
    }
    if (count == 0) {
      return;
    }
    if (tileDim >= 0) {
      t.bases(kernel.body(), false, index);
      t.open("for (int j = 0; j < w; j++) {");
      String[] v = t.program(kernel.body(), "v", tileDim, x, "");
      t.line(target + " = " + combine(target, v[value]) + ";");
      t.close();
    } else {
      boolean looped = last >= space.parallel;
      if (!looped) {
        t.bases(kernel.body(), false, index);
      }
      String[] v = t.program(kernel.body(), "v", looped ? last : -1, innermost, "");
      t.line(target + " = " + combine(target, v[value]) + ";");
    }
    for (int i = 0; i < opened; i++) {
      t.close();
    }
  }

  /** One block of one point: 64 lanes in private memory. */
  private void lanes(LoopText t) {
    int last = space.rank() - 1;
    t.line(acc + " lane[" + ReductionTree.LANES + "];");
    t.line("for (int k = 0; k < " + ReductionTree.LANES + "; k++) lane[k] = " + identity() + ";");
    t.line(t.ix + " q = " + firstOfBlock() + ";");
    String n = t.params.of(count);
    t.line("const " + t.ix + " stop = min(q + " + ReductionTree.BLOCK + ", " + n + ");");
    t.line("int l = 0;");
    t.open("while (q < stop) {");
    t.line(t.ix + " c = q % " + t.extents[last] + ";");
    t.line("const " + t.ix + " over = q / " + t.extents[last] + ";");
    String[] outer = t.split("over", space.parallel, last);
    @Nullable String[] index = knownIndices();
    System.arraycopy(outer, 0, index, space.parallel, outer.length);
    t.bases(kernel.body(), false, index);
    t.line(t.ix + " run = min(stop - q, " + t.extents[last] + " - c);");
    t.line("q += run;");
    t.open("while (run > 0) {");
    t.line("const int m = (int)min((" + t.ix + ")(" + ReductionTree.LANES + " - l), run);");
    t.open("for (int j = 0; j < m; j++) {");
    t.line("const " + t.ix + " x = c + j;");
    String[] v = t.program(kernel.body(), "v", last, "x", "");
    t.line("lane[l + j] = " + combine("lane[l + j]", v[value]) + ";");
    t.close();
    t.line("c += m;");
    t.line("run -= m;");
    t.line("l = (l + m) % " + ReductionTree.LANES + ";");
    t.close();
    t.close();
    t.open("for (int h = " + ReductionTree.LANES / 2 + "; h >= 1; h /= 2) {");
    t.line("for (int k = 0; k < h; k++) lane[k] = " + combine("lane[k]", "lane[k + h]") + ";");
    t.close();
    t.line("r = lane[0];");
  }

  private String firstOfBlock() {
    return blocks > 1 ? "block * " + ReductionTree.BLOCK : "0";
  }

  /** A tile of neighbouring outputs side by side. */
  private void tile(LoopText t, boolean split) {
    int last = space.parallel - 1;
    if (chain) {
      t.line(acc + " side[" + TILE + "];");
      t.line("for (int j = 0; j < " + TILE + "; j++) side[j] = " + identity() + ";");
      chain(t, last, "(x0 + j)", "side[j]");
    } else {
      int all = ReductionTree.LANES * TILE;
      t.line(acc + " side[" + all + "];");
      t.line("for (int j = 0; j < " + all + "; j++) side[j] = " + identity() + ";");
      String n = t.params.of(count);
      t.line("const " + t.ix + " q0 = " + firstOfBlock() + ";");
      t.line("const " + t.ix + " stop = min(q0 + " + ReductionTree.BLOCK + ", " + n + ");");
      t.open("for (" + t.ix + " q = q0; q < stop; q++) {");
      @Nullable String[] index = knownIndices();
      String[] reduced = t.split("q", space.parallel, space.rank());
      System.arraycopy(reduced, 0, index, space.parallel, reduced.length);
      t.bases(kernel.body(), false, index);
      t.line("const int l = (int)((q - q0) % " + ReductionTree.LANES + ") * " + TILE + ";");
      t.open("for (int j = 0; j < w; j++) {");
      String[] v = t.program(kernel.body(), "v", last, "(x0 + j)", "");
      t.line("side[l + j] = " + combine("side[l + j]", v[value]) + ";");
      t.close();
      t.close();
      t.open("for (int h = " + all / 2 + "; h >= " + TILE + "; h /= 2) {");
      t.line("for (int k = 0; k < h; k++) side[k] = " + combine("side[k]", "side[k + h]") + ";");
      t.close();
    }
    if (split) {
      String b = t.params.of(blocks);
      t.line("const " + t.ix + " to = row * " + t.extents[last] + " + x0;");
      t.line("for (int j = 0; j < w; j++) part[(to + j) * " + b + " + block] = side[j];");
      return;
    }
    t.bases(kernel.epilogue(), true, knownIndices());
    t.open("for (int j = 0; j < w; j++) {");
    String[] v = t.program(kernel.epilogue(), "e", last, "(x0 + j)", "side[j]");
    t.stores(v, last, "(x0 + j)");
    t.close();
  }

  /** Keeps the result {@code r} of a unit, or runs the epilogue on it. */
  private void finish(LoopText t, boolean split) {
    if (split) {
      t.line("part[u] = r;");
      return;
    }
    t.bases(kernel.epilogue(), true, knownIndices());
    String[] v = t.program(kernel.epilogue(), "e", -1, "", "r");
    t.stores(v, -1, "");
  }

  /** A group of 64 work-items takes a unit, one lane each; gives the number of work-items. */
  private long unitsByGroups(LoopText t, boolean split) {
    long units = outputs * blocks;
    String n = t.params.of(units);
    String all = t.params.of(count);
    t.line("__local " + acc + " lane[" + ReductionTree.LANES + "];");
    t.line("const int l = get_local_id(0);");
    t.open("for (" + t.ix + " u = get_group_id(0); u < " + n + "; u += get_num_groups(0)) {");
    unit(t, split, "");
    t.line(acc + " r = " + identity() + ";");
    t.line("const " + t.ix + " q0 = " + firstOfBlock() + ";");
    t.line("const " + t.ix + " stop = min(q0 + " + ReductionTree.BLOCK + ", " + all + ");");
    t.open("for (" + t.ix + " q = q0 + l; q < stop; q += " + ReductionTree.LANES + ") {");
    @Nullable String[] index = knownIndices();
    String[] reduced = t.split("q", space.parallel, space.rank());
    System.arraycopy(reduced, 0, index, space.parallel, reduced.length);
    t.bases(kernel.body(), false, index);
    String[] v = t.program(kernel.body(), "v", -1, "", "");
    t.line("r = " + combine("r", v[value]) + ";");
    t.close();
    t.line("lane[l] = r;");
    t.line("barrier(CLK_LOCAL_MEM_FENCE);");
    t.open("for (int h = " + ReductionTree.LANES / 2 + "; h >= 1; h /= 2) {");
    t.line("if (l < h) lane[l] = " + combine("lane[l]", "lane[l + h]") + ";");
    t.line("barrier(CLK_LOCAL_MEM_FENCE);");
    t.close();
    t.open("if (l == 0) {");
    t.line("r = lane[0];");
    finish(t, split);
    t.close();
    t.line("barrier(CLK_LOCAL_MEM_FENCE);");
    t.close();
    return Math.min(units, 256L * style.units()) * Style.GROUP;
  }

  /** Folds the partial results of each point, then runs the epilogue. */
  private void fold(LoopText t, long chunk) {
    String b = t.params.of(blocks);
    ScalarProgram epilogue = kernel.epilogue();
    String n = t.params.of(outputs);
    if (style.chunked()) {
      t.run("from", chunk, n);
      t.open("for (" + t.ix + " u = from; u < end; u++) {");
    } else {
      t.open("for (" + t.ix + " u = get_global_id(0); u < " + n + "; u += get_global_size(0)) {");
    }
    unit(t, false, "");
    t.line("__global " + acc + "* own = part + " + point + " * " + b + ";");
    t.open("for (" + t.ix + " m = " + b + "; m > 1; ) {");
    t.line("const " + t.ix + " h = (m + 1) / 2;");
    t.line("for (" + t.ix + " k = 0; k < m - h; k++) own[k] = " + combine("own[k]", "own[k + h]") + ";");
    t.line("m = h;");
    t.close();
    t.line("const " + acc + " r = own[0];");
    t.bases(epilogue, true, knownIndices());
    String[] v = t.program(epilogue, "e", -1, "", "r");
    t.stores(v, -1, "");
    t.close();
  }
}
