package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The canonical iteration space of a loop kernel: dimensions of extent 1 are dropped, parallel dimensions are ordered by the stride
 * of the first store, and neighbours that every address walks as one dimension are merged. Where the innermost parallel dimension is
 * then very short, all short ones move outwards. The order of the reduced dimensions is a part of the semantics and stays.
 */
final class LoopSpace {
  /** An innermost dimension shorter than this is not worth the start of a row. */
  private static final long SHORT = 8;

  /** The extents: parallel dimensions first. */
  final long[] extents;

  /** The number of parallel dimensions. */
  final int parallel;

  /** For each canonical dimension the kernel's innermost dimension in it. */
  private final int[] source;

  private LoopSpace(long[] extents, int parallel, int[] source) {
    this.extents = extents;
    this.parallel = parallel;
    this.source = source;
  }

  /** The canonical space of a kernel whose spaces are not empty. */
  static LoopSpace of(LoopKernel kernel) {
    int p = kernel.space().rank();
    long[] all = kernel.space().concat(kernel.reduced()).dims();
    List<Affine> addresses = new ArrayList<>();
    collect(kernel.body(), addresses);
    collect(kernel.epilogue(), addresses);
    for (LoopKernel.Store s : kernel.stores()) {
      addresses.add(s.address());
    }
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
    makeInnermostLong(merged, extents, parallel);
    return new LoopSpace(
        extents.stream().mapToLong(Long::longValue).toArray(),
        parallel,
        merged.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Where the innermost parallel dimension is short, moves the short ones outwards and so a long one inwards. */
  private static void makeInnermostLong(List<Integer> merged, List<Long> extents, int parallel) {
    if (parallel == 0 || extents.get(parallel - 1) >= SHORT) {
      return;
    }
    int shorts = 0;
    for (int d = 0; d < parallel; d++) {
      if (extents.get(d) < SHORT) {
        merged.add(shorts, merged.remove(d));
        extents.add(shorts, extents.remove(d));
        shorts++;
      }
    }
  }

  private static void collect(ScalarProgram program, List<Affine> addresses) {
    for (Instr i : program.code()) {
      switch (i) {
        case Instr.Load l -> addresses.add(l.address());
        case Instr.Gather g -> addresses.add(g.address());
        case Instr.Index x -> addresses.add(x.value());
        case Instr.Const _, Instr.Reduced _, Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> {}
        case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> {}
      }
    }
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

  /** An address of the kernel over the canonical dimensions, scaled to bytes. */
  Address address(Affine a, int bytes) {
    long[] strides = new long[source.length];
    for (int d = 0; d < strides.length; d++) {
      strides[d] = stride(a, source[d]) * bytes;
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
