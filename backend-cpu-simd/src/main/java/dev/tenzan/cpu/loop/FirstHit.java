package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import org.jspecify.annotations.Nullable;

/**
 * A reduction that asks for the least index at which a condition holds, as argmax does: {@code min(condition ? index : none)}, where the
 * index rises in the order of the reduced points, and {@code none} is no less than any. So it is the index of the first point at which the
 * condition holds, and the search may end there.
 *
 * @param condition the number of the condition in the body
 * @param index the index
 * @param none what the reduction gives where the condition holds nowhere
 */
record FirstHit(int condition, Affine index, long none) {
  /** The search that a kernel's reduction is, or null where it is none. */
  static @Nullable FirstHit of(LoopKernel kernel) {
    LoopKernel.Reduction reduction = kernel.reduction();
    if (reduction == null
        || reduction.op() != ReduceOp.MIN
        || !(kernel.body().get(reduction.value()) instanceof Instr.Ternary t)
        || t.op() != ScalarOp.SELECT
        || t.type() != DType.I64
        || !(kernel.body().get(t.b()) instanceof Instr.Index x)
        || !(kernel.body().get(t.c()) instanceof Instr.Const none)) {
      return null;
    }
    Shape points = kernel.space().concat(kernel.reduced());
    boolean suits = rises(x.value(), kernel.space().rank(), points) && none.bits() >= x.value().max(points);
    return suits ? new FirstHit(t.a(), x.value(), none.bits()) : null;
  }

  /** Whether an index is greater at each reduced point than at those before it. */
  private static boolean rises(Affine index, int parallel, Shape points) {
    long inner = 0;
    for (int d = points.rank() - 1; d >= parallel; d--) {
      if (points.dim(d) > 1) {
        long stride = index.stride(d);
        if (stride <= inner) {
          return false;
        }
        inner += stride * (points.dim(d) - 1);
      }
    }
    return true;
  }

  /** Whether something was found for each of some outputs; an index may be {@link #none} itself, which then tells nothing. */
  boolean inAll(long[] indices, int from, int outputs) {
    for (int i = from; i < from + outputs; i++) {
      if (indices[i] == none) {
        return false;
      }
    }
    return true;
  }
}
