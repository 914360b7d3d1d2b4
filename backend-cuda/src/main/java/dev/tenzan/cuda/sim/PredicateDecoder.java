package dev.tenzan.cuda.sim;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decodes comparisons, selections and logic of predicates (PTX ISA, "Comparison and Selection Instructions"). */
final class PredicateDecoder {
  private static final Set<String> INTEGER_TESTS = Set.of("eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs");
  private static final Set<String> FLOAT_TESTS =
      Set.of("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan");
  private static final Set<String> LOGIC = Set.of("and", "or", "xor");
  private static final Set<String> PROPERTIES = Set.of("finite", "infinite", "number", "notanumber", "normal", "subnormal");

  private final Lowering to;

  PredicateDecoder(Lowering to) {
    this.to = to;
  }

  void decode(Statement.Operation op, Type t) {
    switch (op.opcode()) {
      case "setp" -> compare(op, t);
      case "set" -> set(op, t);
      case "selp" -> select(op, t);
      case "slct" -> selectBySign(op);
      case "testp" -> test(op, t);
      default -> throw new Lowering.Unsupported();
    }
  }

  private Lanes.Test comparison(Statement.Operation op, Type t) {
    Set<String> tests = t.isFloat() ? FLOAT_TESTS : INTEGER_TESTS;
    String name = op.modifiers().isEmpty() ? "" : op.modifiers().getFirst();
    if (!tests.contains(name) || t.kind == Type.Kind.PACKED) {
      throw new Lowering.Unsupported();
    }
    for (String m : op.modifiers().subList(1, op.modifiers().size())) {
      if (Type.named(m) == null && !LOGIC.contains(m) && !m.equals("ftz")) {
        throw new Lowering.Unsupported();
      }
    }
    return t.isFloat() ? floatTest(name, t, op.has("ftz")) : integerTest(name, t);
  }

  private static Lanes.Test integerTest(String name, Type t) {
    boolean unsigned = !t.signed() || name.equals("lo") || name.equals("ls") || name.equals("hi") || name.equals("hs");
    long flip = unsigned ? Long.MIN_VALUE : 0;
    return switch (name) {
      case "eq" -> (a, b) -> a == b;
      case "ne" -> (a, b) -> a != b;
      case "lt", "lo" -> (a, b) -> (a ^ flip) < (b ^ flip);
      case "le", "ls" -> (a, b) -> (a ^ flip) <= (b ^ flip);
      case "gt", "hi" -> (a, b) -> (a ^ flip) > (b ^ flip);
      default -> (a, b) -> (a ^ flip) >= (b ^ flip);
    };
  }

  private interface Comparison {
    boolean test(double a, double b);
  }

  private static Lanes.Test floatTest(String name, Type t, boolean ftz) {
    Comparison c = switch (name) {
      case "eq" -> (a, b) -> a == b;
      case "ne" -> (a, b) -> a < b || a > b;
      case "lt" -> (a, b) -> a < b;
      case "le" -> (a, b) -> a <= b;
      case "gt" -> (a, b) -> a > b;
      case "ge" -> (a, b) -> a >= b;
      case "equ" -> (a, b) -> !(a < b || a > b);
      case "neu" -> (a, b) -> a != b;
      case "ltu" -> (a, b) -> !(a >= b);
      case "leu" -> (a, b) -> !(a > b);
      case "gtu" -> (a, b) -> !(a <= b);
      case "geu" -> (a, b) -> !(a < b);
      case "num" -> (a, b) -> !Double.isNaN(a) && !Double.isNaN(b);
      default -> (a, b) -> Double.isNaN(a) || Double.isNaN(b);
    };
    if (ftz) {
      return (a, b) -> c.test(Convert.decode(Convert.flush(a, t), t), Convert.decode(Convert.flush(b, t), t));
    }
    return (a, b) -> c.test(Convert.decode(a, t), Convert.decode(b, t));
  }

  private @Nullable String logicOf(Statement.Operation op) {
    return op.modifiers().stream().filter(LOGIC::contains).findFirst().orElse(null);
  }

  private void compare(Statement.Operation op, Type t) {
    String logic = logicOf(op);
    Decoder.count(to, op, logic == null ? 3 : 4);
    List<Operand> o = op.operands();
    Operand p = o.get(0) instanceof Operand.Pair pair ? pair.first() : o.get(0);
    Lanes.Test test = comparison(op, t);
    int q = o.get(0) instanceof Operand.Pair pair ? to.predicate(pair.second()) : -1;
    int c = logic == null ? -1 : to.predicate(o.get(3));
    boolean negated = logic != null && o.get(3) instanceof Operand.Not;
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    to.emit(op, new Compare(to.predicate(p), q, a, b, t.extension(), test, logic == null ? "" : logic, c, negated));
  }

  /** p = (a test b) logic c; q = !(a test b) logic c. */
  private static final class Compare extends Instruction {
    private final int p;
    private final int q;
    private final int a;
    private final int b;
    private final int shift;
    private final Lanes.Test test;
    private final String logic;
    private final int c;
    private final boolean negatedThird;

    Compare(int p, int q, int a, int b, int shift, Lanes.Test test, String logic, int c, boolean negatedThird) {
      this.p = p;
      this.q = q;
      this.a = a;
      this.b = b;
      this.shift = shift;
      this.test = test;
      this.logic = logic;
      this.c = c;
      this.negatedThird = negatedThird;
    }

    @Override
    void execute(Warp w, int mask) {
      long[] x = w.rows[a];
      long[] y = w.rows[b];
      int result = 0;
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        if (test.test(x[i] << shift >> shift, y[i] << shift >> shift)) {
          result |= 1 << i;
        }
      }
      int third = c < 0 ? 0 : negatedThird ? ~w.predicates[c] : w.predicates[c];
      w.predicates[p] = Lanes.merge(w.predicates[p], mask, combine(result, third));
      if (q >= 0) {
        w.predicates[q] = Lanes.merge(w.predicates[q], mask, combine(~result, third));
      }
    }

    private int combine(int x, int y) {
      if (c < 0) {
        return x;
      }
      return switch (logic) {
        case "and" -> x & y;
        case "or" -> x | y;
        case "xor" -> x ^ y;
        default -> x;
      };
    }
  }

  private void set(Statement.Operation op, Type t) {
    String logic = logicOf(op);
    List<Operand> o = op.operands();
    Decoder.count(to, op, logic == null ? 3 : 4);
    Type result = op.modifiers().stream().map(Type::named).filter(x -> x != null).findFirst().orElse(t);
    int p = to.registers.scratchPredicate();
    int c = logic == null ? -1 : to.predicate(o.get(3));
    boolean negated = logic != null && o.get(3) instanceof Operand.Not;
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    to.emit(op, new Compare(p, -1, a, b, t.extension(), comparison(op, t), logic == null ? "" : logic, c, negated));
    long yes = result.isFloat() ? Convert.encode(1.0, result, Rounding.NEAREST) : result.mask();
    to.emit(op, new Lanes.Select(to.destination(o.get(0)), to.registers.constant(yes), to.registers.constant(0), p, false));
  }

  private void select(Statement.Operation op, Type t) {
    Decoder.allow(op, Set.of());
    Decoder.count(to, op, 4);
    List<Operand> o = op.operands();
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    to.emit(op, new Lanes.Select(to.destination(o.get(0)), a, b, to.predicate(o.get(3)), o.get(3) instanceof Operand.Not));
  }

  private void selectBySign(Statement.Operation op) {
    Decoder.allow(op, Set.of("ftz"));
    Decoder.count(to, op, 4);
    List<Type> types = op.modifiers().stream().map(Type::named).filter(x -> x != null).toList();
    if (types.size() != 2) {
      throw new Lowering.Unsupported();
    }
    List<Operand> o = op.operands();
    Type t = types.get(0);
    Type by = types.get(1);
    boolean ftz = op.has("ftz");
    Lanes.Ternary f = by == Type.S32 ? (a, b, c) -> c >= 0 ? a : b
        : (a, b, c) -> Convert.decode(ftz ? Convert.flush(c, by) : c, by) >= 0 ? a : b;
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    to.emit(op, new Lanes.Three(to.destination(o.get(0)), a, b, to.row(o.get(3), by), 0, by.extension(), t.mask(), f));
  }

  private void test(Statement.Operation op, Type t) {
    Decoder.count(to, op, 2);
    String property = op.modifiers().getFirst();
    if (!PROPERTIES.contains(property) || (t != Type.F32 && t != Type.F64)) {
      throw new Lowering.Unsupported();
    }
    int a = to.row(op.operands().get(1), t);
    Lanes.Test test = (x, y) -> FloatMath.test(property, x, t);
    to.emit(op, new Compare(to.predicate(op.operands().get(0)), -1, a, a, 0, test, "", -1, false));
  }

  /** Logic of predicates, and moves of them. */
  void logic(Statement.Operation op) {
    Decoder.allow(op, Set.of());
    List<Operand> o = op.operands();
    boolean unary = op.opcode().equals("not") || op.opcode().equals("mov");
    Decoder.count(to, op, unary ? 2 : 3);
    int p = to.predicate(o.get(0));
    if (o.get(1) instanceof Operand.Int constant) {
      to.emit(op, new Logic(op.opcode(), p, -1, constant.value() != 0, -1, false));
      return;
    }
    int b = unary ? -1 : to.predicate(o.get(2));
    boolean negatedSecond = !unary && o.get(2) instanceof Operand.Not;
    to.emit(op, new Logic(op.opcode(), p, to.predicate(o.get(1)), o.get(1) instanceof Operand.Not, b, negatedSecond));
  }

  private static final class Logic extends Instruction {
    private final String opcode;
    private final int p;
    private final int a;
    private final boolean negatedFirst;
    private final int b;
    private final boolean negatedSecond;

    Logic(String opcode, int p, int a, boolean negatedFirst, int b, boolean negatedSecond) {
      this.opcode = opcode;
      this.p = p;
      this.a = a;
      this.negatedFirst = negatedFirst;
      this.b = b;
      this.negatedSecond = negatedSecond;
    }

    @Override
    void execute(Warp w, int mask) {
      int x = (a < 0 ? 0 : w.predicates[a]) ^ (negatedFirst ? -1 : 0);
      int y = (b < 0 ? 0 : w.predicates[b]) ^ (negatedSecond ? -1 : 0);
      int result = switch (opcode) {
        case "and" -> x & y;
        case "or" -> x | y;
        case "xor" -> x ^ y;
        case "not" -> ~x;
        default -> x;
      };
      w.predicates[p] = Lanes.merge(w.predicates[p], mask, result);
    }
  }
}
