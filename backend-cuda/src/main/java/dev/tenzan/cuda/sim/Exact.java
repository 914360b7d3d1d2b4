package dev.tenzan.cuda.sim;

import java.math.BigInteger;

/**
 * Arithmetic in every rounding mode: the exact result as a big integer times a power of two, rounded once. It serves the directed modes,
 * which are rare; what is rounded to the nearest goes to the machine's own instructions.
 */
final class Exact {
  private Exact() {}

  static long add(double a, double b, Type type, Rounding rounding) {
    return fma(a, 1, b, type, rounding);
  }

  static long multiply(double a, double b, Type type, Rounding rounding) {
    double product = a * b;
    if (!Double.isFinite(a) || !Double.isFinite(b) || a == 0 || b == 0) {
      return Convert.encode(product, type, rounding);
    }
    return round(integer(a).multiply(integer(b)), Convert.exponent(a) + Convert.exponent(b), false, type, rounding);
  }

  static long fma(double a, double b, double c, Type type, Rounding rounding) {
    if (!Double.isFinite(a) || !Double.isFinite(b) || !Double.isFinite(c)) {
      return Convert.encode(Double.isFinite(a) && Double.isFinite(b) ? c : a * b + c, type, rounding);
    }
    BigInteger product = integer(a).multiply(integer(b));
    int productExponent = Convert.exponent(a) + Convert.exponent(b);
    int exponent = Math.min(productExponent, Convert.exponent(c));
    BigInteger sum = product.shiftLeft(productExponent - exponent).add(integer(c).shiftLeft(Convert.exponent(c) - exponent));
    if (sum.signum() == 0) {
      boolean productNegative = negative(a) ^ negative(b);
      boolean negative = productNegative == negative(c) ? productNegative : rounding == Rounding.DOWN;
      return negative ? Convert.signBit(type) : 0;
    }
    return round(sum, exponent, false, type, rounding);
  }

  static long divide(double a, double b, Type type, Rounding rounding) {
    if (!Double.isFinite(a) || !Double.isFinite(b) || a == 0 || b == 0) {
      return Convert.encode(a / b, type, rounding);
    }
    BigInteger[] quotient = integer(a).abs().shiftLeft(128).divideAndRemainder(integer(b).abs());
    BigInteger q = negative(a) ^ negative(b) ? quotient[0].negate() : quotient[0];
    return round(q, Convert.exponent(a) - Convert.exponent(b) - 128, quotient[1].signum() != 0, type, rounding);
  }

  static long sqrt(double a, Type type, Rounding rounding) {
    if (!Double.isFinite(a) || a <= 0) {
      return Convert.encode(Math.sqrt(a), type, rounding);
    }
    int exponent = Convert.exponent(a);
    int shift = 130 + (exponent & 1);
    BigInteger[] root = integer(a).shiftLeft(shift).sqrtAndRemainder();
    return round(root[0], (exponent - shift) / 2, root[1].signum() != 0, type, rounding);
  }

  private static boolean negative(double a) {
    return Double.doubleToRawLongBits(a) < 0;
  }

  private static BigInteger integer(double a) {
    long significand = Convert.significand(a);
    return BigInteger.valueOf(negative(a) ? -significand : significand);
  }

  private static long round(BigInteger value, int exponent, boolean sticky, Type type, Rounding rounding) {
    BigInteger magnitude = value.abs();
    int excess = Math.max(0, magnitude.bitLength() - 64);
    boolean lost = excess > 0 && magnitude.getLowestSetBit() < excess;
    long significand = magnitude.shiftRight(excess).longValue();
    return Convert.pack(value.signum() < 0, significand, exponent + excess, sticky || lost, type, rounding);
  }

  /**
   * {@code a * b + c} of half-type numbers in double, rounded to odd: the product is exact, and an inexact sum gets its last bit set, so
   * that a rounding to a much shorter type sees on which side of a tie it was.
   */
  static double fmaToOdd(double a, double b, double c) {
    double product = a * b;
    double sum = product + c;
    if (Double.isInfinite(sum) || Double.isNaN(sum)) {
      return sum;
    }
    double rest = sum - product;
    double error = (product - (sum - rest)) + (c - rest);
    if (error == 0 || (Double.doubleToRawLongBits(sum) & 1) != 0) {
      return sum;
    }
    boolean outward = error > 0 == sum > 0;
    return Double.longBitsToDouble(Double.doubleToRawLongBits(sum) + (outward ? 1 : -1));
  }
}
