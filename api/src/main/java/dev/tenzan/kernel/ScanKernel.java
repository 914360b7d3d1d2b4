package dev.tenzan.kernel;

import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * The running combination along one axis: {@code out[i] = x[0] op ... op x[i]}. Input and output {@code [outer, length, inner]},
 * dense and row-major, of one dtype.
 *
 * <p>The bits are fixed: the axis is cut into blocks of {@link #BLOCK}. Within a block, {@code local[0] = x[0]} and {@code
 * local[i] = local[i-1] op x[i]}. The first block's results are its locals; in each later block {@code out[i] = carry op
 * local[i]}, where carry is the last result of the block before. Each step is rounded to the dtype's compute type, and the result
 * once to the dtype.
 *
 * @param op how values are combined
 * @param dtype the storage type
 * @param outer the product of the extents before the axis
 * @param length the extent of the axis
 * @param inner the product of the extents behind the axis
 */
public record ScanKernel(ReduceOp op, DType dtype, long outer, long length, long inner) implements KernelSpec {
  /** The number of elements in a block: parallel devices scan blocks side by side. */
  public static final int BLOCK = 64;

  @Override
  public List<DType> inputs() {
    return List.of(dtype);
  }

  @Override
  public List<DType> outputs() {
    return List.of(dtype);
  }

  @Override
  public String name() {
    return "scan";
  }

  @Override
  public double operations() {
    return (double) outer * length * inner;
  }
}
