package dev.tenzan.cuda.sim;

import java.util.List;
import java.util.Set;
import java.util.function.LongBinaryOperator;

/** Decodes accesses to memory (PTX ISA, "Data Movement and Conversion Instructions" and "atom", "red"). */
final class MemoryDecoder {
  private static final Set<String> SPACES = Set.of("global", "shared", "shared::cta", "local", "const", "param", "param::entry",
      "param::func");
  private static final Set<String> HINTS = Set.of("weak", "relaxed", "acquire", "release", "acq_rel", "volatile", "mmio", "cta", "cluster",
      "gpu", "sys", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "v2", "v4", "noftz");
  private static final Set<String> STRONG = Set.of("relaxed", "acquire", "release", "acq_rel", "volatile", "mmio");
  private static final Set<String> ATOMIC = Set.of("add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec");

  private final Lowering to;

  MemoryDecoder(Lowering to) {
    this.to = to;
  }

  void decode(Statement.Operation op) {
    switch (op.opcode()) {
      case "ld", "ldu" -> load(op);
      case "st" -> store(op);
      case "atom", "red" -> atomic(op);
      case "cvta" -> convertAddress(op);
      case "isspacep" -> isSpace(op);
      case "cp" -> AsyncCopy.decode(to, this, op);
      default -> to.emit(op, new Flow.Nothing()); // prefetch, discard: hints
    }
  }

  private static void allowHints(Statement.Operation op, boolean atomic) {
    for (String m : op.modifiers()) {
      boolean known = Type.named(m) != null || SPACES.contains(m) || HINTS.contains(m) || m.startsWith("L1::") || m.startsWith("L2::")
          || (atomic && ATOMIC.contains(m));
      if (!known) {
        throw new Lowering.Unsupported();
      }
    }
  }

  private Type type(Statement.Operation op) {
    Type t = op.lastType();
    if (t == null) {
      throw to.error("the access has no type that is understood");
    }
    if (t.bits > 64) {
      throw new Lowering.Unsupported();
    }
    return t;
  }

  /** Where an access goes: the space by the modifiers, the address by the operand. */
  Access.Target target(Statement.Operation op, Operand operand, int bytes, int whole, boolean strong) {
    if (!(operand instanceof Operand.Address address)) {
      throw to.error("an address in brackets expected");
    }
    Access.Space space = space(op);
    Symbol symbol = address.base().isEmpty() ? null : to.find(address.base());
    int row;
    long mask = -1;
    if (symbol instanceof Symbol.Place p) {
      row = p.row();
      if (space == Access.Space.PARAM && p.space().equals("local")) {
        space = Access.Space.LOCAL; // a parameter of a call lies on the thread's stack
      } else if (space == Access.Space.GENERIC) {
        space = spaceOf(p.space());
      }
    } else if (address.base().isEmpty()) {
      row = to.registers.constant(0);
    } else {
      row = to.row(new Operand.Name(address.base(), 0), Type.B32);
      mask = symbol instanceof Symbol.Register r && r.type().bits == 32 ? 0xffff_ffffL : -1;
    }
    if (space == Access.Space.SHARED || space == Access.Space.GENERIC) {
      to.sharedAccess(bytes);
    }
    return new Access.Target(space, row, address.offset(), mask, bytes, to.access(), strong);
  }

  private static Access.Space spaceOf(String name) {
    return switch (name) {
      case "global", "const" -> Access.Space.GLOBAL;
      case "shared" -> Access.Space.SHARED;
      case "local" -> Access.Space.LOCAL;
      default -> Access.Space.PARAM;
    };
  }

  private static Access.Space space(Statement.Operation op) {
    for (String m : op.modifiers()) {
      if (SPACES.contains(m)) {
        return spaceOf(m.startsWith("shared") ? "shared" : m);
      }
    }
    return Access.Space.GENERIC;
  }

  private static boolean strong(Statement.Operation op) {
    return op.modifiers().stream().anyMatch(STRONG::contains);
  }

  private List<Operand> elements(Statement.Operation op, Operand operand) {
    int vector = op.has("v4") ? 4 : op.has("v2") ? 2 : 1;
    List<Operand> items = operand instanceof Operand.Vector v ? v.items() : List.of(operand);
    if (items.size() != vector) {
      throw to.error("the access takes " + vector + " registers, not " + items.size());
    }
    return items;
  }

  private void load(Statement.Operation op) {
    allowHints(op, false);
    Decoder.count(to, op, 2);
    Type t = type(op);
    List<Operand> items = elements(op, op.operands().get(0));
    Access.Target target = target(op, op.operands().get(1), t.bytes(), t.bytes() * items.size(), strong(op));
    int[] d = new int[items.size()];
    long[] masks = new long[items.size()];
    for (int i = 0; i < d.length; i++) {
      d[i] = to.destination(items.get(i));
      masks[i] = t.signed() ? to.declaredType(items.get(i)).mask() : t.mask();
    }
    boolean uniform = target.space() == Access.Space.PARAM && d.length == 1
        && op.operands().get(1) instanceof Operand.Address a && to.find(a.base()) instanceof Symbol.Place;
    to.emit(op, uniform
        ? new Access.LoadUniform(target, d[0], t.extension(), masks[0])
        : new Access.Load(target, d, t.extension(), masks));
  }

  private void store(Statement.Operation op) {
    allowHints(op, false);
    Decoder.count(to, op, 2);
    Type t = type(op);
    List<Operand> items = elements(op, op.operands().get(1));
    Access.Target target = target(op, op.operands().get(0), t.bytes(), t.bytes() * items.size(), strong(op));
    int[] from = new int[items.size()];
    for (int i = 0; i < from.length; i++) {
      from[i] = to.row(items.get(i), t);
    }
    to.emit(op, new Access.Store(target, from));
  }

  private void atomic(Statement.Operation op) {
    allowHints(op, true);
    Type t = type(op);
    if (op.has("v2") || op.has("v4")) {
      throw new Lowering.Unsupported();
    }
    boolean returns = op.opcode().equals("atom");
    List<Operand> o = op.operands();
    int first = returns ? 1 : 0;
    String name = op.modifiers().stream().filter(ATOMIC::contains).findFirst().orElseThrow(Lowering.Unsupported::new);
    boolean compares = name.equals("cas");
    Decoder.count(to, op, first + (compares ? 3 : 2));
    Access.Target target = target(op, o.get(first), t.bytes(), t.bytes(), true);
    int b = to.row(o.get(first + 1), t);
    int c = compares ? to.row(o.get(first + 2), t) : b;
    int d = returns ? to.destination(o.get(0)) : -1;
    to.emit(op, new Access.Atomic(target, d, b, c, t.extension(), t.mask(), update(name, t, target.space())));
  }

  private static Lanes.Ternary update(String name, Type t, Access.Space space) {
    if (t.isFloat() || t.kind == Type.Kind.PACKED) {
      return floatUpdate(name, t, space);
    }
    return switch (name) {
      case "add" -> (a, b, c) -> a + b;
      case "min" -> binary(IntegerMath.min(t));
      case "max" -> binary(IntegerMath.max(t));
      case "and" -> (a, b, c) -> a & b;
      case "or" -> (a, b, c) -> a | b;
      case "xor" -> (a, b, c) -> a ^ b;
      case "exch" -> (a, b, c) -> b;
      case "cas" -> (a, b, c) -> a == b ? c : a;
      case "inc" -> (a, b, c) -> Long.compareUnsigned(a, b) >= 0 ? 0 : a + 1;
      default -> (a, b, c) -> a == 0 || Long.compareUnsigned(a, b) > 0 ? b : a - 1;
    };
  }

  private static Lanes.Ternary binary(LongBinaryOperator f) {
    return (a, b, c) -> f.applyAsLong(a, b);
  }

  /** Additions; in global memory, devices flush the subnormals of f32 (PTX ISA, "atom"). */
  private static Lanes.Ternary floatUpdate(String name, Type t, Access.Space space) {
    if (name.equals("exch")) {
      return (a, b, c) -> b;
    } else if (!name.equals("add")) {
      throw new Lowering.Unsupported();
    }
    if (t == Type.F16X2 || t == Type.BF16X2) {
      LongBinaryOperator add = FloatMath.add(t == Type.F16X2 ? Type.F16 : Type.BF16, Rounding.NEAREST);
      return (a, b, c) -> add.applyAsLong(a & 0xffff, b & 0xffff) | add.applyAsLong(a >>> 16, b >>> 16) << 16;
    }
    LongBinaryOperator add = FloatMath.add(t, Rounding.NEAREST);
    if (t == Type.F32 && space == Access.Space.GLOBAL) {
      return (a, b, c) -> Convert.flush(add.applyAsLong(Convert.flush(a, t), Convert.flush(b, t)), t);
    }
    return binary(add);
  }

  private void convertAddress(Statement.Operation op) {
    Decoder.count(to, op, 2);
    int a = to.row(op.operands().get(1), Type.B32);
    int d = to.destination(op.operands().get(0));
    Access.Space space = space(op);
    long base = window(space);
    long shift = op.has("to") ? -base : base;
    to.emit(op, base == 0 ? new Lanes.Move(d, a) : new Lanes.Unary(d, a, 0, -1, x -> x + shift));
  }

  private static long window(Access.Space space) {
    return switch (space) {
      case SHARED -> Access.SHARED_WINDOW;
      case LOCAL -> Access.LOCAL_WINDOW;
      case PARAM -> Access.PARAM_WINDOW;
      default -> 0;
    };
  }

  private void isSpace(Statement.Operation op) {
    Decoder.count(to, op, 2);
    int p = to.predicate(op.operands().get(0));
    int a = to.row(op.operands().get(1), Type.B64);
    Access.Space space = space(op);
    to.emit(op, new Instruction() {
      @Override
      void execute(Warp w, int mask) {
        int result = 0;
        for (int m = mask; m != 0; m &= m - 1) {
          int i = Integer.numberOfTrailingZeros(m);
          long x = w.rows[a][i];
          boolean in = false;
          for (Access.Space s : List.of(Access.Space.SHARED, Access.Space.LOCAL, Access.Space.PARAM)) {
            boolean there = x >= window(s) && x < window(s) + Access.WINDOW;
            in |= space == s && there;
          }
          boolean global = x >= Access.PARAM_WINDOW + Access.WINDOW;
          result |= (space == Access.Space.GLOBAL ? global : in) ? 1 << i : 0;
        }
        w.predicates[p] = Lanes.merge(w.predicates[p], mask, result);
      }
    });
  }
}
