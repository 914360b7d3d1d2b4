package dev.tenzan.schedule;

import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.UnaryOp;
import dev.tenzan.scalar.MathF32;
import dev.tenzan.scalar.MathF64;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;

/**
 * Lowers the elementwise operations to scalar primitives. Values of narrow dtypes are computed in their compute type and rounded to
 * the dtype after each operation that can leave it.
 */
final class ScalarLowering {
  private ScalarLowering() {}

  /** One operand of dtype {@code t}. */
  static int unary(ScalarBuilder b, UnaryOp op, DType t, int x) {
    DType c = t.compute();
    if (!t.isFloat()) {
      return integerUnary(b, op, t, x);
    }
    int y = c == DType.F64 ? f64(b, op, x) : f32(b, op, x);
    return op == UnaryOp.IS_NAN || op == UnaryOp.NEG || op == UnaryOp.ABS ? y : b.narrow(t, y);
  }

  private static int integerUnary(ScalarBuilder b, UnaryOp op, DType t, int x) {
    return switch (op) {
      case NEG -> b.narrow(t, b.neg(x));
      case ABS -> t == DType.U8 ? x : b.narrow(t, b.abs(x));
      case NOT -> t == DType.BOOL ? b.not(x) : b.narrow(t, b.not(x));
      case SIGN -> {
        int zero = b.constant(t, 0);
        int positive = b.select(b.lt(zero, x), b.constant(t, 1), zero);
        yield b.select(b.lt(x, zero), b.constant(t, -1), positive);
      }
      case FLOOR, CEIL, TRUNC, ROUND -> x;
      case SQRT, IS_NAN, EXP, EXP2, EXPM1, LOG, LOG2, LOG10, LOG1P, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, TANH,
          ASINH, ACOSH, ATANH, SIGMOID, ERF ->
          throw new IllegalArgumentException(op.label() + " of " + t);
    };
  }

  private static int f32(ScalarBuilder b, UnaryOp op, int x) {
    return switch (op) {
      case NEG -> b.neg(x);
      case ABS -> b.abs(x);
      case SQRT -> b.sqrt(x);
      case NOT -> throw new IllegalArgumentException("not of a float");
      case IS_NAN -> b.ne(x, x);
      case SIGN -> MathF32.sign(b, x);
      case FLOOR -> MathF32.floor(b, x);
      case CEIL -> MathF32.ceil(b, x);
      case TRUNC -> MathF32.trunc(b, x);
      case ROUND -> MathF32.rint(b, x);
      case EXP -> MathF32.exp(b, x);
      case EXP2 -> MathF32.exp2(b, x);
      case EXPM1 -> MathF32.expm1(b, x);
      case LOG -> MathF32.log(b, x);
      case LOG2 -> MathF32.log2(b, x);
      case LOG10 -> MathF32.log10(b, x);
      case LOG1P -> MathF32.log1p(b, x);
      case SIN -> MathF32.sin(b, x);
      case COS -> MathF32.cos(b, x);
      case TAN -> MathF32.tan(b, x);
      case ASIN -> MathF32.asin(b, x);
      case ACOS -> MathF32.acos(b, x);
      case ATAN -> MathF32.atan(b, x);
      case SINH -> MathF32.sinh(b, x);
      case COSH -> MathF32.cosh(b, x);
      case TANH -> MathF32.tanh(b, x);
      case ASINH -> MathF32.asinh(b, x);
      case ACOSH -> MathF32.acosh(b, x);
      case ATANH -> MathF32.atanh(b, x);
      case SIGMOID -> MathF32.sigmoid(b, x);
      case ERF -> MathF32.erf(b, x);
    };
  }

  private static int f64(ScalarBuilder b, UnaryOp op, int x) {
    return switch (op) {
      case NEG -> b.neg(x);
      case ABS -> b.abs(x);
      case SQRT -> b.sqrt(x);
      case NOT -> throw new IllegalArgumentException("not of a float");
      case IS_NAN -> b.ne(x, x);
      case SIGN -> MathF64.sign(b, x);
      case FLOOR -> MathF64.floor(b, x);
      case CEIL -> MathF64.ceil(b, x);
      case TRUNC -> MathF64.trunc(b, x);
      case ROUND -> MathF64.rint(b, x);
      case EXP -> MathF64.exp(b, x);
      case EXP2 -> MathF64.exp2(b, x);
      case EXPM1 -> MathF64.expm1(b, x);
      case LOG -> MathF64.log(b, x);
      case LOG2 -> MathF64.log2(b, x);
      case LOG10 -> MathF64.log10(b, x);
      case LOG1P -> MathF64.log1p(b, x);
      case SIN -> MathF64.sin(b, x);
      case COS -> MathF64.cos(b, x);
      case TAN -> MathF64.tan(b, x);
      case ASIN -> MathF64.asin(b, x);
      case ACOS -> MathF64.acos(b, x);
      case ATAN -> MathF64.atan(b, x);
      case SINH -> MathF64.sinh(b, x);
      case COSH -> MathF64.cosh(b, x);
      case TANH -> MathF64.tanh(b, x);
      case ASINH -> MathF64.asinh(b, x);
      case ACOSH -> MathF64.acosh(b, x);
      case ATANH -> MathF64.atanh(b, x);
      case SIGMOID -> MathF64.sigmoid(b, x);
      case ERF -> MathF64.erf(b, x);
    };
  }

  /** Two operands of dtype {@code t}. */
  static int binary(ScalarBuilder b, BinaryOp op, DType t, int x, int y) {
    boolean wide = t.compute() == DType.F64;
    return switch (op) {
      case ADD -> b.narrow(t, b.add(x, y));
      case SUB -> b.narrow(t, b.sub(x, y));
      case MUL -> b.narrow(t, b.mul(x, y));
      case DIV -> b.narrow(t, b.div(x, y));
      case FLOOR_DIVIDE -> t.isFloat() ? floatFloorDivide(b, t, x, y) : b.narrow(t, integerFloorDivide(b, x, y));
      case REMAINDER -> t.isFloat() ? floatRemainder(b, t, x, y) : integerRemainder(b, x, y);
      case POW -> b.narrow(t, wide ? MathF64.pow(b, x, y) : MathF32.pow(b, x, y));
      case ATAN2 -> b.narrow(t, wide ? MathF64.atan2(b, x, y) : MathF32.atan2(b, x, y));
      case MINIMUM -> t == DType.BOOL ? b.and(x, y) : b.min(x, y);
      case MAXIMUM -> t == DType.BOOL ? b.or(x, y) : b.max(x, y);
      case AND -> b.and(x, y);
      case OR -> b.or(x, y);
      case XOR -> b.xor(x, y);
      case SHIFT_LEFT -> b.narrow(t, shift(b, ScalarOp.SHL, t, x, y));
      case SHIFT_RIGHT -> shift(b, ScalarOp.SHR, t, x, y);
      case EQUAL -> b.eq(x, y);
      case NOT_EQUAL -> b.ne(x, y);
      case LESS -> b.lt(x, y);
      case LESS_EQUAL -> b.le(x, y);
    };
  }

  /** The quotient rounded to the dtype, then rounded down. */
  private static int floatFloorDivide(ScalarBuilder b, DType t, int x, int y) {
    int q = b.narrow(t, b.div(x, y));
    return t.compute() == DType.F64 ? MathF64.floor(b, q) : MathF32.floor(b, q);
  }

  /**
   * {@code x - floor(x / y) * y} with one rounding at the end. Where the quotient was rounded up to an integer the sign is wrong, and
   * one more divisor is added. A finite x against an infinite y keeps x or gives y; a zero takes the sign of y.
   */
  private static int floatRemainder(ScalarBuilder b, DType t, int x, int y) {
    int q = floatFloorDivide(b, t, x, y);
    int inf = b.constant(t, Double.POSITIVE_INFINITY);
    int zero = b.constant(t, 0);
    int negative = b.lt(y, zero);
    int r = b.narrow(t, b.fma(b.neg(q), y, x));
    int wrongSign = b.and(b.ne(r, zero), b.ne(b.lt(r, zero), negative));
    r = b.select(wrongSign, b.narrow(t, b.add(r, y)), r);
    int sameSign = b.eq(b.lt(x, zero), negative);
    int finite = b.lt(b.abs(x), inf);
    r = b.select(b.and(b.eq(b.abs(y), inf), finite), b.select(b.or(b.eq(x, zero), sameSign), x, y), r);
    return b.select(b.eq(r, zero), b.select(negative, b.constant(t, -0.0), zero), r);
  }

  /** Rounds towards minus infinity: one less than the truncated quotient where a remainder has the other sign. */
  private static int integerFloorDivide(ScalarBuilder b, int x, int y) {
    int q = b.div(x, y);
    int r = b.binary(ScalarOp.REM, x, y);
    int zero = b.constant(b.type(x), 0);
    int down = b.and(b.ne(r, zero), b.lt(b.xor(r, y), zero));
    return b.select(down, b.sub(q, b.constant(b.type(x), 1)), q);
  }

  private static int integerRemainder(ScalarBuilder b, int x, int y) {
    int r = b.binary(ScalarOp.REM, x, y);
    int zero = b.constant(b.type(x), 0);
    int other = b.and(b.ne(r, zero), b.lt(b.xor(r, y), zero));
    return b.select(other, b.add(r, y), r);
  }

  /** Amounts outside 0..bits-1 give 0, or copies of the sign; the scalar operation alone would take them modulo 32 or 64. */
  private static int shift(ScalarBuilder b, ScalarOp op, DType t, int x, int amount) {
    DType c = t.compute();
    int bits = t.byteSize() * 8;
    int inRange = b.and(b.le(b.constant(c, 0), amount), b.lt(amount, b.constant(c, bits)));
    int outside = op == ScalarOp.SHL ? b.constant(c, 0) : b.binary(ScalarOp.SHR, x, b.constant(c, 8 * c.byteSize() - 1));
    return b.select(inRange, b.binary(op, x, amount), outside);
  }

  /**
   * From one dtype to another: floats round once to nearest even, floats to small integers saturate at the target's range,
   * integers wrap.
   */
  static int cast(ScalarBuilder b, DType from, DType to, int x) {
    if (from == to) {
      return x;
    }
    if (roundsInF32(from, to)) {
      return b.narrow(to, toOdd(b, from, x));
    }
    int y = b.convert(to.compute(), x);
    if (from.isFloat() && to.isInt() && to.byteSize() < 4) {
      long low = to == DType.U8 ? 0 : -(1L << (8 * to.byteSize() - 1));
      long high = to == DType.U8 ? 255 : (1L << (8 * to.byteSize() - 1)) - 1;
      return b.min(b.max(y, b.i32((int) low)), b.i32((int) high));
    }
    return b.narrow(to, y);
  }

  /** Whether f32, on the way to a 16-bit float, does not hold every value that makes a difference there. */
  private static boolean roundsInF32(DType from, DType to) {
    return switch (to) {
      case F16 -> from == DType.F64; // An integer that f32 rounds is beyond f16's range.
      case BF16 -> from == DType.F64 || from == DType.I64 || from == DType.I32;
      case F64, F32, I64, I32, I16, I8, U8, BOOL -> false;
    };
  }

  /** The f32 next to a value that, where it is inexact, has its last bit set: rounding it again rounds as if once. */
  private static int toOdd(ScalarBuilder b, DType from, int x) {
    int f = b.convert(DType.F32, x);
    int back = b.convert(from, f);
    int bits = b.bitcast(DType.I32, f);
    int below = b.lt(back, x);
    int inexact = b.or(below, b.lt(x, back));
    int even = b.eq(b.and(bits, b.i32(1)), b.i32(0));
    int grows = b.ne(below, b.lt(x, b.constant(from, 0)));
    int step = b.select(grows, b.i32(1), b.i32(-1));
    return b.bitcast(DType.F32, b.add(bits, b.select(b.and(inexact, even), step, b.i32(0))));
  }
}
