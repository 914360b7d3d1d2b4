package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

/** Elementwise operations of two and three operands. */
final class BinaryCases {
  private BinaryCases() {}

  /** Compares two values. */
  @FunctionalInterface
  private interface Comparison {
    boolean test(int sign, boolean unordered);
  }

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Elementwise, two operands", all);
    floats(c, "add", 0, Tensor::add, Double::sum);
    integers(c, "add", Tensor::add, Long::sum);
    floats(c, "sub", 0, Tensor::sub, (x, y) -> x - y);
    integers(c, "sub", Tensor::sub, (x, y) -> x - y);
    floats(c, "mul", 0, Tensor::mul, (x, y) -> x * y);
    integers(c, "mul", Tensor::mul, (x, y) -> x * y);
    floats(c, "div", 0, Tensor::div, (x, y) -> x / y);
    floats(c, "minimum", 0, Tensor::minimum, Math::min);
    integers(c, "minimum", Tensor::minimum, Math::min);
    floats(c, "maximum", 0, Tensor::maximum, Math::max);
    integers(c, "maximum", Tensor::maximum, Math::max);
    positivePow(c);
    c.constant();
    floats(c, "pow", 2, Tensor::pow, BinaryCases::pow);
    c.smooth();
    floats(c, "atan2", 2, Tensor::atan2, StrictMath::atan2);
    floats(c, "hypot", 3, Tensor::hypot, StrictMath::hypot);
    floats(c, "copySign", 0, Tensor::copySign, BinaryCases::copySign);
    c.constant();
    integers(c, "floorDivide", Tensor::floorDivide, (x, y) -> y == 0 ? 0 : Math.floorDiv(x, y));
    integers(c, "remainder", Tensor::remainder, (x, y) -> y == 0 ? 0 : Math.floorMod(x, y));
    moderate(c, "floorDivide", Tensor::floorDivide, (x, y) -> Math.floor(x / y));
    moderate(c, "remainder", Tensor::remainder, BinaryCases::remainder);
    remainderSpecial(c);
    shifts(c);
    logic(c, "and", Tensor::and, (x, y) -> x & y);
    logic(c, "or", Tensor::or, (x, y) -> x | y);
    logic(c, "xor", Tensor::xor, (x, y) -> x ^ y);
    compare(c, "equal", Tensor::equal, (s, u) -> !u && s == 0);
    compare(c, "notEqual", Tensor::notEqual, (s, u) -> u || s != 0);
    compare(c, "less", Tensor::less, (s, u) -> !u && s < 0);
    compare(c, "lessEqual", Tensor::lessEqual, (s, u) -> !u && s <= 0);
    compare(c, "greater", Tensor::greater, (s, u) -> !u && s > 0);
    compare(c, "greaterEqual", Tensor::greaterEqual, (s, u) -> !u && s >= 0);
    ternary(new CaseList("Elementwise, three operands", all));
  }

  /** The power as C99 and IEEE 754 have it: 1 to any power is 1, and -1 to an infinite one. */
  private static double pow(double x, double y) {
    if (x == 1 || x == -1 && Double.isInfinite(y)) {
      return 1;
    }
    return StrictMath.pow(x, y);
  }

  private static void positivePow(CaseList c) {
    for (DType t : CaseList.FLOATS) {
      List<InputSpec> in = List.of(InputSpec.of(t, 2, 3).range(0.3, 3), InputSpec.of(t, 3));
      c.add("pow", "positive" + in.get(0).shape() + in.get(1).shape(), t, UnaryCases.tolerance(t, 2), in,
          x -> x.get(0).pow(x.get(1)), x -> real(t, x, BinaryCases::pow));
    }
  }

  private static double copySign(double x, double y) {
    return Double.doubleToRawLongBits(y) < 0 ? -Math.abs(x) : Math.abs(x);
  }

  private static List<List<InputSpec>> inputs(DType t) {
    int n = t.isFloat() ? Formats.specialFloats(t).length : Formats.specialIntegers(t).length;
    InputSpec special = InputSpec.of(t, (long) n * n);
    return List.of(
        List.of(InputSpec.of(t, 7, 19), InputSpec.of(t, 7, 19)),
        List.of(special.values(InputSpec.Values.SPECIAL_FAST), special.values(InputSpec.Values.SPECIAL_SLOW)),
        List.of(InputSpec.of(t, 133).values(InputSpec.Values.BITS), InputSpec.of(t, 133).values(InputSpec.Values.BITS)),
        List.of(InputSpec.of(t, 3, 1, 5), InputSpec.of(t, 4, 1)),
        List.of(InputSpec.of(t, 0, 3), InputSpec.of(t, 1, 3)));
  }

  private static Shape common(List<HostArray> x) {
    int rank = x.stream().mapToInt(a -> a.shape().rank()).max().orElse(0);
    long[] d = new long[rank];
    java.util.Arrays.fill(d, 1);
    for (HostArray a : x) {
      for (int i = 0; i < a.shape().rank(); i++) {
        int at = rank - a.shape().rank() + i;
        d[at] = a.shape().dim(i) == 1 ? d[at] : a.shape().dim(i);
      }
    }
    return Shape.of(d);
  }

  /** Stretches an array by the broadcasting rules. */
  static HostArray stretch(HostArray a, Shape target) {
    if (a.shape().equals(target)) {
      return a;
    }
    int lead = target.rank() - a.shape().rank();
    return a.pick(target, i -> {
      long rest = i;
      long at = 0;
      long scale = 1;
      for (int k = target.rank() - 1; k >= lead; k--) {
        long n = a.shape().dim(k - lead);
        at += n == 1 ? 0 : rest % target.dim(k) * scale;
        scale *= n;
        rest /= target.dim(k);
      }
      return (int) at;
    });
  }

  private static String variant(List<InputSpec> in) {
    return UnaryCases.variant(in.get(0)) + in.get(1).shape();
  }

  private static void floats(
      CaseList c, String op, double ulps, BinaryOperator<Tensor> f, DoubleBinaryOperator oracle) {
    for (DType t : CaseList.FLOATS) {
      for (List<InputSpec> in : inputs(t)) {
        c.add(op, variant(in), t, UnaryCases.tolerance(t, ulps), in, x -> f.apply(x.get(0), x.get(1)),
            x -> real(t, x, oracle));
      }
    }
  }

  private static HostArray real(DType t, List<HostArray> x, DoubleBinaryOperator oracle) {
    Shape s = common(x);
    HostArray a = stretch(x.get(0), s);
    HostArray b = stretch(x.get(1), s);
    return HostArray.reals(t, s, i -> oracle.applyAsDouble(a.real(i), b.real(i)));
  }

  /** The exact remainder, as fmod gives it, with the sign of the divisor. */
  private static double remainder(double x, double y) {
    if (Double.isInfinite(y) && Double.isFinite(x)) {
      return x == 0 ? Math.copySign(0, y) : x < 0 == y < 0 ? x : y;
    }
    double r = x % y;
    return r == 0 ? Math.copySign(0, y) : r < 0 != y < 0 ? r + y : r;
  }

  /** Quotients that f16 holds: beyond, the rounded quotient is part of the result. */
  private static void moderate(CaseList c, String op, BinaryOperator<Tensor> f, DoubleBinaryOperator oracle) {
    for (DType t : CaseList.FLOATS) {
      InputSpec x = InputSpec.of(t, 5, 7);
      for (InputSpec y : List.of(x.range(0.5, 4), x.range(-4, -0.5))) {
        c.add(op, "range" + y.low(), t, Tolerance.EXACT, List.of(x, y), i -> f.apply(i.get(0), i.get(1)),
            i -> real(t, i, oracle));
      }
    }
  }

  private static void remainderSpecial(CaseList c) {
    for (DType t : CaseList.FLOATS) {
      double[] values = {0.0, -0.0, 1, -1, 6, -6, 2.5, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN};
      Shape s = Shape.of(values.length * values.length);
      c.add("remainder", "zeros and infinities", t, Tolerance.EXACT, List.of(InputSpec.of(t)),
          i -> {
            Tensor v = i.getFirst().device().fromDoubles(t, values);
            return v.expandDims(1).remainder(v).flatten();
          },
          _ -> HostArray.reals(t, s, i -> remainder(values[i / values.length], values[i % values.length])));
    }
  }

  private static void integers(CaseList c, String op, BinaryOperator<Tensor> f, LongBinaryOperator oracle) {
    for (DType t : CaseList.INTEGERS) {
      integer(c, op, t, f, oracle);
    }
    if (op.startsWith("m") && !op.equals("mul")) {
      integer(c, op, DType.BOOL, f, oracle);
    }
  }

  private static void integer(CaseList c, String op, DType t, BinaryOperator<Tensor> f, LongBinaryOperator oracle) {
    for (List<InputSpec> in : inputs(t)) {
      c.add(op, variant(in), t, Tolerance.EXACT, in, x -> f.apply(x.get(0), x.get(1)),
          x -> {
            Shape s = common(x);
            HostArray a = stretch(x.get(0), s);
            HostArray b = stretch(x.get(1), s);
            return HostArray.integers(t, s, i -> oracle.applyAsLong(a.integer(i), b.integer(i)));
          });
    }
  }

  private static void logic(CaseList c, String op, BinaryOperator<Tensor> f, LongBinaryOperator oracle) {
    integers(c, op, f, oracle);
    integer(c, op, DType.BOOL, f, oracle);
  }

  private static void shifts(CaseList c) {
    for (DType t : CaseList.INTEGERS) {
      int bits = 8 * t.byteSize();
      integer(c, "shiftLeft", t, Tensor::shiftLeft, (x, y) -> y < 0 || y >= bits ? 0 : x << y);
      integer(c, "shiftRight", t, Tensor::shiftRight, (x, y) -> y < 0 || y >= bits ? x < 0 ? -1 : 0 : x >> y);
    }
  }

  private static void compare(CaseList c, String op, BinaryOperator<Tensor> f, Comparison oracle) {
    for (DType t : CaseList.ALL) {
      for (List<InputSpec> in : inputs(t)) {
        c.add(op, variant(in), t, Tolerance.EXACT, in, x -> f.apply(x.get(0), x.get(1)),
            x -> {
              Shape s = common(x);
              HostArray a = stretch(x.get(0), s);
              HostArray b = stretch(x.get(1), s);
              return HostArray.bools(s, i -> oracle.test(order(a, b, i), unordered(a, b, i)));
            });
      }
    }
  }

  private static boolean unordered(HostArray a, HostArray b, int i) {
    return Double.isNaN(a.real(i)) || Double.isNaN(b.real(i));
  }

  private static int order(HostArray a, HostArray b, int i) {
    if (!a.dtype().isFloat()) {
      return Long.compare(a.integer(i), b.integer(i));
    }
    return a.real(i) < b.real(i) ? -1 : a.real(i) > b.real(i) ? 1 : 0;
  }

  private static void ternary(CaseList c) {
    for (DType t : CaseList.ALL) {
      int n = t.isFloat() ? Formats.specialFloats(t).length : Formats.specialIntegers(t).length;
      InputSpec special = InputSpec.of(t, (long) n * n);
      where(c, t, InputSpec.of(DType.BOOL, 4, 5), InputSpec.of(t, 4, 5), InputSpec.of(t, 5));
      where(c, t, InputSpec.of(DType.BOOL, (long) n * n), special.values(InputSpec.Values.SPECIAL_FAST),
          special.values(InputSpec.Values.SPECIAL_SLOW));
      where(c, t, InputSpec.of(DType.BOOL, 0), InputSpec.of(t, 1), InputSpec.of(t));
    }
    for (DType t : CaseList.FLOATS) {
      Tolerance tolerance = t == DType.F64 ? Tolerance.EXACT : Tolerance.ulps(t == DType.F32 ? 0.5001 : 0.502);
      fma(c, t, "range", tolerance, InputSpec.of(t, 7, 11), InputSpec.of(t, 7, 11), InputSpec.of(t, 11));
      int n = Formats.specialFloats(t).length;
      InputSpec s = InputSpec.of(t, (long) n * n);
      InputSpec fast = s.values(InputSpec.Values.SPECIAL_FAST);
      InputSpec slow = s.values(InputSpec.Values.SPECIAL_SLOW);
      fma(c, t, "special", tolerance, fast, slow, fast);
      fma(c, t, "exchanged", tolerance, fast, fast, slow);
      clip(c, t, InputSpec.of(t, 5, 5));
      clip(c, t, InputSpec.of(t, n).values(InputSpec.Values.SPECIAL_FAST));
      c.add("lerp", "range", t, Tolerance.composite(t, 8),
          List.of(InputSpec.of(t, 9), InputSpec.of(t, 9), InputSpec.of(t, 9).range(0, 1)),
          x -> x.get(0).lerp(x.get(1), x.get(2)),
          x -> HostArray.reals(t, Shape.of(9), i -> x.get(0).real(i)
              + x.get(2).real(i) * Formats.round(t, x.get(1).real(i) - x.get(0).real(i))));
    }
  }

  private static void clip(CaseList c, DType t, InputSpec in) {
    c.add("clip", UnaryCases.variant(in), t, Tolerance.EXACT, List.of(in), x -> x.getFirst().clip(-1.5, 2),
        x -> HostArray.reals(t, in.shape(), i -> Math.min(Math.max(x.getFirst().real(i), -1.5), 2)));
  }

  private static void where(CaseList c, DType t, InputSpec condition, InputSpec a, InputSpec b) {
    c.add("where", UnaryCases.variant(a), t, Tolerance.EXACT, List.of(condition, a, b),
        x -> Tensor.where(x.get(0), x.get(1), x.get(2)),
        x -> {
          Shape s = common(x);
          HostArray p = stretch(x.get(0), s);
          HostArray q = stretch(x.get(1), s);
          HostArray r = stretch(x.get(2), s);
          return t.isFloat()
              ? HostArray.reals(t, s, i -> p.integer(i) != 0 ? q.real(i) : r.real(i))
              : HostArray.integers(t, s, i -> p.integer(i) != 0 ? q.integer(i) : r.integer(i));
        });
  }

  private static void fma(CaseList c, DType t, String variant, Tolerance tolerance, InputSpec... in) {
    c.add("fma", variant, t, tolerance, List.of(in), x -> x.get(0).fma(x.get(1), x.get(2)),
        x -> {
          Shape s = common(x);
          HostArray z = stretch(x.get(2), s);
          return HostArray.reals(t, s, i -> Math.fma(x.get(0).real(i), x.get(1).real(i), z.real(i)));
        });
  }
}
