package dev.tenzan.kernel;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The iteration space of a loop kernel in as few dimensions as its addresses allow: dimensions of extent 1 are dropped, parallel
 * dimensions are ordered by the stride of the first store, and neighbours that every address walks as one dimension are merged. The
 * order of the reduced dimensions is a part of the semantics and stays.
 *
 * @param extents the extents, parallel dimensions first
 * @param parallel the number of parallel dimensions
 * @param source for each dimension the kernel's innermost dimension in it, counted over {@code space x reduced}
 */
public record MergedSpace(List<Long> extents, int parallel, List<Integer> source) {
  /** Copies the lists. */
  public MergedSpace {
    extents = List.copyOf(extents);
    source = List.copyOf(source);
  }

  /** The space of a kernel whose spaces are not empty. */
  public static MergedSpace of(LoopKernel kernel) {
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
    return new MergedSpace(extents, parallel, merged);
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
  public static long stride(Affine a, int dim) {
    return dim < a.rank() ? a.stride(dim) : 0;
  }
}
