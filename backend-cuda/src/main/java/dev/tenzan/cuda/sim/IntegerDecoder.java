package dev.tenzan.cuda.sim;

import java.util.List;
import java.util.Set;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Decodes integer arithmetic (PTX ISA, "Integer Arithmetic Instructions" and "Extended-Precision Integer Arithmetic Instructions"). */
final class IntegerDecoder {
  private static final Set<String> MODIFIERS = Set.of("lo", "hi", "wide", "sat", "cc", "relu");

  private final Lowering to;

  /** The predicate that stands for the carry flag; −1 before it is needed. */
  private int carry = -1;

  IntegerDecoder(Lowering to) {
    this.to = to;
  }

  void decode(Statement.Operation op, Type t) {
    Decoder.allow(op, MODIFIERS);
    if (!t.isInteger() && t != Type.U16X2 && t != Type.S16X2) {
      throw new Lowering.Unsupported();
    }
    boolean extended = op.has("cc") || op.opcode().equals("addc") || op.opcode().equals("subc") || op.opcode().equals("madc");
    if (extended) {
      extended(op, t);
      return;
    }
    switch (op.opcode()) {
      case "add", "sub", "mul", "div", "rem", "min", "max", "mul24" -> binary(op, t);
      case "mad", "mad24", "sad", "dp4a", "dp2a" -> ternary(op, t);
      case "abs" -> unary(op, t, Math::abs);
      case "neg" -> unary(op, t, a -> -a);
      default -> throw new Lowering.Unsupported();
    }
  }

  private void unary(Statement.Operation op, Type t, LongUnaryOperator f) {
    Decoder.count(to, op, 2);
    int a = to.row(op.operands().get(1), t);
    to.emit(op, new Lanes.Unary(to.destination(op.operands().get(0)), a, t.extension(), t.mask(), f));
  }

  private void binary(Statement.Operation op, Type t) {
    Decoder.count(to, op, 3);
    List<Operand> o = op.operands();
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    int d = to.destination(o.get(0));
    boolean wide = op.has("wide");
    long mask = wide ? wide(t).mask() : t.mask();
    Instruction in = new Lanes.Binary(d, a, b, t.extension(), mask, function(op, t));
    Lanes.Rows fast = op.has("sat") || op.has("relu") ? null : fastBinary(op, t);
    to.emit(op, fast == null ? in : new Lanes.Fast(d, a, b, b, fast, in));
  }

  private static Type wide(Type t) {
    return switch (t) {
      case U16 -> Type.U32;
      case S16 -> Type.S32;
      case U32 -> Type.U64;
      case S32 -> Type.S64;
      default -> throw new Lowering.Unsupported();
    };
  }

  private LongBinaryOperator function(Statement.Operation op, Type t) {
    if (t == Type.U16X2 || t == Type.S16X2) {
      Type half = t == Type.U16X2 ? Type.U16 : Type.S16;
      return IntegerMath.halves(function(op, half), half.signed());
    }
    LongBinaryOperator f = switch (op.opcode()) {
      case "add" -> (a, b) -> a + b;
      case "sub" -> (a, b) -> a - b;
      case "mul" -> op.has("hi") ? IntegerMath.multiplyHigh(t) : (a, b) -> a * b;
      case "div" -> IntegerMath.divide(t);
      case "rem" -> IntegerMath.remainder(t);
      case "min" -> IntegerMath.min(t);
      case "max" -> IntegerMath.max(t);
      case "mul24" -> IntegerMath.multiply24(t, op.has("hi"));
      default -> throw new Lowering.Unsupported();
    };
    if (op.has("sat")) {
      if (t != Type.S32 || !(op.opcode().equals("add") || op.opcode().equals("sub"))) {
        throw new Lowering.Unsupported();
      }
      return (a, b) -> IntegerMath.saturate32(f.applyAsLong(a, b));
    }
    return op.has("relu") ? (a, b) -> Math.max(0, f.applyAsLong(a, b)) : f;
  }

  private static Lanes.@Nullable Rows fastBinary(Statement.Operation op, Type t) {
    String shape = op.opcode() + (op.has("wide") ? ".wide" : op.has("hi") ? ".hi" : "") + "." + t.bits;
    return switch (shape) {
      case "add.32" -> FastRows::add32;
      case "add.64" -> FastRows::add64;
      case "sub.32" -> FastRows::subtract32;
      case "mul.32" -> FastRows::multiply32;
      case "mul.64" -> FastRows::multiply64;
      case "mul.wide.32" -> t.signed() ? FastRows::wideSigned : FastRows::multiply64;
      default -> null;
    };
  }

  private void ternary(Statement.Operation op, Type t) {
    Decoder.count(to, op, 4);
    List<Operand> o = op.operands();
    int d = to.destination(o.get(0));
    boolean wide = op.opcode().equals("mad") && op.has("wide");
    Type result = wide ? wide(t) : t;
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    int c = to.row(o.get(3), result);
    Lanes.Ternary f = switch (op.opcode()) {
      case "sad" -> IntegerMath.sad(t);
      case "dp4a" -> IntegerMath.dot4(typeAt(op, 0), typeAt(op, 1));
      case "dp2a" -> IntegerMath.dot2(typeAt(op, 0), typeAt(op, 1), op.has("hi"));
      case "mad24" -> sum(IntegerMath.multiply24(t, op.has("hi")), op.has("sat"));
      default -> sum(op.has("hi") ? IntegerMath.multiplyHigh(t) : (x, y) -> x * y, op.has("sat"));
    };
    Instruction in = new Lanes.Three(d, a, b, c, t.extension(), result.extension(), result.mask(), f);
    Lanes.Rows fast = op.opcode().equals("mad") && !op.has("hi") ? fastTernary(wide, t) : null;
    to.emit(op, fast == null ? in : new Lanes.Fast(d, a, b, c, fast, in));
  }

  private static Lanes.@Nullable Rows fastTernary(boolean wide, Type t) {
    if (t.bits == 32 && wide) {
      return t.signed() ? FastRows::wideSignedAdd : FastRows::multiplyAdd64;
    }
    return t.bits == 32 ? FastRows::multiplyAdd32 : t.bits == 64 ? FastRows::multiplyAdd64 : null;
  }

  private static Lanes.Ternary sum(LongBinaryOperator product, boolean saturated) {
    if (saturated) {
      return (a, b, c) -> IntegerMath.saturate32(product.applyAsLong(a, b) + c);
    }
    return (a, b, c) -> product.applyAsLong(a, b) + c;
  }

  private static Type typeAt(Statement.Operation op, int index) {
    return op.modifiers().stream().map(Type::named).filter(t -> t != null).skip(index).findFirst()
        .orElseThrow(Lowering.Unsupported::new);
  }

  private void extended(Statement.Operation op, Type t) {
    if (carry < 0) {
      carry = to.registers.scratchPredicate();
    }
    List<Operand> o = op.operands();
    int d = to.destination(o.get(0));
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    boolean in = op.opcode().endsWith("c");
    if (op.opcode().startsWith("mad")) {
      Decoder.count(to, op, 4);
      int product = to.registers.scratchRow();
      LongBinaryOperator f = op.has("hi") ? IntegerMath.multiplyHigh(t) : (x, y) -> x * y;
      to.emit(op, new Lanes.Binary(product, a, b, t.extension(), t.mask(), f));
      to.emit(op, new Carry(d, product, to.row(o.get(3), t), t.bits, false, in, op.has("cc")));
    } else {
      Decoder.count(to, op, 3);
      to.emit(op, new Carry(d, a, b, t.bits, op.opcode().startsWith("sub"), in, op.has("cc")));
    }
  }

  /** A sum or difference with the carry flag. */
  private final class Carry extends Instruction {
    private final int d;
    private final int a;
    private final int b;
    private final int bits;
    private final boolean subtract;
    private final boolean in;
    private final boolean out;

    Carry(int d, int a, int b, int bits, boolean subtract, boolean in, boolean out) {
      this.d = d;
      this.a = a;
      this.b = b;
      this.bits = bits;
      this.subtract = subtract;
      this.in = in;
      this.out = out;
    }

    @Override
    void execute(Warp w, int mask) {
      long limit = bits == 64 ? -1 : (1L << bits) - 1;
      int flags = w.predicates[carry];
      int fresh = 0;
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        long x = w.rows[a][i];
        long y = w.rows[b][i];
        long one = in ? flags >>> i & 1 : 0;
        long result = (subtract ? x - y - one : x + y + one) & limit;
        int order = subtract ? Long.compareUnsigned(x, y) : Long.compareUnsigned(result, x);
        if (order < 0 || (order == 0 && one != 0)) {
          fresh |= 1 << i;
        }
        w.rows[d][i] = result;
      }
      if (out) {
        w.predicates[carry] = Lanes.merge(flags, mask, fresh);
      }
    }
  }
}
