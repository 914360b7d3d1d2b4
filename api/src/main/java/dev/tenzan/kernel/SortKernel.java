package dev.tenzan.kernel;

import dev.tenzan.type.DType;
import java.util.List;

/**
 * A stable sort along one axis, or its beginning. Input {@code [outer, length, inner]}, dense and row-major; output {@code [outer, count,
 * inner]}: the first {@code count} of the sorted values, or (with {@code indices}) the I64 positions along the axis from which they came.
 *
 * <p>The order is total: numbers rise, -0 is below +0, and NaN is the greatest, all NaNs being equal; false is below true.
 * {@code descending} reverses the order and keeps equal elements in their original order.
 *
 * @param dtype the storage type of the input
 * @param descending greatest first
 * @param indices whether the output holds positions (I64) instead of values
 * @param outer the product of the extents before the axis
 * @param length the extent of the axis
 * @param inner the product of the extents behind the axis
 * @param count how many of the sorted elements the output holds, at most {@code length}; fewer need no whole sort
 */
public record SortKernel(
    DType dtype, boolean descending, boolean indices, long outer, long length, long inner, long count) implements KernelSpec {
  /** Checks the count. */
  public SortKernel {
    if (count < 0 || count > length) {
      throw new IllegalArgumentException("the first " + count + " of " + length + " elements; give 0 to " + length);
    }
  }

  /** A sort whose output holds all elements. */
  public SortKernel(DType dtype, boolean descending, boolean indices, long outer, long length, long inner) {
    this(dtype, descending, indices, outer, length, inner, length);
  }

  @Override
  public List<DType> inputs() {
    return List.of(dtype);
  }

  @Override
  public List<DType> outputs() {
    return List.of(indices ? DType.I64 : dtype);
  }

  @Override
  public String name() {
    return count < length ? "topk" : indices ? "argsort" : "sort";
  }

  @Override
  public double operations() {
    double log = count > 1 ? Math.log(count) / Math.log(2) : 0;
    return (double) outer * inner * (count < length ? length + count * log : length * Math.max(1, log));
  }
}
