package dev.tenzan.cuda.driver;

import dev.tenzan.type.DType;
import java.util.List;

/**
 * A tensor in device memory as its copy unit walks it: boxes of it go to shared memory, swizzled over 128 bytes, and what lies outside of it
 * is zeros. Its first axis, the innermost, has unit stride, and a box of it takes 128 bytes.
 *
 * @param dtype a type of 2 bytes
 * @param dims the extents, the innermost first
 * @param strides in bytes, of all axes but the innermost; multiples of 16
 * @param box the extents of a box
 */
public record TensorMap(DType dtype, List<Long> dims, List<Long> strides, List<Integer> box) {
  /** The size of a map as a kernel takes it. */
  public static final int BYTES = 128;

  /** What its address must be a multiple of. */
  public static final int ALIGNMENT = 64;

  /** What strides and addresses of tensors are multiples of. */
  public static final int GRAIN = 16;

  /** The end of strides. */
  public static final long FAR = 1L << 40;

  /** Copies the lists. */
  public TensorMap {
    dims = List.copyOf(dims);
    strides = List.copyOf(strides);
    box = List.copyOf(box);
  }

  /** The driver's number for the type. */
  int type() {
    return switch (dtype) {
      case F16 -> 6; // CU_TENSOR_MAP_DATA_TYPE_FLOAT16
      case BF16 -> 9; // CU_TENSOR_MAP_DATA_TYPE_BFLOAT16
      default -> throw new IllegalArgumentException("no tensor map of " + dtype);
    };
  }
}
