package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Widens runs of adjacent F16 and BF16 values to F32, exactly; a NaN stays a NaN. To be used when {@link Halves} are ready. */
final class VectorWidening {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final VectorSpecies<Integer> I32 = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> I16 =
      VectorSpecies.of(short.class, VectorShape.forBitSize(I32.vectorBitSize() / 2));
  static final int LANES = I32.length();

  /** Moves a half's exponent to where F32 has it: the biases differ by 112. */
  private static final float EXPONENT_SHIFT = 0x1p112f;

  private static final ThreadLocal<MemorySegment> BUFFER = ThreadLocal.withInitial(() -> allocate(64 << 10));

  private VectorWidening() {}

  private static MemorySegment allocate(long bytes) {
    return Arena.ofAuto().allocate(bytes, 64);
  }

  /** Memory of the calling thread's own, overwritten by its next use. */
  static MemorySegment buffer(long bytes) {
    MemorySegment buffer = BUFFER.get();
    if (buffer.byteSize() < bytes) {
      buffer = allocate(bytes);
      BUFFER.set(buffer);
    }
    return buffer;
  }

  /** Widens {@code count} adjacent values. */
  static void widen(
      DType storage, MemorySegment fromMemory, long fromOffset, int count, MemorySegment toMemory, long toOffset) {
    MemorySegment from = OffHeap.NATIVE.cast(fromMemory);
    MemorySegment to = OffHeap.NATIVE.cast(toMemory);
    int done = storage == DType.BF16
        ? widenBf16(from, fromOffset, count, to, toOffset)
        : widenF16(from, fromOffset, count, to, toOffset);
    for (; done < count; done++) {
      short bits = from.get(ValueLayout.JAVA_SHORT_UNALIGNED, fromOffset + done * 2L);
      float value = storage == DType.BF16 ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat(bits);
      to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, toOffset + done * 4L, value);
    }
  }

  /** Widens two vectors of adjacent BF16 values at each of {@code steps} places to adjacent places of an array. */
  static void widenPairs(MemorySegment memory, long offset, long stepBytes, int steps, float[] to, int at) {
    MemorySegment from = OffHeap.NATIVE.cast(memory);
    for (int step = 0; step < steps; step++) {
      long first = offset + step * stepBytes;
      FloatVector v0 = bf16(from, first);
      FloatVector v1 = bf16(from, first + 2L * LANES);
      v0.intoArray(to, at + step * 2 * LANES);
      v1.intoArray(to, at + step * 2 * LANES + LANES);
    }
  }

  private static FloatVector bf16(MemorySegment memory, long offset) {
    return ShortVector.fromMemorySegment(I16, OffHeap.NATIVE.cast(memory), offset, ORDER)
        .convertShape(VectorOperators.ZERO_EXTEND_S2I, I32, 0)
        .reinterpretAsInts()
        .lanewise(VectorOperators.LSHL, 16)
        .reinterpretAsFloats();
  }

  private static int widenBf16(
      MemorySegment fromMemory, long fromOffset, int count, MemorySegment toMemory, long toOffset) {
    MemorySegment from = OffHeap.NATIVE.cast(fromMemory);
    MemorySegment to = OffHeap.NATIVE.cast(toMemory);
    int whole = I32.loopBound(count);
    for (int i = 0; i < whole; i += LANES) {
      ShortVector.fromMemorySegment(I16, from, fromOffset + i * 2L, ORDER)
          .convertShape(VectorOperators.ZERO_EXTEND_S2I, I32, 0)
          .reinterpretAsInts()
          .lanewise(VectorOperators.LSHL, 16)
          .intoMemorySegment(to, toOffset + i * 4L, ORDER);
    }
    return whole;
  }

  /**
   * Multiplying by a power of two is exact for normal and subnormal halves; infinities and NaN need their
   * exponent.
   */
  private static int widenF16(
      MemorySegment fromMemory, long fromOffset, int count, MemorySegment toMemory, long toOffset) {
    MemorySegment from = OffHeap.NATIVE.cast(fromMemory);
    MemorySegment to = OffHeap.NATIVE.cast(toMemory);
    int whole = I32.loopBound(count);
    for (int i = 0; i < whole; i += LANES) {
      IntVector bits =
          ShortVector.fromMemorySegment(I16, from, fromOffset + i * 2L, ORDER)
              .convertShape(VectorOperators.ZERO_EXTEND_S2I, I32, 0)
              .reinterpretAsInts();
      IntVector magnitude = bits.and(0x7fff);
      IntVector finite =
          magnitude
              .lanewise(VectorOperators.LSHL, 13)
              .reinterpretAsFloats()
              .mul(EXPONENT_SHIFT)
              .reinterpretAsInts();
      // All ones where the exponent says infinity or NaN; masks would cost more.
      IntVector special = magnitude.sub(0x7c00).lanewise(VectorOperators.ASHR, 31).not();
      IntVector sign = bits.and(0x8000).lanewise(VectorOperators.LSHL, 16);
      finite
          .or(special.and(0x7f800000))
          .or(sign)
          .reinterpretAsFloats()
          .intoMemorySegment(to, toOffset + i * 4L, ORDER);
    }
    return whole;
  }
}
