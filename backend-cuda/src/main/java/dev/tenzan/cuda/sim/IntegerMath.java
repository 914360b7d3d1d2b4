package dev.tenzan.cuda.sim;

import java.util.function.LongBinaryOperator;

/**
 * Integer operations on values in 64 bits (PTX ISA, "Integer Arithmetic Instructions"): a signed type's are extended, an unsigned type's
 * are not, and the results are cut to the type afterwards.
 */
final class IntegerMath {
  private IntegerMath() {}

  /** The upper half of a product. */
  static LongBinaryOperator multiplyHigh(Type t) {
    if (t.bits == 64) {
      return t.signed() ? Math::multiplyHigh : Math::unsignedMultiplyHigh;
    }
    int bits = t.bits;
    return t.signed() ? (a, b) -> a * b >> bits : (a, b) -> a * b >>> bits;
  }

  /** Division toward zero; by zero it gives all ones, as devices do, where the specification leaves it open. */
  static LongBinaryOperator divide(Type t) {
    return t.signed() ? (a, b) -> b == 0 ? -1 : a / b : (a, b) -> b == 0 ? -1 : Long.divideUnsigned(a, b);
  }

  /** The remainder of that division; by zero it gives the dividend. */
  static LongBinaryOperator remainder(Type t) {
    return t.signed() ? (a, b) -> b == 0 ? a : a % b : (a, b) -> b == 0 ? a : Long.remainderUnsigned(a, b);
  }

  static LongBinaryOperator min(Type t) {
    return t.signed() ? Math::min : (a, b) -> Long.compareUnsigned(a, b) <= 0 ? a : b;
  }

  static LongBinaryOperator max(Type t) {
    return t.signed() ? Math::max : (a, b) -> Long.compareUnsigned(a, b) >= 0 ? a : b;
  }

  static long saturate32(long value) {
    return Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, value));
  }

  /** {@code sad}: c + |a - b|. */
  static Lanes.Ternary sad(Type t) {
    LongBinaryOperator min = min(t);
    LongBinaryOperator max = max(t);
    return (a, b, c) -> c + max.applyAsLong(a, b) - min.applyAsLong(a, b);
  }

  /** {@code mul24.lo}, {@code mul24.hi}: products of the low 24 bits. */
  static LongBinaryOperator multiply24(Type t, boolean high) {
    int shift = high ? 16 : 0;
    if (t.signed()) {
      return (a, b) -> (a << 40 >> 40) * (b << 40 >> 40) >> shift;
    }
    return (a, b) -> (a & 0xff_ffff) * (b & 0xff_ffff) >> shift;
  }

  /** {@code dp4a}: four products of bytes, added to c. */
  static Lanes.Ternary dot4(Type ta, Type tb) {
    return (a, b, c) -> {
      long sum = c;
      for (int i = 0; i < 32; i += 8) {
        sum += part(a >> i, 8, ta) * part(b >> i, 8, tb);
      }
      return sum;
    };
  }

  /** {@code dp2a}: two products of half words of a and the low or high bytes of b, added to c. */
  static Lanes.Ternary dot2(Type ta, Type tb, boolean high) {
    int from = high ? 16 : 0;
    return (a, b, c) ->
        c + part(a, 16, ta) * part(b >> from, 8, tb) + part(a >> 16, 16, ta) * part(b >> (from + 8), 8, tb);
  }

  private static long part(long value, int bits, Type t) {
    return t.signed() ? value << (64 - bits) >> (64 - bits) : value & (1L << bits) - 1;
  }

  /** An operation on both 16-bit halves of 32 bits. */
  static LongBinaryOperator halves(LongBinaryOperator f, boolean signed) {
    int s = signed ? 48 : 0;
    return (a, b) -> {
      long low = f.applyAsLong((a & 0xffff) << s >> s, (b & 0xffff) << s >> s) & 0xffff;
      long high = f.applyAsLong((a >>> 16 & 0xffff) << s >> s, (b >>> 16 & 0xffff) << s >> s) & 0xffff;
      return high << 16 | low;
    };
  }
}
