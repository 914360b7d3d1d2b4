package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;

/** Reductions and scans. */
final class ReductionCases {
  private static final List<DType> WIDE = List.of(DType.F64, DType.F32);

  private ReductionCases() {}

  /** How a reduction is called. */
  @FunctionalInterface
  private interface Reduction {
    Tensor apply(Tensor x, int... axes);
  }

  /** A reduction in both forms. */
  private record Forms(String op, Reduction drop, Reduction keep) {
    Tensor apply(Tensor x, boolean kept, int... axes) {
      return (kept ? keep : drop).apply(x, axes);
    }
  }

  /** What is reduced: the input, and the axes. */
  private record Geometry(InputSpec in, boolean keep, int... axes) {
    /** The number of elements that are combined. */
    long length() {
      boolean[] gone = Coordinates.named(in.shape(), axes);
      long n = 1;
      for (int i = 0; i < gone.length; i++) {
        n *= gone[i] ? in.shape().dim(i) : 1;
      }
      return n;
    }

    double magnitude() {
      return Math.max(Math.abs(in.low()), Math.abs(in.high()));
    }

    String variant() {
      StringBuilder s = new StringBuilder(UnaryCases.variant(in));
      for (int a : axes) {
        s.append(s.indexOf(" axes") < 0 ? " axes " : ",").append(a);
      }
      return s.append(keep ? " keep" : "").toString();
    }
  }

  /** The tolerance of a float reduction. */
  @FunctionalInterface
  private interface Allowance {
    Tolerance of(DType t, Geometry g);
  }

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Reductions and scans", all);
    Forms sum = new Forms("sum", Tensor::sum, Tensor::sumKeep);
    Forms prod = new Forms("prod", Tensor::prod, Tensor::prodKeep);
    Forms min = new Forms("min", Tensor::min, Tensor::minKeep);
    Forms max = new Forms("max", Tensor::max, Tensor::maxKeep);
    floats(c, sum, ReductionCases::sumTolerance, true, Lines::sum);
    integers(c, sum, DType.I64, Long::sum, 0);
    order(c, sum, Double::sum, 0, -4, 4);
    floats(c, prod, ReductionCases::prodTolerance, true, Lines::prod);
    integers(c, prod, DType.I64, (a, b) -> a * b, 1);
    order(c, prod, (a, b) -> a * b, 1, 0.9, 1.1);
    floats(c, min, (_, _) -> Tolerance.EXACT, false, x -> fold(Math::min, x));
    extremes(c, min, Math::min);
    floats(c, max, (_, _) -> Tolerance.EXACT, false, x -> fold(Math::max, x));
    extremes(c, max, Math::max);
    statistics(c);
    pairs(c, sum, prod, min, max);
    truth(c);
    ArgumentAndScanCases.add(c);
  }

  static double fold(DoubleBinaryOperator op, double... x) {
    double r = x[0];
    for (double v : x) {
      r = op.applyAsDouble(r, v);
    }
    return r;
  }

  private static Tolerance sumTolerance(DType t, Geometry g) {
    double terms = g.length() * g.magnitude();
    return new Tolerance(1, Formats.epsilon(t.compute()) / 2 * Lines.roundings(g.length()) * terms);
  }

  private static Tolerance prodTolerance(DType t, Geometry g) {
    return Tolerance.ulps(1 + g.length() * Formats.epsilon(t.compute()) / Formats.epsilon(t));
  }

  private static void statistics(CaseList c) {
    floats(c, new Forms("mean", Tensor::mean, Tensor::meanKeep),
        (t, g) -> new Tolerance(2, narrowStep(t, g, 1) * g.magnitude()), true, Lines::mean);
    Forms variance = new Forms("var", Tensor::var, Tensor::varKeep);
    floats(c, variance, (t, g) -> new Tolerance(2, narrowStep(t, g, 8) * g.magnitude() * g.magnitude()), true,
        x -> Lines.deviations(x) / x.length);
    Forms deviation = new Forms("std", Tensor::std, Tensor::stdKeep);
    floats(c, deviation, (t, g) -> new Tolerance(2, narrowStep(t, g, 8) * g.magnitude()), true,
        x -> Math.sqrt(Lines.deviations(x) / x.length));
    floats(c, new Forms("norm", Tensor::norm, Tensor::normKeep),
        (t, g) -> new Tolerance(2, narrowStep(t, g, 4) * g.magnitude() * Math.sqrt(g.length())), true, Lines::norm);
    floats(c, new Forms("logSumExp", Tensor::logSumExp, Tensor::logSumExpKeep),
        (t, g) -> new Tolerance(2, narrowStep(t, g, 16)), true, Lines::logSumExp);
    for (DType t : CaseList.FLOATS) {
      c.smooth();
      corrected(c, t, 1, "divisor n - 1");
      corrected(c, t, 0.5, "divisor n - 0.5");
      c.constant();
      corrected(c, t, 5, "divisor 0");
      corrected(c, t, 9, "divisor below 0");
    }
  }

  /** The relative error of a sum, and of some steps more, in the compute type. */
  private static double narrowStep(DType t, Geometry g, double more) {
    return Formats.epsilon(t.compute()) * (Lines.roundings(g.length()) + more);
  }

  private static void corrected(CaseList c, DType t, double correction, String variant) {
    InputSpec in = InputSpec.of(t, 4, 5);
    Geometry g = new Geometry(in, false, 1);
    Tolerance near = new Tolerance(2, narrowStep(t, g, 8) * 16 * 2);
    double divisor = Math.max(0, 5 - correction);
    c.add("var", variant, t, near, List.of(in), x -> x.getFirst().var(new int[] {1}, correction),
        x -> reals(t, g, x.getFirst(), line -> Lines.deviations(line) / divisor));
    c.add("std", variant, t, near, List.of(in), x -> x.getFirst().std(new int[] {-1}, correction),
        x -> reals(t, g, x.getFirst(), line -> Math.sqrt(Lines.deviations(line) / divisor)));
  }

  private static void floats(
      CaseList c, Forms f, Allowance allowance, boolean ofNone, ToDoubleFunction<double[]> oracle) {
    for (DType t : CaseList.FLOATS) {
      boolean product = f.op.equals("prod");
      c.smooth();
      floats(c, f, new Geometry(InputSpec.of(t, 3, 4, 5), true, 0, -1), allowance, oracle);
      if (WIDE.contains(t)) {
        floats(c, f, new Geometry(InputSpec.of(t, 4, 5), false, 1), allowance, oracle);
        floats(c, f, new Geometry(InputSpec.of(t, 2, 3, 1, 2, 3), false), allowance, oracle);
        floats(c, f, new Geometry(InputSpec.of(t, 0, 3), false, 1), allowance, oracle);
        c.constant();
        // The root of a variance that is 0 has no gradient.
        floats(c, f, new Geometry(InputSpec.of(t), false), allowance, oracle);
        floats(c, f, new Geometry(InputSpec.of(t, 7, 1), false, 1), allowance, oracle);
        InputSpec column = InputSpec.of(t, 1000, 3);
        floats(c, f, new Geometry(product ? column.range(0.98, 1.02) : column, false, 0), allowance, oracle);
      }
      c.constant();
      InputSpec line = InputSpec.of(t, t == DType.F64 ? 9001 : 5003);
      floats(c, f, new Geometry(product ? line.range(0.99, 1.01) : line, false), allowance, oracle);
      if (ofNone) {
        floats(c, f, new Geometry(InputSpec.of(t, 3, 0), false, 1), allowance, oracle);
      }
    }
  }

  private static void floats(
      CaseList c, Forms f, Geometry g, Allowance allowance, ToDoubleFunction<double[]> oracle) {
    DType t = g.in.dtype();
    c.add(f.op, g.variant(), t, allowance.of(t, g), List.of(g.in), x -> f.apply(x.getFirst(), g.keep, g.axes),
        x -> reals(t, g, x.getFirst(), oracle));
  }

  private static HostArray reals(DType t, Geometry g, HostArray x, ToDoubleFunction<double[]> oracle) {
    int[][] groups = Coordinates.groups(x.shape(), g.axes);
    return HostArray.reals(t, Coordinates.without(x.shape(), g.keep, g.axes),
        i -> oracle.applyAsDouble(line(x, groups[i])));
  }

  private static double[] line(HostArray x, int[] group) {
    double[] line = new double[group.length];
    for (int i = 0; i < line.length; i++) {
      line[i] = x.real(group[i]);
    }
    return line;
  }

  private static HostArray longs(DType result, Geometry g, HostArray x, ToLongFunction<int[]> oracle) {
    int[][] groups = Coordinates.groups(x.shape(), g.axes);
    return HostArray.integers(result, Coordinates.without(x.shape(), g.keep, g.axes), i -> oracle.applyAsLong(groups[i]));
  }

  private static void integers(CaseList c, Forms f, DType result, LongBinaryOperator op, long identity) {
    for (DType t : CaseList.ALL) {
      if (t.isFloat()) {
        continue;
      }
      InputSpec bits = InputSpec.of(t, 3, 7, 5).values(InputSpec.Values.BITS);
      integers(c, f, new Geometry(bits, true, 0, 2), result, op, identity);
      if (t == DType.I64 || t == DType.U8) {
        integers(c, f, new Geometry(InputSpec.of(t, 5003).values(InputSpec.Values.BITS), false), result, op, identity);
        integers(c, f, new Geometry(InputSpec.of(t, 3, 0), false, 1), result, op, identity);
        integers(c, f, new Geometry(InputSpec.of(t, 0, 3), true, 1), result, op, identity);
        integers(c, f, new Geometry(InputSpec.of(t), false), result, op, identity);
      }
    }
  }

  private static void integers(CaseList c, Forms f, Geometry g, DType result, LongBinaryOperator op, long identity) {
    c.add(f.op, g.variant(), g.in.dtype(), Tolerance.EXACT, List.of(g.in),
        x -> f.apply(x.getFirst(), g.keep, g.axes),
        x -> longs(result, g, x.getFirst(), group -> {
          long r = identity;
          for (int i : group) {
            r = op.applyAsLong(r, x.getFirst().integer(i));
          }
          return r;
        }));
  }

  private static void extremes(CaseList c, Forms f, LongBinaryOperator op) {
    for (DType t : CaseList.ALL) {
      if (t.isFloat()) {
        continue;
      }
      long identity = op.applyAsLong(0, 1) == 0 ? Formats.greatest(t) : Formats.least(t);
      InputSpec bits = InputSpec.of(t, 3, 7, 5).values(InputSpec.Values.BITS);
      integers(c, f, new Geometry(bits, true, 0, 2), t, op, identity);
      if (t == DType.I64 || t == DType.U8) {
        integers(c, f, new Geometry(InputSpec.of(t, 5003).values(InputSpec.Values.BITS), false), t, op, identity);
        integers(c, f, new Geometry(InputSpec.of(t, 0, 3), true, 1), t, op, identity);
      }
    }
  }

  /** The order of combination is part of the semantics: here the bits are those of the order, not of the exact result. */
  private static void order(CaseList c, Forms f, DoubleBinaryOperator op, double identity, double low, double high) {
    c.constant();
    for (DType t : CaseList.FLOATS) {
      for (int n : WIDE.contains(t) ? new int[] {63, 64, 4097, 9001} : new int[] {1000}) {
        InputSpec in = InputSpec.of(t, n).range(low, high);
        c.add(f.op, "order of " + n, t, Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst(), false),
            x -> reals(t, new Geometry(in, false), x.getFirst(), line -> Lines.tree(t.compute(), line, op, identity)));
      }
      InputSpec in = InputSpec.of(t, 10, 3, 20).range(low, high);
      c.add(f.op, "order of two axes", t, Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst(), false, 0, 2),
          x -> reals(t, new Geometry(in, false, 0, 2), x.getFirst(),
              line -> Lines.tree(t.compute(), line, op, identity)));
    }
  }

  /** Every special value with every other: two rows, reduced to one, step by step as the definition says. */
  private static void pairs(CaseList c, Forms sum, Forms prod, Forms min, Forms max) {
    c.constant();
    for (DType t : CaseList.FLOATS) {
      DType wide = t.compute();
      pairs(c, t, sum.op, x -> x.sum(0), (a, b) -> 0.0 + a + b);
      pairs(c, t, prod.op, x -> x.prod(0), (a, b) -> a * b);
      pairs(c, t, min.op, x -> x.min(0), Math::min);
      pairs(c, t, max.op, x -> x.max(0), Math::max);
      pairs(c, t, "mean", x -> x.mean(0), (a, b) -> mean(wide, a, b));
      pairs(c, t, "var", x -> x.var(0), (a, b) -> variance(wide, a, b));
      pairs(c, t, "std", x -> x.std(0), (a, b) -> Math.sqrt(Formats.round(wide, variance(wide, a, b))));
      pairs(c, t, "norm", x -> x.norm(0),
          (a, b) -> Math.sqrt(Formats.round(wide, Formats.round(wide, a * a) + Formats.round(wide, b * b))));
      pairs(c, t, "logSumExp", x -> x.logSumExp(0), Lines::logSumExp);
    }
  }

  private static double mean(DType wide, double a, double b) {
    return Formats.round(wide, Formats.round(wide, 0.0 + a + b) / 2);
  }

  private static double variance(DType wide, double a, double b) {
    double m = mean(wide, a, b);
    double p = Formats.round(wide, a - m);
    double q = Formats.round(wide, b - m);
    return Formats.round(wide, Formats.round(wide, p * p) + Formats.round(wide, q * q)) / 2;
  }

  private static void pairs(CaseList c, DType t, String op, UnaryOperator<Tensor> f, DoubleBinaryOperator oracle) {
    int n = Formats.specialFloats(t).length;
    InputSpec s = InputSpec.of(t, (long) n * n);
    List<InputSpec> in = List.of(s.values(InputSpec.Values.SPECIAL_FAST), s.values(InputSpec.Values.SPECIAL_SLOW));
    Tolerance tolerance =
        op.equals("logSumExp") ? new Tolerance(2, 4 * Formats.epsilon(t.compute())) : Tolerance.EXACT;
    c.add(op, "special pairs", t, tolerance, in, x -> f.apply(Tensor.stack(0, x)),
        x -> HostArray.reals(t, s.shape(), i -> oracle.applyAsDouble(x.get(0).real(i), x.get(1).real(i))));
  }

  private static void truth(CaseList c) {
    c.constant();
    Forms any = new Forms("any", Tensor::any, Tensor::anyKeep);
    Forms every = new Forms("all", Tensor::all, Tensor::allKeep);
    Forms count = new Forms("countNonzero", Tensor::countNonzero, (_, _) -> {
      throw new IllegalStateException("countNonzero has no such form");
    });
    for (DType t : CaseList.ALL) {
      InputSpec few = InputSpec.of(t, 4, 1, 3).range(t == DType.U8 || t == DType.BOOL ? 0 : -1, 1);
      InputSpec special = InputSpec.of(t, 25, 1).values(InputSpec.Values.SPECIAL_FAST);
      for (Geometry g : List.of(new Geometry(few, true, 0, 1), new Geometry(special, false, 1))) {
        if (t.isFloat() || g.keep) {
          truth(c, g, any, every);
          count(c, count, new Geometry(g.in, false, g.axes));
        }
      }
      if (t == DType.F32 || t == DType.I64) {
        for (InputSpec in : List.of(InputSpec.of(t, 3, 0), InputSpec.of(t, 0, 3), InputSpec.of(t, 2, 5003))) {
          truth(c, new Geometry(in, false, 1), any, every);
          count(c, count, new Geometry(in, false, 1));
        }
        truth(c, new Geometry(InputSpec.of(t), false), any, every);
      }
    }
  }

  private static boolean nonzero(HostArray x, int i) {
    return x.real(i) != 0;
  }

  private static void truth(CaseList c, Geometry g, Forms any, Forms every) {
    for (Forms f : List.of(any, every)) {
      boolean wanted = f == any;
      c.add(f.op, g.variant(), g.in.dtype(), Tolerance.EXACT, List.of(g.in),
          x -> f.apply(x.getFirst(), g.keep, g.axes),
          x -> longs(DType.BOOL, g, x.getFirst(), group -> {
            for (int i : group) {
              if (nonzero(x.getFirst(), i) == wanted) {
                return wanted ? 1 : 0;
              }
            }
            return wanted ? 0 : 1;
          }));
    }
  }

  private static void count(CaseList c, Forms f, Geometry g) {
    c.add(f.op, g.variant(), g.in.dtype(), Tolerance.EXACT, List.of(g.in), x -> f.apply(x.getFirst(), false, g.axes),
        x -> longs(DType.I64, g, x.getFirst(), group -> {
          long n = 0;
          for (int i : group) {
            n += nonzero(x.getFirst(), i) ? 1 : 0;
          }
          return n;
        }));
  }
}
