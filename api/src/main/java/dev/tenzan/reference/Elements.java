package dev.tenzan.reference;

import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How elements lie in memory: between a stored element and the bits of its compute type, as {@link
 * dev.tenzan.scalar.Instr.Const} holds them.
 */
final class Elements {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private Elements() {}

  /** The element at a position, widened to its compute type. */
  static long read(DType storage, MemorySegment memory, long element) {
    return switch (storage) {
      case F64, I64 -> memory.get(LONG, element * 8);
      case F32, I32 -> memory.get(INT, element * 4);
      case F16 -> Float.floatToRawIntBits(Float.float16ToFloat(memory.get(SHORT, element * 2)));
      case BF16 -> (long) memory.get(SHORT, element * 2) << 16;
      case I16 -> memory.get(SHORT, element * 2);
      case I8 -> memory.get(BYTE, element);
      case U8 -> memory.get(BYTE, element) & 0xff;
      case BOOL -> memory.get(BYTE, element) == 0 ? 0 : 1;
    };
  }

  /** Writes the bits of a compute type, narrowed to the storage type. */
  static void write(DType storage, MemorySegment memory, long element, long bits) {
    switch (storage) {
      case F64, I64 -> memory.set(LONG, element * 8, bits);
      case F32, I32 -> memory.set(INT, element * 4, (int) bits);
      case F16 -> memory.set(SHORT, element * 2, Float.floatToFloat16(Float.intBitsToFloat((int) bits)));
      case BF16 -> memory.set(SHORT, element * 2, (short) (ScalarEval.narrow(DType.BF16, bits) >> 16));
      case I16 -> memory.set(SHORT, element * 2, (short) bits);
      case I8, U8, BOOL -> memory.set(BYTE, element, (byte) bits);
    }
  }

  /** The element of an F32, F16 or BF16 tensor at a position. */
  static float readFloat(DType storage, MemorySegment memory, long element) {
    return Float.intBitsToFloat((int) read(storage, memory, element));
  }
}
