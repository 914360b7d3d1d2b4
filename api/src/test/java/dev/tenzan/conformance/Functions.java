package dev.tenzan.conformance;

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

  /** The Maclaurin series near 0; further out, where its terms cancel, the continued fraction of erfc (Abramowitz and Stegun 7.1.5, 7.1.14). */
  static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x) || a == 0) {
      return x;
    }
    if (a > 6) {
      return Math.copySign(1, x);
    }
    if (a < 2) {
      double term = 2 * a / Math.sqrt(Math.PI) * StrictMath.exp(-a * a);
      double sum = 0;
      for (int n = 0; n < 80; n++) {
        sum += term;
        term *= 2 * a * a / (2 * n + 3);
      }
      return Math.copySign(sum, x);
    }
    double f = a;
    for (int k = 120; k >= 1; k--) {
      f = a + k / 2.0 / f;
    }
    return Math.copySign(1 - StrictMath.exp(-a * a) / Math.sqrt(Math.PI) / f, x);
  }
}
