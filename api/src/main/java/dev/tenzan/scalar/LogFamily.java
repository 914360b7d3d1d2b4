package dev.tenzan.scalar;

import dev.tenzan.type.DType;

/**
 * The logarithm family: log, log2, log10, log1p, and the inverse hyperbolic functions that are logarithms.
 *
 * <p>{@code x = 2^k (1 + f)} with {@code 1 + f} between sqrt(1/2) and sqrt(2), taken from the bits of x. F32:
 * {@code log(1 + f) = f + f^2 p(f)} with a minimax polynomial p. F64: with {@code s = f / (2 + f)} the odd series in s, as in
 * Ng's log of fdlibm (Sun Microsystems, 1993), which halves the degree for one division. In both cases the leading term f is
 * exact, so {@code log(1 + f)} is known to more than the working precision as the pair (f, t).
 */
final class LogFamily {
  private static final double LN2_HI_F32 = 0x1.62e4p-1;
  private static final double LN2_LO_F32 = 0x1.7f7d1cp-20;
  private static final double LN2_HI_F64 = 0x1.62e42feep-1;
  private static final double LN2_LO_F64 = 0x1.a39ef35793c76p-33;

  private static final double LOG2_E_HI_F32 = 0x1.715476p+0;
  private static final double LOG2_E_LO_F32 = 0x1.4ae0c0p-26;
  private static final double LOG2_E_HI_F64 = 0x1.71547652b82fep+0;
  private static final double LOG2_E_LO_F64 = 0x1.777d0ffda0d24p-56;

  private static final double LOG10_E_HI_F32 = 0x1.bcb7b2p-2;
  private static final double LOG10_E_LO_F32 = -0x1.5b235ep-27;
  private static final double LOG10_E_HI_F64 = 0x1.bcb7b1526e50ep-2;
  private static final double LOG10_E_LO_F64 = 0x1.95355baaafad3p-57;

  private static final double LOG10_2_HI_F32 = 0x1.344p-2;
  private static final double LOG10_2_LO_F32 = 0x1.3509f8p-18;
  private static final double LOG10_2_HI_F64 = 0x1.34413509f6p-2;
  private static final double LOG10_2_LO_F64 = 0x1.9fef311f12b36p-42;

  /** Minimax on [sqrt(1/2) - 1, sqrt(2) - 1] of (log(1 + f) - f)/f^2, highest power first; error 2^-26.9. */
  private static final double[] P_F32 = {
    -0x1.2861e8p-4, 0x1.00c666p-3, -0x1.0ebe6cp-3, 0x1.23b8dcp-3, -0x1.546556p-3, 0x1.99929ep-3, -0x1.000236p-2,
    0x1.555574p-2, -0.5
  };

  /** fdlibm's coefficients of the odd series in s, highest power first; error 2^-58.45. */
  private static final double[] LG_F64 = {
    0x1.2f112df3e5244p-3, 0x1.39a09d078c69fp-3, 0x1.7466496cb03dep-3, 0x1.c71c51d8e78afp-3, 0x1.2492494229359p-2,
    0x1.999999997fa04p-2, 0x1.5555555555593p-1
  };

  private LogFamily() {}

  /**
   * A logarithm's argument and its parts: {@code log(x) = k ln 2 + f + t}.
   *
   * @param k the exponent, as a float
   * @param f the mantissa less one, exact
   * @param t {@code log(1 + f) - f}
   * @param exponentBits k at the place of a float's exponent
   */
  record Parts(int k, int f, int t, int exponentBits) {}

  /** The parts of a positive number that is neither subnormal nor infinite. */
  static Parts parts(Fp m, int x) {
    ScalarBuilder b = m.b;
    int i = m.bits(x);
    long sqrtHalf = m.single ? 0x3f3504f3L : 0x3fe6a09e667f3bcdL;
    int shifted = b.sub(i, m.ic(sqrtHalf));
    int exponentBits = b.and(shifted, m.ic(-(1L << m.mantissaBits())));
    int f = b.sub(m.fromBits(b.sub(i, exponentBits)), m.c(1));
    return new Parts(toFloat(m, b.shr(shifted, m.mantissaBits())), f, tail(m, f), exponentBits);
  }

  /** A small integer as a float. F64 by way of the low bits of a large number: wide conversions are slow on AVX2. */
  static int toFloat(Fp m, int i) {
    if (m.single) {
      return m.b.convert(DType.F32, i);
    }
    double magic = 0x1.8p52;
    return m.b.sub(m.fromBits(m.b.add(i, m.ic(Double.doubleToRawLongBits(magic)))), m.c(magic));
  }

  /** {@code log(1 + f) - f}. */
  private static int tail(Fp m, int f) {
    ScalarBuilder b = m.b;
    int square = b.mul(f, f);
    if (m.single) {
      return b.mul(m.poly(f, P_F32), square);
    }
    int half = b.mul(square, m.c(0.5));
    int s = b.div(f, b.add(f, m.c(2)));
    int z = b.mul(s, s);
    int r = b.mul(z, m.poly(z, LG_F64));
    return b.sub(b.mul(s, b.add(half, r)), half);
  }

  /** The parts of any positive finite number: subnormals are scaled first. */
  private static Parts partsOfAny(Fp m, int x) {
    ScalarBuilder b = m.b;
    int subnormal = b.lt(x, m.c(m.single ? 0x1p-126 : 0x1p-1022));
    int scaled = m.sel(subnormal, b.mul(x, m.c(m.integral())), x);
    Parts p = parts(m, scaled);
    int k = b.add(p.k, m.sel(subnormal, m.c(-m.mantissaBits()), m.c(0)));
    return new Parts(k, p.f, p.t, p.exponentBits);
  }

  /** {@code k * (hi + lo) + f + t}; {@code k * hi} is exact, and so is the correction of its sum with f. */
  private static int combine(Fp m, int k, double hi, double lo, int f, int t) {
    ScalarBuilder b = m.b;
    int a = m.fma(k, m.c(hi), f);
    int rest = b.sub(f, m.fma(k, m.c(-hi), a));
    return b.add(a, b.add(rest, m.fma(k, m.c(lo), t)));
  }

  private static int combineLn2(Fp m, int k, int f, int t) {
    return m.single
        ? combine(m, k, LN2_HI_F32, LN2_LO_F32, f, t)
        : combine(m, k, LN2_HI_F64, LN2_LO_F64, f, t);
  }

  /** The values outside the positive finite numbers: infinity and NaN map to themselves, zero to -inf, the rest to NaN. */
  private static int special(Fp m, int x, int y) {
    ScalarBuilder b = m.b;
    int zero = m.c(0);
    int low = m.sel(b.eq(x, zero), m.c(Double.NEGATIVE_INFINITY), m.c(Double.NaN));
    return m.sel(b.lt(zero, x), m.sel(b.lt(x, m.c(Double.POSITIVE_INFINITY)), y, x), low);
  }

  static int log(Fp m, int x) {
    Parts p = partsOfAny(m, x);
    return special(m, x, combineLn2(m, p.k, p.f, p.t));
  }

  /** {@code (f + t) * (hi + lo)} as a rounded product and its correction. */
  private static int[] timesConstant(Fp m, Parts p, double hi, double lo) {
    int product = m.b.mul(p.f, m.c(hi));
    int error = m.fma(p.f, m.c(hi), m.b.neg(product));
    return new int[] {product, m.fma(p.t, m.c(hi), m.fma(p.f, m.c(lo), error))};
  }

  static int log2(Fp m, int x) {
    Parts p = partsOfAny(m, x);
    int[] scaled =
        m.single
            ? timesConstant(m, p, LOG2_E_HI_F32, LOG2_E_LO_F32)
            : timesConstant(m, p, LOG2_E_HI_F64, LOG2_E_LO_F64);
    int a = m.b.add(p.k, scaled[0]);
    int rest = m.b.sub(scaled[0], m.b.sub(a, p.k));
    return special(m, x, m.b.add(a, m.b.add(rest, scaled[1])));
  }

  static int log10(Fp m, int x) {
    Parts p = partsOfAny(m, x);
    int y;
    if (m.single) {
      int[] scaled = timesConstant(m, p, LOG10_E_HI_F32, LOG10_E_LO_F32);
      y = combine(m, p.k, LOG10_2_HI_F32, LOG10_2_LO_F32, scaled[0], scaled[1]);
    } else {
      int[] scaled = timesConstant(m, p, LOG10_E_HI_F64, LOG10_E_LO_F64);
      y = combine(m, p.k, LOG10_2_HI_F64, LOG10_2_LO_F64, scaled[0], scaled[1]);
    }
    return special(m, x, y);
  }

  /** {@code log(2^twos (hi + lo))} where hi is normal and lo is at most about an ulp of it. */
  private static int logOfSum(Fp m, int hi, int lo, int twos) {
    ScalarBuilder b = m.b;
    Parts p = parts(m, hi);
    // 2^-k, or zero where that would be subnormal: lo does not count there.
    int one = m.ic((long) m.bias() << m.mantissaBits());
    int scale = m.fromBits(b.max(b.sub(one, p.exponentBits), m.ic(0)));
    int small = b.mul(lo, scale);
    // lo / (1 + f) to a few bits: (1 - f)(1 + f^2).
    int inverse = b.mul(b.sub(m.c(1), p.f), m.fma1(p.f, p.f));
    return combineLn2(m, b.add(p.k, twos), p.f, m.fma(small, inverse, p.t));
  }

  /** A sum and its rounding error. */
  private record Pair(int hi, int lo) {}

  /** {@code 1 + x + lo}; the sum 1 + x is kept exactly by Knuth's TwoSum. */
  private static Pair onePlus(Fp m, int x, int lo) {
    ScalarBuilder b = m.b;
    int one = m.c(1);
    int u = b.add(x, one);
    int x2 = b.sub(u, one);
    int error = b.add(b.sub(one, b.sub(u, x2)), b.sub(x, x2));
    return new Pair(u, b.add(error, lo));
  }

  static int log1p(Fp m, int x) {
    ScalarBuilder b = m.b;
    Pair u = onePlus(m, x, m.c(0));
    int y = logOfSum(m, u.hi, u.lo, m.c(0));
    int minusOne = m.c(-1);
    int low = m.sel(b.eq(x, minusOne), m.c(Double.NEGATIVE_INFINITY), m.c(Double.NaN));
    int finite = b.lt(x, m.c(Double.POSITIVE_INFINITY));
    int normal = m.sel(b.eq(x, m.c(0)), x, m.sel(finite, y, x));
    return m.sel(b.lt(minusOne, x), normal, low);
  }

  /** From here on 1 does not count beside x^2. */
  private static double large(Fp m) {
    return m.single ? 0x1p14 : 0x1p28;
  }

  /** {@code log(1 + a + c)} for {@code a >= c >= 0}, or log(2x) where x is large. */
  private static int logOfRoot(Fp m, int x, int a, int c) {
    ScalarBuilder b = m.b;
    int isLarge = b.lt(m.c(large(m)), x);
    int sum = b.add(a, c);
    Pair u = onePlus(m, sum, b.sub(c, b.sub(sum, a)));
    int zero = m.c(0);
    int y = logOfSum(m, m.sel(isLarge, x, u.hi), m.sel(isLarge, zero, u.lo), m.sel(isLarge, m.c(1), zero));
    return m.sel(b.lt(x, m.c(Double.POSITIVE_INFINITY)), y, x);
  }

  /** {@code log(1 + x + x^2/(1 + sqrt(1 + x^2)))}. */
  static int asinh(Fp m, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int square = b.mul(ax, ax);
    int root = b.sqrt(m.fma1(ax, ax));
    int y = logOfRoot(m, ax, ax, b.div(square, b.add(root, m.c(1))));
    // Below this the result is x; the logarithm would lose the last bit of subnormals.
    return m.withSign(m.sel(b.lt(ax, m.c(0x1p-14, 0x1p-30)), ax, y), m.signBit(x));
  }

  /** {@code log(1 + t + sqrt(t^2 + 2t))} with {@code t = x - 1}. */
  static int acosh(Fp m, int x) {
    ScalarBuilder b = m.b;
    int t = b.sub(x, m.c(1));
    int root = b.sqrt(m.fma(t, t, b.add(t, t)));
    // The root is the larger.
    int y = logOfRoot(m, x, root, t);
    return m.sel(b.lt(x, m.c(1)), m.c(Double.NaN), y);
  }

  /** {@code log(1 + 2x/(1 - x))/2}, the quotient with its rounding error. */
  static int atanh(Fp m, int x) {
    ScalarBuilder b = m.b;
    int one = m.c(1);
    int ax = b.abs(x);
    int twice = b.add(ax, ax);
    int d = b.sub(one, ax);
    int dLow = b.sub(b.sub(one, d), ax);
    int inverse = b.div(one, d);
    int s = b.mul(twice, inverse);
    int minusS = b.neg(s);
    int low = b.mul(m.fma(minusS, dLow, m.fma(minusS, d, twice)), inverse);
    Pair u = onePlus(m, s, low);
    int y = b.mul(logOfSum(m, u.hi, u.lo, m.c(0)), m.c(0.5));
    y = m.sel(b.lt(ax, m.c(0x1p-14, 0x1p-30)), ax, y);
    int edge = m.sel(b.eq(ax, one), m.c(Double.POSITIVE_INFINITY), m.c(Double.NaN));
    return m.withSign(m.sel(b.lt(ax, one), y, edge), m.signBit(x));
  }
}
