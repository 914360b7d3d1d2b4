package dev.tenzan.opencl.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.List;

/**
 * The canonical iteration space of a loop kernel whose spaces are not empty: its {@link MergedSpace}, with ranks rounded up where that
 * is asked for. So kernels that differ only in shape have one program.
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
    MergedSpace space = MergedSpace.of(kernel);
    List<Integer> merged = new ArrayList<>(space.source());
    List<Long> extents = new ArrayList<>(space.extents());
    int parallel = space.parallel();
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

  /** An address of the kernel over the canonical dimensions. */
  Affine canonical(Affine a) {
    long[] strides = new long[source.length];
    for (int d = 0; d < strides.length; d++) {
      strides[d] = source[d] == PADDING ? 0 : MergedSpace.stride(a, source[d]);
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
