package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.List;

/**
 * The canonical iteration space of a loop kernel: its {@link MergedSpace}, where all short parallel dimensions move outwards if the
 * innermost one is very short.
 *
 * <p>An innermost dimension of two points that share what some loads read, as those of a pooling window share its result, becomes one with
 * the next dimension all the same: there such a load moves by half an element from point to point ({@link LoopBody#REPEATED}).
 */
final class LoopSpace {
  /** An innermost dimension shorter than this is not worth the start of a row. */
  private static final long SHORT = 8;

  /** What the same dimension is still worth where the narrowest vectors walk it without staging. */
  private static final long VERY_SHORT = 4;

  /** The extents: parallel dimensions first. */
  final long[] extents;

  /** The number of parallel dimensions. */
  final int parallel;

  /** For each canonical dimension the kernel's innermost dimension in it. */
  private final int[] source;

  /** The kernel's dimension outside the innermost one that became one with it, or -1. */
  private final int twos;

  private LoopSpace(long[] extents, int parallel, int[] source, int twos) {
    this.extents = extents;
    this.parallel = parallel;
    this.source = source;
    this.twos = twos;
  }

  /** The canonical space of a kernel whose spaces are not empty. */
  static LoopSpace of(LoopKernel kernel) {
    MergedSpace space = MergedSpace.of(kernel);
    List<Integer> merged = new ArrayList<>(space.source());
    List<Long> extents = new ArrayList<>(space.extents());
    int parallel = space.parallel();
    int twos = -1;
    if (joinsTwos(kernel, merged, extents)) {
      parallel--;
      twos = merged.remove(parallel - 1);
      extents.set(parallel - 1, 2 * extents.get(parallel - 1));
      extents.remove(parallel);
      makeLong(merged, extents, parallel - 1);
    } else if (!suitsNarrowVectors(kernel, space)) {
      makeLong(merged, extents, parallel);
    }
    return new LoopSpace(
        extents.stream().mapToLong(Long::longValue).toArray(),
        parallel,
        merged.stream().mapToInt(Integer::intValue).toArray(),
        twos);
  }

  /** Whether the innermost dimension has two points, and every address either walks it and the next one as one, or is a load that repeats. */
  private static boolean joinsTwos(LoopKernel kernel, List<Integer> dims, List<Long> extents) {
    int inner = dims.size() - 1;
    if (kernel.reduction() != null || inner < 1 || extents.get(inner) != 2 || 2 * extents.get(inner - 1) < SHORT) {
      return false;
    }
    int dim = dims.get(inner);
    int next = dims.get(inner - 1);
    boolean joins = true;
    for (Instr i : kernel.body().code()) {
      joins &=
          switch (i) {
            case Instr.Load l -> isOne(l.address(), next, dim) || PassPlan.isComputeType(l.storage()) && repeats(l.address(), next, dim);
            case Instr.Gather g -> isOne(g.address(), next, dim);
            case Instr.Index x -> isOne(x.value(), next, dim);
            case Instr.Const _, Instr.Reduced _, Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> true;
            case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> true;
          };
    }
    for (LoopKernel.Store s : kernel.stores()) {
      joins &= isOne(s.address(), next, dim);
    }
    return joins;
  }

  /** Whether narrow vectors walk the innermost dimension as it is: steps of one or two elements of a compute type, and plain operations. */
  private static boolean suitsNarrowVectors(LoopKernel kernel, MergedSpace space) {
    int inner = space.parallel() - 1;
    if (kernel.reduction() != null || inner < 0 || space.extents().get(inner) < VERY_SHORT) {
      return false;
    }
    int dim = space.source().get(inner);
    boolean suits = true;
    for (Instr i : kernel.body().code()) {
      suits &=
          switch (i) {
            case Instr.Load l -> PassPlan.isComputeType(l.storage()) && isStep(MergedSpace.stride(l.address(), dim), 2);
            case Instr.Gather _, Instr.Index _ -> false;
            case Instr.Binary b -> b.type().isFloat() || b.op() != ScalarOp.DIV && b.op() != ScalarOp.REM;
            case Instr.Const _, Instr.Reduced _, Instr.Unary _, Instr.Ternary _ -> true;
            case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> true;
          };
    }
    for (LoopKernel.Store s : kernel.stores()) {
      suits &= PassPlan.isComputeType(kernel.outputs().get(s.slot())) && isStep(MergedSpace.stride(s.address(), dim), 1);
    }
    return suits;
  }

  private static boolean isStep(long stride, long most) {
    return stride >= 0 && stride <= most;
  }

  private static boolean isOne(Affine a, int next, int dim) {
    return MergedSpace.stride(a, next) == 2 * MergedSpace.stride(a, dim);
  }

  private static boolean repeats(Affine a, int next, int dim) {
    return MergedSpace.stride(a, next) == 1 && MergedSpace.stride(a, dim) == 0;
  }

  /** Where the last of the first {@code count} dimensions is short, moves the short ones of these outwards and so a long one inwards. */
  private static void makeLong(List<Integer> merged, List<Long> extents, int count) {
    if (count == 0 || extents.get(count - 1) >= SHORT) {
      return;
    }
    int shorts = 0;
    for (int d = 0; d < count; d++) {
      if (extents.get(d) < SHORT) {
        merged.add(shorts, merged.remove(d));
        extents.add(shorts, extents.remove(d));
        shorts++;
      }
    }
  }

  /** An address of the kernel over the canonical dimensions, scaled to bytes. */
  Address address(Affine a, int bytes) {
    long[] strides = new long[source.length];
    for (int d = 0; d < strides.length; d++) {
      strides[d] = MergedSpace.stride(a, source[d]) * bytes;
    }
    if (twos >= 0 && strides[parallel - 1] == 0) {
      strides[parallel - 1] = MergedSpace.stride(a, twos) * bytes / 2;
    }
    return new Address(a.offset() * bytes, strides);
  }

  /** The number of canonical dimensions. */
  int rank() {
    return extents.length;
  }

  /** The extent of a dimension; 1 where the dimension is -1. */
  long extent(int dim) {
    return dim < 0 ? 1 : extents[dim];
  }

  /** The number of points over the dimensions {@code from..to}. */
  long points(int from, int to) {
    long n = 1;
    for (int d = from; d < to; d++) {
      n *= extents[d];
    }
    return n;
  }
}
