package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Arg;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The text of one loop kernel while it is written: index arithmetic, addresses, and the instructions of the scalar programs. Whatever does
 * not move in a loop is left there: the assembler takes it out.
 */
final class LoopText {
  final LoopKernel kernel;
  final MergedSpace space;
  final PtxText t;
  final Params params;

  /** Whether indices have 64 bits. */
  final boolean wide;

  private final List<Operand> inputs;
  private final List<Operand> outputs;
  private final @Nullable BadIndex bad;

  /**
   * Where a buffer is.
   *
   * @param base the register with the address of its first element, of 32 bits in shared memory
   */
  record Operand(Space space, String base) {}

  /** The registers that keep an index out of range until the kernel ends. */
  private record BadIndex(String status, String flag, String index, String extent) {}

  /**
   * Begins a text.
   *
   * @param part the scratch buffer of partial results, or null where there is none
   */
  LoopText(LoopKernel kernel, MergedSpace space, boolean wide, boolean literal, boolean gathers, @Nullable Arg part) {
    this.kernel = kernel;
    this.space = space;
    this.wide = wide;
    this.t = new PtxText();
    this.params = new Params(t, wide, literal);
    List<Operand> in = new ArrayList<>();
    for (int i = 0; i < kernel.inputs().size(); i++) {
      in.add(new Operand(Space.CONSTANT, params.address("in" + i, new Arg.Slot(i))));
    }
    List<Operand> out = new ArrayList<>();
    for (int i = 0; i < kernel.outputs().size(); i++) {
      out.add(new Operand(Space.GLOBAL, params.address("out" + i, new Arg.Slot(kernel.inputs().size() + i))));
    }
    this.inputs = List.copyOf(in);
    this.outputs = List.copyOf(out);
    this.part = part == null ? "" : params.address("part", part);
    this.bad = gathers ? new BadIndex(params.address("status", new Arg.Status()), t.word(), t.wide(), t.wide()) : null;
    if (bad != null) {
      t.op("mov.u32", bad.flag, "0");
      t.op("mov.u64", bad.index, "0");
      t.op("mov.u64", bad.extent, "0");
    }
  }

  /**
   * Goes on with a text, by a kernel whose buffers are there already; its indices have 32 bits, and it does not gather.
   *
   * @param operands inputs in slot order, then outputs
   */
  LoopText(LoopKernel kernel, MergedSpace space, PtxText t, Params params, List<Operand> operands) {
    this.kernel = kernel;
    this.space = space;
    this.wide = false;
    this.t = t;
    this.params = params;
    this.inputs = List.copyOf(operands.subList(0, kernel.inputs().size()));
    this.outputs = List.copyOf(operands.subList(kernel.inputs().size(), operands.size()));
    this.part = "";
    this.bad = null;
  }

  /** The register with the address of the partial results. */
  final String part;

  /** The module with this kernel alone, whose blocks have at most {@code threads} threads. */
  String module(String entry, int threads) {
    if (bad != null) {
      reportBadIndex(bad);
    }
    return PtxText.HEAD + t.text(entry, threads, params.prologue());
  }

  /** The first who finds the flag unset writes; which one of several that is does not matter. */
  private void reportBadIndex(BadIndex b) {
    String end = t.label();
    String none = t.pred();
    String late = t.pred();
    String old = t.word();
    t.op("setp.eq.s32", none, b.flag, "0");
    t.jumpIf(none, end);
    t.op("atom.global.cas.b32", old, "[" + b.status + "]", "0", "1");
    t.op("setp.ne.s32", late, old, "0");
    t.jumpIf(late, end);
    t.op("st.global.u64", "[" + b.status + "+8]", b.index);
    t.op("st.global.u64", "[" + b.status + "+16]", b.extent);
    t.place(end);
  }

  // Indices

  private String suffix() {
    return wide ? ".s64" : ".s32";
  }

  /** A new register for an index. */
  String index() {
    return wide ? t.wide() : t.word();
  }

  /** A register with a special register's value as an index. */
  String special(String name) {
    String r = t.word();
    t.op("mov.u32", r, name);
    return widened(r);
  }

  /** An index from a register of 32 bits. */
  String widened(String word) {
    if (!wide) {
      return word;
    }
    String d = t.wide();
    t.op("cvt.u64.u32", d, word);
    return d;
  }

  /** A new index with the result of an operation of two: {@code add}, {@code mul.lo}, {@code min}. */
  String calc(String op, String a, String b) {
    String d = index();
    t.op(op + suffix(), d, a, b);
    return d;
  }

  /** Writes the result of an operation on two indices. */
  void calc(String target, String op, String a, String b) {
    t.op(op + suffix(), target, a, b);
  }

  /** Copies an index. */
  void move(String target, String a) {
    t.op(wide ? "mov.u64" : "mov.u32", target, a);
  }

  /** A predicate that compares two indices. */
  String test(String comparison, String a, String b) {
    String p = t.pred();
    t.op("setp." + comparison + suffix(), p, a, b);
    return p;
  }

  /** {@code a * b + c}. */
  String mad(String a, String b, String c) {
    String d = index();
    t.op("mad.lo" + suffix(), d, a, b, c);
    return d;
  }

  /**
   * The quotient of an index that is not negative by a positive number. Below 2^31 it is a multiplication by the reciprocal, rounded up
   * (Granlund and Montgomery, PLDI 1994): devices have no division of integers.
   */
  String quotient(String a, String role, long divisor) {
    String d = index();
    if (wide) {
      t.op("div.s64", d, a, params.of(role, divisor));
      return d;
    }
    int shift = 64 - Long.numberOfLeadingZeros(divisor - 1);
    long magic = Long.divideUnsigned(((1L << shift) - divisor) << 32, divisor) + 1;
    String high = t.word();
    String sum = t.word();
    t.op("mul.hi.u32", high, a, params.ofWord(role + " reciprocal", magic));
    t.op("add.u32", sum, high, a);
    t.op("shr.u32", d, sum, params.ofWord(role + " shift", shift));
    return d;
  }

  /** The index along each of the dimensions {@code from..to}, from a number that counts them row-major. */
  void split(String number, int from, int to, @Nullable String[] index) {
    split(number, from, to, index, 1);
  }

  /** The same, where the number counts groups of {@code width} neighbours along the last dimension. */
  void split(String number, int from, int to, @Nullable String[] index, int width) {
    String rest = number;
    for (int d = to - 1; d > from; d--) {
      long extent = space.extents().get(d) / (d == to - 1 ? width : 1);
      String q = quotient(rest, "extent " + d, extent);
      String whole = calc("mul.lo", q, params.of("extent " + d, extent));
      index[d] = calc("sub", rest, whole);
      rest = q;
    }
    if (to > from) {
      index[from] = rest;
      if (width > 1) {
        index[to - 1] = calc("mul.lo", Objects.requireNonNull(index[to - 1]), Integer.toString(width));
      }
    }
  }

  /** Emits a loop of all threads of the grid over {@code count} units, of which {@code first} is a thread's own. */
  void walk(String first, String step, String count, UnitBody body) {
    String begin = t.label();
    String end = t.label();
    t.jumpIf(test("ge", first, count), end);
    t.place(begin);
    body.write(first);
    calc(first, "add", first, step);
    t.jumpIf(test("lt", first, count), begin);
    t.place(end);
  }

  /** Writes what is done for one unit. */
  @FunctionalInterface
  interface UnitBody {
    /** Writes it, where {@code unit} is the register with the unit's number. */
    void write(String unit);
  }

  // Addresses

  private String element(Affine a, @Nullable String[] index) {
    String sum = "";
    for (int d = 0; d < index.length; d++) {
      long stride = MergedSpace.stride(a, space.source().get(d));
      String x = index[d];
      if (x == null || stride == 0) {
        continue;
      }
      if (stride == 1) {
        sum = sum.isEmpty() ? x : calc("add", sum, x);
      } else {
        sum = sum.isEmpty() ? calc("mul.lo", x, params.of("stride " + d, stride)) : mad(x, params.of("stride " + d, stride), sum);
      }
    }
    if (a.offset() != 0) {
      String offset = params.of("offset", a.offset());
      if (sum.isEmpty()) {
        sum = index();
        move(sum, offset);
      } else {
        sum = calc("add", sum, offset);
      }
    }
    return sum;
  }

  /** A register with the address of an element; {@code element} is empty for the first. */
  String at(String base, String element, int bytes) {
    if (element.isEmpty()) {
      return base;
    }
    String d = t.wide();
    if (wide) {
      t.op("mad.lo.s64", d, element, Integer.toString(bytes), base);
    } else {
      t.op("mad.wide.s32", d, element, Integer.toString(bytes), base);
    }
    return d;
  }

  // Programs

  /**
   * Writes a program at one point.
   *
   * @param index the index along each dimension of the merged space; null where the program has no such dimension
   * @param reduced the register with the reduction's result; empty where there is none
   * @return the registers of the values
   */
  String[] program(ScalarProgram program, @Nullable String[] index, String reduced) {
    return program(program, index, reduced, new @Nullable String[program.size()]);
  }

  /** The same, where some instructions' values are known: these are not written. */
  String[] program(ScalarProgram program, @Nullable String[] index, String reduced, @Nullable String[] known) {
    String[] v = new String[program.size()];
    for (int i = 0; i < v.length; i++) {
      String before = known[i];
      v[i] = before != null ? before : instruction(program, program.get(i), index, reduced, v);
    }
    return v;
  }

  /** A register with the address of an element of an operand; {@code element} is empty for the first. */
  private String at(Operand o, String element, int bytes) {
    if (o.space != Space.SHARED || element.isEmpty()) {
      return at(o.base, element, bytes);
    }
    String d = t.word();
    t.op("mad.lo.s32", d, element, Integer.toString(bytes), o.base);
    return d;
  }

  /** A register with the address that a load reads. */
  String address(Instr.Load l, @Nullable String[] index) {
    return at(inputs.get(l.slot()), element(l.address(), index), l.storage().byteSize());
  }

  private String instruction(ScalarProgram program, Instr instr, @Nullable String[] index, String reduced, String[] v) {
    if (instr instanceof Instr.Load l) {
      return Scalars.load(t, inputs.get(l.slot()).space, l.storage(), address(l, index));
    }
    if (instr instanceof Instr.Gather g) {
      return gather(g, v[g.index()], index);
    }
    if (instr instanceof Instr.Reduced) {
      return reduced;
    }
    String d = t.value(instr.type());
    switch (instr) {
      case Instr.Const c -> Scalars.constant(t, d, c.type(), c.bits());
      case Instr.Index x -> {
        String e = element(x.value(), index);
        t.op(wide || e.isEmpty() ? "mov.u64" : "cvt.s64.s32", d, e.isEmpty() ? "0" : e);
      }
      case Instr.Unary u -> Scalars.unary(t, d, u.op(), u.type(), v[u.a()]);
      case Instr.Binary b -> Scalars.binary(t, d, b.op(), program.type(b.a()), v[b.a()], v[b.b()]);
      case Instr.Ternary n -> {
        if (n.op() == ScalarOp.FMA) {
          Scalars.fma(t, d, n.type(), v[n.a()], v[n.b()], v[n.c()]);
        } else {
          Scalars.select(t, d, n.type(), v[n.a()], v[n.b()], v[n.c()]);
        }
      }
      case Instr.Convert c -> Scalars.convert(t, d, program.type(c.a()), c.type(), v[c.a()]);
      case Instr.Bitcast c -> Scalars.bitcast(t, d, c.type(), v[c.a()]);
      case Instr.Narrow n -> Scalars.narrow(t, d, n.storage(), v[n.a()]);
      case Instr.Load _, Instr.Gather _, Instr.Reduced _ -> throw new IllegalStateException("written before");
    }
    return d;
  }

  private String load(DType storage, int slot, String element) {
    Operand from = inputs.get(slot);
    return Scalars.load(t, from.space, storage, at(from, element, storage.byteSize()));
  }

  /** An index out of range is noted, and the load goes to index 0 instead: nothing foreign is read, and the loop has no branch. */
  private String gather(Instr.Gather g, String at, @Nullable String[] index) {
    BadIndex b = bad;
    if (b == null) {
      throw new IllegalStateException("gather: the text was begun without");
    }
    String extent = params.ofWide("axis", g.extent());
    String ok = t.pred();
    t.op("setp.lt.u64", ok, at, extent); // a negative one is a large number without sign
    t.line("@!" + ok + " mov.u32 " + b.flag + ", 1");
    t.line("@!" + ok + " mov.u64 " + b.index + ", " + at);
    t.line("@!" + ok + " mov.u64 " + b.extent + ", " + extent);
    if (g.extent() == 0) {
      String zero = t.value(g.type());
      Scalars.constant(t, zero, g.type(), 0);
      return zero;
    }
    String base = element(g.address(), index);
    if (g.stride() == 0) {
      return load(g.storage(), g.slot(), base);
    }
    String safe = t.wide();
    t.op("selp.b64", safe, at, "0", ok);
    String along = safe;
    if (!wide) {
      along = t.word();
      t.op("cvt.u32.u64", along, safe);
    }
    String element =
        g.stride() == 1
            ? (base.isEmpty() ? along : calc("add", base, along))
            : (base.isEmpty() ? calc("mul.lo", along, params.of("step", g.stride())) : mad(along, params.of("step", g.stride()), base));
    return load(g.storage(), g.slot(), element);
  }

  /** Writes the stores of the values of the storing program. */
  void stores(String[] v, @Nullable String[] index) {
    for (LoopKernel.Store s : kernel.stores()) {
      DType storage = kernel.outputs().get(s.slot());
      Operand to = outputs.get(s.slot());
      Scalars.store(t, to.space, storage, at(to, element(s.address(), index), storage.byteSize()), v[s.value()]);
    }
  }

  // Vectors

  /**
   * Writes the storing program at {@code count} neighbouring points along the last parallel dimension, whose loads and stores move vectors.
   *
   * @param index that of the first point
   */
  void vector(@Nullable String[] index, int count) {
    int last = space.parallel() - 1;
    ScalarProgram program = kernel.storeProgram();
    String[][] loaded = new String[program.size()][];
    for (int i = 0; i < loaded.length; i++) {
      if (program.get(i) instanceof Instr.Load l) {
        String element = element(l.address(), index);
        boolean same = MergedSpace.stride(l.address(), space.source().get(last)) == 0;
        loaded[i] = new String[count];
        if (same) {
          Arrays.fill(loaded[i], load(l.storage(), l.slot(), element));
        } else {
          Operand from = inputs.get(l.slot());
          loaded[i] = Scalars.load(t, from.space, l.storage(), at(from, element, l.storage().byteSize()), count);
        }
      }
    }
    String[][] values = new String[count][program.size()];
    for (int j = 0; j < count; j++) {
      @Nullable String[] own = index.clone();
      own[last] = j == 0 ? index[last] : calc("add", Objects.requireNonNull(index[last]), Integer.toString(j));
      for (int i = 0; i < loaded.length; i++) {
        values[j][i] = loaded[i] != null ? loaded[i][j] : instruction(program, program.get(i), own, "", values[j]);
      }
    }
    for (LoopKernel.Store s : kernel.stores()) {
      DType storage = kernel.outputs().get(s.slot());
      Operand to = outputs.get(s.slot());
      String address = at(to, element(s.address(), index), storage.byteSize());
      String[] stored = new String[count];
      for (int j = 0; j < count; j++) {
        stored[j] = values[j][s.value()];
      }
      Scalars.store(t, to.space, storage, address, stored);
    }
  }
}
