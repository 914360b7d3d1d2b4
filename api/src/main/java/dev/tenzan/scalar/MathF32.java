package dev.tenzan.scalar;

/** The elementary functions of f32 as scalar programs. */
public final class MathF32 {
  private MathF32() {}

  public static int exp(ScalarBuilder b, int x) {
    return ExpFamily.exp(Fp.f32(b), x);
  }

  public static int exp2(ScalarBuilder b, int x) {
    return ExpFamily.exp2(Fp.f32(b), x);
  }

  public static int expm1(ScalarBuilder b, int x) {
    return ExpFamily.expm1(Fp.f32(b), x);
  }

  public static int sigmoid(ScalarBuilder b, int x) {
    return ExpFamily.sigmoid(Fp.f32(b), x);
  }

  public static int tanh(ScalarBuilder b, int x) {
    return ExpFamily.tanh(Fp.f32(b), x);
  }

  public static int cosh(ScalarBuilder b, int x) {
    return ExpFamily.cosh(Fp.f32(b), x);
  }

  public static int sinh(ScalarBuilder b, int x) {
    return ExpFamily.sinh(Fp.f32(b), x);
  }

  public static int log(ScalarBuilder b, int x) {
    return LogFamily.log(Fp.f32(b), x);
  }

  public static int log2(ScalarBuilder b, int x) {
    return LogFamily.log2(Fp.f32(b), x);
  }

  public static int log10(ScalarBuilder b, int x) {
    return LogFamily.log10(Fp.f32(b), x);
  }

  public static int log1p(ScalarBuilder b, int x) {
    return LogFamily.log1p(Fp.f32(b), x);
  }

  public static int rint(ScalarBuilder b, int x) {
    return Rounding.rint(Fp.f32(b), x);
  }

  public static int floor(ScalarBuilder b, int x) {
    return Rounding.floor(Fp.f32(b), x);
  }

  public static int ceil(ScalarBuilder b, int x) {
    return Rounding.ceil(Fp.f32(b), x);
  }

  public static int trunc(ScalarBuilder b, int x) {
    return Rounding.trunc(Fp.f32(b), x);
  }

  public static int sign(ScalarBuilder b, int x) {
    return Rounding.sign(Fp.f32(b), x);
  }

  public static int sin(ScalarBuilder b, int x) {
    return Trig.sin(Fp.f32(b), x);
  }

  public static int cos(ScalarBuilder b, int x) {
    return Trig.cos(Fp.f32(b), x);
  }

  public static int tan(ScalarBuilder b, int x) {
    return Trig.tan(Fp.f32(b), x);
  }

  public static int asin(ScalarBuilder b, int x) {
    return Inverse.asin(Fp.f32(b), x);
  }

  public static int acos(ScalarBuilder b, int x) {
    return Inverse.acos(Fp.f32(b), x);
  }

  public static int atan(ScalarBuilder b, int x) {
    return Inverse.atan(Fp.f32(b), x);
  }

  public static int asinh(ScalarBuilder b, int x) {
    return LogFamily.asinh(Fp.f32(b), x);
  }

  public static int acosh(ScalarBuilder b, int x) {
    return LogFamily.acosh(Fp.f32(b), x);
  }

  public static int atanh(ScalarBuilder b, int x) {
    return LogFamily.atanh(Fp.f32(b), x);
  }

  public static int erf(ScalarBuilder b, int x) {
    return Erf.erf(Fp.f32(b), x);
  }

  public static int pow(ScalarBuilder b, int x, int y) {
    return Pow.pow(Fp.f32(b), x, y);
  }

  public static int atan2(ScalarBuilder b, int y, int x) {
    return Inverse.atan2(Fp.f32(b), y, x);
  }
}
