package dev.tenzan.scalar;

/**
 * The error function. Up to 1: {@code x + x p(x^2)}. Beyond: {@code 1 - erfc(1) 2^(t q(t))} with {@code t = x - 1}, where
 * {@code t q(t)} is fitted to {@code log2(erfc(x)/erfc(1))} with weight erfc, as its error counts only by that much. (The
 * exponential of a polynomial is the form of N. Juffa's erff; that it vanishes at the seam keeps its rounding out of the
 * result where that would count most.)
 */
final class Erf {
  /** Minimax on [0, 1] of erf(x)/x - 1 in x^2, highest power first; error 2^-29.3. */
  private static final double[] NEAR_F32 = {
    0x1.491b54p-14, -0x1.a3d938p-11, 0x1.54019p-8, -0x1.b7f88ep-6, 0x1.ce2cf2p-4, -0x1.81273ep-2, 0x1.06eba8p-3
  };

  /** log2(erfc(1 + t)/erfc(1))/t on [0, 2.95], highest power first; the error of erfc is 2^-28.8. */
  private static final double[] FAR_F32 = {
    0x1.1acb16p-12, -0x1.5a6738p-9, 0x1.d3fed8p-7, -0x1.ea8c6ap-5, -0x1.37635ep+0, -0x1.e75324p+1
  };

  /** Minimax on [-1/2, 1/2] of erfc(1) 2^r, highest power first; relative error 2^-23.4. */
  private static final double[] SCALED_POW2_F32 = {
    0x1.b61bap-13, 0x1.8f0124p-10, 0x1.1e1ab6p-7, 0x1.358c2cp-5, 0x1.be97c8p-4, 0x1.422618p-3
  };

  private Erf() {}

  static int erf(Fp m, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int near = m.fma(ax, m.poly(b.mul(ax, ax), NEAR_F32), ax);
    int t = ExpFamily.atMost(m, b.sub(ax, m.c(1)), 2.95);
    int q = m.poly(t, FAR_F32);
    int magic = m.c(ExpFamily.magic(m, m.bias()));
    int shifted = m.fma(t, q, magic);
    int r = m.fma(t, q, b.sub(magic, shifted));
    int erfc = b.mul(m.poly(r, SCALED_POW2_F32), ExpFamily.power(m, shifted));
    int y = m.sel(b.lt(ax, m.c(1)), near, b.sub(m.c(1), erfc));
    return m.withSign(y, m.signBit(x));
  }
}
