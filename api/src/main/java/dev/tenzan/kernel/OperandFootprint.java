package dev.tenzan.kernel;

import dev.tenzan.error.ShapeException;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;

/** The part of its buffer that an operand with an address touches, as {@link LoopFootprint} finds it for loop kernels. */
public final class OperandFootprint {
  private OperandFootprint() {}

  /**
   * The least size of an operand's buffer in bytes; 0 where the box is empty.
   *
   * @param op the operation, for messages
   * @param box the extents that the address is over
   * @throws ShapeException where the address lies before its buffer
   */
  public static long bytes(String op, Affine address, Shape box, DType dtype) {
    if (box.isEmpty()) {
      return 0;
    }
    if (address.min(box) < 0) {
      throw new ShapeException(
          op + ": an operand reaches element " + address.min(box) + ", before its start; correct the address " + address
              + " over " + box);
    }
    return Math.multiplyExact(address.max(box) + 1, dtype.byteSize());
  }
}
