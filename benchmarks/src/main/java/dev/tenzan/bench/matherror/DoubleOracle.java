package dev.tenzan.bench.matherror;

/**
 * The elementary functions in double precision: the truth for F32, whose last place is 2^29 times as large. The JDK's
 * functions where it has them, else formulas that share nothing with the library's.
 */
final class DoubleOracle {
  private static final double LN2 = StrictMath.log(2);
  private static final double TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

  private DoubleOracle() {}

  static double exp2(double x) {
    return Math.pow(2, x);
  }

  /** The inputs that are powers of two have exact results; a quotient's rounding error does not count elsewhere. */
  static double log2(double x) {
    int exponent = Math.getExponent(x);
    boolean power = exponent <= Double.MAX_EXPONENT && x == Math.scalb(1.0, exponent);
    return power ? exponent : Math.log(x) / LN2;
  }

  static double sigmoid(double x) {
    if (x >= 0) {
      return 1 / (1 + Math.exp(-x));
    }
    double e = Math.exp(x);
    return e / (1 + e);
  }

  static double asinh(double x) {
    double a = Math.abs(x);
    if (!(a < Double.POSITIVE_INFINITY) || a < 1e-9) {
      return x;
    }
    double r = a > 1e9 ? Math.log(a) + LN2 : StrictMath.log1p(a + a * a / (1 + Math.sqrt(a * a + 1)));
    return Math.copySign(r, x);
  }

  static double acosh(double x) {
    if (!(x >= 1)) {
      return Double.NaN;
    }
    if (x > 1e9) {
      return Math.log(x) + LN2;
    }
    double t = x - 1;
    return StrictMath.log1p(t + Math.sqrt(t * (x + 1)));
  }

  static double atanh(double x) {
    double a = Math.abs(x);
    if (a < 1e-9) {
      return x;
    }
    return Math.copySign((StrictMath.log1p(a) - StrictMath.log1p(-a)) / 2, x);
  }

  /** {@code 2/sqrt(pi) e^-x^2 (x + 2x^3/3 + 4x^5/15 + ...)}, whose terms are all positive (Abramowitz and Stegun 7.1.6). */
  static double erf(double x) {
    double a = Math.abs(x);
    if (a == 0 || Double.isNaN(x)) {
      return x;
    }
    if (a > 6) {
      return Math.copySign(1, x);
    }
    double term = a;
    double sum = a;
    for (int k = 3; term > 1e-18 * sum; k += 2) {
      term *= 2 * a * a / k;
      sum += term;
    }
    return Math.copySign(sum * TWO_OVER_ROOT_PI * Math.exp(-a * a), x);
  }

  /** As IEEE 754-2019 has it: {@code pow(1, NaN)} and {@code pow(-1, inf)} are 1, where Java says NaN. */
  static double pow(double x, double y) {
    if (x == 1 || (x == -1 && Double.isInfinite(y))) {
      return 1;
    }
    return Math.pow(x, y);
  }
}
