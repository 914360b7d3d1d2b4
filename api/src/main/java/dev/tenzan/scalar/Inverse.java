package dev.tenzan.scalar;

/**
 * Powers and the inverse trigonometric and hyperbolic functions, in F64. The inverse tangent halves its argument three times with
 * {@code atan x = 2 atan(x / (1 + sqrt(1 + x^2)))} and sums the Taylor series; the others reduce to it or to log1p (Abramowitz and
 * Stegun, 4.4 and 4.6).
 */
final class Inverse {
  private static final double HALF_PI = Math.PI / 2;
  private static final int HALVINGS = 3;
  private static final int TERMS = 9;

  private Inverse() {}

  /** The angle of a value of at most 1, from 0 on. */
  private static int smallAtan(Fp m, int x) {
    ScalarBuilder b = m.b;
    int t = x;
    for (int i = 0; i < HALVINGS; i++) {
      int root = b.sqrt(b.fma(t, t, m.c(1)));
      t = b.div(t, b.add(root, m.c(1)));
    }
    int square = b.mul(t, t);
    int sum = m.c((TERMS % 2 == 0 ? 1.0 : -1.0) / (2 * TERMS + 1));
    for (int i = TERMS - 1; i >= 1; i--) {
      sum = b.fma(sum, square, m.c((i % 2 == 0 ? 1.0 : -1.0) / (2 * i + 1)));
    }
    return b.mul(b.fma(b.mul(t, square), sum, t), m.c(1 << HALVINGS));
  }

  static int atan(Fp m, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int big = b.lt(m.c(1), ax);
    int angle = smallAtan(m, b.select(big, b.div(m.c(1), ax), ax));
    return Rounding.copySign(m, b.select(big, b.sub(m.c(HALF_PI), angle), angle), x);
  }

  static int atan2(Fp m, int y, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int ay = b.abs(y);
    int steep = b.lt(ax, ay);
    int low = b.select(steep, ax, ay);
    int high = b.select(steep, ay, ax);
    int same = b.eq(ax, ay);
    int ratio = b.select(b.eq(low, m.c(0)), m.c(0), b.select(same, m.c(1), b.div(low, high)));
    int angle = smallAtan(m, ratio);
    angle = b.select(steep, b.sub(m.c(HALF_PI), angle), angle);
    int negative = b.lt(Rounding.copySign(m, m.c(1), x), m.c(0));
    angle = Rounding.copySign(m, b.select(negative, b.sub(m.c(Math.PI), angle), angle), y);
    return b.select(b.or(b.ne(x, x), b.ne(y, y)), b.add(x, y), angle);
  }

  static int asin(Fp m, int x) {
    ScalarBuilder b = m.b;
    int rest = b.mul(b.sub(m.c(1), x), b.add(m.c(1), x));
    return atan(m, b.div(x, b.sqrt(rest)));
  }

  static int acos(Fp m, int x) {
    ScalarBuilder b = m.b;
    int root = b.sqrt(b.div(b.sub(m.c(1), x), b.add(m.c(1), x)));
    return b.mul(m.c(2), atan(m, root));
  }

  static int asinh(Fp m, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int huge = b.lt(m.c(1e9), ax);
    int square = b.mul(ax, ax);
    int shifted = b.add(ax, b.div(square, b.add(m.c(1), b.sqrt(b.add(m.c(1), square)))));
    int y = b.select(huge, b.add(LogFamily.log(m, ax), m.c(Math.log(2))), LogFamily.log1p(m, shifted));
    return Rounding.copySign(m, y, x);
  }

  static int acosh(Fp m, int x) {
    ScalarBuilder b = m.b;
    int huge = b.lt(m.c(1e9), x);
    int t = b.sub(x, m.c(1));
    int shifted = b.add(t, b.sqrt(b.fma(t, t, b.add(t, t))));
    return b.select(huge, b.add(LogFamily.log(m, x), m.c(Math.log(2))), LogFamily.log1p(m, shifted));
  }

  static int atanh(Fp m, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int y = LogFamily.log1p(m, b.div(b.add(ax, ax), b.sub(m.c(1), ax)));
    return Rounding.copySign(m, b.mul(y, m.c(0.5)), x);
  }

  static int pow(Fp m, int x, int y) {
    ScalarBuilder b = m.b;
    int inf = m.c(Double.POSITIVE_INFINITY);
    int integer = b.and(b.eq(Rounding.trunc(m, y), y), b.lt(b.abs(y), inf));
    int half = b.mul(y, m.c(0.5));
    int odd = b.and(integer, b.ne(Rounding.trunc(m, half), half));
    int magnitude = ExpFamily.exp(m, b.mul(y, LogFamily.log(m, b.abs(x))));
    int one = b.or(b.eq(y, m.c(0)), b.or(b.eq(x, m.c(1)), b.and(b.eq(x, m.c(-1)), b.eq(b.abs(y), inf))));
    int bad = b.and(b.and(b.lt(x, m.c(0)), b.lt(b.abs(x), inf)), b.and(b.not(integer), b.lt(b.abs(y), inf)));
    int negative = b.and(odd, b.lt(Rounding.copySign(m, m.c(1), x), m.c(0)));
    int signed = b.select(negative, b.neg(magnitude), magnitude);
    return b.select(one, m.c(1), b.select(bad, m.c(Double.NaN), signed));
  }
}
