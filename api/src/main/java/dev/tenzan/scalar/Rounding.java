package dev.tenzan.scalar;

/** Exact helpers on floats of one format: rounding to integers, signs and classification. */
final class Rounding {
  private Rounding() {}

  /** Adding and subtracting 2^mantissaBits rounds a magnitude below it to an integer; larger ones are integers. */
  private static int rintMagnitude(Fp m, int ax) {
    int magic = m.c(m.integral());
    return m.b.sub(m.b.add(ax, magic), magic);
  }

  static int rint(Fp m, int x) {
    int ax = m.b.abs(x);
    int r = m.sel(m.b.lt(ax, m.c(m.integral())), rintMagnitude(m, ax), ax);
    return m.withSign(r, m.signBit(x));
  }

  static int floor(Fp m, int x) {
    int r = rint(m, x);
    int down = m.sel(m.b.lt(x, r), m.b.sub(r, m.c(1)), r);
    return m.withSign(down, m.signBit(x));
  }

  static int ceil(Fp m, int x) {
    int r = rint(m, x);
    int up = m.sel(m.b.lt(r, x), m.b.add(r, m.c(1)), r);
    return m.withSign(up, m.signBit(x));
  }

  static int trunc(Fp m, int x) {
    int ax = m.b.abs(x);
    int r = rintMagnitude(m, ax);
    int t = m.sel(m.b.lt(ax, r), m.b.sub(r, m.c(1)), r);
    int magnitude = m.sel(m.b.lt(ax, m.c(m.integral())), t, ax);
    return m.withSign(magnitude, m.signBit(x));
  }

  static int copySign(Fp m, int magnitude, int sign) {
    return m.withSign(m.b.abs(magnitude), m.signBit(sign));
  }

  static int isNan(Fp m, int x) {
    return m.b.ne(x, x);
  }

  static int isFinite(Fp m, int x) {
    return m.b.lt(m.b.abs(x), m.c(Double.POSITIVE_INFINITY));
  }

  static int isInf(Fp m, int x) {
    return m.b.eq(m.b.abs(x), m.c(Double.POSITIVE_INFINITY));
  }

  static int sign(Fp m, int x) {
    int negative = m.sel(m.b.lt(x, m.c(0)), m.c(-1), x);
    return m.sel(m.b.lt(m.c(0), x), m.c(1), negative);
  }
}
