package dev.tenzan.kernel;

import dev.tenzan.type.DType;
import java.util.List;

/**
 * A stable sort along one axis. Input {@code [outer, length, inner]}, dense and row-major; output of the same shape: the sorted
 * values, or (with {@code indices}) the I64 positions along the axis from which they came.
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
 */
public record SortKernel(
    DType dtype, boolean descending, boolean indices, long outer, long length, long inner) implements KernelSpec {
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
    return indices ? "argsort" : "sort";
  }

  @Override
  public double operations() {
    double log = length > 1 ? Math.log(length) / Math.log(2) : 1;
    return (double) outer * length * inner * log;
  }
}
