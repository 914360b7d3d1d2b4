package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongUnaryOperator;
import java.util.function.UnaryOperator;

/** Elementwise operations of one operand. */
final class UnaryCases {
  private UnaryCases() {}

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Elementwise, one operand", all);
    exact(c, "neg", Tensor::neg, x -> -x, x -> -x);
    exact(c, "abs", Tensor::abs, Math::abs, (t, x) -> t == DType.U8 ? x : Math.abs(x));
    exact(c, "sign", Tensor::sign, Math::signum, x -> Long.signum(x));
    c.constant();
    exact(c, "floor", Tensor::floor, Math::floor, x -> x);
    exact(c, "ceil", Tensor::ceil, Math::ceil, x -> x);
    exact(c, "trunc", Tensor::trunc, x -> x < 0 ? Math.ceil(x) : Math.floor(x), x -> x);
    exact(c, "round", Tensor::round, Math::rint, x -> x);
    bits(c);
    predicate(c, "isNan", Tensor::isNan, Double::isNaN);
    predicate(c, "isInf", Tensor::isInf, Double::isInfinite);
    predicate(c, "isFinite", Tensor::isFinite, Double::isFinite);
    c.smooth();
    floats(c, "sqrt", 0, 0, 16, Tensor::sqrt, Math::sqrt);
    floats(c, "reciprocal", 0, 0.3, 4, Tensor::reciprocal, x -> 1 / x);
    floats(c, "square", 0, -4, 4, Tensor::square, x -> x * x);
    floats(c, "rsub", 0, -4, 4, x -> x.rsub(1.5), x -> 1.5 - x);
    floats(c, "rdiv", 0, 0.3, 4, x -> x.rdiv(2), x -> 2 / x);
    floats(c, "rsqrt", 1.6, 0.1, 4, Tensor::rsqrt, x -> 1 / Math.sqrt(x));
    transcendentals(c);
  }

  private static void transcendentals(CaseList c) {
    floats(c, "exp", 1, -90, 90, Tensor::exp, StrictMath::exp);
    floats(c, "exp2", 1, -30, 30, Tensor::exp2, UnaryCases::exp2);
    floats(c, "expm1", 1, -3, 3, Tensor::expm1, StrictMath::expm1);
    floats(c, "log", 1, 0, 10, Tensor::log, StrictMath::log);
    floats(c, "log2", 1, 0, 10, Tensor::log2, UnaryCases::log2);
    floats(c, "log10", 1, 0, 10, Tensor::log10, StrictMath::log10);
    floats(c, "log1p", 1, -1, 4, Tensor::log1p, StrictMath::log1p);
    floats(c, "sin", 1, -40, 40, Tensor::sin, StrictMath::sin);
    floats(c, "cos", 1, -40, 40, Tensor::cos, StrictMath::cos);
    floats(c, "tan", 2, -40, 40, Tensor::tan, StrictMath::tan);
    floats(c, "asin", 2, -1, 1, Tensor::asin, StrictMath::asin);
    floats(c, "acos", 2, -1, 1, Tensor::acos, StrictMath::acos);
    floats(c, "atan", 2, -10, 10, Tensor::atan, StrictMath::atan);
    floats(c, "sinh", 2, -20, 20, Tensor::sinh, StrictMath::sinh);
    floats(c, "cosh", 2, -20, 20, Tensor::cosh, StrictMath::cosh);
    floats(c, "tanh", 1, -10, 10, Tensor::tanh, StrictMath::tanh);
    floats(c, "asinh", 2, -20, 20, Tensor::asinh, Functions::asinh);
    floats(c, "acosh", 2, 1, 20, Tensor::acosh, Functions::acosh);
    floats(c, "atanh", 2, -1, 1, Tensor::atanh, Functions::atanh);
    floats(c, "sigmoid", 1, -90, 90, Tensor::sigmoid, Functions::sigmoid);
    floats(c, "erf", 1, -5, 5, Tensor::erf, Functions::erf);
  }

  private static double exp2(double x) {
    if (!(Math.abs(x) < 1100)) {
      return StrictMath.pow(2, x);
    }
    return x == Math.rint(x) ? Math.scalb(1.0, (int) x) : StrictMath.pow(2, x);
  }

  /** Splits off the exponent, so that powers of two are exact. */
  private static double log2(double x) {
    if (!(x > 0) || Double.isInfinite(x)) {
      return StrictMath.log(x);
    }
    double scaled = x < Double.MIN_NORMAL ? x * 0x1p54 : x;
    int e = Math.getExponent(scaled);
    double m = Math.scalb(scaled, -e);
    if (m > 1.4) {
      m /= 2;
      e++;
    }
    return e - (x < Double.MIN_NORMAL ? 54 : 0) + StrictMath.log1p(m - 1) / StrictMath.log(2);
  }

  /** A function of integers that may need to know their type. */
  @FunctionalInterface
  interface Typed {
    long apply(DType t, long x);
  }

  private static void exact(
      CaseList c, String op, UnaryOperator<Tensor> f, DoubleUnaryOperator reals, LongUnaryOperator integers) {
    exact(c, op, f, reals, (_, x) -> integers.applyAsLong(x));
  }

  private static void exact(CaseList c, String op, UnaryOperator<Tensor> f, DoubleUnaryOperator reals, Typed integers) {
    floats(c, op, 0, -4, 4, f, reals);
    for (DType t : CaseList.INTEGERS) {
      for (InputSpec in : integerInputs(t)) {
        c.add(op, variant(in), t, Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst()),
            x -> HostArray.integers(t, x.getFirst().shape(), i -> integers.apply(t, x.getFirst().integer(i))));
      }
    }
  }

  private static List<InputSpec> integerInputs(DType t) {
    int n = Formats.specialIntegers(t).length;
    return List.of(
        InputSpec.of(t, 3, 5),
        InputSpec.of(t, n).values(InputSpec.Values.SPECIAL_FAST),
        InputSpec.of(t, 37).values(InputSpec.Values.BITS),
        InputSpec.of(t, 0, 3));
  }

  static String variant(InputSpec in) {
    String v =
        switch (in.values()) {
          case RANGE -> "range";
          case WHOLE, WHOLE_OR_INFINITE -> in.values().label();
          case SPECIAL_FAST, SPECIAL_SLOW -> "special";
          case BITS -> "bits";
        };
    return v + in.shape();
  }

  private static void bits(CaseList c) {
    for (DType t : CaseList.ALL) {
      if (!t.isFloat()) {
        for (InputSpec in : integerInputs(t)) {
          c.add("not", variant(in), t, Tolerance.EXACT, List.of(in), x -> x.getFirst().not(),
              x -> HostArray.integers(t, x.getFirst().shape(),
                  i -> t == DType.BOOL ? 1 - x.getFirst().integer(i) : ~x.getFirst().integer(i)));
        }
      }
    }
  }

  private static List<InputSpec> floatInputs(DType t, double low, double high) {
    int n = Formats.specialFloats(t).length;
    return List.of(
        InputSpec.of(t, 7, 19).range(low, high),
        InputSpec.of(t, n).values(InputSpec.Values.SPECIAL_FAST),
        InputSpec.of(t, 133).values(InputSpec.Values.BITS),
        InputSpec.of(t, 0, 3),
        InputSpec.of(t));
  }

  private static void floats(
      CaseList c, String op, double ulps, double low, double high, UnaryOperator<Tensor> f, DoubleUnaryOperator oracle) {
    boolean smooth = c.isSmooth();
    for (DType t : CaseList.FLOATS) {
      Tolerance tolerance = tolerance(t, ulps);
      // Finite differences need values of moderate size, away from the ends of the domain.
      double lo = Math.max(low, -1.4);
      double fifth = (Math.min(high, 1.4) - lo) / 5;
      InputSpec inner = InputSpec.of(t, 2, 3).range(lo + fifth, lo + 4 * fifth);
      c.add(op, "inner" + inner.shape(), t, tolerance, List.of(inner), x -> f.apply(x.getFirst()),
          x -> HostArray.reals(t, x.getFirst().shape(), i -> oracle.applyAsDouble(x.getFirst().real(i))));
      c.constant();
      for (InputSpec in : floatInputs(t, low, high)) {
        double scalar = (low + high) / 2 + (high - low) / 8;
        InputSpec spec = in.shape().rank() == 0 ? in.range(scalar, scalar) : in;
        c.add(op, variant(in), t, tolerance, List.of(spec), x -> f.apply(x.getFirst()),
            x -> HostArray.reals(t, x.getFirst().shape(), i -> oracle.applyAsDouble(x.getFirst().real(i))));
      }
      if (smooth) {
        c.smooth();
      }
    }
  }

  /** The oracle itself is a double within 1 ULP, so f64 gets one more; narrow floats round an f32 once more. */
  static Tolerance tolerance(DType t, double ulps) {
    if (ulps == 0) {
      return Tolerance.EXACT;
    }
    return Tolerance.ulps(
        switch (t) {
          case F64 -> Math.max(2, ulps) + 1;
          case F32 -> ulps;
          case F16, BF16 -> 0.5 + ulps / 1024 + (t == DType.BF16 ? 0 : ulps / 64);
          case I64, I32, I16, I8, U8, BOOL -> 0;
        });
  }

  private static void predicate(CaseList c, String op, UnaryOperator<Tensor> f, DoublePredicate oracle) {
    for (DType t : CaseList.FLOATS) {
      for (InputSpec in : floatInputs(t, -4, 4)) {
        Shape s = in.shape();
        c.add(op, variant(in), t, Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst()),
            x -> HostArray.bools(s, i -> oracle.test(x.getFirst().real(i))));
      }
    }
  }
}
