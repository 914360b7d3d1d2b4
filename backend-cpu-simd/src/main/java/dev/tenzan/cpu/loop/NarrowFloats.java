package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;

/**
 * Emits vector code between narrow storage types and what is computed with, by integer arithmetic: the Vector API has no vectors of 16-bit
 * floats. All steps are exact; one rounds, to nearest even.
 */
final class NarrowFloats {
  private static final int SIGN = 0x80000000;
  private static final int INF = 0x7f800000;

  /** 2^16 and 2^-14 as F32 bits: what overflows F16, and its least normal number. */
  private static final int F16_OVERFLOW = 0x47800000;

  private static final int F16_NORMAL = 0x38800000;

  /** 0.5 as F32 bits: added to a small number, it leaves the bits of the F16 subnormal in its low bits, rounded. */
  private static final int HALF = 0x3f000000;

  private final CodeBuilder cb;
  private final VectorOps ops;

  NarrowFloats(CodeBuilder cb, VectorOps ops) {
    this.cb = cb;
    this.ops = ops;
  }

  private int local() {
    int local = cb.allocateLocal(TypeKind.REFERENCE);
    cb.astore(local);
    return local;
  }

  private void constantInts(int bits) {
    ops.species(DType.I32);
    cb.loadConstant(bits);
    ops.broadcast(DType.I32);
  }

  /** The raw elements as ints (sign-extended, but for U8) on the stack: pushes the compute values. */
  void widen(DType storage) {
    switch (storage) {
      case BF16 -> {
        ops.intStep(ScalarOp.SHL, 16);
        ops.reinterpret(DType.I32, DType.F32);
      }
      case F16 -> widenF16();
      case I8, I16, U8 -> {}
      case F64, F32, I64, I32, BOOL -> throw new IllegalArgumentException("not narrow: " + storage);
    }
  }

  private void widenF16() {
    int h = local();
    cb.aload(h);
    ops.intStep(ScalarOp.AND, 0x7fff);
    ops.intStep(ScalarOp.SHL, 13);
    int magnitude = local();
    // The exponent's bias differs by 112; a multiplication also makes subnormals right.
    cb.aload(magnitude);
    ops.reinterpret(DType.I32, DType.F32);
    ops.binaryOperator(ScalarOp.MUL);
    ScalarOps.constant(cb, DType.F32, Float.floatToRawIntBits(0x1p112f));
    ops.binaryScalar(DType.F32);
    ops.reinterpret(DType.F32, DType.I32);
    cb.aload(magnitude);
    ops.intStep(ScalarOp.OR, INF);
    constantInts(0x0f800000);
    ops.binaryOperator(ScalarOp.LE);
    cb.aload(magnitude);
    ops.compare(DType.I32);
    ops.blend(DType.I32);
    ops.binaryOperator(ScalarOp.OR);
    cb.aload(h);
    ops.intStep(ScalarOp.AND, SIGN);
    ops.binary(DType.I32);
    ops.reinterpret(DType.I32, DType.F32);
  }

  /** Pushes the narrow vector of a value to store; {@code push} pushes the value's vector, ints for BOOL. */
  void pushRaw(DType storage, Runnable push) {
    push.run();
    switch (storage) {
      case F16 -> halfBits(local());
      case BF16 -> {
        ops.reinterpret(DType.F32, DType.I32);
        ops.intStep(ScalarOp.USHR, 16);
      }
      case I8, I16, U8, BOOL -> {}
      case F64, F32, I64, I32 -> throw new IllegalArgumentException("not narrow: " + storage);
    }
    ops.narrowInts(storage.byteSize());
  }

  /** Pushes the float vector in a local rounded to F16 or BF16, as floats. */
  void round(DType storage, int value) {
    if (storage == DType.BF16) {
      roundBf16(value);
    } else {
      halfBits(value);
      // Bit 15 becomes the sign of the int, as a load gives it.
      ops.intStep(ScalarOp.SHL, 16);
      ops.intStep(ScalarOp.SHR, 16);
      widenF16();
    }
  }

  private void roundBf16(int value) {
    cb.aload(value);
    ops.reinterpret(DType.F32, DType.I32);
    int bits = local();
    cb.aload(bits);
    ops.intStep(ScalarOp.USHR, 16);
    ops.intStep(ScalarOp.AND, 1);
    ops.intStep(ScalarOp.ADD, 0x7fff);
    ops.binaryOperator(ScalarOp.ADD);
    cb.aload(bits);
    ops.binary(DType.I32);
    ops.intStep(ScalarOp.AND, 0xffff0000);
    ops.reinterpret(DType.I32, DType.F32);
    ops.species(DType.F32);
    ScalarOps.constant(cb, DType.F32, Float.floatToRawIntBits(Float.NaN));
    ops.broadcast(DType.F32);
    cb.aload(value);
    ops.binaryOperator(ScalarOp.NE);
    cb.aload(value);
    ops.compare(DType.F32);
    ops.blend(DType.F32);
  }

  /** Pushes the F16 bits, as ints, of the float vector in a local; rounds to nearest even. */
  private void halfBits(int value) {
    cb.aload(value);
    ops.reinterpret(DType.F32, DType.I32);
    int bits = local();
    cb.aload(bits);
    ops.intStep(ScalarOp.AND, ~SIGN);
    int magnitude = local();
    cb.aload(magnitude);
    ops.intStep(ScalarOp.USHR, 13);
    ops.intStep(ScalarOp.AND, 1);
    ops.binaryOperator(ScalarOp.ADD);
    cb.aload(magnitude);
    ops.binary(DType.I32);
    ops.intStep(ScalarOp.ADD, 0xfff - (112 << 23));
    ops.intStep(ScalarOp.USHR, 13);
    blendSubnormals(magnitude);
    constantInts(0x7c00);
    cb.aload(magnitude);
    ops.binaryOperator(ScalarOp.LT);
    cb.loadConstant(F16_OVERFLOW);
    ops.compareScalar(DType.I32);
    ops.maskOp("not");
    ops.blend(DType.I32);
    constantInts(0x7e00);
    constantInts(INF);
    ops.binaryOperator(ScalarOp.LT);
    cb.aload(magnitude);
    ops.compare(DType.I32);
    ops.blend(DType.I32);
    ops.binaryOperator(ScalarOp.OR);
    cb.aload(bits);
    ops.intStep(ScalarOp.AND, SIGN);
    ops.intStep(ScalarOp.USHR, 16);
    ops.binary(DType.I32);
  }

  /** The bits of normal results on the stack: pushes them with those of small magnitudes replaced. */
  private void blendSubnormals(int magnitude) {
    cb.aload(magnitude);
    ops.reinterpret(DType.I32, DType.F32);
    ops.binaryOperator(ScalarOp.ADD);
    ScalarOps.constant(cb, DType.F32, HALF);
    ops.binaryScalar(DType.F32);
    ops.reinterpret(DType.F32, DType.I32);
    ops.binaryOperator(ScalarOp.SUB);
    cb.loadConstant(HALF);
    ops.binaryScalar(DType.I32);
    cb.aload(magnitude);
    ops.binaryOperator(ScalarOp.LT);
    cb.loadConstant(F16_NORMAL);
    ops.compareScalar(DType.I32);
    ops.blend(DType.I32);
  }
}
