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

  /**
   * For a sum of {@code length} products of at most {@code magnitude} under {@link dev.tenzan.type.Numerics#FAST}. A factor of f32 may lose
   * what tf32 has no place for: up to 2^-10 of its size where it is cut off. The sum has the rounding errors of a chain in the compute
   * type, in any order; tensor cores cut off too, also when they align the terms of a sum, for which it is taken four times.
   */
  public static Tolerance fast(DType t, long length, double magnitude) {
    double factors = t == DType.F32 ? 0x1.01p-9 * length * magnitude : 0;
    return new Tolerance(1, factors + 4 * sum(t, length, magnitude).absolute());
  }

  /**
   * For sums of whole numbers that every order, and every unit which accumulates in f32, gives exactly; the sign of a zero is not looked
   * at.
   */
  public static Tolerance whole() {
    return new Tolerance(0, Double.MIN_VALUE);
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
