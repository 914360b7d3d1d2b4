package dev.tenzan.bench.matherror;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.DType;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.util.function.LongBinaryOperator;

/**
 * A compiler of scalar programs to JVM bytecode: one instruction after the other on local variables, without vectors. It
 * exists to measure functions over billions of inputs, and as a second opinion beside the interpreter.
 *
 * <p>Values pass as bits in longs: an F32 in the low 32 bits, F64 in all 64.
 */
public final class ScalarJit {
  private static final ClassDesc MATH = ClassDesc.of("java.lang.Math");
  private static final ClassDesc FLOAT = ClassDesc.of("java.lang.Float");
  private static final ClassDesc DOUBLE = ClassDesc.of("java.lang.Double");
  private static final ClassDesc INTERFACE = ClassDesc.of("java.util.function.LongBinaryOperator");
  private static final ClassDesc F = ConstantDescs.CD_float;
  private static final ClassDesc D = ConstantDescs.CD_double;
  private static final ClassDesc I = ConstantDescs.CD_int;
  private static final ClassDesc J = ConstantDescs.CD_long;

  private final ScalarProgram program;
  private final int result;
  private final int[] inputs;
  private final int[] slots;

  private ScalarJit(ScalarProgram program, int result, int[] inputs) {
    this.program = program;
    this.result = result;
    this.inputs = inputs;
    this.slots = new int[program.size()];
  }

  /**
   * Compiles one value of a program as a function of one or two others.
   *
   * @param program the program
   * @param result the value to compute
   * @param inputs one or two values to take from the arguments
   * @throws IllegalArgumentException if the result depends on a load that is not an input
   */
  public static LongBinaryOperator compile(ScalarProgram program, int result, int... inputs) {
    return new ScalarJit(program, result, inputs).compile();
  }

  private LongBinaryOperator compile() {
    ClassDesc self = ClassDesc.of("dev.tenzan.bench.matherror.CompiledScalar");
    byte[] bytes =
        ClassFile.of()
            .build(
                self,
                c ->
                    c.withInterfaceSymbols(INTERFACE)
                        .withMethodBody(
                            ConstantDescs.INIT_NAME,
                            ConstantDescs.MTD_void,
                            ClassFile.ACC_PUBLIC,
                            k ->
                                k.aload(0)
                                    .invokespecial(
                                        ConstantDescs.CD_Object, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                                    .return_())
                        .withMethodBody(
                            "applyAsLong", MethodTypeDesc.of(J, J, J), ClassFile.ACC_PUBLIC, this::emitBody));
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup().defineHiddenClass(bytes, true);
      return (LongBinaryOperator) lookup.lookupClass().getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("scalar jit: the generated class does not load", e);
    }
  }

  private void emitBody(CodeBuilder k) {
    boolean[] live = new boolean[program.size()];
    live[result] = true;
    for (int v = result; v >= 0; v--) {
      if (live[v]) {
        markOperands(program.get(v), live);
      }
    }
    int next = 5;
    for (int v = 0; v <= result; v++) {
      slots[v] = next;
      next += live[v] ? 2 : 0;
    }
    for (int p = 0; p < inputs.length; p++) {
      if (live[inputs[p]]) {
        k.lload(1 + 2 * p);
        fromLong(k, program.type(inputs[p]));
        store(k, inputs[p]);
      }
    }
    for (int v = 0; v <= result; v++) {
      if (live[v] && !isInput(v)) {
        emit(k, program.get(v));
        store(k, v);
      }
    }
    load(k, result);
    toLong(k, program.type(result));
    k.lreturn();
  }

  private boolean isInput(int v) {
    for (int p : inputs) {
      if (p == v) {
        return true;
      }
    }
    return false;
  }

  private static void markOperands(Instr instr, boolean[] live) {
    switch (instr) {
      case Instr.Unary u -> live[u.a()] = true;
      case Instr.Binary n -> {
        live[n.a()] = true;
        live[n.b()] = true;
      }
      case Instr.Ternary t -> {
        live[t.a()] = true;
        live[t.b()] = true;
        live[t.c()] = true;
      }
      case Instr.Convert c -> live[c.a()] = true;
      case Instr.Bitcast c -> live[c.a()] = true;
      case Instr.Narrow n -> live[n.a()] = true;
      case Instr.Gather g -> live[g.index()] = true;
      case Instr.Const _, Instr.Load _, Instr.Index _, Instr.Reduced _ -> {}
    }
  }

  private static TypeKind kind(DType type) {
    return switch (type) {
      case F32 -> TypeKind.FLOAT;
      case F64 -> TypeKind.DOUBLE;
      case I64 -> TypeKind.LONG;
      case I32, BOOL -> TypeKind.INT;
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("scalar jit: no values of type " + type);
    };
  }

  private void load(CodeBuilder k, int v) {
    k.loadLocal(kind(program.type(v)), slots[v]);
  }

  private void store(CodeBuilder k, int v) {
    k.storeLocal(kind(program.type(v)), slots[v]);
  }

  private static void fromLong(CodeBuilder k, DType type) {
    switch (type) {
      case F32 -> k.l2i().invokestatic(FLOAT, "intBitsToFloat", MethodTypeDesc.of(F, I));
      case F64 -> k.invokestatic(DOUBLE, "longBitsToDouble", MethodTypeDesc.of(D, J));
      case I32, BOOL -> k.l2i();
      case I64 -> {}
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("scalar jit: no values of type " + type);
    }
  }

  private static void toLong(CodeBuilder k, DType type) {
    switch (type) {
      case F32 -> k.invokestatic(FLOAT, "floatToRawIntBits", MethodTypeDesc.of(I, F)).i2l();
      case F64 -> k.invokestatic(DOUBLE, "doubleToRawLongBits", MethodTypeDesc.of(J, D));
      case I32, BOOL -> k.i2l();
      case I64 -> {}
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("scalar jit: no values of type " + type);
    }
  }

  private void emit(CodeBuilder k, Instr instr) {
    switch (instr) {
      case Instr.Const c -> constant(k, c);
      case Instr.Unary u -> {
        load(k, u.a());
        unary(k, u.op(), u.type());
      }
      case Instr.Binary n -> {
        load(k, n.a());
        load(k, n.b());
        binary(k, n.op(), program.type(n.a()));
      }
      case Instr.Ternary t when t.op() == ScalarOp.FMA -> {
        load(k, t.a());
        load(k, t.b());
        load(k, t.c());
        ClassDesc type = t.type() == DType.F32 ? F : D;
        k.invokestatic(MATH, "fma", MethodTypeDesc.of(type, type, type, type));
      }
      case Instr.Ternary t -> {
        load(k, t.a());
        Label other = k.newLabel();
        Label end = k.newLabel();
        k.ifeq(other);
        load(k, t.b());
        k.goto_(end).labelBinding(other);
        load(k, t.c());
        k.labelBinding(end);
      }
      case Instr.Convert c -> {
        load(k, c.a());
        convert(k, program.type(c.a()), c.type());
      }
      case Instr.Bitcast c -> {
        load(k, c.a());
        toLong(k, program.type(c.a()));
        fromLong(k, c.type());
      }
      case Instr.Narrow _, Instr.Load _, Instr.Gather _, Instr.Index _, Instr.Reduced _ ->
          throw new IllegalArgumentException("scalar jit: not a function of its inputs alone: " + instr);
    }
  }

  private static void constant(CodeBuilder k, Instr.Const c) {
    switch (c.type()) {
      case F32 -> k.loadConstant(Float.intBitsToFloat((int) c.bits()));
      case F64 -> k.loadConstant(Double.longBitsToDouble(c.bits()));
      case I64 -> k.loadConstant(c.bits());
      case I32, BOOL -> k.loadConstant((int) c.bits());
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("scalar jit: no values of type " + c.type());
    }
  }

  private static void unary(CodeBuilder k, ScalarOp op, DType type) {
    switch (op) {
      case NEG -> {
        switch (kind(type)) {
          case FLOAT -> k.fneg();
          case DOUBLE -> k.dneg();
          case LONG -> k.lneg();
          default -> k.ineg();
        }
      }
      case ABS -> {
        ClassDesc t = kind(type).upperBound();
        k.invokestatic(MATH, "abs", MethodTypeDesc.of(t, t));
      }
      case SQRT -> {
        if (type == DType.F32) {
          k.f2d().invokestatic(MATH, "sqrt", MethodTypeDesc.of(D, D)).d2f();
        } else {
          k.invokestatic(MATH, "sqrt", MethodTypeDesc.of(D, D));
        }
      }
      case NOT -> {
        switch (type) {
          case I64 -> k.loadConstant(-1L).lxor();
          case I32 -> k.iconst_m1().ixor();
          default -> k.iconst_1().ixor();
        }
      }
      default -> throw new IllegalArgumentException("scalar jit: unary " + op);
    }
  }

  private static void binary(CodeBuilder k, ScalarOp op, DType type) {
    if (op.isComparison()) {
      compare(k, op, type);
      return;
    }
    switch (type) {
      case F32 -> {
        switch (op) {
          case ADD -> k.fadd();
          case SUB -> k.fsub();
          case MUL -> k.fmul();
          case DIV -> k.fdiv();
          default -> minMax(k, op, F);
        }
      }
      case F64 -> {
        switch (op) {
          case ADD -> k.dadd();
          case SUB -> k.dsub();
          case MUL -> k.dmul();
          case DIV -> k.ddiv();
          default -> minMax(k, op, D);
        }
      }
      case I64 -> binaryI64(k, op);
      default -> binaryI32(k, op);
    }
  }

  private static void minMax(CodeBuilder k, ScalarOp op, ClassDesc t) {
    switch (op) {
      case MIN -> k.invokestatic(MATH, "min", MethodTypeDesc.of(t, t, t));
      case MAX -> k.invokestatic(MATH, "max", MethodTypeDesc.of(t, t, t));
      default -> throw new IllegalArgumentException("scalar jit: binary " + op);
    }
  }

  private static void binaryI64(CodeBuilder k, ScalarOp op) {
    switch (op) {
      case ADD -> k.ladd();
      case SUB -> k.lsub();
      case MUL -> k.lmul();
      case AND -> k.land();
      case OR -> k.lor();
      case XOR -> k.lxor();
      case SHL -> k.l2i().lshl();
      case SHR -> k.l2i().lshr();
      case USHR -> k.l2i().lushr();
      default -> minMax(k, op, J);
    }
  }

  private static void binaryI32(CodeBuilder k, ScalarOp op) {
    switch (op) {
      case ADD -> k.iadd();
      case SUB -> k.isub();
      case MUL -> k.imul();
      case AND -> k.iand();
      case OR -> k.ior();
      case XOR -> k.ixor();
      case SHL -> k.ishl();
      case SHR -> k.ishr();
      case USHR -> k.iushr();
      default -> minMax(k, op, I);
    }
  }

  private static void compare(CodeBuilder k, ScalarOp op, DType type) {
    Label yes = k.newLabel();
    Label end = k.newLabel();
    switch (kind(type)) {
      case FLOAT -> k.fcmpg();
      case DOUBLE -> k.dcmpg();
      case LONG -> k.lcmp();
      default -> {
        switch (op) {
          case EQ -> k.if_icmpeq(yes);
          case NE -> k.if_icmpne(yes);
          case LT -> k.if_icmplt(yes);
          default -> k.if_icmple(yes);
        }
        k.iconst_0().goto_(end).labelBinding(yes).iconst_1().labelBinding(end);
        return;
      }
    }
    switch (op) {
      case EQ -> k.ifeq(yes);
      case NE -> k.ifne(yes);
      case LT -> k.iflt(yes);
      default -> k.ifle(yes);
    }
    k.iconst_0().goto_(end).labelBinding(yes).iconst_1().labelBinding(end);
  }

  private static void convert(CodeBuilder k, DType from, DType to) {
    if (to == DType.BOOL) {
      throw new IllegalArgumentException("scalar jit: convert " + from + " to " + to);
    }
    k.conversion(kind(from), kind(to));
  }
}
