package dev.tenzan.scalar;

/**
 * The trigonometric functions: {@link PiReduction} to quarter turns, then one minimax polynomial each for sine and cosine
 * on [-pi/4, pi/4], as in Ng's kernels of fdlibm (Sun Microsystems, 1993), and a selection by quarter.
 */
final class Trig {
  /** Minimax on [0, pi/4] of (sin(x)/x - 1)/x^2 in x^2, highest power first; error 2^-27.9. */
  private static final double[] SIN_F32 = {-0x1.9953fep-13, 0x1.110778p-7, -0x1.555546p-3};

  /** The same with error 2^-57.9. */
  private static final double[] SIN_F64 = {
    0x1.5d8e3511cdb44p-33, -0x1.ae5e5471f5501p-26, 0x1.71de355f05599p-19, -0x1.a01a019bf222ep-13, 0x1.111111110f75dp-7,
    -0x1.5555555555548p-3
  };

  /** Minimax on [0, pi/4] of (cos(x) - 1)/x^2 in x^2, highest power first; error 2^-33.0. */
  private static final double[] COS_F32 = {0x1.99e91p-16, -0x1.6c0c2ap-10, 0x1.55554ap-5, -0.5};

  /** The same with error 2^-63.9. */
  private static final double[] COS_F64 = {
    -0x1.8fa681e385241p-37, 0x1.1ee9dbd0d86a6p-29, -0x1.27e4f7f19d4b2p-22, 0x1.a01a019c8f3eep-16, -0x1.6c16c16c15016p-10,
    0x1.555555555554bp-5, -0.5
  };

  private Trig() {}

  /**
   * The sine and the cosine of a remainder, with what is needed to find their rounding errors.
   *
   * @param sin {@code hi + tail}
   * @param cos {@code 1 + square * slope}
   */
  private record SinCos(int sin, int hi, int tail, int cos, int square, int slope) {}

  private static SinCos kernels(Fp m, PiReduction.Quarter r) {
    ScalarBuilder b = m.b;
    int lo2 = b.add(r.lo(), r.lo());
    int square = m.fma(r.hi(), r.hi(), b.mul(r.hi(), lo2));
    int tail = m.fma(b.mul(r.hi(), square), m.poly(square, SIN_F32, SIN_F64), r.lo());
    int sin = b.add(r.hi(), tail);
    int p = m.poly(square, COS_F32, COS_F64);
    int cos = m.fma1(square, p);
    return new SinCos(sin, r.hi(), tail, cos, square, p);
  }

  private static int isOdd(Fp m, int q) {
    return m.b.ne(m.b.and(q, m.ic(1)), m.ic(0));
  }

  /** The sign bit of a float where bit 1 of the quarter is set. */
  private static int halfTurn(Fp m, int q) {
    return m.b.and(m.b.shl(q, m.single ? 30 : 62), m.ic(m.signMask()));
  }

  static int sin(Fp m, int x) {
    PiReduction.Quarter r = PiReduction.reduce(m, m.b.abs(x));
    SinCos k = kernels(m, r);
    int y = m.sel(isOdd(m, r.q()), k.cos, k.sin);
    return m.flipSign(y, m.b.xor(halfTurn(m, r.q()), m.signBit(x)));
  }

  static int cos(Fp m, int x) {
    PiReduction.Quarter r = PiReduction.reduce(m, m.b.abs(x));
    SinCos k = kernels(m, r);
    int y = m.sel(isOdd(m, r.q()), k.sin, k.cos);
    return m.flipSign(y, halfTurn(m, m.b.add(r.q(), m.ic(1))));
  }

  /** The quotient of the two kernels or its negative inverse, with one Newton step against the kernels' rounding. */
  static int tan(Fp m, int x) {
    ScalarBuilder b = m.b;
    PiReduction.Quarter r = PiReduction.reduce(m, b.abs(x));
    SinCos k = kernels(m, r);
    int odd = isOdd(m, r.q());
    int numerator = m.sel(odd, k.cos, k.sin);
    int denominator = m.sel(odd, k.sin, k.cos);
    int inverse = b.div(m.c(1), denominator);
    int y = b.mul(numerator, inverse);
    int minusY = b.neg(y);
    int sinLow = b.sub(k.tail, b.sub(k.sin, k.hi));
    int cosLow = m.fma(k.square, k.slope, b.sub(m.c(1), k.cos));
    int error = b.add(m.fma(minusY, denominator, numerator), m.sel(odd, cosLow, sinLow));
    error = m.fma(minusY, m.sel(odd, sinLow, cosLow), error);
    int flip = b.shl(r.q(), m.single ? 31 : 63);
    return m.flipSign(m.fma(error, inverse, y), b.xor(flip, m.signBit(x)));
  }
}
