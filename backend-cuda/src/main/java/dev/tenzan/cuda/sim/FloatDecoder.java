package dev.tenzan.cuda.sim;

import java.util.List;
import java.util.Set;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Decodes floating-point arithmetic (PTX ISA, "Floating Point Instructions" and "Half Precision Floating Point Instructions").
 * Approximations ({@code .approx}, {@code .full}, ex2, sin and the like) are not supported: their bits are not specified.
 */
final class FloatDecoder {
  private static final Set<String> MODIFIERS = Set.of("rn", "rz", "rm", "rp", "ftz", "sat", "relu", "NaN");

  private final Lowering to;

  FloatDecoder(Lowering to) {
    this.to = to;
  }

  void decode(Statement.Operation op, Type t) {
    Decoder.allow(op, MODIFIERS);
    if (op.modifiers().stream().filter(m -> Type.named(m) != null).count() > 1) {
      throw new Lowering.Unsupported(); // operands of mixed types
    }
    switch (op.opcode()) {
      case "add", "sub", "mul", "div", "min", "max", "copysign" -> binary(op, t);
      case "fma", "mad" -> ternary(op, t);
      case "abs", "neg", "sqrt", "rcp" -> unary(op, t);
      default -> throw new Lowering.Unsupported();
    }
  }

  private static Type scalar(Type t) {
    return t == Type.F16X2 ? Type.F16 : t == Type.BF16X2 ? Type.BF16 : t;
  }

  private static boolean needsRounding(Statement.Operation op, Type t) {
    return !(op.has("rn") || op.has("rz") || op.has("rm") || op.has("rp")) && (t == Type.F32 || t == Type.F64);
  }

  private void unary(Statement.Operation op, Type t) {
    Decoder.count(to, op, 2);
    Type s = scalar(t);
    Rounding r = Rounding.of(op.modifiers());
    boolean arithmetic = op.opcode().equals("sqrt") || op.opcode().equals("rcp");
    if (arithmetic && (needsRounding(op, s) || s.bits < 32)) {
      throw new Lowering.Unsupported();
    }
    LongUnaryOperator f = switch (op.opcode()) {
      case "abs" -> FloatMath.absolute(s);
      case "neg" -> FloatMath.negate(s);
      case "sqrt" -> FloatMath.sqrt(s, r);
      default -> {
        LongBinaryOperator divide = FloatMath.divide(s, r);
        long one = Convert.encode(1.0, s, Rounding.NEAREST);
        yield a -> divide.applyAsLong(one, a);
      }
    };
    LongUnaryOperator modified = op.has("ftz") ? a -> Convert.flush(f.applyAsLong(Convert.flush(a, s)), s) : f;
    LongUnaryOperator whole = t == s ? modified
        : a -> modified.applyAsLong(a & 0xffff) | modified.applyAsLong(a >>> 16) << 16;
    int a = to.row(op.operands().get(1), t);
    to.emit(op, new Lanes.Unary(to.destination(op.operands().get(0)), a, 0, t.mask(), whole));
  }

  private void binary(Statement.Operation op, Type t) {
    Decoder.count(to, op, 3);
    Type s = scalar(t);
    Rounding r = Rounding.of(op.modifiers());
    if (op.opcode().equals("div") && (needsRounding(op, s) || s.bits < 32)) {
      throw new Lowering.Unsupported();
    }
    LongBinaryOperator f = switch (op.opcode()) {
      case "add" -> FloatMath.add(s, r);
      case "sub" -> FloatMath.subtract(s, r);
      case "mul" -> FloatMath.multiply(s, r);
      case "div" -> FloatMath.divide(s, r);
      case "min" -> FloatMath.extremum(s, false, op.has("NaN"));
      case "max" -> FloatMath.extremum(s, true, op.has("NaN"));
      default -> (a, b) -> (a & Convert.signBit(s)) | (b & (Convert.signBit(s) - 1));
    };
    LongBinaryOperator modified = modified(op, s, f);
    LongBinaryOperator whole = t == s ? modified
        : (a, b) -> modified.applyAsLong(a & 0xffff, b & 0xffff) | modified.applyAsLong(a >>> 16, b >>> 16) << 16;
    List<Operand> o = op.operands();
    int d = to.destination(o.get(0));
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    Instruction in = new Lanes.Binary(d, a, b, 0, t.mask(), whole);
    Lanes.Rows fast = r == Rounding.NEAREST && plain(op) ? fastBinary(op.opcode(), t) : null;
    to.emit(op, fast == null ? in : new Lanes.Fast(d, a, b, b, fast, in));
  }

  private static boolean plain(Statement.Operation op) {
    return !op.has("ftz") && !op.has("sat") && !op.has("relu");
  }

  private static LongBinaryOperator modified(Statement.Operation op, Type s, LongBinaryOperator f) {
    LongBinaryOperator g = op.has("ftz")
        ? (a, b) -> Convert.flush(f.applyAsLong(Convert.flush(a, s), Convert.flush(b, s)), s)
        : f;
    if (op.has("relu")) {
      return (a, b) -> FloatMath.relu(g.applyAsLong(a, b), s);
    }
    return op.has("sat") ? (a, b) -> FloatMath.saturate(g.applyAsLong(a, b), s) : g;
  }

  private static Lanes.@Nullable Rows fastBinary(String opcode, Type t) {
    return switch (opcode + t.text()) {
      case "add.f32" -> FastRows::addF32;
      case "sub.f32" -> FastRows::subtractF32;
      case "mul.f32" -> FastRows::multiplyF32;
      case "add.f64" -> FastRows::addF64;
      case "mul.f64" -> FastRows::multiplyF64;
      default -> null;
    };
  }

  private void ternary(Statement.Operation op, Type t) {
    Decoder.count(to, op, 4);
    Type s = scalar(t);
    Rounding r = Rounding.of(op.modifiers());
    if (needsRounding(op, s) && op.opcode().equals("fma")) {
      throw to.error("fma needs a rounding modifier");
    }
    Lanes.Ternary f = FloatMath.fma(s, r);
    Lanes.Ternary flushed = op.has("ftz")
        ? (a, b, c) -> Convert.flush(f.apply(Convert.flush(a, s), Convert.flush(b, s), Convert.flush(c, s)), s)
        : f;
    Lanes.Ternary modified = op.has("relu") ? (a, b, c) -> FloatMath.relu(flushed.apply(a, b, c), s)
        : op.has("sat") ? (a, b, c) -> FloatMath.saturate(flushed.apply(a, b, c), s) : flushed;
    Lanes.Ternary whole = t == s ? modified
        : (a, b, c) -> modified.apply(a & 0xffff, b & 0xffff, c & 0xffff) | modified.apply(a >>> 16, b >>> 16, c >>> 16) << 16;
    List<Operand> o = op.operands();
    int d = to.destination(o.get(0));
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    int c = to.row(o.get(3), t);
    Instruction in = new Lanes.Three(d, a, b, c, 0, 0, t.mask(), whole);
    boolean fast = r == Rounding.NEAREST && plain(op) && t.bits >= 32 && t == s;
    to.emit(op, fast ? new Lanes.Fast(d, a, b, c, t == Type.F32 ? FastRows::fmaF32 : FastRows::fmaF64, in) : in);
  }
}
