package dev.tenzan.ir;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;

/** The one place that checks the operands of every primitive and gives dtype and shape of its result. */
public final class ShapeInference {
  private ShapeInference() {}

  /** The dtype and shape of a result. */
  public record Result(DType dtype, Shape shape) {}

  /**
   * Checks operands and infers the result.
   *
   * @throws ShapeException where shapes, axes or bounds do not fit
   * @throws DTypeException where element types do not fit
   */
  public static Result infer(Op op, List<Node> in) {
    return switch (op) {
      case Op.Input _ -> throw new IllegalArgumentException("an input is not inferred");
      case Op.Constant c -> new Result(c.dtype(), Shape.SCALAR);
      case Op.Iota i -> {
        axis("arange", i.axis(), i.shape());
        yield new Result(DType.I64, i.shape());
      }
      case Op.RandomBits r -> {
        requireType("randomBits", in.get(0), DType.I64);
        requireRank("randomBits: the key", in.get(0), 0);
        if (r.word() < 0 || r.word() > 3) {
          throw new ShapeException("randomBits: word " + r.word() + "; a counter has the words 0 to 3");
        }
        yield new Result(DType.I32, r.shape());
      }
      case Op.Unary u -> unary(u.op(), in.get(0));
      case Op.Binary b -> binary(b.op(), in.get(0), in.get(1));
      case Op.Where _ -> where(in.get(0), in.get(1), in.get(2));
      case Op.Fma _ -> {
        domain("fma", UnaryOp.Domain.FLOAT, in.get(0).dtype());
        same("fma", in.get(0), in.get(1));
        same("fma", in.get(0), in.get(2));
        yield like(in.get(0));
      }
      case Op.Cast c -> new Result(c.dtype(), in.get(0).shape());
      case Op.Bitcast b -> bitcast(b.dtype(), in.get(0));
      case Op.Reduce r -> reduce(r, in.get(0));
      case Op.ArgReduce r -> new Result(DType.I64, reduce(new Op.Reduce(r.op(), List.of(r.axis())), in.get(0)).shape());
      case Op.Scan s -> {
        axis(s.label(), s.axis(), in.get(0).shape());
        noBool(s.label(), in.get(0).dtype());
        yield like(in.get(0));
      }
      case Op.Reshape r -> {
        if (r.shape().size() != in.get(0).shape().size()) {
          throw new ShapeException(
              "reshape: " + in.get(0).shape() + " has " + in.get(0).shape().size() + " elements, " + r.shape()
                  + " has " + r.shape().size() + "; their numbers must be equal");
        }
        yield new Result(in.get(0).dtype(), r.shape());
      }
      case Op.Permute p -> permute(p, in.get(0));
      case Op.Slice s -> slice(s, in.get(0));
      case Op.Broadcast b -> {
        Shape s = in.get(0).shape();
        if (!broadcastShape("broadcastTo", s, b.shape()).equals(b.shape())) {
          throw new ShapeException(
              "broadcastTo: " + s + " does not stretch to " + b.shape() + "; each axis, from the last, must be equal or 1");
        }
        yield new Result(in.get(0).dtype(), b.shape());
      }
      case Op.Window w -> window(w, in.get(0));
      case Op.Pad p -> pad(p, in.get(0));
      case Op.Concat c -> concat(c.axis(), in);
      case Op.Gather g -> {
        requireType("take: the index tensor", in.get(1), DType.I64);
        Shape s = in.get(0).shape();
        axis("take", g.axis(), s);
        yield new Result(
            in.get(0).dtype(),
            s.subShape(0, g.axis()).concat(in.get(1).shape()).concat(s.subShape(g.axis() + 1, s.rank())));
      }
      case Op.Scatter s -> scatter(s, in.get(0), in.get(1), in.get(2));
      case Op.MatMul m -> matmul(m, in.get(0), in.get(1));
      case Op.Convolution c -> new Result(in.get(0).dtype(), convolution(c, in.get(0), in.get(1)));
      case Op.Sort s -> sort(s, in.get(0));
      case Op.Custom c -> new Result(c.dtype(), c.shape());
    };
  }

  /**
   * The shape to which two shapes broadcast by the array API rules.
   *
   * @throws ShapeException where an axis differs and neither extent is 1
   */
  public static Shape broadcastShape(String op, Shape a, Shape b) {
    if (a.equals(b)) {
      return a;
    }
    int rank = Math.max(a.rank(), b.rank());
    long[] d = new long[rank];
    for (int i = 1; i <= rank; i++) {
      long x = i <= a.rank() ? a.dim(a.rank() - i) : 1;
      long y = i <= b.rank() ? b.dim(b.rank() - i) : 1;
      if (x != y && x != 1 && y != 1) {
        throw new ShapeException(
            op + ": shapes " + a + " and " + b + " do not broadcast: extents " + x + " and " + y + " at axis " + -i
                + "; they must be equal, or one of them 1");
      }
      d[rank - i] = x == 1 ? y : x;
    }
    return Shape.of(d);
  }

  /**
   * The common type of two operands.
   *
   * @throws DTypeException where their kinds differ, naming the cast to write
   */
  public static DType promote(String op, DType a, DType b) {
    DType t = DType.promote(a, b);
    if (t == null) {
      DType target = a.isFloat() || b.isFloat() ? (a.isFloat() ? a : b) : (a.isInt() ? a : b);
      throw new DTypeException(
          op + ": dtypes " + a + " and " + b + " are of different kinds; cast one of them, for example cast(DType."
              + target.name() + ")");
    }
    return t;
  }

  /**
   * An axis counted from the end where negative, as one counted from the front.
   *
   * @throws ShapeException where it is outside {@code -rank <= axis < rank}
   */
  public static int normalizeAxis(String op, int axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw new ShapeException(
          op + ": axis " + axis + " is out of range for rank " + rank
              + (rank == 0 ? "; a scalar has no axes" : "; use " + -rank + " to " + (rank - 1)));
    }
    return axis < 0 ? axis + rank : axis;
  }

  private static Result like(Node n) {
    return new Result(n.dtype(), n.shape());
  }

  private static void domain(String op, UnaryOp.Domain domain, DType t) {
    boolean ok =
        switch (domain) {
          case FLOAT -> t.isFloat();
          case NUMERIC -> t != DType.BOOL;
          case BITS -> !t.isFloat();
          case ANY -> true;
        };
    if (!ok) {
      String wants =
          switch (domain) {
            case FLOAT -> "a floating-point dtype; cast first, for example cast(DType.F32)";
            case NUMERIC -> "a number; cast first, for example cast(DType.I32)";
            case BITS -> "an integer or bool dtype";
            case ANY -> "any dtype";
          };
      throw new DTypeException(op + ": dtype " + t + " is not supported; it takes " + wants);
    }
  }

  private static void noBool(String op, DType t) {
    domain(op, UnaryOp.Domain.NUMERIC, t);
  }

  private static void same(String op, Node a, Node b) {
    if (a.dtype() != b.dtype()) {
      throw new DTypeException(op + ": dtypes differ: " + a.dtype() + " and " + b.dtype() + "; cast one of them");
    }
    if (!a.shape().equals(b.shape())) {
      throw new ShapeException(op + ": shapes differ: " + a.shape() + " and " + b.shape());
    }
  }

  private static void requireType(String what, Node n, DType t) {
    if (n.dtype() != t) {
      throw new DTypeException(what + " has dtype " + n.dtype() + "; it must be " + t + ": cast(DType." + t.name() + ")");
    }
  }

  private static void requireRank(String what, Node n, int rank) {
    if (n.shape().rank() != rank) {
      throw new ShapeException(what + " has shape " + n.shape() + "; its rank must be " + rank);
    }
  }

  private static void axis(String op, int axis, Shape s) {
    if (axis < 0 || axis >= s.rank()) {
      throw new ShapeException(op + ": axis " + axis + " is out of range for shape " + s);
    }
  }

  private static Result unary(UnaryOp op, Node a) {
    domain(op.label(), op.domain(), a.dtype());
    return new Result(op == UnaryOp.IS_NAN ? DType.BOOL : a.dtype(), a.shape());
  }

  private static Result binary(BinaryOp op, Node a, Node b) {
    domain(op.label(), op.domain(), a.dtype());
    if ((op == BinaryOp.SHIFT_LEFT || op == BinaryOp.SHIFT_RIGHT) && a.dtype() == DType.BOOL) {
      throw new DTypeException(op.label() + ": dtype bool is not supported; it takes an integer dtype");
    }
    same(op.label(), a, b);
    return new Result(op.isComparison() ? DType.BOOL : a.dtype(), a.shape());
  }

  private static Result where(Node c, Node a, Node b) {
    requireType("where: the condition", c, DType.BOOL);
    same("where", a, b);
    if (!c.shape().equals(a.shape())) {
      throw new ShapeException("where: shapes differ: " + c.shape() + " and " + a.shape());
    }
    return like(a);
  }

  private static Result bitcast(DType to, Node a) {
    if (to.byteSize() != a.dtype().byteSize() || (to == DType.BOOL) != (a.dtype() == DType.BOOL)) {
      throw new DTypeException(
          "bitcast: " + a.dtype() + " and " + to + " differ in size; only dtypes of one size share bits");
    }
    return new Result(to, a.shape());
  }

  private static Result reduce(Op.Reduce r, Node a) {
    Shape s = a.shape();
    boolean[] gone = new boolean[s.rank()];
    for (int ax : r.axes()) {
      axis(r.label(), ax, s);
      if (gone[ax]) {
        throw new ShapeException(r.label() + ": axis " + ax + " is named twice");
      }
      gone[ax] = true;
    }
    switch (r.op()) {
      case SUM, PROD -> noBool(r.label(), a.dtype());
      case MIN, MAX -> {
        for (int ax : r.axes()) {
          if (s.dim(ax) == 0) {
            throw new ShapeException(
                r.label() + ": axis " + ax + " of shape " + s + " is empty; it has no " + r.label());
          }
        }
      }
    }
    return new Result(a.dtype(), removeAxes(s, gone));
  }

  private static Shape removeAxes(Shape s, boolean[] gone) {
    long[] d = new long[s.rank()];
    int n = 0;
    for (int i = 0; i < s.rank(); i++) {
      if (!gone[i]) {
        d[n++] = s.dim(i);
      }
    }
    return Shape.of(Arrays.copyOf(d, n));
  }

  private static Result permute(Op.Permute p, Node a) {
    Shape s = a.shape();
    long[] d = new long[s.rank()];
    boolean[] seen = new boolean[s.rank()];
    if (p.axes().size() != s.rank()) {
      throw new ShapeException("permuteDims: " + p.axes() + " names " + p.axes().size() + " axes, the shape is " + s);
    }
    for (int i = 0; i < d.length; i++) {
      int ax = p.axes().get(i);
      axis("permuteDims", ax, s);
      if (seen[ax]) {
        throw new ShapeException("permuteDims: axis " + ax + " is named twice in " + p.axes());
      }
      seen[ax] = true;
      d[i] = s.dim(ax);
    }
    return new Result(a.dtype(), Shape.of(d));
  }

  private static Result slice(Op.Slice sl, Node a) {
    Shape s = a.shape();
    requireCount("slice", sl.starts(), s);
    requireCount("slice", sl.steps(), s);
    for (int i = 0; i < s.rank(); i++) {
      long n = sl.shape().dim(i);
      long first = sl.starts().get(i);
      long step = sl.steps().get(i);
      if (step == 0) {
        throw new ShapeException("slice: the step of axis " + i + " is 0");
      }
      // Divides instead of looking for the last element: that may be beyond a long. -2^63 is its own negative; the quotient is 0.
      if (n > 0
          && (first < 0
              || first >= s.dim(i)
              || n - 1 > (step > 0 ? (s.dim(i) - 1 - first) / step : first / -step))) {
        throw new ShapeException(
            "slice: " + n + " elements from " + first + " in steps of " + step + " of axis " + i + " leave shape " + s);
      }
    }
    return new Result(a.dtype(), sl.shape());
  }

  private static void requireCount(String op, List<?> perAxis, Shape s) {
    if (perAxis.size() != s.rank()) {
      throw new ShapeException(op + ": " + perAxis.size() + " entries for shape " + s + "; one for each axis is needed");
    }
  }

  /** The elements from the first to the last that a window touches, or 2^63 - 1 where they are more. */
  private static long reach(long size, long dilation) {
    return size > 1 && dilation > (Long.MAX_VALUE - 1) / (size - 1) ? Long.MAX_VALUE : (size - 1) * dilation + 1;
  }

  private static Result window(Op.Window w, Node a) {
    Shape s = a.shape();
    int spatial = w.size().rank();
    int lead = s.rank() - spatial;
    if (lead < 0) {
      throw new ShapeException("window: size " + w.size() + " has more axes than shape " + s);
    }
    requireCount("window: strides", w.strides(), w.size());
    requireCount("window: dilations", w.dilations(), w.size());
    long[] d = s.dims();
    for (int i = 0; i < spatial; i++) {
      long reach = reach(w.size().dim(i), w.dilations().get(i));
      if (w.size().dim(i) < 1 || w.strides().get(i) < 1 || w.dilations().get(i) < 1) {
        throw new ShapeException(
            "window: size " + w.size() + ", strides " + w.strides() + ", dilations " + w.dilations()
                + "; each entry must be at least 1");
      }
      if (reach > d[lead + i]) {
        throw new ShapeException(
            "window: a window of reach " + reach + " does not fit axis " + (lead + i) + " of shape " + s
                + "; pad the tensor or take a smaller window");
      }
      d[lead + i] = (d[lead + i] - reach) / w.strides().get(i) + 1;
    }
    return new Result(a.dtype(), Shape.of(d).concat(w.size()));
  }

  /** The extent of an axis with {@code inner} elements put between its own, {@code low} before and {@code high} after them. */
  private static long padded(String op, Shape s, int axis, long inner, long low, long high) {
    long n = s.dim(axis);
    try {
      long span = n == 0 ? 0 : Math.addExact(n, Math.multiplyExact(n - 1, inner));
      return Math.addExact(Math.addExact(span, low), high);
    } catch (ArithmeticException e) {
      throw new ShapeException(
          op + ": axis " + axis + " of shape " + s + " with " + inner + " elements between its own, " + low + " before and "
              + high + " after them is longer than 2^63 - 1; pad less", e);
    }
  }

  /**
   * An extent times a count.
   *
   * @throws ShapeException where the product is beyond {@code long}
   */
  public static long repeated(String op, Shape s, int axis, long extent, long count) {
    if (count != 0 && extent > Long.MAX_VALUE / count) {
      throw new ShapeException(
          op + ": axis " + axis + " of shape " + s + ", " + count + " times, is longer than 2^63 - 1; repeat it less often");
    }
    return extent * count;
  }

  private static Result pad(Op.Pad p, Node a) {
    Shape s = a.shape();
    requireCount("pad", p.low(), s);
    requireCount("pad", p.high(), s);
    requireCount("pad", p.interior(), s);
    long[] d = new long[s.rank()];
    for (int i = 0; i < d.length; i++) {
      long inner = p.interior().get(i);
      if (inner < 0) {
        throw new ShapeException("pad: interior padding " + inner + " of axis " + i + " is negative");
      }
      d[i] = padded("pad", s, i, inner, p.low().get(i), p.high().get(i));
      if (d[i] < 0) {
        throw new ShapeException(
            "pad: axis " + i + " of shape " + s + " is cropped to extent " + d[i] + " by " + p.low().get(i) + " and "
                + p.high().get(i));
      }
    }
    return new Result(a.dtype(), Shape.of(d));
  }

  private static Result concat(int axis, List<Node> in) {
    if (in.isEmpty()) {
      throw new ShapeException("concat: no tensors; give at least one");
    }
    Shape first = in.get(0).shape();
    axis("concat", axis, first);
    long extent = 0;
    for (Node n : in) {
      if (n.dtype() != in.get(0).dtype()) {
        throw new DTypeException("concat: dtypes differ: " + in.get(0).dtype() + " and " + n.dtype() + "; cast one of them");
      }
      if (n.shape().rank() != first.rank()
          || !n.shape().withDim(axis, 0).equals(first.withDim(axis, 0))) {
        throw new ShapeException(
            "concat: shapes " + first + " and " + n.shape() + " differ in another axis than " + axis);
      }
      extent += n.shape().dim(axis);
    }
    return new Result(in.get(0).dtype(), first.withDim(axis, extent));
  }

  private static Result sort(Op.Sort s, Node in) {
    axis(s.label(), s.axis(), in.shape());
    long extent = in.shape().dim(s.axis());
    if (s.count() < 0 || s.count() > extent) {
      throw new ShapeException(
          s.label() + ": the first " + s.count() + " elements of axis " + s.axis() + " of shape " + in.shape()
              + " are asked for; it has 0 to " + extent);
    }
    return new Result(s.indices() ? DType.I64 : in.dtype(), in.shape().withDim(s.axis(), s.count()));
  }

  private static Result scatter(Op.Scatter s, Node base, Node indices, Node updates) {
    requireType("scatter: the index tensor", indices, DType.I64);
    requireRank("scatter: the index tensor", indices, 1);
    axis("scatter", s.axis(), base.shape());
    if (base.dtype() != updates.dtype()) {
      throw new DTypeException(
          "scatter: dtypes differ: base " + base.dtype() + ", updates " + updates.dtype() + "; cast one of them");
    }
    Shape want = base.shape().withDim(s.axis(), indices.shape().dim(0));
    if (!updates.shape().equals(want)) {
      throw new ShapeException(
          "scatter: updates have shape " + updates.shape() + "; for base " + base.shape() + " and "
              + indices.shape().dim(0) + " indices on axis " + s.axis() + " it must be " + want);
    }
    return like(base);
  }

  private static Result matmul(Op.MatMul m, Node a, Node b) {
    Shape x = a.shape();
    Shape y = b.shape();
    if (a.dtype() != b.dtype()) {
      throw new DTypeException("matmul: dtypes differ: " + a.dtype() + " and " + b.dtype() + "; cast one of them");
    }
    noBool("matmul", a.dtype());
    boolean widened = m.output() == DType.I32 && a.dtype().isInt() && a.dtype().compute() == DType.I32;
    if (m.output() != a.dtype() && !widened) {
      throw new DTypeException(
          "matmul: " + a.dtype() + " operands give " + a.dtype() + " (small integers also i32), not " + m.output());
    }
    int r = x.rank();
    boolean batches = r >= 2 && y.rank() == r;
    for (int i = 0; batches && i < r - 2; i++) {
      batches = x.dim(i) == y.dim(i);
    }
    if (!batches) {
      throw new ShapeException("matmul: batch axes differ: " + x + " x " + y);
    }
    if (x.dim(r - 1) != y.dim(r - 2)) {
      throw new ShapeException("matmul: inner dimensions differ: " + x + " x " + y);
    }
    return new Result(m.output(), x.withDim(r - 1, y.dim(r - 1)));
  }

  private static Shape convolution(Op.Convolution c, Node x, Node w) {
    Shape xs = x.shape();
    Shape ws = w.shape();
    if (x.dtype() != w.dtype()) {
      throw new DTypeException("conv: dtypes differ: " + x.dtype() + " and " + w.dtype() + "; cast one of them");
    }
    noBool("conv", x.dtype());
    int spatial = xs.rank() - 2;
    if (spatial < 1 || spatial > 3 || ws.rank() != xs.rank()) {
      throw new ShapeException(
          "conv: input " + xs + " and weights " + ws + " must be [batch, channels, spatial...] and [out, channels / groups, "
              + "window...] with 1 to 3 spatial axes");
    }
    if (c.groups() < 1 || xs.dim(1) != ws.dim(1) * c.groups() || ws.dim(0) % c.groups() != 0) {
      throw new ShapeException(
          "conv: input " + xs + " and weights " + ws + " do not fit " + c.groups()
              + " groups; channels must be weights' axis 1 times groups, and weights' axis 0 a multiple of groups");
    }
    Shape window = ws.subShape(2, ws.rank());
    requireCount("conv: stride", c.stride(), window);
    requireCount("conv: low padding", c.padLow(), window);
    requireCount("conv: high padding", c.padHigh(), window);
    requireCount("conv: input dilation", c.inputDilation(), window);
    requireCount("conv: window dilation", c.windowDilation(), window);
    long[] d = new long[xs.rank()];
    d[0] = xs.dim(0);
    d[1] = ws.dim(0);
    for (int i = 0; i < spatial; i++) {
      if (c.stride().get(i) < 1 || c.inputDilation().get(i) < 1 || c.windowDilation().get(i) < 1 || ws.dim(2 + i) < 1) {
        throw new ShapeException(
            "conv: stride " + c.stride() + ", input dilation " + c.inputDilation() + ", window dilation "
                + c.windowDilation() + ", window " + window + "; each entry must be at least 1");
      }
      long padded =
          padded("conv", xs, 2 + i, c.inputDilation().get(i) - 1, c.padLow().get(i), c.padHigh().get(i));
      long reach = reach(ws.dim(2 + i), c.windowDilation().get(i));
      if (reach > padded) {
        throw new ShapeException(
            "conv: a window of reach " + reach + " does not fit axis " + (2 + i) + " of input " + xs + " (padded to "
                + padded + "); pad more or take a smaller window");
      }
      d[2 + i] = (padded - reach) / c.stride().get(i) + 1;
    }
    return Shape.of(d);
  }
}
