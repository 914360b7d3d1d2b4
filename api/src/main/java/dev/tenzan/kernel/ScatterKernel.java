package dev.tenzan.kernel;

import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes or combines rows into a copy of a tensor at given positions of one axis. Inputs: base {@code [outer, extent, inner]},
 * indices {@code [count]} (I64), updates {@code [outer, count, inner]}; output {@code [outer, extent, inner]}; all dense and
 * row-major.
 *
 * <p>The output starts as the base; then for j = 0, 1, ..., count-1 in this order, row {@code indices[j]} takes update j: replaced
 * where {@code combine} is null, else combined {@code old op update} (each step rounded to the dtype). An index outside {@code 0
 * <= index < extent} fails with an {@link dev.tenzan.error.IndexException}.
 *
 * @param dtype the storage type of base, updates and output
 * @param combine how an update meets the old value, or null to replace it
 * @param outer the product of the extents before the axis
 * @param extent the extent of the axis
 * @param inner the product of the extents behind the axis
 * @param count the number of updates
 */
public record ScatterKernel(
    DType dtype, @Nullable ReduceOp combine, long outer, long extent, long inner, long count) implements KernelSpec {
  @Override
  public List<DType> inputs() {
    return List.of(dtype, DType.I64, dtype);
  }

  @Override
  public List<DType> outputs() {
    return List.of(dtype);
  }

  @Override
  public String name() {
    return "scatter";
  }

  @Override
  public double operations() {
    return (double) outer * count * inner;
  }
}
