package dev.tenzan.scalar;

/**
 * The inverse trigonometric functions.
 *
 * <p>Inverse tangent: {@code atan(n/d) = c + atan((n - d tan c)/(d + n tan c))} with c = 0, pi/4 or pi/2, whichever is
 * nearest, so that one minimax polynomial up to tan(pi/8) serves, as in Cephes (Moshier, 1989). Inverse sine and cosine: a
 * polynomial up to 1/2, and {@code asin x = pi/2 - 2 asin sqrt((1 - x)/2)} beyond (Abramowitz &amp; Stegun 4.4). The
 * quotient and the root are kept with their rounding errors, so little more than the last addition is rounded.
 */
final class Inverse {
  private static final double TAN_PI_8 = 0.41421356237309503;
  private static final double TAN_3_PI_8 = 2.414213562373095;

  /** pi as a float and what it lacks. */
  private static final double PI_HI_F32 = 0x1.921fb6p+1;

  private static final double PI_LO_F32 = -0x1.777a5cp-24;
  private static final double PI_HI_F64 = 0x1.921fb54442d18p+1;
  private static final double PI_LO_F64 = 0x1.1a62633145c07p-53;

  /** 3 pi/4 likewise; a quarter and a half of pi come from pi exactly. */
  private static final double PI_3_4_HI_F32 = 0x1.2d97c8p+1;

  private static final double PI_3_4_LO_F32 = -0x1.99bc5cp-28;
  private static final double PI_3_4_HI_F64 = 0x1.2d97c7f3321d2p+1;
  private static final double PI_3_4_LO_F64 = 0x1.a79394c9e8a0ap-54;

  /** Minimax on [0, tan(pi/8)] of (atan(x)/x - 1)/x^2 in x^2, highest power first; error of atan(x)/x 2^-30.5. */
  private static final double[] ATAN_F32 = {
    -0x1.f31d6ep-5, 0x1.b22eccp-4, -0x1.23ba42p-3, 0x1.9991e8p-3, -0x1.55554ap-2
  };

  /** The same with error 2^-59.5. */
  private static final double[] ATAN_F64 = {
    -0x1.257bfb8982897p-6, 0x1.37de5a73a049fp-5, -0x1.9cd66a65af688p-5, 0x1.df10294105108p-5, -0x1.10ebc84f9c267p-4,
    0x1.3b111a9243ae6p-4, -0x1.745cf8f1b9ad2p-4, 0x1.c71c70e6c89b8p-4, -0x1.24924922af0b7p-3, 0x1.999999999589bp-3,
    -0x1.555555555553dp-2
  };

  /** Minimax on [0, 1/2] of (asin(x)/x - 1)/x^2 in x^2, highest power first; error of asin(x)/x 2^-31.7. */
  private static final double[] ASIN_F32 = {
    0x1.349e48p-5, 0x1.d589f2p-7, 0x1.04cd0cp-5, 0x1.6ca7dcp-5, 0x1.3338aap-4, 0x1.55554cp-3
  };

  /** The same with error 2^-59.8. */
  private static final double[] ASIN_F64 = {
    0x1.0bd9e6e8857f7p-5, -0x1.59d62f01d0241p-6, 0x1.64ec14a17bafdp-6, 0x1.e1a0261b7fd3fp-9, 0x1.61866534387b8p-7,
    0x1.757847dfc4ef1p-7, 0x1.ca212efbd0f3ap-7, 0x1.1c49ded2c0993p-6, 0x1.6e8bdfdc24c09p-6, 0x1.f1c71a8bee5a1p-6,
    0x1.6db6db722ab86p-5, 0x1.333333332df1fp-4, 0x1.5555555555578p-3
  };

  private Inverse() {}

  /** pi times a power of two, to the format. */
  private static int pi(Fp m, double share) {
    return m.c(PI_HI_F32 * share, PI_HI_F64 * share);
  }

  /** What {@link #pi} lacks. */
  private static int piLow(Fp m, double share) {
    return m.c(PI_LO_F32 * share, PI_LO_F64 * share);
  }

  /**
   * The angle of (x, y) in the first quadrant as measured from the nearest of 0, pi/4 and pi/2.
   *
   * @param middle whether it is above pi/8
   * @param steep whether it is above 3 pi/8
   * @param t the tangent of the angle from there
   * @param tLow what t lacks
   */
  private record Octant(int middle, int steep, int t, int tLow) {}

  private static Octant octant(Fp m, int y, int x) {
    ScalarBuilder b = m.b;
    int middle = b.lt(b.mul(x, m.c(TAN_PI_8)), y);
    int steep = b.lt(b.mul(x, m.c(TAN_3_PI_8)), y);
    int onlyMiddle = b.and(middle, b.not(steep));
    int large = b.max(x, y);
    int small = b.min(x, y);
    // The sum and the difference with their rounding errors, as in Dekker's Fast2Sum.
    int sum = b.add(large, small);
    int sumLow = b.sub(small, b.sub(sum, large));
    int difference = b.sub(y, x);
    int magnitude = b.abs(difference);
    int magnitudeLow = b.sub(b.sub(large, magnitude), small);
    int differenceLow = m.flipSign(magnitudeLow, m.signBit(difference));
    int zero = m.c(0);
    int numerator = m.sel(steep, b.neg(x), m.sel(middle, difference, y));
    int denominator = m.sel(steep, y, m.sel(middle, sum, x));
    int inverse = b.div(m.c(1), denominator);
    int t = b.mul(numerator, inverse);
    int minusT = b.neg(t);
    int rest = m.fma(minusT, denominator, numerator);
    int low = m.fma(minusT, sumLow, differenceLow);
    return new Octant(middle, steep, t, b.mul(b.add(rest, m.sel(onlyMiddle, low, zero)), inverse));
  }

  /** {@code centre + atan(t)}, where both lack something. */
  private static int angle(Fp m, int centre, int centreLow, int t, int tLow) {
    ScalarBuilder b = m.b;
    int z = b.mul(t, t);
    int tail = m.fma(b.mul(t, z), m.poly(z, ATAN_F32, ATAN_F64), b.add(tLow, centreLow));
    int hi = b.add(centre, t);
    int lost = b.sub(t, b.sub(hi, centre));
    return b.add(hi, b.add(lost, tail));
  }

  static int atan(Fp m, int x) {
    // Beyond this the result is pi/2, and the reciprocal would be subnormal.
    int ax = ExpFamily.atMost(m, m.b.abs(x), m.single ? 0x1p64 : 0x1p256);
    Octant o = octant(m, ax, m.c(1));
    int zero = m.c(0);
    int centre = m.sel(o.steep, pi(m, 0.5), m.sel(o.middle, pi(m, 0.25), zero));
    int centreLow = m.sel(o.steep, piLow(m, 0.5), m.sel(o.middle, piLow(m, 0.25), zero));
    return m.withSign(m.b.abs(angle(m, centre, centreLow, o.t, o.tLow)), m.signBit(x));
  }

  /** The magnitudes of two numbers, scaled by a power of two so that their sum and its reciprocal are normal. */
  private record Scaled(int ay, int ax) {}

  private static Scaled scaled(Fp m, int y, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int ay = b.abs(y);
    int larger = b.max(ax, ay);
    double up = m.single ? 0x1p60 : 0x1p200;
    double down = m.single ? 0x1p-40 : 0x1p-100;
    int isSmall = b.lt(larger, m.c(m.single ? 0x1p-60 : 0x1p-500));
    int isLarge = b.lt(m.c(m.single ? 0x1p90 : 0x1p900), larger);
    int scale = m.sel(isSmall, m.c(up), m.sel(isLarge, m.c(down), m.c(1)));
    return new Scaled(b.mul(ay, scale), b.mul(ax, scale));
  }

  static int atan2(Fp m, int y, int x) {
    ScalarBuilder b = m.b;
    Scaled s = scaled(m, y, x);
    int inf = m.c(Double.POSITIVE_INFINITY);
    int zero = m.c(0);
    int one = m.c(1);
    // Of two infinities or two zeros: the angles of 1 to 1 and of 0 to 1. Of one infinity: as of 0 to 1.
    int xInf = b.eq(s.ax, inf);
    int yInf = b.eq(s.ay, inf);
    int anyInf = b.or(xInf, yInf);
    int ay = m.sel(anyInf, m.sel(yInf, one, zero), s.ay);
    int ax = m.sel(anyInf, m.sel(xInf, one, zero), s.ax);
    ax = m.sel(b.eq(b.max(ax, ay), zero), one, ax);
    Octant o = octant(m, ay, ax);
    int back = m.signBit(x);
    int isBack = b.ne(back, m.ic(0));
    int near = m.sel(isBack, pi(m, 1), zero);
    int nearLow = m.sel(isBack, piLow(m, 1), zero);
    int diagonal = m.sel(isBack, m.c(PI_3_4_HI_F32, PI_3_4_HI_F64), pi(m, 0.25));
    int diagonalLow = m.sel(isBack, m.c(PI_3_4_LO_F32, PI_3_4_LO_F64), piLow(m, 0.25));
    int centre = m.sel(o.steep, pi(m, 0.5), m.sel(o.middle, diagonal, near));
    int centreLow = m.sel(o.steep, piLow(m, 0.5), m.sel(o.middle, diagonalLow, nearLow));
    int angle = b.abs(angle(m, centre, centreLow, m.flipSign(o.t, back), m.flipSign(o.tLow, back)));
    int signed = m.withSign(angle, m.signBit(y));
    return m.sel(b.or(b.ne(x, x), b.ne(y, y)), b.add(x, y), signed);
  }

  /**
   * A magnitude's inverse sine up to 1/2, or else half its inverse cosine.
   *
   * @param isFar whether the magnitude is above 1/2
   * @param s the leading part: the magnitude, or the root
   * @param tail the rest
   */
  private record Half(int isFar, int s, int tail) {}

  private static Half half(Fp m, int ax) {
    ScalarBuilder b = m.b;
    int isFar = b.lt(m.c(0.5), ax);
    int zero = m.c(0);
    int z = m.sel(isFar, m.fma(ax, m.c(-0.5), m.c(0.5)), b.mul(ax, ax));
    int root = b.sqrt(z);
    int s = m.sel(isFar, root, ax);
    int rest = m.fma(b.neg(root), root, z);
    int rootLow = m.sel(b.lt(zero, root), b.div(rest, b.add(root, root)), zero);
    int tail = m.fma(b.mul(s, z), m.poly(z, ASIN_F32, ASIN_F64), m.sel(isFar, rootLow, zero));
    return new Half(isFar, s, tail);
  }

  static int asin(Fp m, int x) {
    ScalarBuilder b = m.b;
    Half h = half(m, b.abs(x));
    int hi = m.fma(h.s, m.c(-2), pi(m, 0.5));
    int lost = m.fma(h.s, m.c(-2), b.sub(pi(m, 0.5), hi));
    int far = b.add(hi, b.add(lost, m.fma(h.tail, m.c(-2), piLow(m, 0.5))));
    return m.withSign(m.sel(h.isFar, far, b.add(h.s, h.tail)), m.signBit(x));
  }

  static int acos(Fp m, int x) {
    ScalarBuilder b = m.b;
    Half h = half(m, b.abs(x));
    int sign = m.signBit(x);
    int isNegative = b.ne(sign, m.ic(0));
    // From pi/2 by -x; from 0 or pi by twice the half.
    int step = m.sel(h.isFar, m.c(2), m.c(-1));
    int s = m.flipSign(b.mul(h.s, step), sign);
    int tail = m.flipSign(b.mul(h.tail, step), sign);
    int zero = m.c(0);
    int from = m.sel(h.isFar, m.sel(isNegative, pi(m, 1), zero), pi(m, 0.5));
    int fromLow = m.sel(h.isFar, m.sel(isNegative, piLow(m, 1), zero), piLow(m, 0.5));
    int hi = b.add(from, s);
    int lost = b.sub(s, b.sub(hi, from));
    return b.add(hi, b.add(lost, b.add(tail, fromLow)));
  }
}
