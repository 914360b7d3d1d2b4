package dev.tenzan.cuda.sim;

/**
 * Conversions between numbers and their bits in every floating-point type, rounded once.
 *
 * <p>A NaN result has the canonical bits that NVIDIA devices give: all ones below the sign for f32, f16 and bf16 (PTX ISA,
 * "Floating Point Instructions": single precision has one NaN, 0x7fffffff; the half types 0x7fff). For f64, where the specification lets
 * devices keep a payload, it is 0x7ff8000000000000.
 */
final class Convert {
  static final int NAN32 = 0x7fff_ffff;
  static final long NAN64 = 0x7ff8_0000_0000_0000L;

  private Convert() {}

  /** The number that some bits stand for; exact, since a double holds every value of the other types. */
  static double decode(long bits, Type type) {
    return switch (type) {
      case F16 -> Float.float16ToFloat((short) bits);
      case BF16 -> Float.intBitsToFloat((int) bits << 16);
      case F32, TF32 -> Float.intBitsToFloat((int) bits);
      case F64 -> Double.longBitsToDouble(bits);
      default -> throw new IllegalArgumentException(type.text());
    };
  }

  static long nan(Type type) {
    return switch (type) {
      case F16, BF16 -> 0x7fff;
      case F64 -> NAN64;
      default -> NAN32;
    };
  }

  static long infinity(Type type) {
    return switch (type) {
      case F16 -> 0x7c00;
      case BF16 -> 0x7f80;
      case F64 -> 0x7ff0_0000_0000_0000L;
      default -> 0x7f80_0000;
    };
  }

  private static int precision(Type type) {
    return switch (type) {
      case F16, TF32 -> 11;
      case BF16 -> 8;
      case F64 -> 53;
      default -> 24;
    };
  }

  private static int minExponent(Type type) {
    return switch (type) {
      case F16 -> -14;
      case F64 -> -1022;
      default -> -126;
    };
  }

  static long signBit(Type type) {
    return 1L << (type.bits - 1);
  }

  /** The bits of a double in a type. */
  static long encode(double value, Type type, Rounding rounding) {
    if (Double.isNaN(value)) {
      return nan(type);
    }
    if (type == Type.F64) {
      return Double.doubleToRawLongBits(value);
    }
    if (type == Type.F32 && rounding == Rounding.NEAREST) {
      return Float.floatToRawIntBits((float) value) & 0xffff_ffffL;
    }
    boolean negative = Double.doubleToRawLongBits(value) < 0;
    if (value == 0 || Double.isInfinite(value)) {
      return (negative ? signBit(type) : 0) | (value == 0 ? 0 : infinity(type));
    }
    return pack(negative, significand(value), exponent(value), false, type, rounding);
  }

  /** The integer whose product with 2 to the {@link #exponent} is a finite double's magnitude. */
  static long significand(double value) {
    long bits = Double.doubleToRawLongBits(value);
    long fraction = bits & 0xf_ffff_ffff_ffffL;
    return (bits & 0x7ff0_0000_0000_0000L) == 0 ? fraction : fraction | 1L << 52;
  }

  static int exponent(double value) {
    int biased = (int) (Double.doubleToRawLongBits(value) >>> 52) & 0x7ff;
    return Math.max(biased, 1) - 1075;
  }

  /** The bits of a signed integer in a floating-point type. */
  static long encode(long value, Type type, Rounding rounding) {
    return value == 0 ? 0 : pack(value < 0, Math.abs(value), 0, false, type, rounding);
  }

  /** The bits of an unsigned integer in a floating-point type. */
  static long encodeUnsigned(long value, Type type, Rounding rounding) {
    return value == 0 ? 0 : pack(false, value, 0, false, type, rounding);
  }

  /**
   * Rounds {@code significand * 2^exponent} to a type. The significand is unsigned and not zero; {@code sticky} says that the true value
   * is a little larger in magnitude, by less than the significand's last bit.
   */
  static long pack(boolean negative, long significand, int exponent, boolean sticky, Type type, Rounding rounding) {
    int precision = precision(type);
    int least = minExponent(type);
    int zeros = Long.numberOfLeadingZeros(significand);
    long sig = significand << zeros;
    int e = exponent - zeros + 63;
    boolean subnormal = e < least;
    int drop = 64 - precision + (subnormal ? least - e : 0);
    long kept = drop >= 64 ? 0 : sig >>> drop;
    boolean half = drop <= 64 && (sig >>> (drop - 1) & 1) != 0;
    boolean rest = sticky || drop > 64 || (sig & (1L << (drop - 1)) - 1) != 0;
    if (rounding.roundsUp(negative, (kept & 1) != 0, half, rest)) {
      kept++;
    }
    // A carry out of the fraction counts the exponent up, which is what it should do.
    long bits = subnormal ? kept : ((long) (e - least) << (precision - 1)) + kept;
    int shift = type == Type.TF32 ? 13 : 0;
    long infinity = infinity(type) >>> shift;
    if (subnormal ? false : e - least >= infinity >>> (precision - 1) || bits >= infinity) {
      bits = rounding.overflowsToInfinity(negative) ? infinity : infinity - 1;
    }
    return (negative ? signBit(type) : 0) | bits << shift;
  }

  /**
   * A number that is rounded to an integer already, saturated to an integer type (PTX ISA, "cvt"). A NaN gives 0, but where the source is
   * f64 or the destination has 64 bits it gives the sign bit alone.
   */
  static long toInteger(double value, Type from, Type to) {
    if (Double.isNaN(value)) {
      return from == Type.F64 || to.bits == 64 ? 1L << (to.bits - 1) : 0;
    }
    if (to.signed()) {
      long bound = to.bits == 64 ? Long.MAX_VALUE : (1L << (to.bits - 1)) - 1;
      long whole = (long) value; // saturates at 64 bits
      return Math.max(-bound - 1, Math.min(bound, whole)) & to.mask();
    }
    if (value <= 0) {
      return 0;
    }
    if (to.bits == 64) {
      if (value >= 0x1p64) {
        return -1;
      }
      return value < 0x1p63 ? (long) value : (long) (value - 0x1p63) ^ Long.MIN_VALUE;
    }
    return (long) Math.min(value, (double) to.mask());
  }

  /** Whether some bits are a number other than zero that is too small for the type's normal range. */
  static boolean isSubnormal(long bits, Type type) {
    long magnitude = bits & (signBit(type) - 1);
    return magnitude != 0 && magnitude < 1L << (type == Type.TF32 ? 23 : precision(type) - 1);
  }

  /** {@code .ftz}: a subnormal becomes a zero of its sign. */
  static long flush(long bits, Type type) {
    return isSubnormal(bits, type) ? bits & signBit(type) : bits;
  }
}
