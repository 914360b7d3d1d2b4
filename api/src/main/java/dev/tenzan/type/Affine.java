package dev.tenzan.type;

import java.util.Arrays;

/**
 * An affine function of loop indices: {@code offset + sum(strides[d] * index[d])}, in elements.
 *
 * @param offset the value at the origin
 * @param strides one coefficient for each loop dimension; may be zero or negative
 */
public record Affine(long offset, long... strides) {
  /** Copies the coefficients. */
  public Affine {
    strides = strides.clone();
  }

  /** A copy of the coefficients. */
  @Override
  public long[] strides() {
    return strides.clone();
  }

  /** The number of loop dimensions. */
  public int rank() {
    return strides.length;
  }

  /** The coefficient of one loop dimension. */
  public long stride(int dim) {
    return strides[dim];
  }

  /** The value at an index with at least {@link #rank()} entries. */
  public long at(long[] index) {
    long v = offset;
    for (int d = 0; d < strides.length; d++) {
      v += strides[d] * index[d];
    }
    return v;
  }

  /**
   * The values at all indices of a box, in row-major order.
   *
   * @param extents the extents of the first dimensions; the indices of the others are 0
   * @throws ArithmeticException where there are more than an array holds
   */
  public long[] values(Shape extents) {
    long[] values = new long[Math.toIntExact(extents.size())];
    long[] index = new long[Math.max(rank(), extents.rank())];
    for (int i = 0; i < values.length; i++) {
      values[i] = at(index);
      for (int d = extents.rank() - 1; d >= 0 && ++index[d] == extents.dim(d); d--) {
        index[d] = 0;
      }
    }
    return values;
  }

  /** The least value over the box {@code 0 <= index[d] < extents[d]} of a non-empty shape. */
  public long min(Shape extents) {
    long v = offset;
    for (int d = 0; d < strides.length; d++) {
      v += Math.min(0, strides[d] * (extents.dim(d) - 1));
    }
    return v;
  }

  /** The greatest value over the box {@code 0 <= index[d] < extents[d]} of a non-empty shape. */
  public long max(Shape extents) {
    long v = offset;
    for (int d = 0; d < strides.length; d++) {
      v += Math.max(0, strides[d] * (extents.dim(d) - 1));
    }
    return v;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Affine a && offset == a.offset && Arrays.equals(strides, a.strides);
  }

  @Override
  public int hashCode() {
    return 31 * Long.hashCode(offset) + Arrays.hashCode(strides);
  }

  @Override
  public String toString() {
    return offset + "+" + Arrays.toString(strides);
  }
}
