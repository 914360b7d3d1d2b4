package dev.tenzan.scalar;

import static dev.tenzan.scalar.ScalarOp.ABS;
import static dev.tenzan.scalar.ScalarOp.ADD;
import static dev.tenzan.scalar.ScalarOp.AND;
import static dev.tenzan.scalar.ScalarOp.DIV;
import static dev.tenzan.scalar.ScalarOp.EQ;
import static dev.tenzan.scalar.ScalarOp.FMA;
import static dev.tenzan.scalar.ScalarOp.LE;
import static dev.tenzan.scalar.ScalarOp.LT;
import static dev.tenzan.scalar.ScalarOp.MAX;
import static dev.tenzan.scalar.ScalarOp.MIN;
import static dev.tenzan.scalar.ScalarOp.MUL;
import static dev.tenzan.scalar.ScalarOp.NE;
import static dev.tenzan.scalar.ScalarOp.NEG;
import static dev.tenzan.scalar.ScalarOp.NOT;
import static dev.tenzan.scalar.ScalarOp.OR;
import static dev.tenzan.scalar.ScalarOp.SELECT;
import static dev.tenzan.scalar.ScalarOp.SHL;
import static dev.tenzan.scalar.ScalarOp.SHR;
import static dev.tenzan.scalar.ScalarOp.SQRT;
import static dev.tenzan.scalar.ScalarOp.SUB;
import static dev.tenzan.scalar.ScalarOp.USHR;
import static dev.tenzan.scalar.ScalarOp.XOR;

import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds a {@link ScalarProgram}: equal instructions are shared, and operations on constants are carried out, with the
 * bits that a backend would give. Values are instruction numbers. Not safe for use by several threads.
 */
public final class ScalarBuilder {
  private final List<Instr> code = new ArrayList<>();
  private final Map<Instr, Integer> numbers = new HashMap<>();

  /** The program of all instructions so far. */
  public ScalarProgram build() {
    return new ScalarProgram(code);
  }

  /** The instruction behind a value. */
  public Instr get(int value) {
    return code.get(value);
  }

  /** The compute type of a value. */
  public DType type(int value) {
    return code.get(value).type();
  }

  /** Adds an instruction, or finds its equal. */
  public int add(Instr instr) {
    Integer known = numbers.get(instr);
    if (known != null) {
      return known;
    }
    code.add(instr);
    numbers.put(instr, code.size() - 1);
    return code.size() - 1;
  }

  /** A constant from its bits, as {@link Instr.Const} defines them. */
  public int constBits(DType type, long bits) {
    return add(new Instr.Const(type, bits));
  }

  /** A F32 constant. */
  public int f32(float v) {
    return constBits(DType.F32, Float.floatToRawIntBits(v));
  }

  /** A F64 constant. */
  public int f64(double v) {
    return constBits(DType.F64, Double.doubleToRawLongBits(v));
  }

  /** An I32 constant. */
  public int i32(int v) {
    return constBits(DType.I32, v);
  }

  /** An I64 constant. */
  public int i64(long v) {
    return constBits(DType.I64, v);
  }

  /** A BOOL constant. */
  public int bool(boolean v) {
    return constBits(DType.BOOL, v ? 1 : 0);
  }

  /** A constant of any compute type, rounded from a double. */
  public int constant(DType compute, double v) {
    return switch (compute.compute()) {
      case F64 -> f64(v);
      case F32 -> f32((float) v);
      case I64 -> i64((long) v);
      case I32 -> i32((int) v);
      case BOOL -> bool(v != 0);
      case F16, BF16, I16, I8, U8 -> throw new IllegalStateException("compute type " + compute.compute());
    };
  }

  /** The value of an affine function of the loop indices, as I64. */
  public int index(Affine value) {
    for (long s : value.strides()) {
      if (s != 0) {
        return add(new Instr.Index(value));
      }
    }
    return i64(value.offset());
  }

  /** Any operation of one operand. */
  public int unary(ScalarOp op, int a) {
    if (code.get(a) instanceof Instr.Const c) {
      return constBits(c.type(), ScalarEval.unary(op, c.type(), c.bits()));
    }
    return add(new Instr.Unary(type(a), op, a));
  }

  /** Any operation of two operands of one type. */
  public int binary(ScalarOp op, int a, int b) {
    DType t = type(a);
    if (t != type(b)) {
      throw new IllegalArgumentException(op + ": operand types differ: " + t + ", " + type(b));
    }
    DType result = op.isComparison() ? DType.BOOL : t;
    if (code.get(a) instanceof Instr.Const x && code.get(b) instanceof Instr.Const y) {
      return constBits(result, ScalarEval.binary(op, t, x.bits(), y.bits()));
    }
    return add(new Instr.Binary(result, op, a, b));
  }

  public int neg(int a) {
    return unary(NEG, a);
  }

  public int abs(int a) {
    return unary(ABS, a);
  }

  public int sqrt(int a) {
    return unary(SQRT, a);
  }

  public int not(int a) {
    return unary(NOT, a);
  }

  public int add(int a, int b) {
    return binary(ADD, a, b);
  }

  public int sub(int a, int b) {
    return binary(SUB, a, b);
  }

  public int mul(int a, int b) {
    return binary(MUL, a, b);
  }

  public int div(int a, int b) {
    return binary(DIV, a, b);
  }

  public int min(int a, int b) {
    return binary(MIN, a, b);
  }

  public int max(int a, int b) {
    return binary(MAX, a, b);
  }

  public int and(int a, int b) {
    return binary(AND, a, b);
  }

  public int or(int a, int b) {
    return binary(OR, a, b);
  }

  public int xor(int a, int b) {
    return binary(XOR, a, b);
  }

  /** Shift left by a constant amount. */
  public int shl(int a, int amount) {
    return binary(SHL, a, constant(type(a), amount));
  }

  /** Arithmetic shift right by a constant amount. */
  public int shr(int a, int amount) {
    return binary(SHR, a, constant(type(a), amount));
  }

  /** Logical shift right by a constant amount. */
  public int ushr(int a, int amount) {
    return binary(USHR, a, constant(type(a), amount));
  }

  public int eq(int a, int b) {
    return binary(EQ, a, b);
  }

  public int ne(int a, int b) {
    return binary(NE, a, b);
  }

  public int lt(int a, int b) {
    return binary(LT, a, b);
  }

  public int le(int a, int b) {
    return binary(LE, a, b);
  }

  public int gt(int a, int b) {
    return binary(LT, b, a);
  }

  public int ge(int a, int b) {
    return binary(LE, b, a);
  }

  /** {@code a * b + c} with one rounding. */
  public int fma(int a, int b, int c) {
    if (code.get(a) instanceof Instr.Const x
        && code.get(b) instanceof Instr.Const y
        && code.get(c) instanceof Instr.Const z) {
      return constBits(x.type(), ScalarEval.fma(x.type(), x.bits(), y.bits(), z.bits()));
    }
    return add(new Instr.Ternary(type(a), FMA, a, b, c));
  }

  /** {@code a} where the condition holds, else {@code b}. */
  public int select(int condition, int a, int b) {
    if (code.get(condition) instanceof Instr.Const c) {
      return c.bits() != 0 ? a : b;
    }
    return a == b ? a : add(new Instr.Ternary(type(a), SELECT, condition, a, b));
  }

  /** A conversion between compute types; see {@link Instr.Convert}. */
  public int convert(DType to, int a) {
    DType from = type(a);
    if (from == to) {
      return a;
    }
    if (code.get(a) instanceof Instr.Const c) {
      return constBits(to, ScalarEval.convert(from, to, c.bits()));
    }
    return add(new Instr.Convert(to, a));
  }

  /** The same bits as another compute type of the same size. */
  public int bitcast(DType to, int a) {
    if (type(a) == to) {
      return a;
    }
    if (code.get(a) instanceof Instr.Const c) {
      return constBits(to, c.bits());
    }
    return add(new Instr.Bitcast(to, a));
  }

  /** Rounds to what a storage type can hold; the value itself where the storage type is a compute type. */
  public int narrow(DType storage, int a) {
    if (storage.compute() == storage) {
      return a;
    }
    if (code.get(a) instanceof Instr.Const c) {
      return constBits(c.type(), ScalarEval.narrow(storage, c.bits()));
    }
    return add(new Instr.Narrow(storage, a));
  }
}
