package dev.tenzan.conformance;

import dev.tenzan.type.DType;

/**
 * How far a float result may be from the exact one: {@code ulps} units in the last place of the exact result, plus {@code absolute}.
 * {@link #EXACT} asks for the exact result, rounded once. Integers are always exact.
 *
 * @param ulps units in the last place, 0 for the correctly rounded result
 * @param absolute a distance that is allowed in any case; where it is not 0, the sign of a zero is not looked at
 */
public record Tolerance(double ulps, double absolute) {
  /** The exact result, rounded once to nearest even. */
  public static final Tolerance EXACT = new Tolerance(0, 0);

  /** Within some units in the last place. */
  public static Tolerance ulps(double n) {
    return new Tolerance(n, 0);
  }

  /**
   * For {@code length} additions of terms of at most {@code magnitude} with one rounding of the result: the rounding errors of a chain.
   */
  public static Tolerance sum(DType t, long length, double magnitude) {
    return new Tolerance(1, Formats.epsilon(t.compute()) * (length + 1) * (length + 1) * magnitude / 2);
  }

  /** For a composite of a few operations whose values are of magnitude 1. */
  public static Tolerance composite(DType t, double steps) {
    return new Tolerance(1 + (t.compute() == t ? steps : 0), steps * Formats.epsilon(t.compute()));
  }

  /** Whether a result is near enough. */
  boolean accepts(DType t, double exact, double actual) {
    double rounded = Formats.round(t, exact);
    if (Double.isNaN(rounded) || Double.isNaN(actual)) {
      return Double.isNaN(rounded) && Double.isNaN(actual);
    }
    if (rounded == actual) {
      return absolute != 0 || rounded != 0 || 1 / rounded == 1 / actual;
    }
    if (equals(EXACT)) {
      return false;
    }
    double limit = Formats.max(t);
    double a = Double.isInfinite(actual) ? Math.copySign(limit + Formats.ulp(t, limit), actual) : actual;
    double e = Double.isInfinite(exact) ? Math.copySign(limit + Formats.ulp(t, limit), exact) : exact;
    return Math.abs(a - e) <= ulps * Formats.ulp(t, exact) + absolute;
  }
}
