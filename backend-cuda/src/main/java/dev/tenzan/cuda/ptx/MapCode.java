package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A loop kernel without a reduction, as PTX: neighbouring threads take neighbouring elements, or neighbouring vectors where all addresses
 * allow it.
 */
final class MapCode {
  /** The elements of a vector: of four bytes each they are what one instruction moves at most. */
  static final int VECTOR = 4;

  /** The instructions of a body that is worth being written for each element of a vector, constants not counted. */
  private static final int SHORT = 64;

  /** The same for loops of many elements: of few a thread has one, or the longest would be on its way for four times as long. */
  private static final int LONG = 192;

  /** So many are many: about as many as a large device has threads. */
  private static final long MANY = 1 << 18;

  private MapCode() {}

  /** Whether groups of neighbours along the last dimension lie in memory as vectors do, in every load and store. */
  static boolean takesVectors(LoopKernel kernel, MergedSpace space) {
    int last = space.parallel() - 1;
    int most = kernel.space().size() >= MANY ? LONG : SHORT;
    if (last < 0 || space.extents().get(last) % VECTOR != 0 || instructions(kernel.body()) > most) {
      return false;
    }
    for (Instr i : kernel.body().code()) {
      if (i instanceof Instr.Load l && !isAligned(l.address(), space, last, true)) {
        return false;
      }
    }
    return kernel.stores().stream().allMatch(s -> isAligned(s.address(), space, last, false));
  }

  private static long instructions(ScalarProgram body) {
    return body.code().stream().filter(i -> !(i instanceof Instr.Const)).count();
  }

  private static boolean isAligned(Affine a, MergedSpace space, int last, boolean mayStandStill) {
    long along = MergedSpace.stride(a, space.source().get(last));
    if (along == 0) {
      return mayStandStill;
    }
    boolean aligned = along == 1 && a.offset() % VECTOR == 0;
    for (int d = 0; d < last; d++) {
      aligned &= MergedSpace.stride(a, space.source().get(d)) % VECTOR == 0;
    }
    return aligned;
  }

  static Plan plan(LoopKernel kernel, Style style, List<Long> bytes, boolean wide, boolean literal) {
    MergedSpace space = MergedSpace.of(kernel);
    boolean gathers = LoopPlanner.gathers(kernel.body());
    LoopText x = new LoopText(kernel, space, wide, literal, gathers, null);
    int width = takesVectors(kernel, space) ? VECTOR : 1;
    long n = kernel.space().size() / width;
    String block = x.special("%ctaid.x");
    String size = x.special("%ntid.x");
    String first = x.mad(block, size, x.special("%tid.x"));
    String step = x.calc("mul.lo", size, x.special("%nctaid.x"));
    x.walk(first, step, x.params.of("count", n), p -> {
      @Nullable String[] index = new @Nullable String[space.extents().size()];
      x.split(p, 0, space.parallel(), index, width);
      if (width > 1) {
        x.vector(index, width);
      } else {
        x.stores(x.program(kernel.body(), index, ""), index);
      }
    });
    KernelSource source = new KernelSource(x.module("tz_map", Style.BLOCK));
    int threads = Style.threads(n);
    Step only = new Step(source, "tz_map", x.params.args(), style.blocks(n, threads), threads);
    return new Plan(bytes, List.of(), List.of(), List.of(only), gathers ? Plan.Check.GATHER : null);
  }
}
