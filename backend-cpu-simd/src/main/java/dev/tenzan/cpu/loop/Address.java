package dev.tenzan.cpu.loop;

/**
 * An affine address over the canonical dimensions of a {@link LoopSpace}: in bytes, or for an index value in units of 1.
 *
 * @param offset the value at the origin
 * @param strides one coefficient for each canonical dimension
 */
record Address(long offset, long[] strides) {
  /** The coefficient of a dimension; 0 where the dimension is -1. */
  long stride(int dim) {
    return dim < 0 ? 0 : strides[dim];
  }

  /** The value at an index. */
  long at(long[] index) {
    long v = offset;
    for (int d = 0; d < strides.length; d++) {
      v += index[d] * strides[d];
    }
    return v;
  }
}
