package dev.tenzan.scalar;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.conformance.BigMath;
import java.math.BigDecimal;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The error of every elementary function against 50 digits, on a seeded sample and where the programs change their ways. */
class MathAccuracyTest {
  private static final long SEED = 20250925;
  private static final int SAMPLES = 400;
  private static final double LIMIT_F64 = 2;

  /** Splits, ends of ranges, the doubles and floats nearest to multiples of pi/2, subnormals. */
  private static final double[] NOTABLE = {
    1, 0.5, 2, 0.25, 0.9, 0.55, Math.PI / 4, Math.PI / 2, Math.PI, 1024, 1e22, 6381956970095103.0 * 0x1p797,
    0x1.6ac5b262ca1ffp849, 16367173.0 * 0x1p72, 0x1p-14, 0x1p-30, 0x1p14, 0x1p28, 0x1p-127, 0x1p-149, 0x1p-1030,
    Double.MIN_VALUE, Float.MIN_VALUE, Float.MAX_VALUE, Double.MAX_VALUE, 88.72284, -103.9, 709.78, -745.1, 3.9, 5.9,
    0.41421356237309503, 2.414213562373095, 1.4142135623730951, 0.7071067811865476
  };

  static List<MathFunctions> functions() {
    return MathFunctions.ALL;
  }

  private record Worst(double ulps, double x, double y) {}

  /** An argument in the domain: in the middle, with any exponent, near 1, or one of the notable ones. */
  private static double argument(MathFunctions f, SplittableRandom random) {
    while (true) {
      double sign = random.nextBoolean() ? 1 : -1;
      double v =
          switch (random.nextInt(4)) {
            case 0 -> random.nextDouble(Math.max(f.low(), -100), Math.min(f.high(), 100));
            case 1 -> sign * Math.scalb(random.nextDouble(1, 2), random.nextInt(-1074, 1024));
            case 2 -> sign * (1 + Math.scalb(random.nextDouble(-1, 1), -random.nextInt(50)));
            default -> sign * Math.scalb(random.nextDouble(1, 2), random.nextInt(-30, 10));
          };
      if (v >= f.low() && v <= f.high()) {
        return v;
      }
    }
  }

  /** A second argument: for powers one with a finite result, else one of a like magnitude. */
  private static double second(MathFunctions f, SplittableRandom random, double x, double most) {
    if (f.arity() == 1) {
      return 1;
    }
    double y = random.nextDouble(-1, 1);
    return f.name().equals("pow") ? y * most / Math.log(x) : Math.clamp(x * 4 * y, -Double.MAX_VALUE, Double.MAX_VALUE);
  }

  private static double f32Error(MathFunctions f, double wideX, double wideY) {
    float x = (float) wideX;
    float y = (float) wideY;
    boolean outside = !(x >= f.low() && x <= f.high()) || !Float.isFinite(y);
    if (outside || (f.arity() == 2 && (x == 0 || x == 1 || y == 0))) {
      return 0;
    }
    float got = Folded.f32(f.f32(), x, y);
    double truth = f.exact().apply(new BigDecimal(x), new BigDecimal(y)).doubleValue();
    double t = Math.clamp(truth, -0x1p128, 0x1p128);
    double g = Math.clamp((double) got, -0x1p128, 0x1p128);
    int exponent = Math.clamp(Math.getExponent(t), Float.MIN_EXPONENT, Float.MAX_EXPONENT);
    double ulps = Math.abs(g - t) * Math.scalb(1.0, 23 - exponent);
    return Double.isNaN(ulps) ? Double.POSITIVE_INFINITY : ulps;
  }

  private static double f64Error(MathFunctions f, double x, double y) {
    if (f.arity() == 2 && (x == 1 || y == 0 || !Double.isFinite(y))) {
      return 0;
    }
    double got = Folded.f64(f.f64(), x, y);
    BigDecimal truth = f.exact().apply(new BigDecimal(x), new BigDecimal(y));
    return Double.isNaN(got) ? Double.POSITIVE_INFINITY : BigMath.ulps(got, truth);
  }

  private static void check(MathFunctions f, String dtype, double limit, Worst w) {
    assertTrue(
        w.ulps <= limit,
        () -> f + " " + dtype + ": error " + w.ulps + " ULP at (" + w.x + ", " + w.y + "), seed " + SEED);
  }

  @ParameterizedTest
  @MethodSource("functions")
  void randomArguments(MathFunctions f) {
    SplittableRandom random = new SplittableRandom(SEED);
    Worst worstF32 = new Worst(0, 0, 0);
    Worst worstF64 = new Worst(0, 0, 0);
    for (int i = 0; i < SAMPLES; i++) {
      double x = argument(f, random);
      double y = second(f, random, x, 87);
      double ulps = f32Error(f, x, y);
      worstF32 = ulps > worstF32.ulps ? new Worst(ulps, x, y) : worstF32;
      y = second(f, random, x, 708);
      ulps = f64Error(f, x, y);
      worstF64 = ulps > worstF64.ulps ? new Worst(ulps, x, y) : worstF64;
    }
    check(f, "f32", f.limitF32(), worstF32);
    check(f, "f64", LIMIT_F64, worstF64);
  }

  @ParameterizedTest
  @MethodSource("functions")
  void notableArguments(MathFunctions f) {
    for (double notable : NOTABLE) {
      for (double v : new double[] {notable, -notable}) {
        float narrow = (float) v;
        for (double x : new double[] {v, Math.nextUp(v), Math.nextDown(v), Math.nextUp(narrow), Math.nextDown(narrow)}) {
          if (x >= f.low() && x <= f.high() && x != 0) {
            check(f, "f32", f.limitF32(), new Worst(f32Error(f, x, -0.75), x, -0.75));
            check(f, "f64", LIMIT_F64, new Worst(f64Error(f, x, -0.75), x, -0.75));
          }
        }
      }
    }
  }
}
