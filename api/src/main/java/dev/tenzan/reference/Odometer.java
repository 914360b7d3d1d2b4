package dev.tenzan.reference;

import dev.tenzan.type.Affine;
import dev.tenzan.type.Shape;
import java.util.List;

/** A row-major walk over a box of indices that keeps the values of several affine functions up to date. */
final class Odometer {
  private final long[] extents;
  private final long[] index;
  private final long[][] steps;
  private final long[] values;

  /**
   * Starts at index (0, ..., 0).
   *
   * @param extents the box
   * @param functions functions of the index; coefficients beyond the box's rank are left out
   */
  Odometer(Shape extents, List<Affine> functions) {
    this.extents = extents.dims();
    this.index = new long[extents.rank()];
    this.steps = new long[extents.rank()][functions.size()];
    this.values = new long[functions.size()];
    for (int f = 0; f < values.length; f++) {
      Affine function = functions.get(f);
      values[f] = function.offset();
      long rewind = 0;
      for (int d = extents.rank() - 1; d >= 0; d--) {
        long stride = d < function.rank() ? function.stride(d) : 0;
        steps[d][f] = stride - rewind;
        rewind += stride * (extents.dim(d) - 1);
      }
    }
  }

  /** The functions' values at the present index; the array stays the same and is not to be written. */
  long[] values() {
    return values;
  }

  /** The present index on one axis. */
  long index(int axis) {
    return index[axis];
  }

  /** Goes to the next index; after the last one the values are meaningless. */
  void next() {
    for (int d = extents.length - 1; d >= 0; d--) {
      if (++index[d] < extents[d]) {
        long[] step = steps[d];
        for (int f = 0; f < values.length; f++) {
          values[f] += step[f];
        }
        return;
      }
      index[d] = 0;
    }
  }
}
