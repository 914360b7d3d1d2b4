package dev.tenzan.bench.matherror;

import dev.tenzan.conformance.BigMath;
import dev.tenzan.scalar.MathF32;
import dev.tenzan.scalar.MathF64;
import dev.tenzan.scalar.ScalarBuilder;
import java.math.BigDecimal;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;

/**
 * An elementary function to measure. Functions of one value have the same value twice in their programs.
 *
 * @param name the name
 * @param arity 1 or 2
 * @param symmetry what the truth at -x is
 * @param f32 builds the program of F32
 * @param f64 builds the program of F64
 * @param oracle the truth in double precision, special values included
 * @param exact the truth to 50 digits, where the function is finite and not zero
 * @param range a magnitude above which F64 arguments are not of much interest
 * @param limitF32 the greatest error in F32 that is promised, in ULP
 */
record MathFunction(
    String name,
    int arity,
    Symmetry symmetry,
    Program f32,
    Program f64,
    DoubleBinaryOperator oracle,
    BinaryOperator<BigDecimal> exact,
    double range,
    double limitF32) {

  /** The greatest error in F64 that is promised, in ULP. */
  static final double LIMIT_F64 = 2;

  /** What the truth at -x is. */
  enum Symmetry {
    /** The truth at x. */
    EVEN,
    /** Its negative. */
    ODD,
    /** Something else. */
    NONE
  }

  /** Adds a function to a program. */
  interface Program {
    int build(ScalarBuilder b, int x, int y);
  }

  private interface Unary {
    int build(ScalarBuilder b, int x);
  }

  /** Every function, in the order of the report. */
  static final List<MathFunction> ALL =
      List.of(
          unary("exp", 1, 750, Symmetry.NONE, MathF32::exp, MathF64::exp, Math::exp, BigMath::exp),
          unary("exp2", 2, 1080, Symmetry.NONE, MathF32::exp2, MathF64::exp2, DoubleOracle::exp2, BigMath::exp2),
          unary("expm1", 2, 710, Symmetry.NONE, MathF32::expm1, MathF64::expm1, StrictMath::expm1, BigMath::expm1),
          unary("log", 1, 4, Symmetry.NONE, MathF32::log, MathF64::log, Math::log, BigMath::log),
          unary("log2", 2, 4, Symmetry.NONE, MathF32::log2, MathF64::log2, DoubleOracle::log2, BigMath::log2),
          unary("log10", 2, 4, Symmetry.NONE, MathF32::log10, MathF64::log10, Math::log10, BigMath::log10),
          unary("log1p", 2, 4, Symmetry.NONE, MathF32::log1p, MathF64::log1p, StrictMath::log1p, BigMath::log1p),
          unary("sin", 1, 2000, Symmetry.ODD, MathF32::sin, MathF64::sin, Math::sin, BigMath::sin),
          unary("cos", 1, 2000, Symmetry.EVEN, MathF32::cos, MathF64::cos, Math::cos, BigMath::cos),
          unary("tan", 2, 2000, Symmetry.ODD, MathF32::tan, MathF64::tan, Math::tan, BigMath::tan),
          unary("asin", 2, 1, Symmetry.ODD, MathF32::asin, MathF64::asin, StrictMath::asin, BigMath::asin),
          unary("acos", 2, 1, Symmetry.NONE, MathF32::acos, MathF64::acos, StrictMath::acos, BigMath::acos),
          unary("atan", 2, 8, Symmetry.ODD, MathF32::atan, MathF64::atan, StrictMath::atan, BigMath::atan),
          unary("sinh", 2, 711, Symmetry.ODD, MathF32::sinh, MathF64::sinh, StrictMath::sinh, BigMath::sinh),
          unary("cosh", 2, 711, Symmetry.EVEN, MathF32::cosh, MathF64::cosh, StrictMath::cosh, BigMath::cosh),
          unary("tanh", 1, 22, Symmetry.ODD, MathF32::tanh, MathF64::tanh, StrictMath::tanh, BigMath::tanh),
          unary("asinh", 2, 100, Symmetry.ODD, MathF32::asinh, MathF64::asinh, DoubleOracle::asinh, BigMath::asinh),
          unary("acosh", 2, 100, Symmetry.NONE, MathF32::acosh, MathF64::acosh, DoubleOracle::acosh, BigMath::acosh),
          unary("atanh", 2, 1, Symmetry.ODD, MathF32::atanh, MathF64::atanh, DoubleOracle::atanh, BigMath::atanh),
          unary(
              "sigmoid", 1, 750, Symmetry.NONE, MathF32::sigmoid, MathF64::sigmoid, DoubleOracle::sigmoid,
              BigMath::sigmoid),
          unary("erf", 1, 6, Symmetry.ODD, MathF32::erf, MathF64::erf, DoubleOracle::erf, BigMath::erf),
          new MathFunction(
              "pow", 2, Symmetry.NONE, MathF32::pow, MathF64::pow, DoubleOracle::pow, BigMath::pow, 4, 2),
          new MathFunction(
              "atan2", 2, Symmetry.NONE, MathF32::atan2, MathF64::atan2, StrictMath::atan2, BigMath::atan2, 4, 2));

  private static MathFunction unary(
      String name,
      double limitF32,
      double range,
      Symmetry symmetry,
      Unary f32,
      Unary f64,
      DoubleUnaryOperator oracle,
      UnaryOperator<BigDecimal> exact) {
    return new MathFunction(
        name,
        1,
        symmetry,
        (b, x, _) -> f32.build(b, x),
        (b, x, _) -> f64.build(b, x),
        (x, _) -> oracle.applyAsDouble(x),
        (x, _) -> exact.apply(x),
        range,
        limitF32);
  }

  /** The names, joined by commas. */
  static String names() {
    return String.join(", ", ALL.stream().map(MathFunction::name).toList());
  }
}
