package dev.tenzan.opencl.loop;

import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;

/** The scalar operations in OpenCL C, on operands of the compute types; a bool is an int that is 0 or 1. */
public final class Scalars {
  private Scalars() {}

  /** The C type of a compute type. */
  public static String type(DType compute) {
    return switch (compute) {
      case F64 -> "double";
      case F32 -> "float";
      case I64 -> "long";
      case I32, BOOL -> "int";
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException(compute + " is no compute type");
    };
  }

  /** A constant from its bits (see {@link dev.tenzan.scalar.Instr.Const}). */
  public static String constant(DType type, long bits) {
    return switch (type) {
      case F32 -> {
        float v = Float.intBitsToFloat((int) bits);
        yield Float.isFinite(v)
            ? "(" + Float.toHexString(v) + "f)"
            : "as_float(0x" + Integer.toHexString((int) bits) + "u)";
      }
      case F64 -> {
        double v = Double.longBitsToDouble(bits);
        yield Double.isFinite(v) ? "(" + Double.toHexString(v) + ")" : "as_double(0x" + Long.toHexString(bits) + "ul)";
      }
      case I32 -> (int) bits == Integer.MIN_VALUE ? "INT_MIN" : "(" + (int) bits + ")";
      case I64 -> bits == Long.MIN_VALUE ? "LONG_MIN" : "(" + bits + "L)";
      case BOOL -> bits == 0 ? "0" : "1";
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException(type + " is no compute type");
    };
  }

  private static IllegalArgumentException undefined(ScalarOp op, DType type) {
    return new IllegalArgumentException(op + " is not defined for " + type);
  }

  /** An operation on one value. */
  public static String unary(ScalarOp op, DType type, String a) {
    boolean wide = type == DType.I64;
    return switch (op) {
      case NEG -> type.isFloat() ? "-" + a : wrapping(wide, "0 - " + unsigned(wide, a));
      case ABS ->
          type.isFloat() ? "fabs(" + a + ")" : "(" + a + " < 0 ? " + wrapping(wide, "0 - " + unsigned(wide, a)) + " : " + a + ")";
      case SQRT -> "sqrt(" + a + ")";
      case NOT -> type == DType.BOOL ? a + " ^ 1" : "~" + a;
      default -> throw undefined(op, type);
    };
  }

  /** An operation on two values of one compute type. */
  public static String binary(ScalarOp op, DType type, String a, String b) {
    return switch (type) {
      case F32, F64 -> floats(op, type, a, b);
      case I32, I64 -> integers(op, type, a, b);
      case BOOL ->
          switch (op) {
            case AND, MIN, MUL -> a + " & " + b;
            case OR, MAX -> a + " | " + b;
            case XOR, NE -> a + " ^ " + b;
            case EQ -> a + " == " + b;
            case LT -> a + " < " + b;
            case LE -> a + " <= " + b;
            default -> throw undefined(op, type);
          };
      case F16, BF16, I16, I8, U8 -> throw undefined(op, type);
    };
  }

  private static String floats(ScalarOp op, DType type, String a, String b) {
    return switch (op) {
      case ADD -> a + " + " + b;
      case SUB -> a + " - " + b;
      case MUL -> a + " * " + b;
      case DIV -> a + " / " + b;
      case MIN -> "tz_min_" + type.label() + "(" + a + ", " + b + ")";
      case MAX -> "tz_max_" + type.label() + "(" + a + ", " + b + ")";
      case EQ -> a + " == " + b;
      case NE -> a + " != " + b;
      case LT -> a + " < " + b;
      case LE -> a + " <= " + b;
      default -> throw undefined(op, type);
    };
  }

  /** Overflow of signed integers is undefined in C, so what may overflow is done on unsigned ones. */
  private static String integers(ScalarOp op, DType type, String a, String b) {
    boolean wide = type == DType.I64;
    String ua = unsigned(wide, a);
    String ub = unsigned(wide, b);
    String amount = "(int)(" + b + " & " + (wide ? 63 : 31) + ")";
    return switch (op) {
      case ADD -> wrapping(wide, ua + " + " + ub);
      case SUB -> wrapping(wide, ua + " - " + ub);
      case MUL -> wrapping(wide, ua + " * " + ub);
      case DIV -> "tz_div_" + type.label() + "(" + a + ", " + b + ")";
      case REM -> "tz_rem_" + type.label() + "(" + a + ", " + b + ")";
      case MIN -> "(" + a + " < " + b + " ? " + a + " : " + b + ")";
      case MAX -> "(" + a + " > " + b + " ? " + a + " : " + b + ")";
      case AND -> a + " & " + b;
      case OR -> a + " | " + b;
      case XOR -> a + " ^ " + b;
      case SHL -> wrapping(wide, ua + " << " + amount);
      case SHR -> a + " >> " + amount;
      case USHR -> wrapping(wide, ua + " >> " + amount);
      case EQ -> a + " == " + b;
      case NE -> a + " != " + b;
      case LT -> a + " < " + b;
      case LE -> a + " <= " + b;
      case NEG, ABS, SQRT, NOT, FMA, SELECT -> throw undefined(op, type);
    };
  }

  private static String unsigned(boolean wide, String a) {
    return (wide ? "(ulong)" : "(uint)") + a;
  }

  private static String wrapping(boolean wide, String a) {
    return (wide ? "(long)(" : "(int)(") + a + ")";
  }

  /** A conversion between compute types. */
  public static String convert(DType from, DType to, String a) {
    if (to == DType.BOOL) {
      return a + " != 0";
    }
    if (from.isFloat() && (to == DType.I32 || to == DType.I64)) {
      return "tz_" + from.label() + "_to_" + to.label() + "(" + a + ")";
    }
    return "(" + type(to) + ")" + a;
  }

  /** The same bits seen as another compute type. */
  public static String bitcast(DType to, String a) {
    return "as_" + type(to) + "(" + a + ")";
  }

  /** A value rounded to what a storage type can hold. */
  public static String narrow(DType storage, String a) {
    return switch (storage) {
      case F16 -> "tz_f16_to_f32(tz_f32_to_f16(" + a + "))";
      case BF16 -> "as_float(tz_f32_to_bf16(" + a + ") << 16)";
      case I16 -> "(int)(short)" + a;
      case I8 -> "(int)(char)" + a;
      case U8 -> a + " & 255";
      case F64, F32, I64, I32, BOOL -> a;
    };
  }
}
