package dev.tenzan.conformance;

import dev.tenzan.Slice;
import dev.tenzan.Tensor;
import dev.tenzan.ir.Op;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.function.UnaryOperator;

/** Operations that move elements: each element of the result is one of the operand, bit for bit. */
final class MovementCases {
  /** A dtype of every size. */
  private static final List<DType> SOME = List.of(DType.F64, DType.I32, DType.F16, DType.U8);

  private final CaseList cases;
  private final String op;
  private final List<DType> dtypes;

  private MovementCases(CaseList cases, String op, List<DType> dtypes) {
    this.cases = cases;
    this.op = op;
    this.dtypes = dtypes;
  }

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Movement", all);
    reshapes(c);
    permutations(c);
    broadcasts(c);
    slices(c);
    slicesByName(c);
    pads(c);
    repetitions(c);
    parts(c);
    windows(c);
    joins(c);
    chains(c);
  }

  /** Random values where gradients are checked, special ones for f32, random bits for the others. */
  static InputSpec input(DType t, long... dims) {
    InputSpec in = InputSpec.of(t, dims);
    return switch (t) {
      case F64 -> in;
      case F32 -> in.values(InputSpec.Values.SPECIAL_FAST);
      case F16, BF16, I64, I32, I16, I8, U8, BOOL -> in.values(InputSpec.Values.BITS);
    };
  }

  private static long[] dims(long... d) {
    return d;
  }

  /** A case for each dtype: the coordinates in the operand of the element at coordinates of the result. */
  private void move(String variant, long[] from, long[] to, UnaryOperator<Tensor> f, UnaryOperator<int[]> source) {
    for (DType t : dtypes) {
      InputSpec in = input(t, from);
      cases.add(op, variant + in.shape(), t, Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst()),
          x -> Coordinates.move(x.getFirst(), Shape.of(to), source));
    }
  }

  /** A case for each dtype whose result has the elements in the operand's order. */
  private void keep(String variant, long[] from, long[] to, UnaryOperator<Tensor> f) {
    move(variant, from, to, f, at -> Coordinates.of(Shape.of(from), Coordinates.number(Shape.of(to), at)));
  }

  private static void reshapes(CaseList c) {
    new MovementCases(c, "reshape", CaseList.ALL).keep("open", dims(4, 6), dims(3, 8), x -> x.reshape(3, -1));
    MovementCases m = new MovementCases(c, "reshape", SOME);
    m.keep("ranks", dims(2, 3, 1, 4, 2), dims(8, 6), x -> x.reshape(8, 6));
    m.keep("up", dims(12), dims(1, 2, 2, 1, 3), x -> x.reshape(1, 2, 2, 1, 3));
    m.keep("scalar", dims(), dims(1, 1), x -> x.reshape(1, 1));
    m.keep("empty", dims(2, 0, 3), dims(0, 5), x -> x.reshape(0, 5));
    MovementCases flatten = new MovementCases(c, "flatten", SOME);
    flatten.keep("all", dims(3, 4, 2), dims(24), Tensor::flatten);
    flatten.keep("scalar", dims(), dims(1), Tensor::flatten);
    flatten.keep("from 1 of", dims(3, 4, 2), dims(3, 8), x -> x.flatten(1));
    flatten.keep("from -2 of", dims(3, 4, 0), dims(3, 0), x -> x.flatten(-2));
    MovementCases expand = new MovementCases(c, "expandDims", SOME);
    expand.keep("ends", dims(3, 4), dims(1, 3, 4, 1), x -> x.expandDims(0, -1));
    expand.keep("inside", dims(3, 4), dims(3, 1, 4), x -> x.expandDims(1));
    MovementCases squeeze = new MovementCases(c, "squeeze", SOME);
    squeeze.keep("all", dims(1, 3, 1, 4), dims(3, 4), x -> x.squeeze());
    squeeze.keep("one", dims(1, 3, 1, 4), dims(1, 3, 4), x -> x.squeeze(-2));
    squeeze.keep("to a scalar", dims(1, 1), dims(), x -> x.squeeze(0, 1));
  }

  private static void permutations(CaseList c) {
    new MovementCases(c, "permuteDims", CaseList.ALL)
        .move("", dims(2, 3, 4), dims(4, 2, 3), x -> x.permuteDims(2, 0, 1), at -> new int[] {at[1], at[2], at[0]});
    MovementCases m = new MovementCases(c, "permuteDims", SOME);
    m.move("", dims(2, 3, 1, 4, 2), dims(2, 4, 2, 1, 3), x -> x.permuteDims(4, -2, 0, 2, 1),
        at -> new int[] {at[2], at[4], at[3], at[1], at[0]});
    m.keep("none", dims(), dims(), x -> x.permuteDims());
    c.constant(); // Too large for difference quotients.
    m.move("larger than a tile", dims(65, 34), dims(34, 65), x -> x.permuteDims(1, 0), at -> new int[] {at[1], at[0]});
    c.smooth();
    MovementCases transpose = new MovementCases(c, "transpose", SOME);
    transpose.move("", dims(3, 5, 2), dims(2, 5, 3), Tensor::transpose, at -> new int[] {at[2], at[1], at[0]});
    transpose.move("", dims(4, 0), dims(0, 4), Tensor::transpose, at -> new int[] {at[1], at[0]});
    transpose.keep("", dims(4), dims(4), Tensor::transpose);
    new MovementCases(c, "mT", SOME)
        .move("", dims(2, 3, 4), dims(2, 4, 3), Tensor::mT, at -> new int[] {at[0], at[2], at[1]});
    new MovementCases(c, "swapAxes", SOME)
        .move("", dims(2, 3, 4), dims(4, 3, 2), x -> x.swapAxes(0, -1), at -> new int[] {at[2], at[1], at[0]});
    MovementCases move = new MovementCases(c, "moveAxis", SOME);
    move.move("back ", dims(2, 3, 4), dims(3, 4, 2), x -> x.moveAxis(0, 2), at -> new int[] {at[2], at[0], at[1]});
    move.move("forth ", dims(2, 3, 4), dims(4, 2, 3), x -> x.moveAxis(-1, 0), at -> new int[] {at[1], at[2], at[0]});
  }

  private static void broadcasts(CaseList c) {
    new MovementCases(c, "broadcastTo", CaseList.ALL)
        .move("", dims(3, 1), dims(2, 3, 4), x -> x.broadcastTo(2, 3, 4), at -> new int[] {at[1], 0});
    MovementCases m = new MovementCases(c, "broadcastTo", SOME);
    m.move("", dims(1, 5, 1), dims(3, 5, 7), x -> x.broadcastTo(3, 5, 7), at -> new int[] {0, at[1], 0});
    m.move("", dims(), dims(2, 2), x -> x.broadcastTo(2, 2), _ -> new int[0]);
    m.move("to nothing", dims(1), dims(3, 0), x -> x.broadcastTo(3, 0), _ -> new int[1]);
  }

  private static void slices(CaseList c) {
    new MovementCases(c, "slice", CaseList.ALL)
        .move("steps", dims(7, 9), dims(3, 5), x -> x.slice(Slice.of(1, 7, 2), Slice.by(-2)),
            at -> new int[] {1 + 2 * at[0], 8 - 2 * at[1]});
    MovementCases m = new MovementCases(c, "slice", SOME);
    m.move("from the end", dims(6, 5), dims(2, 2), x -> x.slice(Slice.of(-3, -1), Slice.from(-2)),
        at -> new int[] {3 + at[0], 3 + at[1]});
    m.move("backwards", dims(9), dims(2), x -> x.slice(Slice.of(-2, 2, -3)), at -> new int[] {7 - 3 * at[0]});
    m.move("backwards to the front", dims(9), dims(4), x -> x.slice(new Slice(6L, null, -2, false)),
        at -> new int[] {6 - 2 * at[0]});
    m.move("leading axes", dims(4, 3, 2), dims(3, 2), x -> x.slice(Slice.at(-1)), at -> new int[] {3, at[0], at[1]});
    m.move("mixed", dims(2, 4, 2, 3), dims(2, 2), x -> x.slice(Slice.at(1), Slice.to(-2), Slice.at(0), Slice.of(0, 3, 2)),
        at -> new int[] {1, at[0], 0, 2 * at[1]});
    m.move("long step", dims(5), dims(1), x -> x.slice(Slice.by(7)), _ -> new int[] {0});
    m.move("nothing", dims(4, 3), dims(0, 3), x -> x.slice(Slice.of(2, 2)), at -> at);
    m.move("behind the end", dims(4), dims(0), x -> x.slice(Slice.from(4)), at -> at);
    m.move("of nothing", dims(0, 3), dims(0, 3), x -> x.slice(Slice.by(-1)), at -> at);
    m.keep("all", dims(2, 3), dims(2, 3), x -> x.slice(Slice.all()));
  }

  private static void slicesByName(CaseList c) {
    MovementCases get = new MovementCases(c, "get", SOME);
    get.move("one", dims(3, 4), dims(4), x -> x.get(1), at -> new int[] {1, at[0]});
    get.move("an element", dims(3, 4), dims(), x -> x.get(-1, 2), _ -> new int[] {2, 2});
    MovementCases narrow = new MovementCases(c, "narrow", SOME);
    narrow.move("", dims(3, 6), dims(3, 2), x -> x.narrow(-1, 3, 2), at -> new int[] {at[0], 3 + at[1]});
    narrow.move("nothing", dims(3, 6), dims(0, 6), x -> x.narrow(0, 3, 0), at -> at);
    MovementCases flip = new MovementCases(c, "flip", SOME);
    flip.move("all", dims(3, 4), dims(3, 4), x -> x.flip(), at -> new int[] {2 - at[0], 3 - at[1]});
    flip.move("two", dims(2, 3, 4), dims(2, 3, 4), x -> x.flip(0, -1), at -> new int[] {1 - at[0], at[1], 3 - at[2]});
    flip.keep("none", dims(0), dims(0), x -> x.flip(0));
    MovementCases roll = new MovementCases(c, "roll", SOME);
    roll.move("", dims(7), dims(7), x -> x.roll(2, 0), at -> new int[] {(at[0] + 5) % 7});
    roll.move("back", dims(3, 5), dims(3, 5), x -> x.roll(-1, 0), at -> new int[] {(at[0] + 1) % 3, at[1]});
    roll.move("round", dims(3, 5), dims(3, 5), x -> x.roll(12, -1), at -> new int[] {at[0], (at[1] + 3) % 5});
    roll.keep("whole", dims(3, 5), dims(3, 5), x -> x.roll(10, 1));
    roll.keep("nothing", dims(0, 2), dims(0, 2), x -> x.roll(1, 0));
  }

  private static void repetitions(CaseList c) {
    MovementCases tile = new MovementCases(c, "tile", SOME);
    tile.move("", dims(2, 3), dims(6, 6), x -> x.tile(3, 2), at -> new int[] {at[0] % 2, at[1] % 3});
    tile.move("more axes", dims(3), dims(2, 1, 6), x -> x.tile(2, 1, 2), at -> new int[] {at[2] % 3});
    tile.move("fewer axes", dims(2, 3), dims(2, 6), x -> x.tile(2), at -> new int[] {at[0], at[1] % 3});
    tile.move("scalar", dims(), dims(3), x -> x.tile(3), _ -> new int[0]);
    tile.move("never", dims(2, 3), dims(0, 3), x -> x.tile(0, 1), at -> at);
    MovementCases repeat = new MovementCases(c, "repeat", SOME);
    repeat.move("", dims(2, 3), dims(6, 3), x -> x.repeat(3, 0), at -> new int[] {at[0] / 3, at[1]});
    repeat.move("last", dims(2, 3), dims(2, 6), x -> x.repeat(2, -1), at -> new int[] {at[0], at[1] / 2});
    repeat.move("never", dims(2, 3), dims(2, 0), x -> x.repeat(0, 1), at -> at);
  }

  /** The parts are joined again in the opposite order, so that each of them counts. */
  private static void parts(CaseList c) {
    new MovementCases(c, "split", SOME)
        .move("", dims(4, 6), dims(4, 6), x -> Tensor.concat(1, x.split(3, -1).reversed()),
            at -> new int[] {at[0], 4 - at[1] / 2 * 2 + at[1] % 2});
    new MovementCases(c, "splitSizes", SOME)
        .move("", dims(5, 3), dims(5, 3), x -> Tensor.concat(0, x.splitSizes(0, 1, 0, 4).reversed()),
            at -> new int[] {(at[0] + 1) % 5, at[1]});
    new MovementCases(c, "unstack", SOME)
        .move("", dims(2, 4, 3), dims(4, 2, 3), x -> Tensor.stack(0, x.unstack(1).reversed()),
            at -> new int[] {at[1], 3 - at[0], at[2]});
  }

  private static void windows(CaseList c) {
    new MovementCases(c, "windows", CaseList.ALL)
        .move("", dims(2, 5, 5), dims(2, 2, 2, 3, 2), x -> x.windows(dims(3, 2), dims(2, 3), dims(1, 1)),
            at -> new int[] {at[0], 2 * at[1] + at[3], 3 * at[2] + at[4]});
    MovementCases m = new MovementCases(c, "windows", SOME);
    m.move("dilated", dims(11), dims(5, 3), x -> x.windows(dims(3), dims(1), dims(3)),
        at -> new int[] {at[0] + 3 * at[1]});
    m.move("one", dims(3, 4), dims(1, 1, 3, 4), x -> x.windows(dims(3, 4), dims(5, 5), dims(1, 1)),
        at -> new int[] {at[2], at[3]});
    m.move("with gaps", dims(10), dims(3, 2), x -> x.windows(dims(2), dims(4), dims(1)),
        at -> new int[] {4 * at[0] + at[1]});
    m.move("of no batch", dims(0, 5), dims(0, 4, 2), x -> x.windows(dims(2), dims(1), dims(1)), at -> at);
  }

  /** A pad case: per axis the elements before, behind and between neighbours. */
  private static void pad(
      CaseList c, String variant, InputSpec in, double value, long[] low, long[] high, long[] interior, UnaryOperator<Tensor> f) {
    Shape from = in.shape();
    long[] to = from.dims();
    for (int i = 0; i < to.length; i++) {
      to[i] = (to[i] == 0 ? 0 : to[i] + (to[i] - 1) * interior[i]) + low[i] + high[i];
    }
    Shape target = Shape.of(to);
    DType t = in.dtype();
    c.add("pad", variant + from, t, Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst()),
        x -> {
          HostArray a = x.getFirst();
          int[] source = new int[(int) target.size()];
          for (int i = 0; i < source.length; i++) {
            source[i] = padSource(from, Coordinates.of(target, i), low, interior);
          }
          return t.isFloat()
              ? HostArray.reals(t, target, i -> source[i] < 0 ? value : a.real(source[i]))
              : HostArray.integers(t, target, i -> source[i] < 0 ? (long) value : a.integer(source[i]));
        });
  }

  private static int padSource(Shape from, int[] at, long[] low, long[] interior) {
    int[] source = new int[at.length];
    for (int k = 0; k < at.length; k++) {
      long p = at[k] - low[k];
      long step = interior[k] + 1;
      if (p < 0 || p % step != 0 || p / step >= from.dim(k)) {
        return -1;
      }
      source[k] = (int) (p / step);
    }
    return Coordinates.number(from, source);
  }

  private static void pads(CaseList c) {
    long[] none = dims(0, 0, 0, 0, 0);
    for (DType t : CaseList.ALL) {
      pad(c, "", input(t, 3, 4), 1, dims(1, 0), dims(2, 3), none, x -> x.pad(1, 1, 2, 0, 3));
    }
    for (DType t : SOME) {
      pad(c, "cropping", input(t, 5, 6), 1, dims(-1, 2), dims(1, -3), none, x -> x.pad(1, -1, 1, 2, -3));
      pad(c, "nothing but padding", input(t, 2), 1, dims(-3), dims(5), none, x -> x.pad(1, -3, 5));
      pad(c, "of nothing", input(t, 0, 2), 0, dims(2, 0), dims(1, 0), none, x -> x.pad(0, 2, 1, 0, 0));
      pad(c, "scalar", input(t), 1, none, none, none, x -> x.pad(1));
      pad(c, "five axes", input(t, 1, 2, 2, 1, 2), 0, dims(1, 0, 0, 1, 0), dims(0, 0, 1, 0, 1), none,
          x -> x.pad(0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1));
      pad(c, "between", input(t, 3, 4), 0, dims(1, -1), dims(0, 2), dims(2, 1),
          x -> Tensor.apply(new Op.Pad(List.of(1L, -1L), List.of(0L, 2L), List.of(2L, 1L), 0), x));
    }
    c.constant(); // The quotients of what is not a number are none.
    for (DType t : CaseList.FLOATS) {
      for (double value : new double[] {Double.NaN, Double.NEGATIVE_INFINITY, -0.0}) {
        pad(c, "with " + value + " ", input(t, 3, 2), value, dims(0, 1), dims(1, 0), none,
            x -> x.pad(value, 0, 1, 1, 0));
      }
    }
    c.smooth();
  }

  private static void joins(CaseList c) {
    for (DType t : CaseList.ALL) {
      join(c, "concat", "", t, List.of(input(t, 2, 3), input(t, 2, 1), input(t, 2, 4)), 1, false);
    }
    for (DType t : SOME) {
      join(c, "concat", "first axis ", t, List.of(input(t, 3, 2, 2), input(t, 1, 2, 2)), 0, false);
      join(c, "concat", "with nothing ", t, List.of(input(t, 3, 0), input(t, 3, 2), input(t, 3, 0)), 1, false);
      join(c, "concat", "of one ", t, List.of(input(t, 3, 2)), 0, false);
      join(c, "concat", "of five ", t,
          List.of(input(t, 1), input(t, 70), input(t, 2), input(t, 1), input(t, 3)), 0, false);
      join(c, "stack", "first ", t, List.of(input(t, 2, 3), input(t, 2, 3)), 0, true);
      join(c, "stack", "last ", t, List.of(input(t, 2, 3), input(t, 2, 3), input(t, 2, 3)), 2, true);
      join(c, "stack", "scalars ", t, List.of(input(t), input(t)), 0, true);
    }
    c.constant();
    join(c, "concat", "promoting f16 and bf16 ", DType.F32, List.of(input(DType.F16, 4), input(DType.BF16, 3)), 0, false);
    join(c, "concat", "promoting u8 and i8 ", DType.I16, List.of(input(DType.U8, 2, 2), input(DType.I8, 2, 3)), 1, false);
    join(c, "concat", "promoting f32 and f64 ", DType.F64, List.of(input(DType.F32, 4), input(DType.F64, 3)), 0, false);
    c.smooth();
  }

  private static void join(CaseList c, String op, String variant, DType t, List<InputSpec> in, int axis, boolean stack) {
    int negative = axis - in.getFirst().shape().rank() - (stack ? 1 : 0);
    c.add(op, variant + in.getFirst().shape(), t, Tolerance.EXACT, in,
        x -> stack ? Tensor.stack(negative, x) : Tensor.concat(negative, x),
        x -> joined(t, x, axis, stack));
  }

  private static HostArray joined(DType t, List<HostArray> x, int axis, boolean stack) {
    Shape first = x.getFirst().shape();
    Shape head = first.subShape(0, axis);
    Shape tail = first.subShape(stack ? axis : axis + 1, first.rank());
    long extent = x.stream().mapToLong(a -> stack ? 1 : a.shape().dim(axis)).sum();
    Shape target = head.concat(Shape.of(extent)).concat(tail);
    int[] part = new int[(int) target.size()];
    int[] source = new int[part.length];
    for (int i = 0; i < part.length; i++) {
      int[] at = Coordinates.of(target, i);
      while (!stack && at[axis] >= x.get(part[i]).shape().dim(axis)) {
        at[axis] -= (int) x.get(part[i]++).shape().dim(axis);
      }
      if (stack) {
        part[i] = at[axis];
        at[axis] = 0;
        source[i] = Coordinates.number(head.concat(Shape.of(1)).concat(tail), at);
      } else {
        source[i] = Coordinates.number(x.get(part[i]).shape(), at);
      }
    }
    return t.isFloat()
        ? HostArray.reals(t, target, i -> x.get(part[i]).real(source[i]))
        : HostArray.integers(t, target, i -> x.get(part[i]).integer(source[i]));
  }

  /** Several movements after one another, which a scheduler may read as one. */
  private static void chains(CaseList c) {
    MovementCases reshape = new MovementCases(c, "reshape", SOME);
    reshape.move("of a transposed matrix", dims(4, 6), dims(3, 8), x -> x.transpose().reshape(3, 8), at -> {
      int n = 8 * at[0] + at[1];
      return new int[] {n % 4, n / 4};
    });
    reshape.move("of a flipped part", dims(5, 4), dims(6), x -> x.slice(Slice.of(1, 4), Slice.of(0, 4, 2)).flip(1).reshape(6),
        at -> new int[] {1 + at[0] / 2, 2 - 2 * (at[0] % 2)});
    reshape.move("of a broadcast row", dims(1, 3), dims(2, 6), x -> x.broadcastTo(4, 3).reshape(2, 6),
        at -> new int[] {0, at[1] % 3});
    new MovementCases(c, "slice", SOME)
        .move("of overlapping windows", dims(6), dims(2, 3), x -> x.windows(dims(3), dims(1), dims(1)).slice(Slice.by(3)).flip(),
            at -> new int[] {3 - 3 * at[0] + 2 - at[1]});
    for (DType t : SOME) {
      pad(c, "and cropped ", input(t, 3, 3), 1, dims(0, 1), dims(-1, 0), dims(0, 0),
          x -> x.pad(1, 1, 1, 1, 1).slice(Slice.of(1, 3), Slice.of(0, 4)));
    }
  }
}
