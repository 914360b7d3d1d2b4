package dev.tenzan.opencl.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.opencl.plan.Arg;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The text of one kernel while it is written: its parameters, the base of each address where the loops around it stand, and the
 * instructions of the scalar programs.
 */
final class LoopText {
  final LoopKernel kernel;
  final Space space;
  final Style style;
  final Params params;

  /** The type of indices. */
  final String ix;

  /** For each canonical dimension the name of its extent. */
  final String[] extents;

  private final StringBuilder out = new StringBuilder();
  private final boolean gathers;
  private final Map<Object, Address> addresses = new IdentityHashMap<>();
  private int indent = 1;
  private int names;

  LoopText(LoopKernel kernel, Space space, Style style, Params params, boolean gathers) {
    this.kernel = kernel;
    this.space = space;
    this.style = style;
    this.params = params;
    this.ix = params.type();
    this.gathers = gathers;
    this.extents = new String[space.rank()];
    for (int d = 0; d < extents.length; d++) {
      extents[d] = params.of(space.extents[d]);
    }
  }

  /** Adds a line. */
  void line(String text) {
    out.append("  ".repeat(indent)).append(text).append('\n');
  }

  /** Adds a line that opens a block. */
  void open(String text) {
    line(text);
    indent++;
  }

  /** Closes a block. */
  void close() {
    indent--;
    line("}");
  }

  /**
   * Declares the run of a work-item on chunked devices: {@code from} and {@code end}.
   *
   * @param from the name of its first point
   * @param chunk its length
   * @param count the name of the number of all points
   */
  void run(String from, long chunk, String count) {
    if (style.single()) {
      line(ix + " " + from + " = 0;");
      line("const " + ix + " end = " + count + ";");
      return;
    }
    String length = params.of(chunk);
    line(ix + " " + from + " = (" + ix + ")get_global_id(0) * " + length + ";");
    line("const " + ix + " end = min(" + from + " + " + length + ", " + count + ");");
  }

  /** A new name. */
  String name(String prefix) {
    return prefix + names++;
  }

  /** The kernel's whole text; {@code extra} declares what stands between the buffers and the parameters. */
  String text(String entry, List<String> extra) {
    List<String> declarations = new ArrayList<>();
    for (int i = 0; i < kernel.inputs().size(); i++) {
      declarations.add("__global const tz_t_" + kernel.inputs().get(i).label() + "* restrict in" + i);
    }
    for (int i = 0; i < kernel.outputs().size(); i++) {
      declarations.add("__global tz_t_" + kernel.outputs().get(i).label() + "* restrict out" + i);
    }
    declarations.addAll(extra);
    if (gathers) {
      declarations.add("volatile __global int* status");
    }
    StringBuilder all = new StringBuilder("\n__kernel void " + entry + "(");
    all.append(String.join(", ", declarations)).append(params.declarations()).append(") {\n");
    if (gathers) {
      all.append("  int bad = 0;\n  long bad_index = 0, bad_extent = 0;\n");
    }
    all.append(out);
    if (gathers) {
      all.append("  if (bad) tz_bad_index(status, bad_index, bad_extent, 0);\n");
    }
    return all.append("}\n").toString();
  }

  /** The arguments that {@link #text} declares; {@code extra} are those of the same place. */
  List<Arg> args(List<Arg> extra) {
    List<Arg> all = new ArrayList<>();
    for (int i = 0; i < kernel.inputs().size() + kernel.outputs().size(); i++) {
      all.add(new Arg.Slot(i));
    }
    all.addAll(extra);
    if (gathers) {
      all.add(new Arg.Status());
    }
    all.addAll(params.args());
    return all;
  }

  /**
   * Splits a point number into indices of the dimensions {@code from..to}.
   *
   * @param number the name of the number, which counts row-major
   * @return one expression for each dimension
   */
  String[] split(String number, int from, int to) {
    String[] index = new String[to - from];
    String rest = number;
    for (int d = to - 1; d > from; d--) {
      String name = name("i");
      line("const " + ix + " " + name + " = " + rest + " % " + extents[d] + ";");
      index[d - from] = name;
      String next = name("i");
      line("const " + ix + " " + next + " = " + rest + " / " + extents[d] + ";");
      rest = next;
    }
    if (to > from) {
      index[0] = rest;
    }
    return index;
  }

  /**
   * Begins a scope in which some indices are known: computes the base of each address of a program.
   *
   * @param program whose addresses
   * @param stores whether the stores' addresses too
   * @param known for each canonical dimension the index, or null where it is not known yet
   */
  void bases(ScalarProgram program, boolean stores, @Nullable String[] known) {
    for (Instr i : program.code()) {
      switch (i) {
        case Instr.Load l -> base(l, l.address(), known);
        case Instr.Gather g -> base(g, g.address(), known);
        case Instr.Index x -> base(x, x.value(), known);
        case Instr.Const _, Instr.Reduced _, Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> {}
        case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> {}
      }
    }
    if (stores) {
      kernel.stores().forEach(s -> base(s, s.address(), known));
    }
  }

  private void base(Object user, Affine address, @Nullable String[] known) {
    Address a = addresses.computeIfAbsent(user, _ -> new Address(space.canonical(address)));
    StringBuilder sum = new StringBuilder(a.offset);
    for (int d = 0; d < known.length; d++) {
      String index = known[d];
      if (index != null) {
        sum.append(" + ").append(a.times(d, index));
      }
    }
    a.base = name("b");
    line("const " + ix + " " + a.base + " = " + sum + ";");
  }

  /** An address with the names of its numbers. It belongs to one instruction or store: what others have must not change the text. */
  private final class Address {
    private final Affine value;
    private final String offset;
    private final @Nullable String[] strides;
    private String base = "";

    Address(Affine value) {
      this.value = value;
      this.offset = params.of(value.offset());
      this.strides = new @Nullable String[value.rank()];
    }

    private String times(int d, String index) {
      String stride = strides[d];
      if (stride == null) {
        stride = params.of(value.stride(d));
        strides[d] = stride;
      }
      return index + " * " + stride;
    }

    private String at(int inner, String x) {
      if (inner < 0 || value.stride(inner) == 0) {
        return base;
      }
      // Strides of 0 and 1 along the innermost loop stand in the text: the compiler makes vectors of them.
      return base + " + " + (value.stride(inner) == 1 ? x : times(inner, x));
    }
  }

  private String at(Object user, int inner, String x) {
    Address a = addresses.get(user);
    if (a == null) {
      throw new IllegalStateException("no base for " + user);
    }
    return a.at(inner, x);
  }

  /**
   * Writes a program at one point.
   *
   * @param prefix of the values' names
   * @param inner the dimension whose index the bases lack, or -1
   * @param x that index
   * @param reduced the name of the reduction's result; empty where there is none
   * @return the names of the values
   */
  String[] program(ScalarProgram program, String prefix, int inner, String x, String reduced) {
    String[] v = new String[program.size()];
    for (int i = 0; i < v.length; i++) {
      Instr instr = program.get(i);
      String value =
          switch (instr) {
            case Instr.Const c -> Scalars.constant(c.type(), c.bits());
            case Instr.Load l -> load(l.storage(), l.slot(), at(l, inner, x));
            case Instr.Gather g -> gather(g, at(g, inner, x), v[g.index()]);
            case Instr.Index n -> "(long)(" + at(n, inner, x) + ")";
            case Instr.Reduced _ -> reduced;
            case Instr.Unary u -> Scalars.unary(u.op(), u.type(), v[u.a()]);
            case Instr.Binary b -> Scalars.binary(b.op(), program.type(b.a()), v[b.a()], v[b.b()]);
            case Instr.Ternary t ->
                t.op() == ScalarOp.FMA
                    ? "fma(" + v[t.a()] + ", " + v[t.b()] + ", " + v[t.c()] + ")"
                    : v[t.a()] + " ? " + v[t.b()] + " : " + v[t.c()];
            case Instr.Convert c -> Scalars.convert(program.type(c.a()), c.type(), v[c.a()]);
            case Instr.Bitcast c -> Scalars.bitcast(c.type(), v[c.a()]);
            case Instr.Narrow n -> Scalars.narrow(n.storage(), v[n.a()]);
          };
      if (instr instanceof Instr.Const || instr instanceof Instr.Reduced) {
        v[i] = value;
        continue;
      }
      v[i] = prefix + i;
      line("const " + Scalars.type(instr.type()) + " " + v[i] + " = " + value + ";");
    }
    return v;
  }

  private static String load(DType storage, int slot, String at) {
    return "tz_load_" + storage.label() + "(in" + slot + ", " + at + ")";
  }

  /** An index out of range is noted, and the load goes to index 0 instead: nothing foreign is read, and the loop has no branch. */
  private String gather(Instr.Gather g, String at, String index) {
    String extent = params.of(g.extent());
    String ok = name("ok");
    line("const int " + ok + " = " + index + " >= 0 && " + index + " < " + extent + ";");
    line("bad |= " + ok + " ^ 1;");
    line("bad_index = " + ok + " ? bad_index : " + index + ";");
    line("bad_extent = " + ok + " ? bad_extent : " + extent + ";");
    if (g.extent() == 0) {
      return Scalars.constant(g.type(), 0);
    }
    String safe = "(" + ix + ")(" + ok + " ? " + index + " : 0)";
    String step = g.stride() == 0 ? "" : " + " + safe + (g.stride() == 1 ? "" : " * " + params.of(g.stride()));
    return load(g.storage(), g.slot(), at + step);
  }

  /** Writes the stores of the values of the storing program. */
  void stores(String[] v, int inner, String x) {
    for (LoopKernel.Store s : kernel.stores()) {
      String label = kernel.outputs().get(s.slot()).label();
      line("tz_store_" + label + "(out" + s.slot() + ", " + at(s, inner, x) + ", " + v[s.value()] + ");");
    }
  }
}
