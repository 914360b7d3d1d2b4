package dev.tenzan.conformance;

import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Test data: elements in memory, as compute values in arrays, and random ones with the special values among them. */
public final class StoredElements {
  private static final double[] SPECIAL = {
    0.0, -0.0, 1, -1, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, 1e-40, -1e-310, 65504, 1e30, 0.5
  };

  private StoredElements() {}

  /** A random value that a storage type can hold. */
  public static long random(DType storage, Random random) {
    double v = random.nextInt(6) == 0 ? SPECIAL[random.nextInt(SPECIAL.length)] : random.nextGaussian() * 8;
    return switch (storage) {
      case F64 -> Double.doubleToRawLongBits(v);
      case F32 -> Float.floatToRawIntBits((float) v);
      case F16, BF16 -> ScalarEval.narrow(storage, Float.floatToRawIntBits((float) v));
      case I64 -> random.nextBoolean() ? random.nextInt(-9, 10) : random.nextLong();
      case I32 -> random.nextBoolean() ? random.nextInt(-9, 10) : random.nextInt();
      case I16, I8, U8 -> ScalarEval.narrow(storage, random.nextInt());
      case BOOL -> random.nextInt(2);
    };
  }

  /** The element at a position, as a compute value. */
  public static long read(DType storage, MemorySegment s, long i) {
    long at = i * storage.byteSize();
    return switch (storage) {
      case F64 -> s.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
      case F32 -> s.get(ValueLayout.JAVA_INT_UNALIGNED, at);
      case F16 -> Float.floatToRawIntBits(Float.float16ToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, at)));
      case BF16 -> s.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) << 16;
      case I64 -> s.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
      case I32 -> s.get(ValueLayout.JAVA_INT_UNALIGNED, at);
      case I16 -> s.get(ValueLayout.JAVA_SHORT_UNALIGNED, at);
      case I8, BOOL -> s.get(ValueLayout.JAVA_BYTE, at);
      case U8 -> s.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    };
  }

  /** Writes a compute value as an element. */
  public static void write(DType storage, MemorySegment s, long i, long bits) {
    long at = i * storage.byteSize();
    switch (storage) {
      case F64, I64 -> s.set(ValueLayout.JAVA_LONG_UNALIGNED, at, bits);
      case F32, I32 -> s.set(ValueLayout.JAVA_INT_UNALIGNED, at, (int) bits);
      case F16 ->
          s.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(Float.intBitsToFloat((int) bits)));
      case BF16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) (bits >>> 16));
      case I16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) bits);
      case I8, U8, BOOL -> s.set(ValueLayout.JAVA_BYTE, at, (byte) bits);
    }
  }

  /** Whether two values are the same bits, all NaNs being the same. */
  public static boolean same(DType storage, long a, long b) {
    if (a == b) {
      return true;
    }
    return switch (storage.compute()) {
      case F64 -> Double.isNaN(Double.longBitsToDouble(a)) && Double.isNaN(Double.longBitsToDouble(b));
      case F32 -> Float.isNaN(Float.intBitsToFloat((int) a)) && Float.isNaN(Float.intBitsToFloat((int) b));
      case I64, I32, BOOL, F16, BF16, I16, I8, U8 -> false;
    };
  }
}
