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

  /** The same with error 2^-56.0. */
  private static final double[] NEAR_F64 = {
    -0x1.a2b52efc0fc02p-31, 0x1.d3ffe99b4250ep-27, -0x1.5b908a961cf14p-23, 0x1.b96be0b54ed7bp-20,
    -0x1.f4c8397da6377p-17, 0x1.f9a2972da7023p-14, -0x1.c02daeba1d25ap-11, 0x1.565bcceee4854p-8,
    -0x1.b82ce311a99a9p-6, 0x1.ce2f21a03f8bcp-4, -0x1.812746b03799dp-2, 0x1.06eba8214db68p-3
  };

  /** log2(erfc(1 + t)/erfc(1))/t on [0, 2.95], highest power first; the error of erfc is 2^-28.8. */
  private static final double[] FAR_F32 = {
    0x1.1acb16p-12, -0x1.5a6738p-9, 0x1.d3fed8p-7, -0x1.ea8c6ap-5, -0x1.37635ep+0, -0x1.e75324p+1
  };

  /** The same on [0, 4.93]; the error of erfc is 2^-58.4. */
  private static final double[] FAR_F64 = {
    0x1.a2e500644f3e6p-40, -0x1.6a8790facfbc1p-35, 0x1.218fdeef4250fp-31, -0x1.19bfe1c229b10p-28,
    0x1.6f2c42e7c154fp-26, -0x1.40abc2b04825ep-24, 0x1.2c6c7cf658a8bp-23, 0x1.bd28d668ea3c0p-23,
    -0x1.8efde76bce38cp-19, 0x1.d12d3364a4d7cp-17, -0x1.48afaaaaee83dp-15, 0x1.3e04f5b86513ap-15,
    0x1.670405906078ep-12, -0x1.7603ea86d5581p-9, 0x1.da5764ab5487dp-7, -0x1.eb3136894482cp-5,
    -0x1.37627e9b5c572p+0, -0x1.e75328fe78c57p+1
  };

  /** Minimax on [-1/2, 1/2] of erfc(1) 2^r, highest power first; relative error 2^-23.4. */
  private static final double[] SCALED_POW2_F32 = {
    0x1.b61bap-13, 0x1.8f0124p-10, 0x1.1e1ab6p-7, 0x1.358c2cp-5, 0x1.be97c8p-4, 0x1.422618p-3
  };

  /** The same with relative error 2^-54.4. */
  private static final double[] SCALED_POW2_F64 = {
    0x1.32d6399fb17f0p-34, 0x1.31dee86178e6bp-30, 0x1.130db69dab3f4p-26, 0x1.be69fb6ea327ep-23,
    0x1.42055b95a3c4bp-19, 0x1.96817952eb69bp-16, 0x1.b7d90e8e99905p-13, 0x1.8c9a9dd019f9dp-10,
    0x1.1e16dbc219c32p-7, 0x1.358e00de66004p-5, 0x1.be97d0ec5498ep-4, 0x1.4226162fbddd5p-3
  };

  /** Where erfc is below half the last place of 1. */
  private static final double END_F32 = 2.95;

  private static final double END_F64 = 4.93;

  private Erf() {}

  static int erf(Fp m, int x) {
    ScalarBuilder b = m.b;
    int ax = b.abs(x);
    int near = m.fma(ax, m.poly(b.mul(ax, ax), NEAR_F32, NEAR_F64), ax);
    int t = ExpFamily.atMost(m, b.sub(ax, m.c(1)), m.single ? END_F32 : END_F64);
    int q = m.poly(t, FAR_F32, FAR_F64);
    int magic = m.c(ExpFamily.magic(m, m.bias()));
    int shifted = m.fma(t, q, magic);
    int r = m.fma(t, q, b.sub(magic, shifted));
    int erfc = b.mul(m.poly(r, SCALED_POW2_F32, SCALED_POW2_F64), ExpFamily.power(m, shifted));
    int y = m.sel(b.lt(ax, m.c(1)), near, b.sub(m.c(1), erfc));
    return m.withSign(y, m.signBit(x));
  }
}
