package dev.tenzan.scalar;

import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;

/**
 * One instruction of a {@link ScalarProgram}; operands are the numbers of earlier instructions.
 *
 * <p>{@link #type()} is always a compute type: F32, F64, I32, I64 or BOOL.
 */
public sealed interface Instr {
  /** The compute type of the result. */
  DType type();

  /**
   * A constant.
   *
   * @param type its compute type
   * @param bits F64: {@code Double.doubleToRawLongBits}; F32: {@code Float.floatToRawIntBits}, sign-extended; integers: the
   *     value, sign-extended; BOOL: 0 or 1
   */
  record Const(DType type, long bits) implements Instr {}

  /**
   * A load from an input buffer, widened from its storage type to the compute type.
   *
   * @param storage the element type in memory
   * @param slot the number of the kernel's input
   * @param address the element address over the kernel's loop dimensions
   */
  record Load(DType storage, int slot, Affine address) implements Instr {
    @Override
    public DType type() {
      return storage.compute();
    }
  }

  /**
   * A load at {@code address + stride * value(index)}. The kernel fails with an {@link dev.tenzan.error.IndexException}
   * unless {@code 0 <= value(index) < extent}.
   *
   * @param storage the element type in memory
   * @param slot the number of the kernel's input
   * @param address the element address over the kernel's loop dimensions, without the indirect axis
   * @param index the instruction (of type I64) that gives the index on the indirect axis
   * @param stride the element stride of the indirect axis
   * @param extent the extent of the indirect axis
   */
  record Gather(DType storage, int slot, Affine address, int index, long stride, long extent) implements Instr {
    @Override
    public DType type() {
      return storage.compute();
    }
  }

  /** The value of an affine function of the loop indices, as I64. */
  record Index(Affine value) implements Instr {
    @Override
    public DType type() {
      return DType.I64;
    }
  }

  /** The result of the kernel's reduction; only in an epilogue. */
  record Reduced(DType type) implements Instr {}

  /** An operation on one value. */
  record Unary(DType type, ScalarOp op, int a) implements Instr {}

  /** An operation on two values; the operands' type is that of instruction {@code a}. */
  record Binary(DType type, ScalarOp op, int a, int b) implements Instr {}

  /** An operation on three values. */
  record Ternary(DType type, ScalarOp op, int a, int b, int c) implements Instr {}

  /**
   * A conversion between compute types: float to float rounds to nearest even; integer to float likewise; float to
   * integer rounds towards zero, saturates, and maps NaN to 0; integer to integer keeps the low bits or sign-extends;
   * BOOL gives 0 or 1; anything to BOOL is {@code != 0} (NaN is true).
   */
  record Convert(DType type, int a) implements Instr {}

  /** The same bits seen as another compute type of the same size: F32 and I32, or F64 and I64. */
  record Bitcast(DType type, int a) implements Instr {}

  /**
   * Rounds a value to what a narrow storage type can hold, keeping the compute type: F16 and BF16 round to nearest even
   * (overflow gives infinity, subnormals are kept), I8, I16 and U8 wrap.
   *
   * @param storage F16, BF16, I8, I16 or U8
   */
  record Narrow(DType storage, int a) implements Instr {
    @Override
    public DType type() {
      return storage.compute();
    }
  }
}
