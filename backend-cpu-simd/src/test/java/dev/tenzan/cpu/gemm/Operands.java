package dev.tenzan.cpu.gemm;

import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Random tensors in random layouts, and element access that shares nothing with the code under test. */
final class Operands {
  /** Which values a tensor holds. */
  enum Values {
    /** Ordinary numbers of both signs. */
    PLAIN,
    /** Zeros of both signs, subnormals, and numbers whose products underflow or cancel. */
    TINY,
    /** Mostly ordinary, with a few NaN and infinities. */
    SPECIAL
  }

  private Operands() {}

  /** A layout with dimensions in random order, gaps, reversed and, if wanted, repeated dimensions. */
  static Affine layout(SplittableRandom random, boolean repeats, long... extents) {
    int[] order = new int[extents.length];
    for (int d = 0; d < order.length; d++) {
      int swap = random.nextInt(d + 1);
      order[d] = order[swap];
      order[swap] = d;
    }
    long[] strides = new long[extents.length];
    long offset = random.nextInt(4);
    long run = random.nextInt(4) == 0 ? 2 : 1;
    for (int d : order) {
      strides[d] = repeats && random.nextInt(4) == 0 ? 0 : run;
      run = strides[d] == 0 ? run : run * Math.max(1, extents[d]) + random.nextInt(3);
      if (random.nextInt(4) == 0) {
        offset += strides[d] * Math.max(0, extents[d] - 1);
        strides[d] = -strides[d];
      }
    }
    return new Affine(offset, strides);
  }

  /** The same, but neighbours in the last dimension are neighbours in memory. */
  static Affine rows(SplittableRandom random, long... extents) {
    int last = extents.length - 1;
    Affine outer = layout(random, true, Arrays.copyOf(extents, last));
    long apart = extents[last] + random.nextInt(4);
    long[] strides = new long[extents.length];
    for (int d = 0; d < last; d++) {
      strides[d] = outer.stride(d) * apart;
    }
    strides[last] = 1;
    return new Affine(outer.offset() * apart, strides);
  }

  /** The layout of a dense row-major tensor. */
  static Affine dense(long... extents) {
    long[] strides = new long[extents.length];
    long run = 1;
    for (int d = extents.length - 1; d >= 0; d--) {
      strides[d] = run;
      run *= extents[d];
    }
    return new Affine(0, strides);
  }

  /** Memory that just holds all elements of a layout, filled. */
  static MemorySegment filled(
      Arena arena, SplittableRandom random, DType type, Values values, Affine layout, long... extents) {
    Shape shape = Shape.of(extents);
    long elements = shape.size() == 0 ? 0 : layout.max(shape) + 1;
    MemorySegment memory = arena.allocate(elements * type.byteSize(), 64);
    for (long i = 0; i < elements; i++) {
      switch (type) {
        case F64 -> memory.setAtIndex(ValueLayout.JAVA_DOUBLE, i, value(random, values, 1e-310, 1e-160));
        case F32 -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value(random, values, 1e-40, 1e-22));
        case F16 -> {
          float v = (float) value(random, values, 1e-6, 1e-4);
          memory.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(v));
        }
        case BF16 -> {
          float v = (float) value(random, values, 1e-40, 1e-22);
          memory.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(v) >> 16));
        }
        case I64 -> memory.setAtIndex(ValueLayout.JAVA_LONG, i, random.nextLong());
        case I32 -> memory.setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt());
        case I16 -> memory.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) random.nextInt());
        case I8, U8, BOOL -> memory.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
      }
    }
    return memory;
  }

  private static double value(SplittableRandom random, Values values, double subnormal, double small) {
    double plain = random.nextDouble() * 4 - 2;
    return switch (values) {
      case PLAIN -> plain;
      case TINY ->
          switch (random.nextInt(5)) {
            case 0 -> 0.0;
            case 1 -> -0.0;
            case 2 -> plain * subnormal;
            case 3 -> plain * small;
            default -> plain;
          };
      case SPECIAL ->
          switch (random.nextInt(400)) {
            case 0 -> Double.NaN;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> Double.NEGATIVE_INFINITY;
            default -> plain;
          };
    };
  }

  /** An element as a double: exact for all floating types. */
  static double real(DType type, MemorySegment memory, long i) {
    return switch (type) {
      case F64 -> memory.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
      case F32 -> memory.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      case F16 -> Float.float16ToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, i));
      case BF16 -> Float.intBitsToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
      case I64, I32, I16, I8, U8, BOOL -> throw new IllegalArgumentException(type.label());
    };
  }

  /** An element as a long, for integer types. */
  static long integer(DType type, MemorySegment memory, long i) {
    return switch (type) {
      case I64 -> memory.getAtIndex(ValueLayout.JAVA_LONG, i);
      case I32 -> memory.getAtIndex(ValueLayout.JAVA_INT, i);
      case I16 -> memory.getAtIndex(ValueLayout.JAVA_SHORT, i);
      case I8 -> memory.get(ValueLayout.JAVA_BYTE, i);
      case U8 -> memory.get(ValueLayout.JAVA_BYTE, i) & 0xff;
      case F64, F32, F16, BF16, BOOL -> throw new IllegalArgumentException(type.label());
    };
  }

  /** An element's bits, with all NaNs made equal. */
  static long bits(DType type, MemorySegment memory, long i) {
    if (!type.isFloat()) {
      return integer(type, memory, i);
    }
    double v = real(type, memory, i);
    return Double.doubleToLongBits(v);
  }
}
