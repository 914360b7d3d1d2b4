package dev.tenzan.cpu.loop;

import dev.tenzan.error.IndexException;
import dev.tenzan.scalar.ScalarEval;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The scalar operations that generated code calls: element accesses and operations that are more than one bytecode. All are tiny, so
 * that the compilers inline them.
 */
final class LoopMath {
  // Alignment is left unchecked: the hardware does not mind, and the check would cost more than it tells.
  static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.nativeOrder());
  static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.nativeOrder());
  static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.nativeOrder());
  static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.nativeOrder());
  static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.nativeOrder());
  static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

  private LoopMath() {}

  static float loadF32(MemorySegment s, long at) {
    return s.get(F32, at);
  }

  static double loadF64(MemorySegment s, long at) {
    return s.get(F64, at);
  }

  static float loadF16(MemorySegment s, long at) {
    return Float.float16ToFloat(s.get(I16, at));
  }

  static float loadBF16(MemorySegment s, long at) {
    return Float.intBitsToFloat(s.get(I16, at) << 16);
  }

  static long loadI64(MemorySegment s, long at) {
    return s.get(I64, at);
  }

  static int loadI32(MemorySegment s, long at) {
    return s.get(I32, at);
  }

  static int loadI16(MemorySegment s, long at) {
    return s.get(I16, at);
  }

  static int loadI8(MemorySegment s, long at) {
    return s.get(I8, at);
  }

  static int loadU8(MemorySegment s, long at) {
    return s.get(I8, at) & 0xff;
  }

  static int loadBOOL(MemorySegment s, long at) {
    return s.get(I8, at);
  }

  static void storeF32(MemorySegment s, long at, float v) {
    s.set(F32, at, v);
  }

  static void storeF64(MemorySegment s, long at, double v) {
    s.set(F64, at, v);
  }

  static void storeF16(MemorySegment s, long at, float v) {
    s.set(I16, at, Float.floatToFloat16(v));
  }

  static void storeBF16(MemorySegment s, long at, float v) {
    s.set(I16, at, (short) (Float.floatToRawIntBits(v) >>> 16));
  }

  static void storeI64(MemorySegment s, long at, long v) {
    s.set(I64, at, v);
  }

  static void storeI32(MemorySegment s, long at, int v) {
    s.set(I32, at, v);
  }

  static void storeI16(MemorySegment s, long at, int v) {
    s.set(I16, at, (short) v);
  }

  static void storeI8(MemorySegment s, long at, int v) {
    s.set(I8, at, (byte) v);
  }

  static void storeU8(MemorySegment s, long at, int v) {
    s.set(I8, at, (byte) v);
  }

  static void storeBOOL(MemorySegment s, long at, int v) {
    s.set(I8, at, (byte) v);
  }

  static int div(int a, int b) {
    return b == 0 ? 0 : a / b;
  }

  static long div(long a, long b) {
    return b == 0 ? 0 : a / b;
  }

  static int rem(int a, int b) {
    return b == 0 ? 0 : a % b;
  }

  static long rem(long a, long b) {
    return b == 0 ? 0 : a % b;
  }

  static float select(int c, float a, float b) {
    return c != 0 ? a : b;
  }

  static double select(int c, double a, double b) {
    return c != 0 ? a : b;
  }

  static int select(int c, int a, int b) {
    return c != 0 ? a : b;
  }

  static long select(int c, long a, long b) {
    return c != 0 ? a : b;
  }

  static float narrowF16(float v) {
    return Float.float16ToFloat(Float.floatToFloat16(v));
  }

  static float narrowBF16(float v) {
    return ScalarEval.roundToBf16(v);
  }

  /** An index of a gather, checked. */
  static long index(long value, long extent) {
    if (value < 0 || value >= extent) {
      throw IndexException.ofGather(value, extent);
    }
    return value;
  }
}
