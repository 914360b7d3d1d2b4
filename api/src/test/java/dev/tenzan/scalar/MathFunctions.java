package dev.tenzan.scalar;

import dev.tenzan.conformance.BigMath;
import java.math.BigDecimal;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/**
 * The elementary functions as the tests see them.
 *
 * @param name the name
 * @param arity 1 or 2
 * @param limitF32 the greatest error promised for F32, in ULP; for F64 it is always 2
 * @param low the least argument that has a finite result which is not the limit at infinity
 * @param high the greatest
 * @param f32 the program of F32
 * @param f64 the program of F64
 * @param exact the truth to 50 digits
 */
record MathFunctions(
    String name,
    int arity,
    double limitF32,
    double low,
    double high,
    Folded.Function f32,
    Folded.Function f64,
    BinaryOperator<BigDecimal> exact) {
  private static final double MAX = Double.MAX_VALUE;

  private interface Unary {
    int build(ScalarBuilder b, int x);
  }

  static final List<MathFunctions> ALL =
      List.of(
          of("exp", 1, -745, 709, MathF32::exp, MathF64::exp, BigMath::exp),
          of("exp2", 2, -1074, 1023, MathF32::exp2, MathF64::exp2, BigMath::exp2),
          of("expm1", 2, -60, 709, MathF32::expm1, MathF64::expm1, BigMath::expm1),
          of("log", 1, Double.MIN_VALUE, MAX, MathF32::log, MathF64::log, BigMath::log),
          of("log2", 2, Double.MIN_VALUE, MAX, MathF32::log2, MathF64::log2, BigMath::log2),
          of("log10", 2, Double.MIN_VALUE, MAX, MathF32::log10, MathF64::log10, BigMath::log10),
          of("log1p", 2, Math.nextUp(-1.0), MAX, MathF32::log1p, MathF64::log1p, BigMath::log1p),
          of("sin", 1, -MAX, MAX, MathF32::sin, MathF64::sin, BigMath::sin),
          of("cos", 1, -MAX, MAX, MathF32::cos, MathF64::cos, BigMath::cos),
          of("tan", 2, -MAX, MAX, MathF32::tan, MathF64::tan, BigMath::tan),
          of("asin", 2, -1, 1, MathF32::asin, MathF64::asin, BigMath::asin),
          of("acos", 2, -1, 1, MathF32::acos, MathF64::acos, BigMath::acos),
          of("atan", 2, -MAX, MAX, MathF32::atan, MathF64::atan, BigMath::atan),
          of("sinh", 2, -710, 710, MathF32::sinh, MathF64::sinh, BigMath::sinh),
          of("cosh", 2, -710, 710, MathF32::cosh, MathF64::cosh, BigMath::cosh),
          of("tanh", 1, -30, 30, MathF32::tanh, MathF64::tanh, BigMath::tanh),
          of("asinh", 2, -MAX, MAX, MathF32::asinh, MathF64::asinh, BigMath::asinh),
          of("acosh", 2, 1, MAX, MathF32::acosh, MathF64::acosh, BigMath::acosh),
          of("atanh", 2, Math.nextUp(-1.0), Math.nextDown(1.0), MathF32::atanh, MathF64::atanh, BigMath::atanh),
          of("sigmoid", 1, -745, 60, MathF32::sigmoid, MathF64::sigmoid, BigMath::sigmoid),
          of("erf", 1, -7, 7, MathF32::erf, MathF64::erf, BigMath::erf),
          new MathFunctions("pow", 2, 2, Double.MIN_VALUE, MAX, MathF32::pow, MathF64::pow, BigMath::pow),
          new MathFunctions("atan2", 2, 2, -MAX, MAX, MathF32::atan2, MathF64::atan2, BigMath::atan2));

  private static MathFunctions of(
      String name, double limitF32, double low, double high, Unary f32, Unary f64, UnaryOperator<BigDecimal> exact) {
    return new MathFunctions(
        name,
        1,
        limitF32,
        low,
        high,
        (b, x, _) -> f32.build(b, x),
        (b, x, _) -> f64.build(b, x),
        (x, _) -> exact.apply(x));
  }

  static MathFunctions named(String name) {
    return ALL.stream().filter(f -> f.name.equals(name)).findFirst().orElseThrow();
  }

  @Override
  public String toString() {
    return name;
  }
}
