package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.List;

/**
 * The canonical iteration space of a loop kernel: its {@link MergedSpace}, where all short parallel dimensions move outwards if the
 * innermost one is very short.
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
    MergedSpace space = MergedSpace.of(kernel);
    List<Integer> merged = new ArrayList<>(space.source());
    List<Long> extents = new ArrayList<>(space.extents());
    makeInnermostLong(merged, extents, space.parallel());
    return new LoopSpace(
        extents.stream().mapToLong(Long::longValue).toArray(),
        space.parallel(),
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

  /** An address of the kernel over the canonical dimensions, scaled to bytes. */
  Address address(Affine a, int bytes) {
    long[] strides = new long[source.length];
    for (int d = 0; d < strides.length; d++) {
      strides[d] = MergedSpace.stride(a, source[d]) * bytes;
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
