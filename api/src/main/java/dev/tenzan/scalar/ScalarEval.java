package dev.tenzan.scalar;

import dev.tenzan.type.DType;

/**
 * The meaning of every scalar operation, on bits as {@link Instr.Const} holds them. The builder folds constants with it and
 * the reference backend runs programs with it, so there is one definition.
 */
public final class ScalarEval {
  private ScalarEval() {}

  private static float f(long bits) {
    return Float.intBitsToFloat((int) bits);
  }

  private static double d(long bits) {
    return Double.longBitsToDouble(bits);
  }

  private static long bits(float v) {
    return Float.floatToRawIntBits(v);
  }

  private static long bits(double v) {
    return Double.doubleToRawLongBits(v);
  }

  private static IllegalArgumentException undefined(ScalarOp op, DType type) {
    return new IllegalArgumentException(op + " is not defined for " + type);
  }

  /** The bits of a unary operation on a value of compute type {@code type}. */
  public static long unary(ScalarOp op, DType type, long a) {
    return switch (type) {
      case F32 ->
          switch (op) {
            case NEG -> bits(-f(a));
            case ABS -> bits(Math.abs(f(a)));
            case SQRT -> bits((float) Math.sqrt(f(a)));
            default -> throw undefined(op, type);
          };
      case F64 ->
          switch (op) {
            case NEG -> bits(-d(a));
            case ABS -> bits(Math.abs(d(a)));
            case SQRT -> bits(Math.sqrt(d(a)));
            default -> throw undefined(op, type);
          };
      case I32 ->
          switch (op) {
            case NEG -> -(int) a;
            case ABS -> Math.abs((int) a);
            case NOT -> ~(int) a;
            default -> throw undefined(op, type);
          };
      case I64 ->
          switch (op) {
            case NEG -> -a;
            case ABS -> Math.abs(a);
            case NOT -> ~a;
            default -> throw undefined(op, type);
          };
      case BOOL -> {
        if (op != ScalarOp.NOT) {
          throw undefined(op, type);
        }
        yield a ^ 1;
      }
      case F16, BF16, I16, I8, U8 -> throw undefined(op, type);
    };
  }

  /** The bits of a binary operation on two values of compute type {@code type}; comparisons give 0 or 1. */
  public static long binary(ScalarOp op, DType type, long a, long b) {
    return switch (type) {
      case F32 -> binaryF32(op, f(a), f(b));
      case F64 -> binaryF64(op, d(a), d(b));
      case I32 -> binaryI32(op, (int) a, (int) b);
      case I64 -> binaryI64(op, a, b);
      case BOOL ->
          switch (op) {
            case AND, MIN, MUL -> a & b;
            case OR, MAX -> a | b;
            case XOR, NE -> a ^ b;
            case EQ -> a ^ b ^ 1;
            case LT -> (a ^ 1) & b;
            case LE -> (a ^ 1) | b;
            default -> throw undefined(op, type);
          };
      case F16, BF16, I16, I8, U8 -> throw undefined(op, type);
    };
  }

  private static long bool(boolean v) {
    return v ? 1 : 0;
  }

  private static long binaryF32(ScalarOp op, float a, float b) {
    return switch (op) {
      case ADD -> bits(a + b);
      case SUB -> bits(a - b);
      case MUL -> bits(a * b);
      case DIV -> bits(a / b);
      case MIN -> bits(Math.min(a, b));
      case MAX -> bits(Math.max(a, b));
      case EQ -> bool(a == b);
      case NE -> bool(a != b);
      case LT -> bool(a < b);
      case LE -> bool(a <= b);
      default -> throw undefined(op, DType.F32);
    };
  }

  private static long binaryF64(ScalarOp op, double a, double b) {
    return switch (op) {
      case ADD -> bits(a + b);
      case SUB -> bits(a - b);
      case MUL -> bits(a * b);
      case DIV -> bits(a / b);
      case MIN -> bits(Math.min(a, b));
      case MAX -> bits(Math.max(a, b));
      case EQ -> bool(a == b);
      case NE -> bool(a != b);
      case LT -> bool(a < b);
      case LE -> bool(a <= b);
      default -> throw undefined(op, DType.F64);
    };
  }

  private static long binaryI32(ScalarOp op, int a, int b) {
    return switch (op) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> b == 0 ? 0 : a / b;
      case REM -> b == 0 ? 0 : a % b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
      case AND -> a & b;
      case OR -> a | b;
      case XOR -> a ^ b;
      case SHL -> a << b;
      case SHR -> a >> b;
      case USHR -> a >>> b;
      case EQ -> bool(a == b);
      case NE -> bool(a != b);
      case LT -> bool(a < b);
      case LE -> bool(a <= b);
      case NEG, ABS, SQRT, NOT, FMA, SELECT -> throw undefined(op, DType.I32);
    };
  }

  private static long binaryI64(ScalarOp op, long a, long b) {
    return switch (op) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> b == 0 ? 0 : a / b;
      case REM -> b == 0 ? 0 : a % b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
      case AND -> a & b;
      case OR -> a | b;
      case XOR -> a ^ b;
      case SHL -> a << b;
      case SHR -> a >> b;
      case USHR -> a >>> b;
      case EQ -> bool(a == b);
      case NE -> bool(a != b);
      case LT -> bool(a < b);
      case LE -> bool(a <= b);
      case NEG, ABS, SQRT, NOT, FMA, SELECT -> throw undefined(op, DType.I64);
    };
  }

  /** The bits of {@code a * b + c} with one rounding; {@code type} is F32 or F64. */
  public static long fma(DType type, long a, long b, long c) {
    return type == DType.F64 ? bits(Math.fma(d(a), d(b), d(c))) : bits(Math.fma(f(a), f(b), f(c)));
  }

  /** The bits of a conversion between compute types. */
  public static long convert(DType from, DType to, long a) {
    if (to == DType.BOOL) {
      return switch (from) {
        case F32 -> bool(f(a) != 0);
        case F64 -> bool(d(a) != 0);
        case I32, I64, BOOL -> bool(a != 0);
        case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("convert from " + from);
      };
    }
    return switch (from) {
      case F32 -> fromDouble(to, f(a));
      case F64 -> fromDouble(to, d(a));
      case I32, I64, BOOL ->
          switch (to) {
            case F32 -> bits((float) a);
            case F64 -> bits((double) a);
            case I32 -> (int) a;
            case I64 -> a;
            case F16, BF16, I16, I8, U8, BOOL -> throw new IllegalArgumentException("convert to " + to);
          };
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("convert from " + from);
    };
  }

  private static long fromDouble(DType to, double v) {
    return switch (to) {
      case F32 -> bits((float) v);
      case F64 -> bits(v);
      case I32 -> (int) v;
      case I64 -> (long) v;
      case F16, BF16, I16, I8, U8, BOOL -> throw new IllegalArgumentException("convert to " + to);
    };
  }

  /** The bits (of the compute type) of a value rounded to what a storage type can hold. */
  public static long narrow(DType storage, long a) {
    return switch (storage) {
      case F16 -> bits(Float.float16ToFloat(Float.floatToFloat16(f(a))));
      case BF16 -> bits(roundToBf16(f(a)));
      case I16 -> (short) a;
      case I8 -> (byte) a;
      case U8 -> a & 0xff;
      case F64, F32, I64, I32, BOOL -> a;
    };
  }

  /** A float rounded to nearest even at 8 bits of precision; a NaN stays a NaN. */
  public static float roundToBf16(float v) {
    if (Float.isNaN(v)) {
      return Float.NaN;
    }
    int b = Float.floatToRawIntBits(v);
    return Float.intBitsToFloat((b + 0x7fff + ((b >>> 16) & 1)) & 0xffff0000);
  }
}
