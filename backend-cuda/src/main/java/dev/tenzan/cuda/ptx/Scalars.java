package dev.tenzan.cuda.ptx;

import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.util.Arrays;
import java.util.Locale;

/**
 * The scalar operations in PTX, on registers of the compute types. Every operation on floats says {@code .rn}: without it the assembler
 * may contract a multiplication and an addition. None says {@code .ftz}: subnormals stay.
 *
 * <p>The target {@code d} may be one of the operands: it is written last.
 */
final class Scalars {
  private Scalars() {}

  /** The type's name in floating-point and signed integer instructions. */
  static String type(DType compute) {
    return switch (compute) {
      case F64 -> "f64";
      case F32 -> "f32";
      case I64 -> "s64";
      case I32 -> "s32";
      case BOOL -> "pred";
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException(compute + " is no compute type");
    };
  }

  private static String bits(DType compute) {
    return compute == DType.I64 || compute == DType.F64 ? "b64" : "b32";
  }

  private static IllegalArgumentException undefined(ScalarOp op, DType type) {
    return new IllegalArgumentException(op + " is not defined for " + type);
  }

  /** Puts a constant into a register, from its bits (see {@link dev.tenzan.scalar.Instr.Const}). */
  static void constant(PtxText t, String d, DType type, long bits) {
    switch (type) {
      case F32 -> t.op("mov.f32", d, literal(type, bits));
      case F64 -> t.op("mov.f64", d, literal(type, bits));
      case I32 -> t.op("mov.u32", d, literal(type, bits));
      case I64 -> t.op("mov.u64", d, literal(type, bits));
      case BOOL -> {
        String r = t.word();
        t.op("mov.u32", r, literal(DType.I32, bits));
        t.op("setp.ne.s32", d, r, "0");
      }
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException(type + " is no compute type");
    }
  }

  /** A constant of a float or integer type, exact in every bit. */
  static String literal(DType type, long bits) {
    return switch (type) {
      case F32 -> String.format(Locale.ROOT, "0f%08X", (int) bits);
      case F64 -> String.format(Locale.ROOT, "0d%016X", bits);
      case I32 -> String.format(Locale.ROOT, "0x%08X", (int) bits);
      case I64 -> String.format(Locale.ROOT, "0x%016X", bits);
      case BOOL, F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException(type + " has no literal");
    };
  }

  /** Copies a register. */
  static void move(PtxText t, String d, DType type, String a) {
    t.op("mov." + (type == DType.BOOL ? "pred" : type.isFloat() ? type(type) : bits(type)), d, a);
  }

  /** An operation on one value. */
  static void unary(PtxText t, String d, ScalarOp op, DType type, String a) {
    switch (op) {
      case NEG -> t.op("neg." + type(type), d, a);
      case ABS -> {
        if (type.isFloat()) {
          t.op("abs." + type(type), d, a);
        } else { // so that the least value maps to itself whatever the hardware does
          String n = t.value(type);
          t.op("neg." + type(type), n, a);
          t.op("max." + type(type), d, a, n);
        }
      }
      case SQRT -> t.op("sqrt.rn." + type(type), d, a);
      case NOT -> t.op("not." + (type == DType.BOOL ? "pred" : bits(type)), d, a);
      default -> throw undefined(op, type);
    }
  }

  /** An operation on two values of one compute type. */
  static void binary(PtxText t, String d, ScalarOp op, DType type, String a, String b) {
    switch (type) {
      case F32, F64 -> floats(t, d, op, type, a, b);
      case I32, I64 -> integers(t, d, op, type, a, b);
      case BOOL -> bools(t, d, op, a, b);
      case F16, BF16, I16, I8, U8 -> throw undefined(op, type);
    }
  }

  private static void floats(PtxText t, String d, ScalarOp op, DType type, String a, String b) {
    String suffix = "." + type(type);
    switch (op) {
      case ADD -> t.op("add.rn" + suffix, d, a, b);
      case SUB -> t.op("sub.rn" + suffix, d, a, b);
      case MUL -> t.op("mul.rn" + suffix, d, a, b);
      case DIV -> t.op("div.rn" + suffix, d, a, b);
      // The hardware puts -0 below +0, but prefers numbers to NaN (before sm_80 it has no other way).
      case MIN, MAX -> {
        String m = t.value(type);
        String nan = t.pred();
        t.op((op == ScalarOp.MIN ? "min" : "max") + suffix, m, a, b);
        t.op("setp.nan" + suffix, nan, a, b);
        t.op("selp" + suffix, d, literal(type, type == DType.F32 ? 0x7fc00000L : 0x7ff8000000000000L), m, nan);
      }
      case EQ -> t.op("setp.eq" + suffix, d, a, b);
      case NE -> t.op("setp.neu" + suffix, d, a, b);
      case LT -> t.op("setp.lt" + suffix, d, a, b);
      case LE -> t.op("setp.le" + suffix, d, a, b);
      default -> throw undefined(op, type);
    }
  }

  private static void integers(PtxText t, String d, ScalarOp op, DType type, String a, String b) {
    String suffix = "." + type(type);
    switch (op) {
      case ADD -> t.op("add" + suffix, d, a, b);
      case SUB -> t.op("sub" + suffix, d, a, b);
      case MUL -> t.op("mul.lo" + suffix, d, a, b);
      case DIV, REM -> divide(t, d, op, type, a, b);
      case MIN -> t.op("min" + suffix, d, a, b);
      case MAX -> t.op("max" + suffix, d, a, b);
      case AND -> t.op("and." + bits(type), d, a, b);
      case OR -> t.op("or." + bits(type), d, a, b);
      case XOR -> t.op("xor." + bits(type), d, a, b);
      case SHL, SHR, USHR -> shift(t, d, op, type, a, b);
      case EQ -> t.op("setp.eq" + suffix, d, a, b);
      case NE -> t.op("setp.ne" + suffix, d, a, b);
      case LT -> t.op("setp.lt" + suffix, d, a, b);
      case LE -> t.op("setp.le" + suffix, d, a, b);
      case NEG, ABS, SQRT, NOT, FMA, SELECT -> throw undefined(op, type);
    }
  }

  /** A division by zero has no defined result, nor has the least value by -1; so neither is ever done. */
  private static void divide(PtxText t, String d, ScalarOp op, DType type, String a, String b) {
    String suffix = "." + type(type);
    String zero = t.pred();
    String minus = t.pred();
    String odd = t.pred();
    String safe = t.value(type);
    String inside = t.value(type);
    t.op("setp.eq" + suffix, zero, b, "0");
    t.op("setp.eq" + suffix, minus, b, "-1");
    t.op("or.pred", odd, zero, minus);
    t.op("selp." + bits(type), safe, "1", b, odd);
    t.op((op == ScalarOp.DIV ? "div" : "rem") + suffix, inside, a, safe);
    if (op == ScalarOp.REM) {
      t.op("selp." + bits(type), d, "0", inside, odd);
      return;
    }
    String negated = t.value(type);
    String rest = t.value(type);
    t.op("neg" + suffix, negated, a);
    t.op("selp." + bits(type), rest, negated, inside, minus);
    t.op("selp." + bits(type), d, "0", rest, zero);
  }

  /** The hardware clamps amounts; here they count modulo the width. */
  private static void shift(PtxText t, String d, ScalarOp op, DType type, String a, String b) {
    boolean wide = type == DType.I64;
    String amount = t.word();
    if (wide) {
      String low = t.word();
      t.op("cvt.u32.u64", low, b);
      t.op("and.b32", amount, low, "63");
    } else {
      t.op("and.b32", amount, b, "31");
    }
    String name =
        op == ScalarOp.SHL ? "shl." + bits(type) : op == ScalarOp.SHR ? "shr." + type(type) : wide ? "shr.u64" : "shr.u32";
    t.op(name, d, a, amount);
  }

  private static void bools(PtxText t, String d, ScalarOp op, String a, String b) {
    switch (op) {
      case AND, MIN, MUL -> t.op("and.pred", d, a, b);
      case OR, MAX -> t.op("or.pred", d, a, b);
      case XOR, NE -> t.op("xor.pred", d, a, b);
      case EQ -> {
        String x = t.pred();
        t.op("xor.pred", x, a, b);
        t.op("not.pred", d, x);
      }
      case LT, LE -> {
        String n = t.pred();
        t.op("not.pred", n, a);
        t.op(op == ScalarOp.LT ? "and.pred" : "or.pred", d, n, b);
      }
      default -> throw undefined(op, DType.BOOL);
    }
  }

  /** {@code a * b + c} with one rounding. */
  static void fma(PtxText t, String d, DType type, String a, String b, String c) {
    t.op("fma.rn." + type(type), d, a, b, c);
  }

  /** One of two values. */
  static void select(PtxText t, String d, DType type, String condition, String a, String b) {
    if (type != DType.BOOL) {
      t.op("selp." + (type.isFloat() ? type(type) : bits(type)), d, a, b, condition);
      return;
    }
    String yes = t.pred();
    String no = t.pred();
    String not = t.pred();
    t.op("and.pred", yes, condition, a);
    t.op("not.pred", not, condition);
    t.op("and.pred", no, not, b);
    t.op("or.pred", d, yes, no);
  }

  /** A conversion between compute types. */
  static void convert(PtxText t, String d, DType from, DType to, String a) {
    if (from == to) {
      move(t, d, to, a);
    } else if (to == DType.BOOL) {
      t.op((from.isFloat() ? "setp.neu." : "setp.ne.") + type(from), d, a, from.isFloat() ? literal(from, 0) : "0");
    } else if (from == DType.BOOL) {
      boolean f = to.isFloat();
      String one = f ? literal(to, to == DType.F32 ? Float.floatToRawIntBits(1) : Double.doubleToRawLongBits(1)) : "1";
      t.op("selp." + (f ? type(to) : bits(to)), d, one, f ? literal(to, 0) : "0", a);
    } else if (from.isFloat() && to.isFloat()) {
      t.op(to == DType.F64 ? "cvt.f64.f32" : "cvt.rn.f32.f64", d, a);
    } else if (to.isFloat()) {
      t.op("cvt.rn." + type(to) + "." + type(from), d, a);
    } else if (from.isFloat()) { // it saturates; what NaN gives differs between the types
      String c = t.value(to);
      String nan = t.pred();
      t.op("cvt.rzi." + type(to) + "." + type(from), c, a);
      t.op("setp.nan." + type(from), nan, a, a);
      t.op("selp." + bits(to), d, "0", c, nan);
    } else {
      t.op(to == DType.I64 ? "cvt.s64.s32" : "cvt.u32.u64", d, a);
    }
  }

  /** The same bits seen as another compute type. */
  static void bitcast(PtxText t, String d, DType to, String a) {
    t.op("mov." + bits(to), d, a);
  }

  /** A value rounded to what a storage type can hold. */
  static void narrow(PtxText t, String d, DType storage, String a) {
    switch (storage) {
      case F16 -> {
        String h = t.half();
        t.op("cvt.rn.f16.f32", h, a);
        t.op("cvt.f32.f16", d, h);
      }
      case BF16 -> t.op("mov.b32", d, roundedToBf16(t, a));
      case I16, I8 -> {
        String shift = storage == DType.I16 ? "16" : "24";
        String up = t.word();
        t.op("shl.b32", up, a, shift);
        t.op("shr.s32", d, up, shift);
      }
      case U8 -> t.op("and.b32", d, a, "255");
      case F64, F32, I64, I32, BOOL -> move(t, d, storage, a);
    }
  }

  /** The bits of a float rounded to nearest even at 8 bits of precision, in the upper half of a word: sm_75 cannot do it at once. */
  private static String roundedToBf16(PtxText t, String a) {
    String bits = t.word();
    String odd = t.word();
    String half = t.word();
    String sum = t.word();
    String cut = t.word();
    String result = t.word();
    String nan = t.pred();
    t.op("mov.b32", bits, a);
    t.op("shr.u32", odd, bits, "16");
    t.op("and.b32", odd, odd, "1");
    t.op("add.s32", half, bits, "0x7FFF");
    t.op("add.s32", sum, half, odd);
    t.op("and.b32", cut, sum, "0xFFFF0000");
    t.op("setp.nan.f32", nan, a, a);
    t.op("selp.b32", result, "0x7FC00000", cut, nan);
    return result;
  }

  /** The type of an element in loads and stores. */
  private static String memory(DType storage) {
    return switch (storage) {
      case F32 -> "f32";
      case F64 -> "f64";
      case I64 -> "u64";
      case I32 -> "u32";
      case I16 -> "s16";
      case I8 -> "s8";
      case U8, BOOL -> "u8";
      case F16, BF16 -> "u16";
    };
  }

  /** The type of an element in stores, which do not tell signs apart. */
  private static String stored(DType storage) {
    return switch (storage) {
      case I16 -> "u16";
      case I8 -> "u8";
      case F64, F32, F16, BF16, I64, I32, U8, BOOL -> memory(storage);
    };
  }

  /** A register that takes an element as it is in memory. */
  private static String raw(PtxText t, DType storage) {
    return switch (storage) {
      case F32, F64, I64 -> t.value(storage);
      case I32, I16, I8, U8, BOOL, BF16 -> t.word();
      case F16 -> t.half();
    };
  }

  /** The value of an element as it is in memory. */
  private static String widened(PtxText t, DType storage, String raw) {
    return switch (storage) {
      case BOOL -> {
        String d = t.pred();
        t.op("setp.ne.s32", d, raw, "0");
        yield d;
      }
      case F16 -> {
        String d = t.value(DType.F32);
        t.op("cvt.f32.f16", d, raw);
        yield d;
      }
      case BF16 -> {
        String d = t.value(DType.F32);
        String up = t.word();
        t.op("shl.b32", up, raw, "16");
        t.op("mov.b32", d, up);
        yield d;
      }
      case F64, F32, I64, I32, I16, I8, U8 -> raw;
    };
  }

  /** An element as it is in memory, from a value that fits it. */
  private static String narrowed(PtxText t, DType storage, String v) {
    return switch (storage) {
      case BOOL -> {
        String r = t.word();
        t.op("selp.b32", r, "1", "0", v);
        yield r;
      }
      case F16 -> {
        String h = t.half();
        t.op("cvt.rn.f16.f32", h, v);
        yield h;
      }
      case BF16 -> {
        String r = t.word();
        t.op("shr.u32", r, roundedToBf16(t, v), "16");
        yield r;
      }
      case F64, F32, I64, I32, I16, I8, U8 -> v;
    };
  }

  /** Loads an element, widened to its compute type. */
  static String load(PtxText t, Space space, DType storage, String address) {
    String raw = raw(t, storage);
    t.op("ld." + space.load + "." + memory(storage), raw, "[" + address + "]");
    return widened(t, storage, raw);
  }

  /** Loads an element, or a word with {@code group} of them, to a register that takes it as it is in memory. */
  static String loadRaw(PtxText t, DType storage, String address, int group) {
    String raw = group > 1 ? t.word() : raw(t, storage);
    t.op("ld.global.nc." + (group > 1 ? "u32" : memory(storage)), raw, "[" + address + "]");
    return raw;
  }

  /** Stores in shared memory what {@link #loadRaw} has loaded. */
  static void storeShared(PtxText t, DType storage, String address, int group, String raw) {
    t.op("st.shared." + (group > 1 ? "u32" : stored(storage)), "[" + address + "]", raw);
  }

  /** Stores a value that fits its storage type. */
  static void store(PtxText t, Space space, DType storage, String address, String v) {
    t.op("st." + space.store + "." + stored(storage), "[" + address + "]", narrowed(t, storage, v));
  }

  /** The elements that one instruction moves: 16 bytes at most. */
  private static int atOnce(DType storage, int count) {
    return Math.min(count, 16 / storage.byteSize());
  }

  /** Loads neighbouring elements at an address that is a multiple of their size. */
  static String[] load(PtxText t, Space space, DType storage, String address, int count) {
    String[] raw = new String[count];
    for (int i = 0; i < count; i++) {
      raw[i] = raw(t, storage);
    }
    int part = atOnce(storage, count);
    for (int i = 0; i < count; i += part) {
      t.op("ld." + space.load + vector(part) + memory(storage), registers(raw, i, part), "[" + address + at(i * storage.byteSize()) + "]");
    }
    String[] values = new String[count];
    for (int i = 0; i < count; i++) {
      values[i] = widened(t, storage, raw[i]);
    }
    return values;
  }

  /** Stores neighbouring elements at an address that is a multiple of their size. */
  static void store(PtxText t, Space space, DType storage, String address, String[] v) {
    String[] raw = new String[v.length];
    for (int i = 0; i < v.length; i++) {
      raw[i] = narrowed(t, storage, v[i]);
    }
    int part = atOnce(storage, v.length);
    for (int i = 0; i < v.length; i += part) {
      t.op("st." + space.store + vector(part) + stored(storage), "[" + address + at(i * storage.byteSize()) + "]", registers(raw, i, part));
    }
  }

  private static String vector(int count) {
    return count == 1 ? "." : ".v" + count + ".";
  }

  private static String registers(String[] all, int first, int count) {
    return count == 1 ? all[first] : "{" + String.join(", ", Arrays.asList(all).subList(first, first + count)) + "}";
  }

  private static String at(int bytes) {
    return bytes == 0 ? "" : "+" + bytes;
  }
}
