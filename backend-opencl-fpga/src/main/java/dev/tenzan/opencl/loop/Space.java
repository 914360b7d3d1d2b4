package dev.tenzan.opencl.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The canonical iteration space of a loop kernel whose spaces are not empty: dimensions of extent 1 are dropped, parallel dimensions
 * are ordered by the stride of the first store, neighbours that every address walks as one dimension are merged. So kernels that
 * differ only in shape have one program. The order of the reduced dimensions is a part of the semantics and stays.
 */
final class Space {
  /** The extents: parallel dimensions first. */
  final long[] extents;

  /** The number of parallel dimensions. */
  final int parallel;

  /** Stands for a dimension that the kernel does not have. */
  private static final int PADDING = -1;

  /** For each canonical dimension the kernel's innermost dimension in it, or {@link #PADDING}. */
  private final int[] source;

  private Space(long[] extents, int parallel, int[] source) {
    this.extents = extents;
    this.parallel = parallel;
    this.source = source;
  }

  /**
   * The space of a kernel.
   *
   * @param padded whether ranks are rounded up by dimensions of extent 1, so that fewer programs are compiled
   */
  static Space of(LoopKernel kernel, boolean padded) {
    int p = kernel.space().rank();
    long[] all = kernel.space().concat(kernel.reduced()).dims();
    List<Affine> addresses = addresses(kernel);
    List<Integer> dims = new ArrayList<>();
    for (int d = 0; d < p; d++) {
      if (all[d] != 1) {
        dims.add(d);
      }
    }
    Affine order = kernel.stores().getFirst().address();
    dims.sort(Comparator.comparingLong(d -> -Math.abs(order.stride(d))));
    int before = dims.size();
    for (int d = p; d < all.length; d++) {
      if (all[d] != 1) {
        dims.add(d);
      }
    }
    List<Integer> merged = new ArrayList<>();
    List<Long> extents = new ArrayList<>();
    int parallel = 0;
    for (int k = 0; k < dims.size(); k++) {
      int d = dims.get(k);
      if (k > 0 && k != before && mergeable(addresses, dims.get(k - 1), d, all[d])) {
        merged.set(merged.size() - 1, d);
        extents.set(extents.size() - 1, extents.getLast() * all[d]);
      } else {
        merged.add(d);
        extents.add(all[d]);
      }
      if (k < before) {
        parallel = merged.size();
      }
    }
    if (padded) {
      int reduced = merged.size() - parallel;
      int more = roundedRank(parallel) - parallel;
      pad(extents, merged, parallel, kernel.reduced().rank() == 0 ? 0 : roundedRank(reduced) - reduced);
      pad(extents, merged, 0, more);
      parallel += more;
    }
    return new Space(
        extents.stream().mapToLong(Long::longValue).toArray(),
        parallel,
        merged.stream().mapToInt(Integer::intValue).toArray());
  }

  private static int roundedRank(int rank) {
    return rank <= 1 ? 1 : rank <= 3 ? 3 : rank;
  }

  private static void pad(List<Long> extents, List<Integer> merged, int at, int count) {
    for (int i = 0; i < count; i++) {
      extents.add(at, 1L);
      merged.add(at, PADDING);
    }
  }

  /** Every address and index value of a kernel. */
  private static List<Affine> addresses(LoopKernel kernel) {
    List<Affine> all = new ArrayList<>();
    for (ScalarProgram program : List.of(kernel.body(), kernel.epilogue())) {
      for (Instr i : program.code()) {
        switch (i) {
          case Instr.Load l -> all.add(l.address());
          case Instr.Gather g -> all.add(g.address());
          case Instr.Index x -> all.add(x.value());
          case Instr.Const _, Instr.Reduced _, Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> {}
          case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> {}
        }
      }
    }
    kernel.stores().forEach(s -> all.add(s.address()));
    return all;
  }

  private static boolean mergeable(List<Affine> addresses, int outer, int inner, long extent) {
    for (Affine a : addresses) {
      if (stride(a, outer) != stride(a, inner) * extent) {
        return false;
      }
    }
    return true;
  }

  /** The stride of a kernel dimension; addresses over the parallel dimensions alone do not move with the others. */
  private static long stride(Affine a, int dim) {
    return dim < a.rank() ? a.stride(dim) : 0;
  }

  /** An address of the kernel over the canonical dimensions. */
  Affine canonical(Affine a) {
    long[] strides = new long[source.length];
    for (int d = 0; d < strides.length; d++) {
      strides[d] = source[d] == PADDING ? 0 : stride(a, source[d]);
    }
    return new Affine(a.offset(), strides);
  }

  /** The number of canonical dimensions. */
  int rank() {
    return extents.length;
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
