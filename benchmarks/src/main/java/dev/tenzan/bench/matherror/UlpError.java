package dev.tenzan.bench.matherror;

import dev.tenzan.conformance.BigMath;
import java.math.BigDecimal;

/**
 * How far a result is from the truth, in units of the truth's last place (ULP). Infinite where a NaN, an infinity or a sign
 * is wrong. An infinity that comes from overflow counts as the least power of two that is too large.
 */
final class UlpError {
  private static final double OVERFLOW_F32 = 0x1p128;

  private UlpError() {}

  private static boolean sameSign(double a, double b) {
    return (Double.doubleToRawLongBits(a) ^ Double.doubleToRawLongBits(b)) >= 0;
  }

  /** The error of an F32 result where the truth is known in double precision. */
  static double f32(float got, double truth) {
    if (Double.isNaN(truth)) {
      return Float.isNaN(got) ? 0 : Double.POSITIVE_INFINITY;
    }
    if (Float.isNaN(got) || !sameSign(got, truth)) {
      return Double.POSITIVE_INFINITY;
    }
    if (Double.isInfinite(truth)) {
      return Float.isInfinite(got) ? 0 : Double.POSITIVE_INFINITY;
    }
    double t = Math.min(Math.abs(truth), OVERFLOW_F32);
    double y = Math.min(Math.abs((double) got), OVERFLOW_F32);
    int exponent = Math.clamp(Math.getExponent(t), Float.MIN_EXPONENT, Float.MAX_EXPONENT);
    return Math.abs(y - t) * Math.scalb(1.0, 23 - exponent);
  }

  /**
   * The error of an F64 result.
   *
   * @param f the function
   * @param near the truth in double precision: good for what is special or as good as constant
   */
  static double f64(MathFunction f, double x, double y, double got, double near) {
    if (Double.isNaN(near)) {
      return Double.isNaN(got) ? 0 : Double.POSITIVE_INFINITY;
    }
    boolean special = !Double.isFinite(x) || !Double.isFinite(y) || x == 0 || y == 0;
    if (Double.isNaN(got) || (!sameSign(got, near) && (special || near != 0))) {
      return Double.POSITIVE_INFINITY;
    }
    if (Double.isInfinite(near)) {
      // The truth is a pole or at least 2^1024, or so near that the oracle rounded it there.
      return Double.isInfinite(got) ? 0 : special || Math.abs(got) < Double.MAX_VALUE ? Double.POSITIVE_INFINITY : 1;
    }
    if (near == 0 || special || isSaturated(f, x, near)) {
      return Math.abs(got - near) / Math.ulp(near);
    }
    return BigMath.ulps(got, f.exact().apply(new BigDecimal(x), new BigDecimal(y)));
  }

  /** Whether the result is that of the limit, to the last bit, and the argument beyond the exact oracle's reach. */
  private static boolean isSaturated(MathFunction f, double x, double near) {
    return f.arity() == 1 && Math.abs(near) == 1 && Math.abs(x) > f.range();
  }
}
