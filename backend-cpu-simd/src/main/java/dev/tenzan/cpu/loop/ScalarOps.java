package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;

/** Emits the scalar form of instructions: operands on the operand stack, result on the operand stack; BOOL is an int, 0 or 1. */
final class ScalarOps {
  static final ClassDesc MATH = ClassDesc.of("java.lang.Math");
  static final ClassDesc SEGMENT = MemorySegment.class.describeConstable().orElseThrow();
  static final ClassDesc LOOP_MATH = ClassDesc.of(LoopMath.class.getName());
  private static final ClassDesc FLOAT = ConstantDescs.CD_Float;
  private static final ClassDesc DOUBLE = ConstantDescs.CD_Double;

  private ScalarOps() {}

  /** The JVM kind of a compute type. */
  static TypeKind kind(DType compute) {
    return switch (compute) {
      case F32 -> TypeKind.FLOAT;
      case F64 -> TypeKind.DOUBLE;
      case I64 -> TypeKind.LONG;
      case I32, BOOL -> TypeKind.INT;
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + compute);
    };
  }

  static ClassDesc desc(DType compute) {
    return kind(compute).upperBound();
  }

  /** Pushes a constant. */
  static void constant(CodeBuilder cb, DType type, long bits) {
    switch (type) {
      case F32 -> cb.ldc(cb.constantPool().floatEntry(Float.intBitsToFloat((int) bits)));
      case F64 -> cb.ldc(cb.constantPool().doubleEntry(Double.longBitsToDouble(bits)));
      case I64 -> cb.loadConstant(bits);
      case I32, BOOL -> cb.loadConstant((int) bits);
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  /** Segment and byte address (long) on the stack: pushes the element, widened. */
  static void load(CodeBuilder cb, DType storage) {
    cb.invokestatic(
        LOOP_MATH, "load" + storage.name(), MethodTypeDesc.of(desc(storage.compute()), SEGMENT, ConstantDescs.CD_long));
  }

  /** Segment, byte address (long) and value on the stack: stores the value, narrowed. */
  static void store(CodeBuilder cb, DType storage) {
    cb.invokestatic(
        LOOP_MATH,
        "store" + storage.name(),
        MethodTypeDesc.of(ConstantDescs.CD_void, SEGMENT, ConstantDescs.CD_long, desc(storage.compute())));
  }

  /** Operands on the stack: pushes the result of an arithmetic instruction. */
  static void compute(CodeBuilder cb, Instr instr, DType operand) {
    switch (instr) {
      case Instr.Unary u -> unary(cb, u.op(), u.type());
      case Instr.Binary b -> binary(cb, b.op(), operand);
      case Instr.Ternary t -> ternary(cb, t.op(), t.type());
      case Instr.Convert c -> convert(cb, operand, c.type());
      case Instr.Bitcast c -> bitcast(cb, operand, c.type());
      case Instr.Narrow n -> narrow(cb, n.storage());
      case Instr.Const _, Instr.Load _, Instr.Gather _, Instr.Index _, Instr.Reduced _ ->
          throw new IllegalArgumentException("not arithmetic: " + instr);
    }
  }

  private static void unary(CodeBuilder cb, ScalarOp op, DType type) {
    boolean wide = type == DType.I64;
    switch (op) {
      case NEG -> {
        switch (type) {
          case F32 -> cb.fneg();
          case F64 -> cb.dneg();
          case I64 -> cb.lneg();
          default -> cb.ineg();
        }
      }
      case ABS -> math(cb, "abs", type, 1);
      case SQRT -> {
        if (type == DType.F32) {
          cb.f2d();
        }
        math(cb, "sqrt", DType.F64, 1);
        if (type == DType.F32) {
          cb.d2f();
        }
      }
      case NOT -> {
        if (type == DType.BOOL) {
          cb.iconst_1().ixor();
        } else if (wide) {
          cb.loadConstant(-1L).lxor();
        } else {
          cb.iconst_m1().ixor();
        }
      }
      default -> throw new IllegalArgumentException("not unary: " + op);
    }
  }

  private static void math(CodeBuilder cb, String name, DType type, int arity) {
    ClassDesc d = desc(type);
    MethodTypeDesc m =
        switch (arity) {
          case 1 -> MethodTypeDesc.of(d, d);
          case 2 -> MethodTypeDesc.of(d, d, d);
          default -> MethodTypeDesc.of(d, d, d, d);
        };
    cb.invokestatic(MATH, name, m);
  }

  /** Two operands of a compute type on the stack: pushes their combination. */
  static void combine(CodeBuilder cb, ReduceOp op, DType type) {
    binary(cb, op.combine(), type);
  }

  private static void binary(CodeBuilder cb, ScalarOp op, DType type) {
    switch (type) {
      case F32 -> binaryF32(cb, op);
      case F64 -> binaryF64(cb, op);
      case I64 -> binaryI64(cb, op);
      case I32 -> binaryI32(cb, op);
      case BOOL -> binaryBool(cb, op);
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  private static void binaryF32(CodeBuilder cb, ScalarOp op) {
    switch (op) {
      case ADD -> cb.fadd();
      case SUB -> cb.fsub();
      case MUL -> cb.fmul();
      case DIV -> cb.fdiv();
      case MIN -> math(cb, "min", DType.F32, 2);
      case MAX -> math(cb, "max", DType.F32, 2);
      case EQ -> test(cb.fcmpl(), op);
      case NE -> test(cb.fcmpl(), op);
      case LT, LE -> test(cb.fcmpg(), op);
      default -> throw undefined(op, DType.F32);
    }
  }

  private static void binaryF64(CodeBuilder cb, ScalarOp op) {
    switch (op) {
      case ADD -> cb.dadd();
      case SUB -> cb.dsub();
      case MUL -> cb.dmul();
      case DIV -> cb.ddiv();
      case MIN -> math(cb, "min", DType.F64, 2);
      case MAX -> math(cb, "max", DType.F64, 2);
      case EQ -> test(cb.dcmpl(), op);
      case NE -> test(cb.dcmpl(), op);
      case LT, LE -> test(cb.dcmpg(), op);
      default -> throw undefined(op, DType.F64);
    }
  }

  private static void binaryI32(CodeBuilder cb, ScalarOp op) {
    switch (op) {
      case ADD -> cb.iadd();
      case SUB -> cb.isub();
      case MUL -> cb.imul();
      case DIV -> loopMath(cb, "div", DType.I32);
      case REM -> loopMath(cb, "rem", DType.I32);
      case MIN -> math(cb, "min", DType.I32, 2);
      case MAX -> math(cb, "max", DType.I32, 2);
      case AND -> cb.iand();
      case OR -> cb.ior();
      case XOR -> cb.ixor();
      case SHL -> cb.ishl();
      case SHR -> cb.ishr();
      case USHR -> cb.iushr();
      case EQ, NE, LT, LE -> testInt(cb, op);
      case NEG, ABS, SQRT, NOT, FMA, SELECT -> throw undefined(op, DType.I32);
    }
  }

  private static void binaryI64(CodeBuilder cb, ScalarOp op) {
    switch (op) {
      case ADD -> cb.ladd();
      case SUB -> cb.lsub();
      case MUL -> cb.lmul();
      case DIV -> loopMath(cb, "div", DType.I64);
      case REM -> loopMath(cb, "rem", DType.I64);
      case MIN -> math(cb, "min", DType.I64, 2);
      case MAX -> math(cb, "max", DType.I64, 2);
      case AND -> cb.land();
      case OR -> cb.lor();
      case XOR -> cb.lxor();
      case SHL -> cb.l2i().lshl();
      case SHR -> cb.l2i().lshr();
      case USHR -> cb.l2i().lushr();
      case EQ, NE, LT, LE -> test(cb.lcmp(), op);
      case NEG, ABS, SQRT, NOT, FMA, SELECT -> throw undefined(op, DType.I64);
    }
  }

  private static void binaryBool(CodeBuilder cb, ScalarOp op) {
    switch (op) {
      case AND, MIN, MUL -> cb.iand();
      case OR, MAX -> cb.ior();
      case XOR, NE -> cb.ixor();
      case EQ -> cb.ixor().iconst_1().ixor();
      case LT -> cb.swap().iconst_1().ixor().iand();
      case LE -> cb.swap().iconst_1().ixor().ior();
      default -> throw undefined(op, DType.BOOL);
    }
  }

  private static IllegalArgumentException undefined(ScalarOp op, DType type) {
    return new IllegalArgumentException(op + " is not defined for " + type);
  }

  private static void loopMath(CodeBuilder cb, String name, DType type) {
    ClassDesc d = desc(type);
    cb.invokestatic(LOOP_MATH, name, MethodTypeDesc.of(d, d, d));
  }

  /** The result of a three-way comparison on the stack: pushes whether the relation holds. */
  private static void test(CodeBuilder cb, ScalarOp op) {
    Label yes = cb.newLabel();
    switch (op) {
      case EQ -> cb.ifeq(yes);
      case NE -> cb.ifne(yes);
      case LT -> cb.iflt(yes);
      case LE -> cb.ifle(yes);
      default -> throw new IllegalArgumentException("not a comparison: " + op);
    }
    truth(cb, yes);
  }

  private static void testInt(CodeBuilder cb, ScalarOp op) {
    Label yes = cb.newLabel();
    switch (op) {
      case EQ -> cb.if_icmpeq(yes);
      case NE -> cb.if_icmpne(yes);
      case LT -> cb.if_icmplt(yes);
      case LE -> cb.if_icmple(yes);
      default -> throw new IllegalArgumentException("not a comparison: " + op);
    }
    truth(cb, yes);
  }

  private static void truth(CodeBuilder cb, Label yes) {
    Label end = cb.newLabel();
    cb.iconst_0().goto_(end).labelBinding(yes).iconst_1().labelBinding(end);
  }

  private static void ternary(CodeBuilder cb, ScalarOp op, DType type) {
    ClassDesc d = desc(type);
    if (op == ScalarOp.FMA) {
      math(cb, "fma", type, 3);
    } else {
      cb.invokestatic(LOOP_MATH, "select", MethodTypeDesc.of(d, ConstantDescs.CD_int, d, d));
    }
  }

  private static void convert(CodeBuilder cb, DType from, DType to) {
    if (to == DType.BOOL) {
      constant(cb, from, 0);
      switch (from) {
        case F32 -> test(cb.fcmpl(), ScalarOp.NE);
        case F64 -> test(cb.dcmpl(), ScalarOp.NE);
        case I64 -> test(cb.lcmp(), ScalarOp.NE);
        default -> testInt(cb, ScalarOp.NE);
      }
    } else {
      cb.conversion(kind(from), kind(to));
    }
  }

  private static void bitcast(CodeBuilder cb, DType from, DType to) {
    switch (from) {
      case F32 -> cb.invokestatic(FLOAT, "floatToRawIntBits", MethodTypeDesc.of(desc(to), desc(from)));
      case F64 -> cb.invokestatic(DOUBLE, "doubleToRawLongBits", MethodTypeDesc.of(desc(to), desc(from)));
      case I32 -> cb.invokestatic(FLOAT, "intBitsToFloat", MethodTypeDesc.of(desc(to), desc(from)));
      case I64 -> cb.invokestatic(DOUBLE, "longBitsToDouble", MethodTypeDesc.of(desc(to), desc(from)));
      case F16, BF16, I16, I8, U8, BOOL -> throw new IllegalArgumentException("bitcast from " + from);
    }
  }

  private static void narrow(CodeBuilder cb, DType storage) {
    switch (storage) {
      case I8 -> cb.i2b();
      case I16 -> cb.i2s();
      case U8 -> cb.sipush(255).iand();
      case F16, BF16 -> {
        ClassDesc d = ConstantDescs.CD_float;
        cb.invokestatic(LOOP_MATH, "narrow" + storage.name(), MethodTypeDesc.of(d, d));
      }
      case F64, F32, I64, I32, BOOL -> {}
    }
  }
}
