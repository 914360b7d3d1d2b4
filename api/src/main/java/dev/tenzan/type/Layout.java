package dev.tenzan.type;

import java.util.Arrays;
import java.util.Optional;

/**
 * Where the elements of a tensor lie in its buffer: a shape, one stride for each axis and an offset, in elements.
 * Strides may be zero (broadcast) or negative (flip); views share a buffer under different layouts.
 *
 * @param shape the extents
 * @param strides one stride for each axis
 * @param offset the position of element (0, ..., 0)
 */
public record Layout(Shape shape, long[] strides, long offset) {
  /** Copies the strides. */
  public Layout {
    strides = strides.clone();
    if (strides.length != shape.rank()) {
      throw new IllegalArgumentException("layout: " + strides.length + " strides for shape " + shape);
    }
  }

  /** The dense row-major layout of a shape at offset 0. */
  public static Layout rowMajor(Shape shape) {
    return new Layout(shape, shape.rowMajorStrides(), 0);
  }

  /** A copy of the strides. */
  @Override
  public long[] strides() {
    return strides.clone();
  }

  /** The stride of one axis. */
  public long stride(int axis) {
    return strides[axis];
  }

  /** The address as a function of the axes' indices. */
  public Affine address() {
    return new Affine(offset, strides);
  }

  /** Whether the elements are dense and in row-major order (the offset may be any). */
  public boolean isContiguous() {
    if (shape.isEmpty()) {
      return true;
    }
    long step = 1;
    for (int i = shape.rank() - 1; i >= 0; i--) {
      if (shape.dim(i) != 1) {
        if (strides[i] != step) {
          return false;
        }
        step *= shape.dim(i);
      }
    }
    return true;
  }

  /** The layout with axes reordered: axis {@code i} of the result is axis {@code axes[i]} of this one. */
  public Layout permute(int... axes) {
    long[] d = new long[axes.length];
    long[] s = new long[axes.length];
    for (int i = 0; i < axes.length; i++) {
      d[i] = shape.dim(axes[i]);
      s[i] = strides[axes[i]];
    }
    return new Layout(Shape.of(d), s, offset);
  }

  /** The layout of every {@code steps[i]}-th element from {@code starts[i]}, with the given extents. */
  public Layout slice(long[] starts, long[] steps, Shape extents) {
    long o = offset;
    long[] s = strides.clone();
    for (int i = 0; i < s.length; i++) {
      if (extents.dim(i) > 0) {
        o += starts[i] * strides[i];
      }
      s[i] *= steps[i];
    }
    return new Layout(extents, s, o);
  }

  /** The layout broadcast to a shape by the array API rules: new and stretched axes have stride 0. */
  public Layout broadcast(Shape target) {
    int lead = target.rank() - shape.rank();
    long[] s = new long[target.rank()];
    for (int i = lead; i < s.length; i++) {
      s[i] = shape.dim(i - lead) == 1 && target.dim(i) != 1 ? 0 : strides[i - lead];
    }
    return new Layout(target, s, offset);
  }

  /**
   * The layout of the same elements in the same row-major order under another shape, or empty where no strides can
   * describe it and the elements must be copied.
   *
   * @param target a shape with the same number of elements
   */
  public Optional<Layout> reshape(Shape target) {
    if (shape.isEmpty()) {
      return Optional.of(new Layout(target, target.rowMajorStrides(), offset));
    }
    long[] out = new long[target.rank()];
    int rank = shape.rank();
    int i = 0;
    int j = 0;
    while (i < rank || j < target.rank()) {
      int i0 = i;
      int j0 = j;
      long a = i < rank ? shape.dim(i++) : 1;
      long b = j < target.rank() ? target.dim(j++) : 1;
      while (a != b) {
        if (a < b) {
          a *= shape.dim(i++);
        } else {
          b *= target.dim(j++);
        }
      }
      long step = collapse(i0, i);
      if (step == NOT_UNIFORM) {
        return Optional.empty();
      }
      for (int t = j - 1; t >= j0; t--) {
        out[t] = step;
        step *= target.dim(t);
      }
    }
    return Optional.of(new Layout(target, out, offset));
  }

  private static final long NOT_UNIFORM = Long.MIN_VALUE;

  /** The stride of the axes {@code from..to} seen as one axis, or NOT_UNIFORM. */
  private long collapse(int from, int to) {
    long inner = 0;
    long expected = 0;
    boolean seen = false;
    for (int i = to - 1; i >= from; i--) {
      if (shape.dim(i) == 1) {
        continue;
      }
      if (!seen) {
        inner = strides[i];
        seen = true;
      } else if (strides[i] != expected) {
        return NOT_UNIFORM;
      }
      expected = strides[i] * shape.dim(i);
    }
    return inner;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Layout l
        && offset == l.offset
        && shape.equals(l.shape)
        && Arrays.equals(strides, l.strides);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * shape.hashCode() + Arrays.hashCode(strides)) + Long.hashCode(offset);
  }

  @Override
  public String toString() {
    return shape + " strides " + Arrays.toString(strides) + " offset " + offset;
  }
}
