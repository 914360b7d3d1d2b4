package dev.tenzan.scalar;

import dev.tenzan.type.DType;

/**
 * A {@link ScalarBuilder} seen through one float format (F32 or F64): constants of that format, polynomials and the
 * bit-level steps that the elementary functions share. Values are instruction numbers, as in the builder.
 */
final class Fp {
  /** The builder that the instructions go to. */
  final ScalarBuilder b;

  /** Whether the format is F32; else it is F64. */
  final boolean single;

  private final DType type;
  private final DType bitsType;
  private final int mantissaBits;
  private final int bias;

  private Fp(ScalarBuilder b, DType type, int mantissaBits, int bias) {
    this.b = b;
    this.single = type == DType.F32;
    this.type = type;
    this.bitsType = type.bitsType();
    this.mantissaBits = mantissaBits;
    this.bias = bias;
  }

  static Fp f32(ScalarBuilder b) {
    return new Fp(b, DType.F32, 23, 127);
  }

  static Fp f64(ScalarBuilder b) {
    return new Fp(b, DType.F64, 52, 1023);
  }

  /** The float type. */
  DType type() {
    return type;
  }

  /** The integer type of the same size. */
  DType bitsType() {
    return bitsType;
  }

  /** The number of stored mantissa bits: 23 or 52. */
  int mantissaBits() {
    return mantissaBits;
  }

  /** The exponent bias: 127 or 1023. */
  int bias() {
    return bias;
  }

  /** A float constant, rounded to the format. */
  int c(double v) {
    return b.constant(type, v);
  }

  /** One of two float constants: the first for F32, the second for F64. */
  int c(double forF32, double forF64) {
    return c(single ? forF32 : forF64);
  }

  /** A constant of the integer type. */
  int ic(long v) {
    return b.constBits(bitsType, v);
  }

  /** {@code 2^(mantissaBits)}: from here on every float is an integer. */
  double integral() {
    return single ? 0x1p23 : 0x1p52;
  }

  /** The integer of the same size with the sign bit alone. */
  long signMask() {
    return single ? Integer.MIN_VALUE : Long.MIN_VALUE;
  }

  int bits(int x) {
    return b.bitcast(bitsType, x);
  }

  int fromBits(int x) {
    return b.bitcast(type, x);
  }

  /** Horner's rule by fma; the first coefficient is that of the highest power. */
  int poly(int x, double... coefficients) {
    int r = c(coefficients[0]);
    for (int i = 1; i < coefficients.length; i++) {
      r = b.fma(r, x, c(coefficients[i]));
    }
    return r;
  }

  /** Horner's rule with the coefficients of the format. */
  int poly(int x, double[] forF32, double[] forF64) {
    return poly(x, single ? forF32 : forF64);
  }

  /** The sign bit of {@code x} in an integer of the same size. */
  int signBit(int x) {
    return b.and(bits(x), ic(signMask()));
  }

  /** The sign bit of an integer put upon a float that has none; its zeros get it too. */
  int withSign(int magnitude, int signBit) {
    return fromBits(b.or(bits(magnitude), signBit));
  }

  /** Flips the sign of {@code x} where the sign bit is set. */
  int flipSign(int x, int signBit) {
    return fromBits(b.xor(bits(x), signBit));
  }

  /** {@code condition ? a : b}. */
  int sel(int condition, int a, int other) {
    return b.select(condition, a, other);
  }

  /** {@code a * b + c}. */
  int fma(int x, int y, int z) {
    return b.fma(x, y, z);
  }

  /** {@code x * y + 1}. */
  int fma1(int x, int y) {
    return b.fma(x, y, c(1));
  }
}
