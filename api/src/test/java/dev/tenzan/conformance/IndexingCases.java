package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.IntPredicate;
import java.util.function.LongBinaryOperator;

/** Indexing by tensors, scattering, sorting, and the operations whose result's shape depends on elements. */
final class IndexingCases {
  private IndexingCases() {}

  /** An axis of a row-major shape: the extents before it, its own, and the extents behind it. */
  private record Line(int outer, int extent, int inner) {
    static Line of(Shape s, int axis) {
      long before = s.subShape(0, axis).size();
      return new Line((int) before, (int) s.dim(axis), (int) s.subShape(axis + 1, s.rank()).size());
    }

    /** The coordinate along the axis of a row-major element. */
    int coordinate(int i) {
      return i / inner % extent;
    }

    /** The element of this line which, the axis aside, has the coordinates that element {@code i} has in another. */
    int move(int i, Line from, long coordinate) {
      return (int) ((i / from.inner / from.extent * extent + coordinate) * inner + i % inner);
    }
  }

  /** One of the scattering methods. */
  @FunctionalInterface
  private interface Scatter {
    Tensor apply(Tensor base, int axis, Tensor indices, Tensor updates);
  }

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Indexing and sorting", all);
    takes(c);
    takesAlongAxis(c);
    indexes(c);
    masks(c);
    scatters(c);
    sorts(c);
    c.constant();
    oneHots(c);
    nonzeros(c);
    argsorts(c);
    uniques(c);
  }

  /** Any elements; for f64 such that gradients can be checked. */
  private static InputSpec elements(DType t, long... dims) {
    InputSpec in = InputSpec.of(t, dims);
    return t == DType.F64 ? in : in.values(InputSpec.Values.BITS);
  }

  private static InputSpec indices(DType t, long extent, long... dims) {
    return InputSpec.of(t, dims).range(0, extent - 1);
  }

  private static void takes(CaseList c) {
    for (DType t : CaseList.ALL) {
      take(c, "axis1", elements(t, 4, 5, 3), indices(DType.I64, 5, 6), 1);
      take(c, "rows", elements(t, 40, 33), indices(DType.I64, 40, 100), 0);
    }
    for (DType t : List.of(DType.F64, DType.F32)) {
      take(c, "last", elements(t, 3, 4), indices(DType.I64, 4, 5), -1);
      take(c, "matrixOfIndices", elements(t, 3, 4, 2), indices(DType.I64, 4, 2, 3), 1);
      take(c, "oneIndex", elements(t, 3, 4), indices(DType.I64, 4), 1);
      take(c, "noIndex", elements(t, 3, 4), indices(DType.I64, 4, 0), 0);
      take(c, "noElement", elements(t, 3, 0), indices(DType.I64, 3, 5), 0);
      take(c, "noIndexOfNone", elements(t, 0, 2), indices(DType.I64, 1, 0), 0);
      for (DType i : CaseList.INTEGERS) {
        take(c, "indices" + i, elements(t, 9), indices(i, 9, 12), 0);
      }
    }
  }

  private static void take(CaseList c, String variant, InputSpec in, InputSpec index, int axis) {
    int a = Math.floorMod(axis, in.shape().rank());
    Line from = Line.of(in.shape(), a);
    Shape out = in.shape().subShape(0, a).concat(index.shape()).concat(in.shape().subShape(a + 1, in.shape().rank()));
    Line to = new Line(from.outer, index.shape().rank() == 0 ? 1 : (int) index.shape().size(), from.inner);
    c.add("take", variant, in.dtype(), Tolerance.EXACT, List.of(in, index), x -> x.get(0).take(x.get(1), axis),
        x -> x.get(0).pick(out, i -> from.move(i, to, x.get(1).integer(to.coordinate(i)))));
  }

  private static void takesAlongAxis(CaseList c) {
    for (DType t : CaseList.ALL) {
      takeAlongAxis(c, "axis1", elements(t, 3, 4, 5), indices(DType.I64, 4, 3, 2, 5), 1, 3, 2, 5);
    }
    for (DType t : List.of(DType.F64, DType.F32)) {
      takeAlongAxis(c, "axis0", elements(t, 3, 4), indices(DType.I32, 3, 7, 4), 0, 7, 4);
      takeAlongAxis(c, "last", elements(t, 3, 4), indices(DType.U8, 4, 3, 2), -1, 3, 2);
      takeAlongAxis(c, "indicesStretched", elements(t, 3, 4, 2), indices(DType.I64, 4, 1, 3, 1), 1, 3, 3, 2);
      takeAlongAxis(c, "elementsStretched", elements(t, 1, 4, 2), indices(DType.I64, 4, 3, 3, 2), 1, 3, 3, 2);
      takeAlongAxis(c, "bothStretched", elements(t, 1, 4, 2), indices(DType.I64, 4, 3, 3, 1), 1, 3, 3, 2);
      takeAlongAxis(c, "noIndex", elements(t, 3, 4), indices(DType.I64, 4, 3, 0), 1, 3, 0);
    }
  }

  private static void takeAlongAxis(CaseList c, String variant, InputSpec in, InputSpec index, int axis, long... dims) {
    int a = Math.floorMod(axis, in.shape().rank());
    Shape out = Shape.of(dims);
    Shape wide = out.withDim(a, in.shape().dim(a));
    Line from = Line.of(wide, a);
    Line to = Line.of(out, a);
    c.add("takeAlongAxis", variant, in.dtype(), Tolerance.EXACT, List.of(in, index),
        x -> x.get(0).takeAlongAxis(x.get(1), axis),
        x -> {
          HostArray at = BinaryCases.stretch(x.get(1), out);
          return BinaryCases.stretch(x.get(0), wide).pick(out, i -> from.move(i, to, at.integer(i)));
        });
  }

  private static void indexes(CaseList c) {
    for (DType t : CaseList.ALL) {
      index(c, "pairs", Shape.of(7), elements(t, 3, 4, 2), indices(DType.I64, 3, 7), indices(DType.I64, 4, 7));
    }
    for (DType t : List.of(DType.F64, DType.F32)) {
      index(c, "rows", Shape.of(2, 3), elements(t, 5, 4), indices(DType.I16, 5, 2, 3));
      index(c, "stretched", Shape.of(2, 3), elements(t, 3, 4, 2), indices(DType.I64, 3, 2, 1), indices(DType.I32, 4, 3));
      index(c, "elements", Shape.of(5), elements(t, 3, 4, 2), indices(DType.I64, 3, 5), indices(DType.I64, 4),
          indices(DType.I64, 2, 5));
      index(c, "none", Shape.of(0), elements(t, 3, 4), indices(DType.I64, 3, 0), indices(DType.I64, 4, 1));
    }
  }

  private static void index(CaseList c, String variant, Shape common, InputSpec in, InputSpec... coordinates) {
    Shape s = in.shape();
    Shape slice = s.subShape(coordinates.length, s.rank());
    int inner = (int) slice.size();
    List<InputSpec> inputs = new ArrayList<>(List.of(in));
    inputs.addAll(List.of(coordinates));
    c.add("index", variant, in.dtype(), Tolerance.EXACT, inputs,
        x -> x.get(0).index(x.subList(1, x.size()).toArray(Tensor[]::new)),
        x -> {
          List<HostArray> at = x.subList(1, x.size()).stream().map(k -> BinaryCases.stretch(k, common)).toList();
          return x.get(0).pick(common.concat(slice), i -> {
            long row = 0;
            for (int k = 0; k < at.size(); k++) {
              row = row * s.dim(k) + at.get(k).integer(i / inner);
            }
            return (int) (row * inner + i % inner);
          });
        });
  }

  private static void masks(CaseList c) {
    InputSpec mask = InputSpec.of(DType.BOOL, 4, 6);
    for (DType t : CaseList.ALL) {
      maskedSelect(c, "mask", elements(t, 4, 6), mask);
    }
    for (DType t : List.of(DType.F64, DType.F32)) {
      maskedSelect(c, "stretched", elements(t, 4, 6), InputSpec.of(DType.BOOL, 6));
      maskedSelect(c, "none", elements(t, 4, 6), mask.range(0, 0));
      maskedSelect(c, "all", elements(t, 4, 6), mask.range(1, 1));
      maskedSelect(c, "empty", elements(t, 0, 6), InputSpec.of(DType.BOOL, 0, 6));
      maskedSelect(c, "oneElement", elements(t), InputSpec.of(DType.BOOL).range(1, 1));
    }
  }

  private static void maskedSelect(CaseList c, String variant, InputSpec in, InputSpec mask) {
    c.add("maskedSelect", variant, in.dtype(), Tolerance.EXACT, List.of(in, mask), x -> x.get(0).maskedSelect(x.get(1)),
        x -> {
          HostArray m = BinaryCases.stretch(x.get(1), in.shape());
          return chosen(x.get(0), i -> m.integer(i) != 0);
        });
  }

  private static HostArray chosen(HostArray x, IntPredicate which) {
    int[] at = new int[x.size()];
    int n = 0;
    for (int i = 0; i < at.length; i++) {
      if (which.test(i)) {
        at[n++] = i;
      }
    }
    return x.pick(Shape.of(n), i -> at[i]);
  }

  private static void scatters(CaseList c) {
    scatter(c, "scatter", CaseList.ALL, Tensor::scatter, (_, y) -> y, (_, y) -> y);
    scatter(c, "scatterAdd", CaseList.NUMBERS, Tensor::scatterAdd, Double::sum, Long::sum);
    scatter(c, "scatterMin", CaseList.ALL, Tensor::scatterMin, Math::min, Math::min);
    scatter(c, "scatterMax", CaseList.ALL, Tensor::scatterMax, Math::max, Math::max);
  }

  private static void scatter(
      CaseList c, String op, List<DType> types, Scatter f, DoubleBinaryOperator reals, LongBinaryOperator integers) {
    ScatterCase s = new ScatterCase(c, op, f, reals, integers);
    for (DType t : types) {
      int n = t.isFloat() ? Formats.specialFloats(t).length : Formats.specialIntegers(t).length;
      s.add("axis1", 1, InputSpec.of(t, 3, 4, 2), indices(DType.I64, 4, 6), InputSpec.of(t, 3, 6, 2));
      // In each row every special value meets every other.
      InputSpec special = InputSpec.of(t, 2, (long) n * n);
      s.add("special", 0, special.values(InputSpec.Values.SPECIAL_FAST), indices(DType.I64, 2, 2),
          special.values(InputSpec.Values.SPECIAL_SLOW));
      s.add("duplicates", 0, elements(t, 3, 17), indices(DType.I64, 3, 40), elements(t, 40, 17));
    }
    for (DType t : List.of(DType.F64, DType.F32)) {
      s.add("one", 0, InputSpec.of(t, 5), indices(DType.I32, 5, 3), InputSpec.of(t, 3));
      s.add("last", -1, InputSpec.of(t, 3, 5), indices(DType.U8, 5, 8), InputSpec.of(t, 3, 8));
      s.add("sameTarget", 0, InputSpec.of(t, 2, 3), indices(DType.I64, 1, 7), InputSpec.of(t, 7, 3));
      s.add("noUpdate", 0, InputSpec.of(t, 4, 3), indices(DType.I64, 4, 0), InputSpec.of(t, 0, 3));
      s.add("noElement", 0, InputSpec.of(t, 4, 0), indices(DType.I64, 4, 2), InputSpec.of(t, 2, 0));
    }
    s.add("many", 0, InputSpec.of(DType.F32, 50), indices(DType.I64, 50, 3000), InputSpec.of(DType.F32, 3000));
    s.add("wide", 0, InputSpec.of(DType.F32, 60, 100), indices(DType.I64, 60, 90), InputSpec.of(DType.F32, 90, 100));
  }

  /** The cases of one scattering method, whose oracle applies the updates of an element one by one, rounding each time. */
  private record ScatterCase(
      CaseList cases, String op, Scatter function, DoubleBinaryOperator reals, LongBinaryOperator integers) {
    void add(String variant, int axis, InputSpec base, InputSpec index, InputSpec updates) {
      cases.add(op, variant, base.dtype(), Tolerance.EXACT, List.of(base, index, updates),
          x -> function.apply(x.get(0), axis, x.get(1), x.get(2)),
          x -> {
            int a = Math.floorMod(axis, base.shape().rank());
            Line to = Line.of(base.shape(), a);
            Line from = Line.of(updates.shape(), a);
            return combine(x, (i, j) -> from.move(i, to, j), to);
          });
    }

    private HostArray combine(List<HostArray> x, UpdateAt at, Line line) {
      DType t = x.get(0).dtype();
      int count = x.get(1).size();
      if (t.isFloat()) {
        return HostArray.reals(t, x.get(0).shape(), i -> {
          double v = x.get(0).real(i);
          for (int j = 0; j < count; j++) {
            boolean hit = x.get(1).integer(j) == line.coordinate(i);
            v = hit ? Formats.round(t, reals.applyAsDouble(v, x.get(2).real(at.index(i, j)))) : v;
          }
          return v;
        });
      }
      return HostArray.integers(t, x.get(0).shape(), i -> {
        long v = x.get(0).integer(i);
        for (int j = 0; j < count; j++) {
          boolean hit = x.get(1).integer(j) == line.coordinate(i);
          v = hit ? Formats.wrap(t, integers.applyAsLong(v, x.get(2).integer(at.index(i, j)))) : v;
        }
        return v;
      });
    }
  }

  /** Which element of the updates meets element {@code i} of the base in update {@code j}. */
  @FunctionalInterface
  private interface UpdateAt {
    int index(int i, int j);
  }

  /** For each dtype: ordinary values, special ones, ties, an inner axis, long lines and lines with nothing to sort. */
  private static List<InputSpec> sortInputs(DType t) {
    InputSpec.Values bits = InputSpec.Values.BITS;
    InputSpec ties = InputSpec.of(t, 4, 33).range(0, t == DType.BOOL ? 1 : 3);
    List<InputSpec> in = new ArrayList<>(List.of(
        InputSpec.of(t, 5, 9),
        InputSpec.of(t, 3, 70).values(InputSpec.Values.SPECIAL_FAST),
        InputSpec.of(t, 3, 20, 2).values(bits),
        t.isFloat() ? InputSpec.of(t, 300).values(bits) : ties));
    if (t == DType.F32 || t == DType.I32) {
      in.add(InputSpec.of(t, 3, 1));
      in.add(InputSpec.of(t, 2, 0));
      in.add(InputSpec.of(t, 5000).values(bits));
      in.add(InputSpec.of(t, 2, 1025).range(-9, 9));
    }
    return in;
  }

  private static void sorts(CaseList c) {
    for (DType t : CaseList.ALL) {
      for (InputSpec in : sortInputs(t)) {
        for (boolean descending : new boolean[] {false, true}) {
          sort(c, in, 1 % in.shape().rank(), descending);
        }
      }
      InputSpec last = elements(t, 3, 8);
      c.add("sort", "default", t, Tolerance.EXACT, List.of(last), x -> x.getFirst().sort(),
          x -> x.getFirst().pick(last.shape(), order(x.getFirst(), 1, false)));
      topks(c, t, "values", false);
    }
  }

  private static String direction(InputSpec in, boolean descending) {
    return (descending ? "falling" : "rising") + UnaryCases.variant(in);
  }

  private static void sort(CaseList c, InputSpec in, int axis, boolean descending) {
    c.add("sort", direction(in, descending), in.dtype(), Tolerance.EXACT, List.of(in),
        x -> x.getFirst().sort(axis, descending),
        x -> x.getFirst().pick(in.shape(), order(x.getFirst(), axis, descending)));
  }

  private static void argsorts(CaseList c) {
    for (DType t : CaseList.ALL) {
      for (InputSpec in : sortInputs(t)) {
        int axis = 1 % in.shape().rank();
        Line line = Line.of(in.shape(), axis);
        for (boolean descending : new boolean[] {false, true}) {
          c.add("argsort", direction(in, descending), t, Tolerance.EXACT, List.of(in),
              x -> x.getFirst().argsort(axis, descending),
              x -> {
                Order order = order(x.getFirst(), axis, descending);
                return HostArray.integers(DType.I64, in.shape(), i -> line.coordinate(order.applyAsInt(i)));
              });
        }
      }
      topks(c, t, "indices", true);
    }
  }

  /** Few of short and of long lines, all, one and none, ties, special values, and columns. */
  private static void topks(CaseList c, DType t, String what, boolean indices) {
    InputSpec.Values bits = InputSpec.Values.BITS;
    InputSpec.Values special = InputSpec.Values.SPECIAL_FAST;
    topk(c, what, InputSpec.of(t, 4, 9), 3, 1, indices);
    topk(c, what, InputSpec.of(t, 3, 40).values(special), 17, -1, indices);
    topk(c, what, InputSpec.of(t, 6, 4), 6, 0, indices);
    topk(c, what, InputSpec.of(t, 4, 3), 0, 1, indices);
    topk(c, what, InputSpec.of(t, 2, 300).values(special), 18, 1, indices);
    topk(c, what, InputSpec.of(t, 70, 3).range(0, t == DType.BOOL ? 1 : 3), 4, 0, indices);
    if (t == DType.F32 || t == DType.I32 || t == DType.F64) {
      InputSpec.Values values = t == DType.F64 ? InputSpec.Values.RANGE : bits;
      topk(c, what, InputSpec.of(t, 300).values(values), 1, 0, indices);
      topk(c, what, InputSpec.of(t, 2, 1030).values(values), 64, 1, indices);
      topk(c, what, InputSpec.of(t, 2100, 2).values(values), 5, 0, indices);
      topk(c, what, InputSpec.of(t, 2, 1500).range(-1, 1), 60, 1, indices);
      topk(c, what, InputSpec.of(t, 1100).values(values), 1100, 0, indices);
    }
  }

  private static void topk(CaseList c, String what, InputSpec in, int k, int axis, boolean indices) {
    int a = Math.floorMod(axis, in.shape().rank());
    Shape out = in.shape().withDim(a, k);
    Line line = Line.of(in.shape(), a);
    Line best = Line.of(out, a);
    c.add("topk", what + k + UnaryCases.variant(in), in.dtype(), Tolerance.EXACT, List.of(in),
        x -> indices ? x.getFirst().topk(k, axis).indices() : x.getFirst().topk(k, axis).values(),
        x -> {
          Order order = order(x.getFirst(), a, true);
          Order first = i -> order.applyAsInt(line.move(i, best, best.coordinate(i)));
          return indices
              ? HostArray.integers(DType.I64, out, i -> line.coordinate(first.applyAsInt(i)))
              : x.getFirst().pick(out, first);
        });
  }

  /** Which element comes to a place. */
  @FunctionalInterface
  private interface Order extends java.util.function.IntUnaryOperator {}

  /** The sorted order of each line along an axis: for each row-major element of the result the element of the input. */
  private static Order order(HostArray x, int axis, boolean descending) {
    Line line = Line.of(x.shape(), axis);
    Comparator<Integer> rising = (p, q) -> compare(x, p, q);
    int[] from = new int[x.size()];
    for (int start = 0; start < from.length; start++) {
      if (line.coordinate(start) == 0) {
        Integer[] elements = new Integer[line.extent];
        int first = start;
        Arrays.setAll(elements, i -> first + i * line.inner);
        Arrays.sort(elements, descending ? rising.reversed() : rising);
        for (int i = 0; i < elements.length; i++) {
          from[start + i * line.inner] = elements[i];
        }
      }
    }
    return i -> from[i];
  }

  /** Numbers rise, -0 stands before +0, NaN behind all. */
  private static int compare(HostArray x, int p, int q) {
    if (!x.dtype().isFloat()) {
      return Long.compare(x.integer(p), x.integer(q));
    }
    double a = x.real(p);
    double b = x.real(q);
    if (a != a || b != b) {
      return Boolean.compare(a != a, b != b);
    }
    return a < b ? -1 : a > b ? 1 : a != 0 ? 0 : Boolean.compare(1 / b < 0, 1 / a < 0);
  }

  private static void uniques(CaseList c) {
    for (DType t : CaseList.ALL) {
      for (InputSpec in : sortInputs(t)) {
        if (in.shape().size() < 1000) {
          unique(c, in);
        }
      }
    }
    unique(c, InputSpec.of(DType.F32));
  }

  private static void unique(CaseList c, InputSpec in) {
    c.add("unique", UnaryCases.variant(in), in.dtype(), Tolerance.EXACT, List.of(in), x -> x.getFirst().unique(),
        x -> {
          Shape flat = Shape.of(in.shape().size());
          HostArray all = x.getFirst().pick(flat, i -> i);
          HostArray sorted = all.pick(flat, order(all, 0, false));
          return chosen(sorted, i -> i == 0 || differ(sorted, i));
        });
  }

  private static boolean differ(HostArray sorted, int i) {
    return sorted.dtype().isFloat() ? sorted.real(i) != sorted.real(i - 1) : sorted.integer(i) != sorted.integer(i - 1);
  }

  private static void oneHots(CaseList c) {
    for (DType t : CaseList.ALL) {
      oneHot(c, "outside", t, 5, InputSpec.of(DType.I64, 3, 4).range(-2, 7));
    }
    for (DType i : CaseList.INTEGERS) {
      oneHot(c, "of" + i, DType.F32, 4, InputSpec.of(i, 11).range(0, 3));
    }
    oneHot(c, "oneElement", DType.F32, 3, InputSpec.of(DType.I64).range(1, 1));
    oneHot(c, "noClass", DType.F32, 0, InputSpec.of(DType.I64, 3));
    oneHot(c, "noElement", DType.F32, 3, InputSpec.of(DType.I64, 0));
  }

  private static void oneHot(CaseList c, String variant, DType t, int classes, InputSpec in) {
    Shape out = in.shape().concat(Shape.of(classes));
    c.add("oneHot", variant, t, Tolerance.EXACT, List.of(in), x -> x.getFirst().oneHot(classes, t),
        x -> t.isFloat()
            ? HostArray.reals(t, out, i -> x.getFirst().integer(i / classes) == i % classes ? 1 : 0)
            : HostArray.integers(t, out, i -> x.getFirst().integer(i / classes) == i % classes ? 1 : 0));
  }

  private static void nonzeros(CaseList c) {
    for (DType t : CaseList.ALL) {
      nonzero(c, InputSpec.of(t, 2, 3, 10).values(InputSpec.Values.SPECIAL_FAST));
      nonzero(c, t.isFloat() ? InputSpec.of(t, 4, 5).range(0, 0) : InputSpec.of(t, 4, 5).range(0, 1));
      nonzero(c, InputSpec.of(t, 0, 3));
      nonzero(c, InputSpec.of(t).range(1, 1));
    }
  }

  private static void nonzero(CaseList c, InputSpec in) {
    int rank = in.shape().rank();
    c.add("nonzero", UnaryCases.variant(in), in.dtype(), Tolerance.EXACT, List.of(in), x -> x.getFirst().nonzero(),
        x -> {
          HostArray places = HostArray.integers(DType.I64, in.shape(), i -> i);
          HostArray at = chosen(places, i -> x.getFirst().real(i) != 0);
          return HostArray.integers(DType.I64, Shape.of(at.size(), rank), i -> {
            int axis = i % rank;
            return Line.of(in.shape(), axis).coordinate((int) at.integer(i / rank));
          });
        });
  }
}
