package dev.tenzan.scalar;

import dev.tenzan.type.DType;
import java.math.BigInteger;

/**
 * The reduction of trigonometric arguments to quarter turns, for the whole range of a format.
 *
 * <p>Two reductions run side by side and one is selected, as programs have no branches. Up to {@code 2^10}: Cody &amp; Waite with pi/2 in three pieces. Above: Payne &amp; Hanek (Radian reduction for trigonometric
 * functions, 1983): of {@code 2/pi} only the bits that matter for the exponent are multiplied with the mantissa M. They are
 * three words g2, g1, g0. {@code M * g2}, wrapped, gives the quarter and the leading fraction as an integer; the next
 * {@code M * g1, M * g0} follow as floats whose products are kept exactly by fma. The remainder comes as a pair of floats,
 * good to the last bit even for the arguments nearest to a multiple of pi/2.
 */
final class PiReduction {
  /** 2/pi without the point: 1280 bits. */
  private static final BigInteger TWO_OVER_PI =
      new BigInteger(
          "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921c"
              + "fe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980f"
              + "ef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d08"
              + "56033046fc7b6babf0cfbc209af4361d",
          16);

  private static final int TWO_OVER_PI_BITS = 1280;
  private static final int SPLIT_EXPONENT = 10;
  private static final double TWO_OVER_PI_F64 = 0x1.45f306dc9c883p-1;

  /** pi/2 in three pieces, of which the second has so few bits that its product with a small integer is exact. */
  private static final double[] STEPS_F32 = {0x1.921fb6p+0, -0x1.7778p-25, -0x1.2e7b96p-40};

  private static final double[] STEPS_F64 = {0x1.921fb54442d18p+0, 0x1.1a62633145cp-54, 0x1.b839a252049c1p-104};

  /** pi/2 in pieces of full precision. */
  private static final double[] HALF_PI_F32 = {0x1.921fb6p+0, -0x1.777a5cp-25};
  private static final double[] HALF_PI_F64 = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};

  private PiReduction() {}

  /**
   * A reduced argument: {@code |x| = q pi/2 + hi + lo} with {@code |hi + lo| <= pi/4}, about.
   *
   * @param q the quarter, an integer of which the low two bits count
   * @param hi the remainder
   * @param lo what hi lacks; NaN where x is infinite or NaN
   */
  record Quarter(int q, int hi, int lo) {}

  /** Reduces the magnitude {@code ax}. */
  static Quarter reduce(Fp m, int ax) {
    ScalarBuilder b = m.b;
    Quarter near = codyWaite(m, ax);
    Quarter far = payneHanek(m, ax);
    int isNear = b.lt(ax, m.c(Math.scalb(1.0, SPLIT_EXPONENT)));
    int lo = m.sel(isNear, near.lo, far.lo);
    return new Quarter(
        m.sel(isNear, near.q, far.q), m.sel(isNear, near.hi, far.hi), b.add(lo, b.sub(ax, ax)));
  }

  private static Quarter codyWaite(Fp m, int ax) {
    ScalarBuilder b = m.b;
    double[] c = m.single ? STEPS_F32 : STEPS_F64;
    int magic = m.c(ExpFamily.magic(m, 0));
    int shifted = m.fma(ax, m.c(TWO_OVER_PI_F64), magic);
    int n = b.sub(shifted, magic);
    // Exact: a multiple of the last bit of c[0], and less than one.
    int r = m.fma(n, m.c(-c[0]), ax);
    int hi = m.fma(n, m.c(-c[1]), r);
    // r is a multiple of the last bit of n c[1], so the rounding error of hi is found exactly.
    int lo = m.fma(n, m.c(-c[2]), m.fma(n, m.c(-c[1]), b.sub(r, hi)));
    return new Quarter(m.bits(shifted), hi, lo);
  }

  /** Word i of 2/pi, where word 0 begins with the bit that meets the split exponent. */
  private static long word(Fp m, int i) {
    int width = m.mantissaBits() == 23 ? 32 : 64;
    int first = SPLIT_EXPONENT - m.mantissaBits() - 1;
    int shift = TWO_OVER_PI_BITS - (first - 1 + width * (i + 1));
    BigInteger v = TWO_OVER_PI.shiftRight(shift);
    return m.single ? v.intValue() : v.longValue();
  }

  /** Four adjacent words, of which the first is number {@code index >> log2(width)}: a selection tree on its bits. */
  private static int[] selectWords(Fp m, int index) {
    ScalarBuilder b = m.b;
    int shift = m.single ? 5 : 6;
    int levels = m.single ? 2 : 4;
    int[] words = new int[3 + (1 << levels)];
    for (int i = 0; i < words.length; i++) {
      words[i] = m.ic(word(m, i));
    }
    for (int level = levels - 1; level >= 0; level--) {
      int skip = 1 << level;
      int isSet = b.ne(b.and(index, m.ic((long) skip << shift)), m.ic(0));
      int[] next = new int[3 + skip];
      for (int i = 0; i < next.length; i++) {
        next[i] = m.sel(isSet, words[i + skip], words[i]);
      }
      words = next;
    }
    return words;
  }

  /** A non-negative integer of at most mantissaBits as a float. */
  private static int unsignedToFloat(Fp m, int i) {
    if (m.single) {
      return m.b.convert(DType.F32, i);
    }
    double magic = 0x1p52;
    return m.b.sub(m.fromBits(m.b.or(i, m.ic(Double.doubleToRawLongBits(magic)))), m.c(magic));
  }

  private static Quarter payneHanek(Fp m, int ax) {
    ScalarBuilder b = m.b;
    int mantissaBits = m.mantissaBits();
    int width = m.single ? 32 : 64;
    int i = m.bits(ax);
    long hidden = 1L << mantissaBits;
    int mantissa = b.or(b.and(i, m.ic(hidden - 1)), m.ic(hidden));
    int index = b.sub(b.ushr(i, mantissaBits), m.ic(m.bias() + SPLIT_EXPONENT));
    int[] w = selectWords(m, index);
    int complement = b.not(index);
    int[] g = new int[3];
    for (int k = 0; k < 3; k++) {
      // w << s | next >>> (width - s) where s may be zero: shift amounts are taken modulo the width.
      int low = b.binary(ScalarOp.USHR, b.ushr(w[k + 1], 1), complement);
      g[k] = b.or(b.binary(ScalarOp.SHL, w[k], index), low);
    }
    int f = m.fromBits(b.or(b.and(i, m.ic(hidden - 1)), m.bits(m.c(1))));
    int product = b.mul(f, unsignedToFloat(m, b.ushr(g[1], width - mantissaBits)));
    int error = m.fma(f, unsignedToFloat(m, b.ushr(g[1], width - mantissaBits)), b.neg(product));
    return remainder(m, b.mul(mantissa, g[0]), product, tail(m, f, g[1], g[2], error));
  }

  /** {@code error} and the mantissa times what follows the first mantissaBits of the words g1, g0. */
  private static int tail(Fp m, int f, int g1, int g0, int error) {
    ScalarBuilder b = m.b;
    if (m.single) {
      int bits = b.and(b.or(b.shl(g1, 22), b.ushr(g0, 10)), m.ic(Integer.MAX_VALUE));
      return m.fma(b.mul(f, m.c(0x1p-31)), unsignedToFloat(m, bits), error);
    }
    int middle = b.and(b.or(b.shl(g1, 40), b.ushr(g0, 24)), m.ic((1L << 52) - 1));
    int last = b.and(g0, m.ic((1L << 24) - 1));
    int t = m.fma(b.mul(f, m.c(0x1p-76)), unsignedToFloat(m, last), error);
    return m.fma(b.mul(f, m.c(0x1p-52)), unsignedToFloat(m, middle), t);
  }

  /** Splits {@code (leading + product + tail) * 2^-(width - 2)} quarters into a quarter and a remainder in radians. */
  private static Quarter remainder(Fp m, int leading, int product, int tail) {
    ScalarBuilder b = m.b;
    int width = m.single ? 32 : 64;
    int magic = m.c(m.integral());
    int shifted = m.fma(product, m.c(0.5), magic);
    int whole = b.sub(shifted, magic);
    int below = b.add(m.fma(whole, m.c(-2), product), tail);
    int half = m.ic(1L << (width - 3));
    int unshift = b.add(half, b.neg(b.shl(m.bits(magic), 1)));
    int sum = b.add(b.add(leading, b.shl(m.bits(shifted), 1)), unshift);
    int q = b.ushr(sum, width - 2);
    int fraction = b.sub(b.and(sum, m.ic((1L << (width - 2)) - 1)), half);
    return inRadians(m, q, fraction, below);
  }

  /** {@code (fraction + tail) * 2^-(width - 2) * pi/2} as a pair; the low bits of the fraction join the tail. */
  private static Quarter inRadians(Fp m, int q, int fraction, int tail) {
    ScalarBuilder b = m.b;
    int width = m.single ? 32 : 64;
    int lowBits = m.single ? 5 : 10;
    int low = b.shr(b.shl(fraction, width - lowBits), width - lowBits);
    int high = b.sub(fraction, low);
    double highUnit = m.single ? 1 : Math.scalb(1.0, lowBits);
    high = m.single ? high : b.shr(high, lowBits);
    int h = LogFamily.toFloat(m, high);
    int lowest = LogFamily.toFloat(m, low);
    int small = b.add(lowest, tail);
    int smallLost = b.sub(tail, b.sub(small, lowest));
    // The whole in units, as a pair; high is zero or the larger.
    int sum = m.fma(h, m.c(highUnit), small);
    int sumLost = b.add(b.sub(small, m.fma(h, m.c(-highUnit), sum)), smallLost);
    double unit = Math.scalb(1.0, -(width - 2));
    double[] c = m.single ? HALF_PI_F32 : HALF_PI_F64;
    int first = b.mul(sum, m.c(c[0] * unit));
    int rest = m.fma(sum, m.c(c[0] * unit), b.neg(first));
    rest = m.fma(sum, m.c(c[1] * unit), rest);
    rest = m.fma(sumLost, m.c(c[0] * unit), rest);
    int hi = b.add(first, rest);
    return new Quarter(q, hi, b.sub(rest, b.sub(hi, first)));
  }
}
