package dev.tenzan.type;

import dev.tenzan.error.ShapeException;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The extents of a tensor's axes, outermost first: any rank, zero-size axes allowed, a scalar has rank 0.
 *
 * @param dims the extents, each at least 0; their product fits a {@code long}
 */
public record Shape(long... dims) {
  /** The shape of a scalar. */
  public static final Shape SCALAR = new Shape();

  /** Copies and checks the extents. */
  public Shape {
    dims = dims.clone();
    long size = 1;
    boolean empty = false;
    for (long d : dims) {
      if (d < 0) {
        throw new ShapeException("shape: negative extent in " + format(dims) + "; extents are 0 or more");
      }
      empty |= d == 0;
    }
    if (!empty) {
      for (long d : dims) {
        if (Math.multiplyHigh(size, d) != 0 || size * d < 0) {
          throw new ShapeException("shape: " + format(dims) + " has more than 2^63-1 elements");
        }
        size *= d;
      }
    }
  }

  /** The shape with these extents. */
  public static Shape of(long... dims) {
    return dims.length == 0 && SCALAR != null ? SCALAR : new Shape(dims);
  }

  /** A copy of the extents. */
  @Override
  public long[] dims() {
    return dims.clone();
  }

  /** The number of axes. */
  public int rank() {
    return dims.length;
  }

  /** The extent of an axis, {@code 0 <= axis < rank}. */
  public long dim(int axis) {
    return dims[axis];
  }

  /** The number of elements: the product of the extents, 1 for a scalar. */
  public long size() {
    long size = 1;
    for (long d : dims) {
      size *= d;
    }
    return size;
  }

  /** Whether the shape has no elements. */
  public boolean isEmpty() {
    return size() == 0;
  }

  /** The row-major strides of this shape, in elements. */
  public long[] rowMajorStrides() {
    long[] strides = new long[dims.length];
    long step = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      strides[i] = step;
      step *= Math.max(dims[i], 1);
    }
    return strides;
  }

  /** This shape with the extent of one axis replaced. */
  public Shape withDim(int axis, long extent) {
    long[] d = dims.clone();
    d[axis] = extent;
    return new Shape(d);
  }

  /** The axes {@code from} (inclusive) to {@code to} (exclusive) as a shape of their own. */
  public Shape subShape(int from, int to) {
    return new Shape(Arrays.copyOfRange(dims, from, to));
  }

  /** This shape followed by the axes of another. */
  public Shape concat(Shape tail) {
    long[] d = Arrays.copyOf(dims, dims.length + tail.dims.length);
    System.arraycopy(tail.dims, 0, d, dims.length, tail.dims.length);
    return new Shape(d);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** The extents as {@code [2, 3]}; {@code []} for a scalar. */
  @Override
  public String toString() {
    return format(dims);
  }

  private static String format(long[] dims) {
    return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
  }
}
