package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.UnaryOperator;

/** The positions of extremes, and running combinations: what goes along one axis. */
final class ArgumentAndScanCases {
  private ArgumentAndScanCases() {}

  static void add(CaseList c) {
    c.constant();
    for (DType t : CaseList.ALL) {
      arguments(c, "argmin", t, false, Tensor::argmin, Tensor::argmin);
      arguments(c, "argmax", t, true, Tensor::argmax, Tensor::argmax);
    }
    scans(c, "cumulativeSum", Tensor::cumulativeSum, Double::sum, Long::sum);
    scans(c, "cumulativeProd", Tensor::cumulativeProd, (a, b) -> a * b, (a, b) -> a * b);
    scans(c, "cumulativeMin", Tensor::cumulativeMin, Math::min, Math::min);
    scans(c, "cumulativeMax", Tensor::cumulativeMax, Math::max, Math::max);
  }

  private static void arguments(
      CaseList c, String op, DType t, boolean greatest, BiFunction<Tensor, Integer, Tensor> f, UnaryOperator<Tensor> flat) {
    double low = t == DType.U8 || t == DType.BOOL ? 0 : -1;
    // A few integers, so that most extremes occur several times; floats are rounded to them.
    argument(c, op, "ties", InputSpec.of(t, 5, 9, 2).range(low, 1), 1, greatest, x -> f.apply(round(x), 1));
    argument(c, op, "bits", InputSpec.of(t, 3, 40).values(InputSpec.Values.BITS), -1, greatest, x -> f.apply(x, -1));
    if (t.isFloat()) {
      int n = Formats.specialFloats(t).length;
      InputSpec s = InputSpec.of(t, n, n);
      argument(c, op, "special", s.values(InputSpec.Values.SPECIAL_SLOW), 0, greatest, x -> f.apply(x, 0));
      specialPairs(c, op, t, greatest, f);
    }
    if (t == DType.F32 || t == DType.I64) {
      argument(c, op, "long", InputSpec.of(t, 5003), 0, greatest, x -> f.apply(x, 0));
      argument(c, op, "rows", InputSpec.of(t, 18, 70).values(InputSpec.Values.BITS), 1, greatest, x -> f.apply(x, 1));
      argument(c, op, "one", InputSpec.of(t, 4, 1), 1, greatest, x -> f.apply(x, 1));
      argument(c, op, "none", InputSpec.of(t, 0, 4), 1, greatest, x -> f.apply(x, 1));
      whole(c, op, InputSpec.of(t, 6, 7, 2), greatest, flat);
      whole(c, op, InputSpec.of(t), greatest, flat);
    }
  }

  private static Tensor round(Tensor x) {
    return x.dtype().isFloat() ? x.round() : x;
  }

  private static void argument(
      CaseList c, String op, String variant, InputSpec in, int axis, boolean greatest, UnaryOperator<Tensor> f) {
    boolean ties = variant.equals("ties");
    c.add(op, variant + in.shape(), in.dtype(), Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst()),
        x -> positions(x.getFirst(), axis, greatest, ties));
  }

  private static HostArray positions(HostArray x, int axis, boolean greatest, boolean rounded) {
    int[][] groups = Coordinates.groups(x.shape(), axis);
    return HostArray.integers(DType.I64, Coordinates.without(x.shape(), false, axis),
        i -> position(x, groups[i], greatest, rounded));
  }

  private static int position(HostArray x, int[] group, boolean greatest, boolean rounded) {
    double[] reals = new double[group.length];
    long[] integers = new long[group.length];
    for (int k = 0; k < group.length; k++) {
      if (x.dtype().isFloat()) {
        reals[k] = rounded ? Math.rint(x.real(group[k])) : x.real(group[k]);
      } else {
        integers[k] = x.integer(group[k]);
      }
    }
    return x.dtype().isFloat() ? Lines.first(reals, greatest) : Lines.first(integers, greatest);
  }

  /** Every special value with every other: zeros of both signs are equal, and NaN comes first. */
  private static void specialPairs(
      CaseList c, String op, DType t, boolean greatest, BiFunction<Tensor, Integer, Tensor> f) {
    int n = Formats.specialFloats(t).length;
    InputSpec s = InputSpec.of(t, (long) n * n);
    List<InputSpec> in = List.of(s.values(InputSpec.Values.SPECIAL_FAST), s.values(InputSpec.Values.SPECIAL_SLOW));
    c.add(op, "special pairs", t, Tolerance.EXACT, in, x -> f.apply(Tensor.stack(1, x), 1),
        x -> HostArray.integers(DType.I64, s.shape(),
            i -> Lines.first(new double[] {x.get(0).real(i), x.get(1).real(i)}, greatest)));
  }

  private static void whole(CaseList c, String op, InputSpec in, boolean greatest, UnaryOperator<Tensor> f) {
    int[] every = new int[(int) in.shape().size()];
    for (int i = 0; i < every.length; i++) {
      every[i] = i;
    }
    c.add(op, "flattened" + in.shape(), in.dtype(), Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst()),
        x -> HostArray.integers(DType.I64, Shape.SCALAR, _ -> position(x.getFirst(), every, greatest, false)));
  }

  private static void scans(
      CaseList c, String op, BiFunction<Tensor, Integer, Tensor> f, DoubleBinaryOperator reals, LongBinaryOperator integers) {
    for (DType t : CaseList.FLOATS) {
      boolean prod = op.equals("cumulativeProd");
      c.smooth();
      scan(c, op, t, InputSpec.of(t, 3, 5, 2), 1, f, reals);
      c.constant();
      InputSpec line = InputSpec.of(t, 2, 1000);
      scan(c, op, t, prod ? line.range(0.9, 1.1) : line, -1, f, reals);
      int n = Formats.specialFloats(t).length;
      scan(c, op, t, InputSpec.of(t, 3, 2L * n).values(InputSpec.Values.SPECIAL_FAST), 0, f, reals);
      pairs(c, op, t, f, reals);
      if (t == DType.F64 || t == DType.F32) {
        scan(c, op, t, InputSpec.of(t, 65, 3), 0, f, reals);
        scan(c, op, t, InputSpec.of(t, 4, 1), 1, f, reals);
        scan(c, op, t, InputSpec.of(t, 4, 0), 1, f, reals);
        scan(c, op, t, InputSpec.of(t, 0, 4), 1, f, reals);
      }
    }
    boolean narrow = op.endsWith("Min") || op.endsWith("Max");
    for (DType t : narrow ? CaseList.INTEGERS : CaseList.ALL) {
      if (!t.isFloat()) {
        DType result = narrow ? t : DType.I64;
        integers(c, op, InputSpec.of(t, 3, 70).values(InputSpec.Values.BITS), result, 1, f, integers);
        if (t == DType.I64 || t == DType.U8) {
          integers(c, op, InputSpec.of(t, 5, 2, 3), result, -3, f, integers);
        }
      }
    }
  }

  private static void scan(
      CaseList c,
      String op,
      DType t,
      InputSpec in,
      int axis,
      BiFunction<Tensor, Integer, Tensor> f,
      DoubleBinaryOperator oracle) {
    c.add(op, UnaryCases.variant(in) + " axis " + axis, t, Tolerance.EXACT, List.of(in),
        x -> f.apply(x.getFirst(), axis),
        x -> {
          int[][] groups = Coordinates.groups(in.shape(), axis);
          double[] out = new double[x.getFirst().size()];
          for (int[] group : groups) {
            double[] line = new double[group.length];
            for (int k = 0; k < line.length; k++) {
              line[k] = x.getFirst().real(group[k]);
            }
            double[] done = Lines.scan(t.compute(), line, oracle);
            for (int k = 0; k < line.length; k++) {
              out[group[k]] = done[k];
            }
          }
          return HostArray.reals(t, in.shape(), i -> out[i]);
        });
  }

  private static void pairs(
      CaseList c, String op, DType t, BiFunction<Tensor, Integer, Tensor> f, DoubleBinaryOperator oracle) {
    int n = Formats.specialFloats(t).length;
    int size = n * n;
    InputSpec s = InputSpec.of(t, size);
    List<InputSpec> in = List.of(s.values(InputSpec.Values.SPECIAL_FAST), s.values(InputSpec.Values.SPECIAL_SLOW));
    c.add(op, "special pairs", t, Tolerance.EXACT, in, x -> f.apply(Tensor.stack(0, x), 0),
        x -> HostArray.reals(t, Shape.of(2, size),
            i -> i < size ? x.get(0).real(i) : oracle.applyAsDouble(x.get(0).real(i - size), x.get(1).real(i - size))));
  }

  private static void integers(
      CaseList c,
      String op,
      InputSpec in,
      DType result,
      int axis,
      BiFunction<Tensor, Integer, Tensor> f,
      LongBinaryOperator oracle) {
    c.add(op, UnaryCases.variant(in) + " axis " + axis, in.dtype(), Tolerance.EXACT, List.of(in),
        x -> f.apply(x.getFirst(), axis),
        x -> {
          long[] out = new long[x.getFirst().size()];
          for (int[] group : Coordinates.groups(in.shape(), axis)) {
            long r = 0;
            for (int k = 0; k < group.length; k++) {
              long v = x.getFirst().integer(group[k]);
              r = k == 0 ? v : oracle.applyAsLong(r, v);
              out[group[k]] = r;
            }
          }
          return HostArray.integers(result, in.shape(), i -> out[i]);
        });
  }
}
