package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Style;
import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.Instr;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loop kernels over one row inside a larger kernel, by the threads of a block or of one warp. Neighbouring threads take neighbouring elements,
 * or vectors of them; warps take the results of a reduction, 64 lanes each. The blocks of {@link ReductionTree} of a long row are results of their own,
 * which one thread folds.
 */
final class RowLoops {
  /** The name of the shared memory of partial results. */
  static final String PARTIAL = "partial";

  /** The most partial results of a loop that a thread may have to fold. */
  private static final long MOST_PARTIAL = 64;

  private final PtxText t;
  private final String tid;
  private final int threads;

  /**
   * Loops by some threads.
   *
   * @param tid the register with a thread's number among them
   * @param threads how many they are, whole warps
   */
  RowLoops(PtxText t, String tid, int threads) {
    this.t = t;
    this.tid = tid;
    this.threads = threads;
  }

  /** Whether a loop over one row is one that can be written. */
  static boolean fits(LoopKernel one) {
    if (LoopFootprint.of(one).largestIndex() >= LoopPlanner.NARROW) {
      return false;
    }
    if (one.reduction() == null) {
      return true;
    }
    long count = one.reduced().size();
    long partial = ReductionTree.blocks(count) > 1 ? one.space().size() * ReductionTree.blocks(count) : 0;
    return partial <= MOST_PARTIAL && (ReductionTree.isSequential(count) || !ReduceCode.prefersAcross(one, MergedSpace.of(one)));
  }

  /** The bytes of a loop's partial results. */
  static long partialBytes(LoopKernel one) {
    LoopKernel.Reduction r = one.reduction();
    long blocks = r == null ? 1 : ReductionTree.blocks(one.reduced().size());
    return blocks == 1 || r == null ? 0 : one.space().size() * blocks * new Accumulation(one, r).bytes();
  }

  /** Whether a kernel reads of one buffer what it writes to another, element by element. */
  static boolean isInPlace(LoopKernel k, List<Integer> buffers, int from, int to) {
    List<LoopKernel.Store> stores =
        k.stores().stream().filter(s -> buffers.get(k.inputs().size() + s.slot()) == to).toList();
    return k.reduction() == null
        && k.body().code().stream()
            .filter(i -> i instanceof Instr.Load l && buffers.get(l.slot()) == from)
            .map(Instr.Load.class::cast)
            .allMatch(l -> stores.stream().allMatch(s -> isSame(k, l, s)));
  }

  private static boolean isSame(LoopKernel k, Instr.Load l, LoopKernel.Store s) {
    return l.address().equals(s.address()) && l.storage().byteSize() == k.outputs().get(s.slot()).byteSize();
  }

  /**
   * Writes a loop over one row.
   *
   * @param aligned whether the row begins at a vector in every buffer
   */
  void write(LoopText x, boolean aligned) {
    if (x.kernel.reduction() == null) {
      map(x, aligned);
    } else {
      reduce(x, x.kernel);
    }
  }

  private void map(LoopText x, boolean aligned) {
    int width = aligned && MapCode.takesVectors(x.kernel, x.space) ? MapCode.VECTOR : 1;
    each(x, x.kernel.space().size() / width, p -> {
      @Nullable String[] index = new @Nullable String[x.space.extents().size()];
      x.split(p, 0, x.space.parallel(), index, width);
      if (width > 1) {
        x.vector(index, width);
      } else {
        x.stores(x.program(x.kernel.body(), index, ""), index);
      }
    });
  }

  /** All threads share {@code n} units of work. */
  private void each(LoopText x, long n, LoopText.UnitBody body) {
    String first = t.word();
    t.op("mov.u32", first, tid);
    x.walk(first, Integer.toString(threads), Long.toString(n), body);
  }

  private void reduce(LoopText x, LoopKernel one) {
    LoopKernel.Reduction r = one.reduction();
    if (r == null) {
      throw new IllegalArgumentException("the kernel has no reduction");
    }
    Accumulation sum = new Accumulation(one, r);
    long outputs = one.space().size();
    long count = one.reduced().size();
    if (ReductionTree.isSequential(count)) {
      each(x, outputs, u -> {
        @Nullable String[] point = point(x, u);
        finish(x, point, sum.chain(x, point, count));
      });
      return;
    }
    long blocks = ReductionTree.blocks(count);
    String lane = t.word();
    String warp = t.word();
    t.op("and.b32", lane, tid, Integer.toString(Style.WARP - 1));
    t.op("shr.u32", warp, tid, "5");
    x.walk(warp, Integer.toString(threads / Style.WARP), Long.toString(outputs * blocks), u -> {
      String of = blocks == 1 ? u : x.quotient(u, "blocks", blocks);
      String first = "0";
      String stop = Long.toString(count);
      if (blocks > 1) {
        String block = x.calc("sub", u, x.calc("mul.lo", of, Long.toString(blocks)));
        first = x.calc("mul.lo", block, Integer.toString(ReductionTree.BLOCK));
        stop = x.calc("min", x.calc("add", first, Integer.toString(ReductionTree.BLOCK)), stop);
      }
      @Nullable String[] point = point(x, of);
      String result = sum.warp(x, point, new Accumulation.Range(first, stop), lane);
      String others = t.pred();
      String skip = t.label();
      t.op("setp.ne.s32", others, lane, "0");
      t.jumpIf(others, skip);
      if (blocks == 1) {
        finish(x, point, result);
      } else {
        sum.put(x, Space.SHARED, partial(u, sum.bytes()), result);
      }
      t.place(skip);
    });
    if (blocks > 1) {
      t.line("bar.sync 0");
      each(x, outputs, u -> finish(x, point(x, u), fold(x, sum, u, (int) blocks)));
    }
  }

  private static @Nullable String[] point(LoopText x, String unit) {
    @Nullable String[] point = new @Nullable String[x.space.extents().size()];
    x.split(unit, 0, x.space.parallel(), point);
    return point;
  }

  private static void finish(LoopText x, @Nullable String[] point, String result) {
    x.stores(x.program(x.kernel.epilogue(), point, result), point);
  }

  /** The address of a partial result. */
  private String partial(String number, int bytes) {
    String base = t.word();
    String d = t.word();
    t.op("mov.u32", base, PARTIAL);
    t.op("mad.lo.s32", d, number, Integer.toString(bytes), base);
    return d;
  }

  /** Folds the blocks' results in the order of {@link ReductionTree}. */
  private String fold(LoopText x, Accumulation sum, String unit, int blocks) {
    String at = partial(x.calc("mul.lo", unit, Integer.toString(blocks)), sum.bytes());
    String[] r = new String[blocks];
    for (int i = 0; i < blocks; i++) {
      r[i] = sum.get(x, Space.SHARED, at + "+" + i * sum.bytes());
    }
    for (int m = blocks; m > 1; m = (m + 1) / 2) {
      int half = (m + 1) / 2;
      for (int i = 0; i < m - half; i++) {
        sum.combine(x, r[i], r[i + half]);
      }
    }
    return r[0];
  }
}
