package dev.tenzan.scalar;

import java.util.Arrays;

/**
 * The exponential family: exp, exp2, expm1, sigmoid, tanh, sinh and cosh.
 *
 * <p>All share the argument reduction of Cody &amp; Waite (Software Manual for the Elementary Functions, 1980):
 * {@code x = n ln 2 + r} with {@code |r| <= ln(2)/2}, where n is found by adding a number so large that the sum is rounded
 * to an integer, whose low bits are then n in binary. {@code e^r = 1 + r q(r)} is a minimax polynomial, and {@code 2^n} is
 * put together from the bits of n.
 */
final class ExpFamily {
  private static final double LOG2_E = 1.4426950408889634;
  /** The leading bits of ln 2, few enough that n times it is exact, and the rest. */
  private static final double LN2_HI_F32 = 0x1.62e4p-1;

  private static final double LN2_LO_F32 = 0x1.7f7d1cp-20;
  private static final double LN2_HI_F64 = 0x1.62e42feep-1;
  private static final double LN2_LO_F64 = 0x1.a39ef35793c76p-33;

  /** Minimax on [-0.3468, 0.3468] of (e^r - 1)/r, highest power first; error 2^-28.2. */
  private static final double[] Q_F32 = {0x1.6a624cp-10, 0x1.123abcp-7, 0x1.55589ep-5, 0x1.55549p-3, 0x1.fffffcp-2, 1};

  /** The same with error 2^-57.9. */
  private static final double[] Q_F64 = {
    0x1.ad904c232627dp-26, 0x1.28ae252d63205p-22, 0x1.71df1af29625ap-19, 0x1.a01999392ab12p-16, 0x1.a01a012edf549p-13,
    0x1.6c16c18482215p-10, 0x1.1111111126ecbp-7, 0x1.555555555069cp-5, 0x1.55555555554fdp-3, 0x1.000000000000ap-1, 1
  };

  /** {@code -q(-r)}. */
  private static final double[] MINUS_Q_F32 = mirrored(Q_F32);

  private static final double[] MINUS_Q_F64 = mirrored(Q_F64);

  /** Minimax on [-1/2, 1/2] of 2^r, highest power first; error 2^-28.0. */
  private static final double[] POW2_F32 = {
    0x1.3fad5cp-13, 0x1.5f0ca8p-10, 0x1.3b3096p-7, 0x1.c6af74p-5, 0x1.ebfbd8p-3, 0x1.62e43p-1, 1
  };

  /** The same with error 2^-57.3. */
  private static final double[] POW2_F64 = {
    0x1.e972f12c4fed4p-32, 0x1.e61d57b36be8ap-28, 0x1.b52522db2536dp-24, 0x1.62bfc64f78edcp-20, 0x1.ffcbfc667752fp-17,
    0x1.4309130f6fc36p-13, 0x1.5d87fe789e99p-10, 0x1.3b2ab6fb9fd9dp-7, 0x1.c6b08d704a12cp-5, 0x1.ebfbdff82c5a6p-3,
    0x1.62e42fefa39efp-1, 1
  };

  /** {@code (e^2r - 1) / r}: the coefficient of r^i times 2^(i + 1), which is exact. */
  private static final double[] DOUBLED_Q_F32 = doubled(Q_F32);

  private static final double[] DOUBLED_Q_F64 = doubled(Q_F64);

  /** Minimax on [0, 0.9] of (tanh(x)/x - 1)/x^2 in x^2, highest power first; error 2^-29.8. */
  private static final double[] TANH_F32 = {
    -0x1.ddd8c4p-12, 0x1.529d64p-9, -0x1.0ed7aap-7, 0x1.62f1cap-6, -0x1.b9ca4ep-5, 0x1.110f38p-3, -0x1.55554ep-2
  };

  /** The same on [0, 0.55] with error 2^-60.6. */
  private static final double[] TANH_F64 = {
    -0x1.46e72e9f9fd6ep-16, 0x1.5d63d47ee1f94p-14, -0x1.e96a29aac3b14p-13, 0x1.3483256bb6e74p-11, -0x1.7d8fc3827aa7fp-10,
    0x1.d6d29a5fcf8acp-9, -0x1.226e2f0d0c5fbp-7, 0x1.664f485938cdap-6, -0x1.ba1ba1b97c9a0p-5, 0x1.111111111078fp-3,
    -0x1.555555555554fp-2
  };

  private static final double TANH_SPLIT_F32 = 0.9;

  /** From here on tanh is at least 1/2, and what is taken from 1 at most that. */
  private static final double TANH_SPLIT_F64 = 0.55;

  /** Minimax on [0, 1] of (sinh(x)/x - 1)/x^2 in x^2, highest power first. */
  private static final double[] SINH_F32 = {0x1.767998p-19, 0x1.a01c1ap-13, 0x1.1110eap-7, 0x1.555556p-3};

  private static final double[] SINH_F64 = {
    0x1.b52f538e3da4cp-41, 0x1.6118dddccc345p-33, 0x1.ae646b5075145p-26, 0x1.71de3a4053cfap-19, 0x1.a01a01a0318fp-13,
    0x1.111111111104p-7, 0x1.5555555555556p-3
  };

  private ExpFamily() {}

  private static double[] doubled(double[] p) {
    double[] r = p.clone();
    for (int i = 0; i < p.length; i++) {
      r[i] = Math.scalb(r[i], p.length - i);
    }
    return r;
  }

  private static double[] withoutLast(double[] p) {
    return Arrays.copyOf(p, p.length - 1);
  }

  private static double[] mirrored(double[] p) {
    double[] r = p.clone();
    for (int i = p.length - 1; i >= 0; i -= 2) {
      r[i] = -r[i];
    }
    return r;
  }

  /**
   * A reduced argument: {@code x = n ln 2 + r}.
   *
   * @param shifted a float whose low bits are n plus the offset asked for
   * @param n the integer, as a float
   * @param r the remainder
   */
  record Reduced(int shifted, int n, int r) {}

  /** The number that rounds to integers when added, with an offset that appears in the low bits of the sum. */
  static double magic(Fp m, int offset) {
    return 1.5 * m.integral() + offset;
  }

  static Reduced reduce(Fp m, int x, int offset) {
    int magic = m.c(magic(m, offset));
    int shifted = m.fma(x, m.c(LOG2_E), magic);
    int n = m.b.sub(shifted, magic);
    int r = m.fma(n, m.c(-LN2_HI_F32, -LN2_HI_F64), x);
    r = m.fma(n, m.c(-LN2_LO_F32, -LN2_LO_F64), r);
    return new Reduced(shifted, n, r);
  }

  /** {@code (e^r - 1) / r}. */
  static int q(Fp m, int r) {
    return m.poly(r, Q_F32, Q_F64);
  }

  /** {@code min(max(x, lo), hi)} that lets a NaN through. */
  static int clamp(Fp m, int x, double lo, double hi) {
    int low = m.c(lo);
    int high = m.c(hi);
    int y = m.sel(m.b.lt(high, x), high, x);
    return m.sel(m.b.lt(y, low), low, y);
  }

  /** {@code min(x, hi)} that lets a NaN through. */
  static int atMost(Fp m, int x, double hi) {
    int high = m.c(hi);
    return m.sel(m.b.lt(high, x), high, x);
  }

  /** The power of two whose biased exponent is in the low bits of a sum with {@link #magic}. */
  static int power(Fp m, int shifted) {
    return m.fromBits(m.b.shl(m.bits(shifted), m.mantissaBits()));
  }

  /**
   * {@code p * 2^n} where the low bits of {@code shifted} are n + 2 bias, in two steps: so results may be subnormal (and
   * are rounded once) or infinite.
   */
  static int scale(Fp m, int p, int shifted) {
    int i = m.bits(shifted);
    int half = m.b.shr(i, 1);
    int s1 = m.fromBits(m.b.shl(half, m.mantissaBits()));
    int s2 = m.fromBits(m.b.shl(m.b.sub(i, half), m.mantissaBits()));
    return m.b.mul(m.b.mul(p, s1), s2);
  }

  static int exp(Fp m, int x) {
    int clamped = m.single ? clamp(m, x, -104.5, 89) : clamp(m, x, -746, 710);
    Reduced a = reduce(m, clamped, 2 * m.bias());
    return scale(m, m.fma1(q(m, a.r), a.r), a.shifted);
  }

  static int exp2(Fp m, int x) {
    int clamped = m.single ? clamp(m, x, -151, 129) : clamp(m, x, -1076, 1025);
    int magic = m.c(magic(m, 2 * m.bias()));
    int shifted = m.b.add(clamped, magic);
    int r = m.b.sub(clamped, m.b.sub(shifted, magic));
    return scale(m, m.poly(r, POW2_F32, POW2_F64), shifted);
  }

  /** {@code 2^(x + low)} for a small correction {@code low}; x must be within reach of the scaling. */
  static int exp2OfSum(Fp m, int x, int low) {
    int magic = m.c(magic(m, 2 * m.bias()));
    int shifted = m.b.add(x, magic);
    int r = m.b.add(m.b.sub(x, m.b.sub(shifted, magic)), low);
    return scale(m, m.poly(r, POW2_F32, POW2_F64), shifted);
  }

  /** {@code s (e^r - 1) + rest}, where most of the rounding falls on the sum of r and the rest. */
  private static int scaledExpm1(Fp m, int s, int r, int rest) {
    int curve = m.single ? m.poly(r, withoutLast(Q_F32)) : m.poly(r, withoutLast(Q_F64));
    return m.fma(m.b.mul(m.b.mul(s, r), r), curve, m.fma(s, r, rest));
  }

  /** {@code 2^n e^r - 1}, with half the power of two so that n may be one above the largest exponent. */
  static int expm1(Fp m, int x) {
    int clamped = m.single ? clamp(m, x, -18, 89) : clamp(m, x, -40, 710);
    Reduced a = reduce(m, clamped, m.bias() - 1);
    int half = power(m, a.shifted);
    int y = scaledExpm1(m, half, a.r, m.b.sub(half, m.c(0.5)));
    y = m.b.add(y, y);
    // Below this the result is x; the sum above would lose the sign of zero and the last bit of subnormals.
    return m.sel(m.b.lt(m.b.abs(x), m.c(0x1p-30, 0x1p-60)), x, y);
  }

  /**
   * {@code 1 / (1 + e^-x)}, all in units of a small power of two so that nothing overflows and the one multiplication at
   * the end rounds subnormals. The sum's rounding error is carried along and the quotient corrected by one Newton step.
   */
  static int sigmoid(Fp m, int x) {
    int unit = m.single ? -64 : -512;
    int one = m.c(Math.scalb(1.0, unit));
    int z = m.single ? clamp(m, x, -104.5, 40) : clamp(m, x, -746, 80);
    int magic = m.c(magic(m, m.bias() + unit));
    int shifted = m.fma(z, m.c(-LOG2_E), magic);
    int n = m.b.sub(shifted, magic);
    int minusR = m.fma(n, m.c(LN2_LO_F32, LN2_LO_F64), m.fma(n, m.c(LN2_HI_F32, LN2_HI_F64), z));
    int s = power(m, shifted);
    int v = m.b.mul(s, minusR);
    int q = m.poly(minusR, MINUS_Q_F32, MINUS_Q_F64);
    int a = m.b.add(s, one);
    int lost = m.b.sub(one, m.b.sub(a, s));
    int d = m.fma(v, q, a);
    int low = m.fma(v, q, m.b.add(m.b.sub(a, d), lost));
    int y = m.b.div(m.c(1), d);
    int minusY = m.b.neg(y);
    int error = m.fma(minusY, low, m.fma1(minusY, d));
    return m.b.mul(m.fma(error, y, y), one);
  }

  /**
   * A polynomial near zero; else {@code 1 - 2 / (e^2x + 1)}, where {@code e^2x + 1 = (2^n + 1) + 2^n r q} comes from one fma,
   * and r is half the usual one, with the polynomial's coefficients doubled as often.
   */
  static int tanh(Fp m, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int z = atMost(m, ax, m.single ? 10 : 20);
    int magic = m.c(magic(m, m.bias()));
    int shifted = m.fma(z, m.c(2 * LOG2_E), magic);
    int n = b.sub(shifted, magic);
    int r = m.fma(n, m.c(-LN2_HI_F32 / 2, -LN2_HI_F64 / 2), z);
    r = m.fma(n, m.c(-LN2_LO_F32 / 2, -LN2_LO_F64 / 2), r);
    int s = power(m, shifted);
    int d = m.fma(b.mul(s, r), m.poly(r, DOUBLED_Q_F32, DOUBLED_Q_F64), b.add(s, m.c(1)));
    int far = b.sub(m.c(1), b.div(m.c(2), d));
    int square = b.mul(ax, ax);
    int near = m.fma(b.mul(ax, square), m.poly(square, TANH_F32, TANH_F64), ax);
    int split = m.c(TANH_SPLIT_F32, TANH_SPLIT_F64);
    return m.withSign(m.sel(b.lt(ax, split), near, far), m.signBit(x));
  }

  /** {@code e^|x| / 4} and the factor 4 apart, so that neither overflows before the result does. */
  private static int quarterExp(Fp m, int ax) {
    Reduced a = reduce(m, atMost(m, ax, m.single ? 90 : 711), m.bias() - 2);
    return m.b.mul(m.fma1(q(m, a.r), a.r), power(m, a.shifted));
  }

  /** {@code e^|x|/2 + e^-|x|/2}. */
  static int cosh(Fp m, int x) {
    int e = quarterExp(m, m.b.abs(x));
    int inverse = m.b.div(m.c(0.0625), e);
    return m.b.mul(m.b.add(e, inverse), m.c(2));
  }

  /** A polynomial up to 1; else {@code e^|x|/2 - e^-|x|/2}. */
  static int sinh(Fp m, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int e = quarterExp(m, ax);
    int far = b.mul(b.sub(e, b.div(m.c(0.0625), e)), m.c(2));
    int square = b.mul(ax, ax);
    int near = m.fma(b.mul(ax, square), m.poly(square, SINH_F32, SINH_F64), ax);
    return m.withSign(m.sel(b.lt(ax, m.c(1)), near, far), m.signBit(x));
  }
}
