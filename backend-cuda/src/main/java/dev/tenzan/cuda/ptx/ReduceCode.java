package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Arg;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.Instr;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A loop kernel with a reduction, as PTX. One unit of work is one block of {@link ReductionTree} of one point of the space; where there
 * are several blocks, the units leave partial results, and a second kernel folds them and runs the epilogue.
 *
 * <p>A warp takes a unit: thread l has the lanes l and l + 32, so the first fold is its own, and the others are shuffles. Where memory
 * runs along the outputs a block of eight warps takes a unit of 32 neighbouring outputs: the thread of output x in warp y has the lanes
 * y, y + 8, ..., y + 56; three folds are its own, and shared memory does the last three. Up to 63 elements are one thread's chain.
 */
final class ReduceCode {
  /** The warps of a block that share 32 outputs. */
  private static final int ROWS = 8;

  /** The threads of a block that folds partial results, how many folds each of them has under way, and the block's shared memory. */
  private static final int FOLD_THREADS = 512;

  private static final int FOLD_AHEAD = 4;
  private static final int FOLD_BYTES = 32 << 10;

  private final LoopKernel kernel;
  private final Style style;
  private final List<Long> bytes;
  private final MergedSpace space;
  private final boolean wide;
  private final boolean literal;
  private final Accumulation sum;
  private final long count;
  private final long blocks;
  private final long outputs;
  private final boolean split;

  ReduceCode(LoopKernel kernel, Style style, List<Long> bytes, boolean wide, boolean literal) {
    LoopKernel.Reduction r = kernel.reduction();
    if (r == null) {
      throw new IllegalArgumentException("reduce: the kernel has no reduction");
    }
    this.kernel = kernel;
    this.style = style;
    this.bytes = bytes;
    this.space = MergedSpace.of(kernel);
    this.wide = wide;
    this.literal = literal;
    this.sum = new Accumulation(kernel, r);
    this.count = kernel.reduced().size();
    this.blocks = ReductionTree.blocks(count);
    this.outputs = kernel.space().size();
    this.split = blocks > 1;
  }

  Plan plan() {
    boolean bodyGathers = count > 0 && LoopPlanner.gathers(kernel.body());
    boolean endGathers = LoopPlanner.gathers(kernel.epilogue());
    List<Step> steps = new ArrayList<>();
    LoopText x = text(bodyGathers || (!split && endGathers));
    steps.add(ReductionTree.isSequential(count) ? chains(x) : prefersAcross(kernel, space) ? tiles(x) : warps(x));
    if (split) {
      steps.add(fold(text(endGathers)));
    }
    Plan.Check checked = bodyGathers || endGathers ? Plan.Check.GATHER : null;
    List<Long> temps = split ? List.of(Math.multiplyExact(outputs * blocks, (long) sum.bytes())) : List.of();
    return new Plan(bytes, temps, List.of(), steps, checked);
  }

  private LoopText text(boolean gathers) {
    return new LoopText(kernel, space, wide, literal, gathers, split ? new Arg.Temp(0) : null);
  }

  /** Whether more loads move by one element along the outputs than along the reduced dimensions. */
  static boolean prefersAcross(LoopKernel kernel, MergedSpace space) {
    int lastParallel = space.parallel() - 1;
    int lastReduced = space.extents().size() - 1;
    if (lastParallel < 0 || lastReduced == lastParallel) {
      return false;
    }
    int alongOutputs = 0;
    int alongReduced = 0;
    for (Instr i : kernel.body().code()) {
      Affine a = i instanceof Instr.Load l ? l.address() : i instanceof Instr.Gather g ? g.address() : null;
      if (a != null) {
        alongOutputs += MergedSpace.stride(a, space.source().get(lastParallel)) == 1 ? 1 : 0;
        alongReduced += MergedSpace.stride(a, space.source().get(lastReduced)) == 1 ? 1 : 0;
      }
    }
    return alongOutputs > alongReduced;
  }

  private @Nullable String[] newIndex() {
    return new @Nullable String[space.extents().size()];
  }

  /** Keeps the result of a unit, or runs the epilogue on it. */
  private void finish(LoopText x, String unit, @Nullable String[] point, String result) {
    if (split) {
      sum.put(x, Space.GLOBAL, x.at(x.part, unit, sum.bytes()), result);
    } else {
      x.stores(x.program(kernel.epilogue(), point, result), point);
    }
  }

  /** A thread for each output walks all elements in order. */
  private Step chains(LoopText x) {
    String block = x.special("%ctaid.x");
    String size = x.special("%ntid.x");
    String first = x.mad(block, size, x.special("%tid.x"));
    String step = x.calc("mul.lo", size, x.special("%nctaid.x"));
    x.walk(first, step, x.params.of("outputs", outputs), u -> {
      @Nullable String[] point = newIndex();
      x.split(u, 0, space.parallel(), point);
      finish(x, u, point, sum.chain(x, point, count));
    });
    int threads = Style.threads(outputs);
    return step(x, "tz_reduce", style.blocks(outputs, threads), threads);
  }

  private Step step(LoopText x, String entry, int grid, int block) {
    return new Step(new KernelSource(x.module(entry, Math.max(block, Style.BLOCK))), entry, x.params.args(), grid, block);
  }

  /** Splits a unit's number into block and point. */
  private String point(LoopText x, String unit) {
    return split ? x.quotient(unit, "blocks", blocks) : unit;
  }

  private Accumulation.Range range(LoopText x, String unit, String of) {
    String first = x.index();
    if (split) {
      String whole = x.calc("mul.lo", of, x.params.of("blocks", blocks));
      x.calc(first, "mul.lo", x.calc("sub", unit, whole), Integer.toString(ReductionTree.BLOCK));
    } else {
      x.move(first, "0");
    }
    String end = x.calc("add", first, Integer.toString(ReductionTree.BLOCK));
    return new Accumulation.Range(first, x.calc("min", end, x.params.of("count", count)));
  }

  /** A warp for each unit. */
  private Step warps(LoopText x) {
    PtxText t = x.t;
    long units = outputs * blocks;
    String tid = t.word();
    String lane = t.word();
    String warp = t.word();
    t.op("mov.u32", tid, "%tid.x");
    t.op("and.b32", lane, tid, Integer.toString(Style.WARP - 1));
    t.op("shr.u32", warp, tid, "5");
    String threads = t.word();
    String warps = t.word();
    t.op("mov.u32", threads, "%ntid.x");
    t.op("shr.u32", warps, threads, "5");
    String perBlock = x.widened(warps);
    String first = x.mad(x.special("%ctaid.x"), perBlock, x.widened(warp));
    String own = x.widened(lane);
    String step = x.calc("mul.lo", perBlock, x.special("%nctaid.x"));
    x.walk(first, step, x.params.of("units", units), u -> {
      @Nullable String[] point = newIndex();
      String of = point(x, u);
      x.split(of, 0, space.parallel(), point);
      Accumulation.Range range = range(x, u, of);
      String result = sum.warp(x, point, range, own);
      String skip = t.label();
      String others = t.pred();
      t.op("setp.ne.s32", others, lane, "0");
      t.jumpIf(others, skip);
      finish(x, u, point, result);
      t.place(skip);
    });
    int size = (int) Math.min(Style.BLOCK, units * Style.WARP);
    return step(x, "tz_reduce", style.blocks(units, size / Style.WARP), size);
  }

  /** A block for each block of the tree of 32 neighbouring outputs. */
  private Step tiles(LoopText x) {
    PtxText t = x.t;
    int last = space.parallel() - 1;
    long columns = space.extents().get(last);
    long tiles = (columns + Style.WARP - 1) / Style.WARP;
    long units = outputs / columns * tiles * blocks;
    t.shared("side", ROWS * Style.WARP * sum.bytes());
    String tid = t.word();
    String column = t.word();
    String row = t.word();
    t.op("mov.u32", tid, "%tid.x");
    t.op("and.b32", column, tid, Integer.toString(Style.WARP - 1));
    t.op("shr.u32", row, tid, "5");
    String side = sideAddress(x, tid);
    String first = x.index();
    x.move(first, x.special("%ctaid.x"));
    x.walk(first, x.special("%nctaid.x"), x.params.of("units", units), u -> {
      @Nullable String[] point = newIndex();
      String of = point(x, u);
      String outer = x.quotient(of, "tiles", tiles);
      String tile = x.calc("sub", of, x.calc("mul.lo", outer, x.params.of("tiles", tiles)));
      x.split(outer, 0, last, point);
      String at = x.mad(tile, Integer.toString(Style.WARP), x.widened(column));
      point[last] = at;
      String inside = x.test("lt", at, x.params.of("columns", columns));
      Accumulation.Range range = range(x, u, of);
      String[] acc = new String[ReductionTree.LANES / ROWS];
      for (int j = 0; j < acc.length; j++) {
        acc[j] = sum.identity(x);
      }
      String outside = t.label();
      t.jumpUnless(inside, outside);
      sum.lanes(x, point, x.calc("add", range.first(), x.widened(row)), range, ROWS, acc);
      for (int half = acc.length / 2; half >= 1; half /= 2) {
        for (int j = 0; j < half; j++) {
          sum.combine(x, acc[j], acc[j + half]);
        }
      }
      t.place(outside);
      foldRows(x, side, row, inside, acc[0], r -> finishAcross(x, u, of, outer, at, columns, point, r));
    });
    return step(x, "tz_reduce", style.blocks(units), ROWS * Style.WARP);
  }

  /**
   * Folds what the eight warps of a block have for 32 outputs, in the first of them; {@code inside} tells a thread whether its output is
   * there.
   */
  private void foldRows(LoopText x, String side, String row, String inside, String acc, Consumer<String> finish) {
    PtxText t = x.t;
    sum.put(x, Space.SHARED, side, acc);
    t.line("bar.sync 0");
    String done = t.label();
    String others = t.pred();
    t.op("setp.ne.s32", others, row, "0");
    t.jumpIf(others, done);
    t.jumpUnless(inside, done);
    String[] rows = new String[ROWS];
    for (int y = 0; y < ROWS; y++) {
      rows[y] = sum.get(x, Space.SHARED, side + "+" + y * Style.WARP * sum.bytes());
    }
    for (int half = ROWS / 2; half >= 1; half /= 2) {
      for (int j = 0; j < half; j++) {
        sum.combine(x, rows[j], rows[j + half]);
      }
    }
    finish.accept(rows[0]);
    t.place(done);
    t.line("bar.sync 0"); // the next unit writes where this one was read
  }

  /** The address of a result in shared memory. */
  private String sideAddress(LoopText x, String index) {
    String low = index;
    if (index.startsWith("%w")) {
      low = x.t.word();
      x.t.op("cvt.u32.u64", low, index);
    }
    String base = x.t.word();
    String side = x.t.word();
    x.t.op("mov.u32", base, "side");
    x.t.op("mad.lo.s32", side, low, Integer.toString(sum.bytes()), base);
    return side;
  }

  private void finishAcross(
      LoopText x, String unit, String of, String outer, String at, long columns, @Nullable String[] point, String result) {
    if (!split) {
      finish(x, unit, point, result);
      return;
    }
    String block = x.calc("sub", unit, x.calc("mul.lo", of, x.params.of("blocks", blocks)));
    String output = x.mad(outer, x.params.of("columns", columns), at);
    finish(x, x.mad(output, x.params.of("blocks", blocks), block), point, result);
  }

  /**
   * A block for each output folds its partial results, then runs the epilogue. Its shared memory takes what the first fold leaves; where
   * that is too much, folds in the partial results' own memory come before.
   */
  private Step fold(LoopText x) {
    PtxText t = x.t;
    int bytes = sum.bytes();
    int room = (int) Math.min(Long.highestOneBit(Math.max(1, blocks - 1)), FOLD_BYTES / bytes);
    t.shared("side", room * bytes);
    String tid = x.special("%tid.x");
    String threads = x.special("%ntid.x");
    String first = x.index();
    x.move(first, x.special("%ctaid.x"));
    x.walk(first, x.special("%nctaid.x"), x.params.of("outputs", outputs), u -> {
      String own = x.at(x.part, x.calc("mul.lo", u, x.params.of("blocks", blocks)), bytes);
      String m = x.index();
      x.move(m, x.params.of("blocks", blocks));
      String again = t.label();
      String fits = t.label();
      t.place(again);
      t.jumpIf(x.test("le", m, Integer.toString(2 * room)), fits);
      String half = half(x, m);
      pairs(x, own, m, half, tid, threads, false);
      t.line("bar.sync 0"); // which also lets all threads of the block see what was written
      x.move(m, half);
      t.jump(again);
      t.place(fits);
      half = half(x, m);
      pairs(x, own, m, half, tid, threads, true);
      t.line("bar.sync 0");
      x.move(m, half);
      foldShared(x, m, tid, threads);
      String done = t.label();
      t.jumpIf(x.test("ne", tid, "0"), done);
      String result = sum.get(x, Space.SHARED, "side");
      @Nullable String[] point = newIndex();
      x.split(u, 0, space.parallel(), point);
      x.stores(x.program(kernel.epilogue(), point, result), point);
      t.place(done);
      t.line("bar.sync 0"); // the next output writes where this one was read
    });
    int size = Math.clamp(Long.highestOneBit(blocks), Style.WARP, FOLD_THREADS);
    return new Step(
        new KernelSource(x.module("tz_fold", FOLD_THREADS)), "tz_fold", x.params.args(), style.blocks(outputs), size);
  }

  /** Half of a number, rounded up. */
  private String half(LoopText x, String m) {
    String half = x.index();
    x.t.op(wide ? "shr.u64" : "shr.u32", half, x.calc("add", m, "1"), "1");
    return half;
  }

  /**
   * Combines each of the first {@code half} of {@code m} partial results in global memory with the one {@code half} behind it, several
   * at once so that their loads overlap, and keeps them in shared memory or in their own place.
   */
  private void pairs(LoopText x, String own, String m, String half, String tid, String threads, boolean toShared) {
    PtxText t = x.t;
    int bytes = sum.bytes();
    String upper = x.calc("sub", m, half); // so many have a partner
    String lastLow = x.calc("sub", half, "1");
    String lastHigh = x.calc("sub", m, "1");
    String k = x.index();
    x.move(k, tid);
    x.walk(k, x.calc("mul.lo", threads, Integer.toString(FOLD_AHEAD)), half, first -> {
      String[] low = new String[FOLD_AHEAD];
      String[] high = new String[FOLD_AHEAD];
      String[] places = new String[FOLD_AHEAD];
      for (int i = 0; i < FOLD_AHEAD; i++) { // what is past the end is loaded from the end, and not used
        places[i] = i == 0 ? first : x.calc("add", places[i - 1], threads);
        low[i] = sum.get(x, Space.GLOBAL, x.at(own, x.calc("min", places[i], lastLow), bytes));
        high[i] = sum.get(x, Space.GLOBAL, x.at(own, x.calc("min", x.calc("add", places[i], half), lastHigh), bytes));
      }
      for (int i = 0; i < FOLD_AHEAD; i++) {
        String alone = t.label();
        t.jumpUnless(x.test("lt", places[i], upper), alone);
        sum.combine(x, low[i], high[i]);
        t.place(alone);
        String outside = t.label();
        t.jumpUnless(x.test("lt", places[i], half), outside);
        if (toShared) {
          sum.put(x, Space.SHARED, sideAddress(x, places[i]), low[i]);
        } else {
          sum.put(x, Space.GLOBAL, x.at(own, places[i], bytes), low[i]);
        }
        t.place(outside);
      }
    });
  }

  /** Folds {@code m} results in shared memory into the first. */
  private void foldShared(LoopText x, String m, String tid, String threads) {
    PtxText t = x.t;
    String again = t.label();
    String folded = t.label();
    t.place(again);
    t.jumpIf(x.test("le", m, "1"), folded);
    String half = half(x, m);
    String k = x.index();
    x.move(k, tid);
    x.walk(k, threads, x.calc("sub", m, half), at -> {
      String low = sideAddress(x, at);
      String r = sum.get(x, Space.SHARED, low);
      sum.combine(x, r, sum.get(x, Space.SHARED, sideAddress(x, x.calc("add", at, half))));
      sum.put(x, Space.SHARED, low, r);
    });
    t.line("bar.sync 0");
    x.move(m, half);
    t.jump(again);
    t.place(folded);
  }
}
