package dev.tenzan.conformance;

import java.math.BigDecimal;

/** Functions that {@link StrictMath} lacks, in double precision. */
final class Functions {
  private static final double LN2 = StrictMath.log(2);

  private Functions() {}

  static double asinh(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x) || Double.isInfinite(x) || a < 1e-9) {
      return x;
    }
    double r = a > 1e8 ? StrictMath.log(a) + LN2 : StrictMath.log1p(a + a * a / (1 + Math.sqrt(a * a + 1)));
    return Math.copySign(r, x);
  }

  static double acosh(double x) {
    if (!(x >= 1)) {
      return Double.NaN;
    }
    if (x > 1e8) {
      return StrictMath.log(x) + LN2;
    }
    double t = x - 1;
    return StrictMath.log1p(t + Math.sqrt(2 * t + t * t));
  }

  static double atanh(double x) {
    double a = Math.abs(x);
    return Math.copySign(StrictMath.log1p(2 * a / (1 - a)) / 2, x);
  }

  static double sigmoid(double x) {
    if (x >= 0) {
      return 1 / (1 + StrictMath.exp(-x));
    }
    double e = StrictMath.exp(x);
    return e / (1 + e);
  }

  static double softplus(double x) {
    return Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
  }

  /** From fifty digits; near 0 the first term of the series. */
  static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x) || a > 7) {
      return Double.isNaN(x) ? x : Math.copySign(1, x);
    }
    return a < 1e-9 ? x * (2 / Math.sqrt(Math.PI)) : BigMath.erf(new BigDecimal(x)).doubleValue();
  }
}
