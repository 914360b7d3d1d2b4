package dev.tenzan.scalar;

/**
 * The power function: {@code 2^(y log2 |x|)} with the logarithm as an unevaluated sum of two floats of the same format.
 *
 * <p>{@code |x| = 2^k c (1 + s)/(1 - s)} with c = 1 or c = 181/128, near sqrt(2), so that {@code |s| < 0.0865}; the quotient s
 * and all products that matter are kept to twice the precision by fma (Dekker, A floating-point technique for extending the
 * available precision, 1971). For F32, two floats beat a detour through F64: F64 has half the lanes on a CPU and, on most
 * GPUs, 1/32 or 1/64 of the speed.
 */
final class Pow {
  private static final double CENTRE = 181.0 / 128;

  /** 2/ln 2 and what the float lacks. */
  private static final double SLOPE_HI_F32 = 0x1.715476p+1;

  private static final double SLOPE_LO_F32 = 0x1.4ae0c0p-25;
  private static final double SLOPE_HI_F64 = 0x1.71547652b82fep+1;
  private static final double SLOPE_LO_F64 = 0x1.777d0ffda0d24p-55;

  /** log2 of the centre: few bits, then the rest. */
  private static final double CENTRE_HI_F32 = 0x1.ffd8p-2;

  private static final double CENTRE_LO_F32 = -0x1.995fp-20;
  private static final double CENTRE_HI_F64 = 0x1.ffd799a84p-2;
  private static final double CENTRE_LO_F64 = -0x1.9518ce032f41dp-48;

  /** Minimax of (log2((1 + s)/(1 - s))/s - 2/ln 2)/s^2 in s^2, highest power first; relative error 2^-37.3. */
  private static final double[] ODD_F32 = {0x1.aa3feep-2, 0x1.2775p-1, 0x1.ec709ep-1};

  /** The same, without the constant term, which is needed to twice the precision; relative error 2^-75.3. */
  private static final double[] ODD_F64 = {
    0x1.947cb149fbb9ap-3, 0x1.c66e9739b86dap-3, 0x1.0c9a9ee61139ep-2, 0x1.484b13c09171p-2, 0x1.a61762a7b8d84p-2,
    0x1.2776c50ef9bebp-1
  };

  private static final double CUBIC_HI_F64 = 0x1.ec709dc3a03fdp-1;
  private static final double CUBIC_LO_F64 = 0x1.d85bd608027abp-55;

  private Pow() {}

  /** An unevaluated sum. */
  private record Pair(int hi, int lo) {}

  /** The exact product of two values, plus {@code rest}. */
  private static Pair product(Fp m, int x, int y, int rest) {
    int hi = m.b.mul(x, y);
    return new Pair(hi, m.b.add(m.fma(x, y, m.b.neg(hi)), rest));
  }

  /** The exact sum of two values of which the first is the larger, plus {@code rest}. */
  private static Pair sum(Fp m, int large, int small, int rest) {
    int hi = m.b.add(large, small);
    return new Pair(hi, m.b.add(m.b.sub(small, m.b.sub(hi, large)), rest));
  }

  /** {@code log2((1 + s)/(1 - s))}. */
  private static Pair logOfRatio(Fp m, Pair s) {
    ScalarBuilder b = m.b;
    if (m.single) {
      Pair square = product(m, s.hi, s.hi, b.mul(b.add(s.hi, s.hi), s.lo));
      Pair cube = product(m, s.hi, square.hi, b.mul(s.hi, square.lo));
      int slope = m.c(SLOPE_HI_F32);
      int p = m.poly(square.hi, ODD_F32);
      int low = m.fma(s.hi, m.c(SLOPE_LO_F32), m.fma(cube.lo, p, b.mul(s.lo, slope)));
      int rest = m.fma(cube.hi, p, low);
      Pair r = product(m, s.hi, slope, rest);
      // The rest holds the cubic term: times a large exponent, it must not be left beside the product.
      return sum(m, r.hi, r.lo, m.c(0));
    }
    Pair z = product(m, s.hi, s.hi, b.mul(b.add(s.hi, s.hi), s.lo));
    Pair u = sum(m, m.c(CUBIC_HI_F64), b.mul(z.hi, m.poly(z.hi, ODD_F64)), m.c(CUBIC_LO_F64));
    Pair q = product(m, z.hi, u.hi, m.fma(z.hi, u.lo, b.mul(z.lo, u.hi)));
    Pair slope = sum(m, m.c(SLOPE_HI_F64), q.hi, b.add(q.lo, m.c(SLOPE_LO_F64)));
    return product(m, s.hi, slope.hi, m.fma(s.hi, slope.lo, b.mul(s.lo, slope.hi)));
  }

  /** {@code log2(ax)} of a magnitude: -inf at zero, infinity and NaN at themselves (in the first of the pair). */
  private static Pair log2(Fp m, int ax) {
    ScalarBuilder b = m.b;
    int subnormal = b.lt(ax, m.c(m.single ? 0x1p-126 : 0x1p-1022));
    int i = m.bits(m.sel(subnormal, b.mul(ax, m.c(m.integral())), ax));
    int shifted = b.sub(i, m.ic(m.single ? 0x3f5744fdL : 0x3feae89f995ad3adL));
    int exponent = b.and(shifted, m.ic(-(1L << m.mantissaBits())));
    int mantissa = m.fromBits(b.sub(i, exponent));
    int k = LogFamily.toFloat(m, b.shr(shifted, m.mantissaBits()));
    k = b.add(k, m.sel(subnormal, m.c(-m.mantissaBits()), m.c(0)));
    int upper = b.lt(m.c(0x1.306fep+0), mantissa);
    int centre = m.sel(upper, m.c(CENTRE), m.c(1));
    Pair s = ratio(m, mantissa, centre);
    Pair log = logOfRatio(m, s);
    int whole = b.add(k, m.sel(upper, m.c(CENTRE_HI_F32, CENTRE_HI_F64), m.c(0)));
    Pair r = sum(m, whole, log.hi, b.add(log.lo, m.sel(upper, m.c(CENTRE_LO_F32, CENTRE_LO_F64), m.c(0))));
    int hi = m.sel(b.lt(ax, m.c(Double.POSITIVE_INFINITY)), r.hi, ax);
    return new Pair(m.sel(b.eq(ax, m.c(0)), m.c(Double.NEGATIVE_INFINITY), hi), r.lo);
  }

  /** {@code (m - c) / (m + c)}; the difference is exact. */
  private static Pair ratio(Fp m, int mantissa, int centre) {
    ScalarBuilder b = m.b;
    int numerator = b.sub(mantissa, centre);
    int denominator = b.add(mantissa, centre);
    int denominatorLow = b.sub(mantissa, b.sub(denominator, centre));
    int inverse = b.div(m.c(1), denominator);
    int s = b.mul(numerator, inverse);
    int minusS = b.neg(s);
    int rest = m.fma(minusS, denominatorLow, m.fma(minusS, denominator, numerator));
    return new Pair(s, b.mul(rest, inverse));
  }

  static int pow(Fp m, int x, int y) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    Pair log = log2(m, ax);
    int w = b.mul(y, log.hi);
    int low = m.fma(y, log.lo, m.fma(y, log.hi, b.neg(w)));
    double limit = m.single ? 160 : 1200;
    int clamped = ExpFamily.clamp(m, w, -limit, limit);
    low = m.sel(b.eq(clamped, w), low, m.c(0));
    int p = ExpFamily.exp2OfSum(m, clamped, low);
    return special(m, x, ax, y, p);
  }

  /** Signs and the cases of IEEE 754-2019 clause 9.2.1 that do not follow from {@code p = 2^(y log2 |x|)}. */
  private static int special(Fp m, int x, int ax, int y, int p) {
    ScalarBuilder b = m.b;
    int one = m.c(1);
    int zero = m.c(0);
    int ay = b.abs(y);
    int integral = m.c(m.integral());
    int fractional = b.lt(ay, integral);
    // From 2^mantissaBits on the last bit of a float is the units bit; up to twice that it may be set.
    int units = m.sel(fractional, b.add(ay, integral), ay);
    int isInteger = b.eq(m.sel(fractional, b.sub(units, integral), ay), ay);
    int parity = b.shl(m.bits(units), m.single ? 31 : 63);
    parity = m.sel(b.lt(ay, m.c(2 * m.integral())), parity, m.ic(0));
    int isOdd = b.and(parity, m.sel(isInteger, m.signBit(x), m.ic(0)));
    int r = m.sel(b.eq(ax, one), m.sel(b.eq(y, y), one, y), p);
    r = m.fromBits(b.or(m.bits(r), isOdd));
    int negativeFinite = b.and(b.lt(x, zero), b.lt(m.c(Double.NEGATIVE_INFINITY), x));
    r = m.sel(b.and(negativeFinite, b.not(isInteger)), m.c(Double.NaN), r);
    return m.sel(b.or(b.eq(x, one), b.eq(y, zero)), one, r);
  }
}
