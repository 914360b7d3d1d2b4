package dev.tenzan.scalar;

/** The elementary functions of f64 as scalar programs. */
public final class MathF64 {
  private MathF64() {}

  public static int exp(ScalarBuilder b, int x) {
    return ExpFamily.exp(Fp.f64(b), x);
  }

  public static int exp2(ScalarBuilder b, int x) {
    return ExpFamily.exp2(Fp.f64(b), x);
  }

  public static int expm1(ScalarBuilder b, int x) {
    return ExpFamily.expm1(Fp.f64(b), x);
  }

  public static int sigmoid(ScalarBuilder b, int x) {
    return ExpFamily.sigmoid(Fp.f64(b), x);
  }

  public static int tanh(ScalarBuilder b, int x) {
    return ExpFamily.tanh(Fp.f64(b), x);
  }

  public static int cosh(ScalarBuilder b, int x) {
    return ExpFamily.cosh(Fp.f64(b), x);
  }

  public static int sinh(ScalarBuilder b, int x) {
    return ExpFamily.sinh(Fp.f64(b), x);
  }

  public static int log(ScalarBuilder b, int x) {
    return LogFamily.log(Fp.f64(b), x);
  }

  public static int log2(ScalarBuilder b, int x) {
    return LogFamily.log2(Fp.f64(b), x);
  }

  public static int log10(ScalarBuilder b, int x) {
    return LogFamily.log10(Fp.f64(b), x);
  }

  public static int log1p(ScalarBuilder b, int x) {
    return LogFamily.log1p(Fp.f64(b), x);
  }

  public static int rint(ScalarBuilder b, int x) {
    return Rounding.rint(Fp.f64(b), x);
  }

  public static int floor(ScalarBuilder b, int x) {
    return Rounding.floor(Fp.f64(b), x);
  }

  public static int ceil(ScalarBuilder b, int x) {
    return Rounding.ceil(Fp.f64(b), x);
  }

  public static int trunc(ScalarBuilder b, int x) {
    return Rounding.trunc(Fp.f64(b), x);
  }

  public static int sign(ScalarBuilder b, int x) {
    return Rounding.sign(Fp.f64(b), x);
  }

  public static int sin(ScalarBuilder b, int x) {
    return Trig.sin(Fp.f64(b), x);
  }

  public static int cos(ScalarBuilder b, int x) {
    return Trig.cos(Fp.f64(b), x);
  }

  public static int tan(ScalarBuilder b, int x) {
    return Trig.tan(Fp.f64(b), x);
  }

  public static int asin(ScalarBuilder b, int x) {
    return Inverse.asin(Fp.f64(b), x);
  }

  public static int acos(ScalarBuilder b, int x) {
    return Inverse.acos(Fp.f64(b), x);
  }

  public static int atan(ScalarBuilder b, int x) {
    return Inverse.atan(Fp.f64(b), x);
  }

  public static int asinh(ScalarBuilder b, int x) {
    return LogFamily.asinh(Fp.f64(b), x);
  }

  public static int acosh(ScalarBuilder b, int x) {
    return LogFamily.acosh(Fp.f64(b), x);
  }

  public static int atanh(ScalarBuilder b, int x) {
    return LogFamily.atanh(Fp.f64(b), x);
  }

  public static int erf(ScalarBuilder b, int x) {
    return Erf.erf(Fp.f64(b), x);
  }

  public static int pow(ScalarBuilder b, int x, int y) {
    return Pow.pow(Fp.f64(b), x, y);
  }

  public static int atan2(ScalarBuilder b, int y, int x) {
    return Inverse.atan2(Fp.f64(b), y, x);
  }
}
