package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.ByteOrder;

/**
 * Emits calls of the Vector API for vectors of a fixed number of lanes. Everything that C2 must know (species, operators) is read from
 * the API's own static final fields. Names only: this class touches no vector class, so it loads without the module.
 */
final class VectorOps {
  private static final String API = "jdk.incubator.vector.";
  static final ClassDesc VECTOR = ClassDesc.of(API + "Vector");
  static final ClassDesc MASK = ClassDesc.of(API + "VectorMask");
  private static final ClassDesc SPECIES = ClassDesc.of(API + "VectorSpecies");
  private static final ClassDesc OPERATORS = ClassDesc.of(API + "VectorOperators");
  private static final ClassDesc UNARY = OPERATORS.nested("Unary");
  private static final ClassDesc BINARY = OPERATORS.nested("Binary");
  private static final ClassDesc ASSOCIATIVE = OPERATORS.nested("Associative");
  private static final ClassDesc COMPARISON = OPERATORS.nested("Comparison");
  private static final ClassDesc CONVERSION = OPERATORS.nested("Conversion");
  private static final ClassDesc BYTE_ORDER = ClassDesc.of("java.nio.ByteOrder");

  private final CodeBuilder cb;
  private final int lanes;

  VectorOps(CodeBuilder cb, int lanes) {
    this.cb = cb;
    this.lanes = lanes;
  }

  /** The vector class of a compute type; BOOL in arrays is an int vector. */
  static ClassDesc desc(DType type) {
    return ClassDesc.of(
        API
            + switch (type) {
              case F32 -> "FloatVector";
              case F64 -> "DoubleVector";
              case I32, BOOL -> "IntVector";
              case I64 -> "LongVector";
              case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
            });
  }

  private static char letter(DType type) {
    return switch (type) {
      case F32 -> 'F';
      case F64 -> 'D';
      case I32 -> 'I';
      case I64 -> 'L';
      case F16, BF16, I16, I8, U8, BOOL -> throw new IllegalArgumentException("no vectors of " + type);
    };
  }

  /** Pushes the species of a type's vectors. */
  void species(DType type) {
    int bits = lanes * (type.byteSize() == 8 ? 64 : 32);
    cb.getstatic(desc(type), "SPECIES_" + bits, SPECIES);
  }

  private void operator(String name, ClassDesc kind) {
    cb.getstatic(OPERATORS, name, kind);
  }

  private void byteOrder() {
    String name = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? "LITTLE_ENDIAN" : "BIG_ENDIAN";
    cb.getstatic(BYTE_ORDER, name, BYTE_ORDER);
  }

  /** The vector class of a narrow integer of this many bytes. */
  private static ClassDesc narrowDesc(int bytes) {
    return ClassDesc.of(API + (bytes == 1 ? "ByteVector" : "ShortVector"));
  }

  /** Pushes the species of vectors of narrow integers. */
  void narrowSpecies(int bytes) {
    cb.getstatic(narrowDesc(bytes), "SPECIES_" + lanes * bytes * 8, SPECIES);
  }

  /** Narrow species, segment and byte address on the stack: pushes the elements as ints. */
  void intsFromMemory(int bytes, boolean signed) {
    byteOrder();
    ClassDesc desc = narrowDesc(bytes);
    cb.invokestatic(
        desc,
        "fromMemorySegment",
        MethodTypeDesc.of(desc, SPECIES, ScalarOps.SEGMENT, ConstantDescs.CD_long, BYTE_ORDER));
    String name = bytes == 1 ? "B2I" : "S2I";
    operator(signed ? name : "ZERO_EXTEND_" + name, CONVERSION);
    species(DType.I32);
    cb.iconst_0();
    cb.invokevirtual(
        desc, "convertShape", MethodTypeDesc.of(VECTOR, CONVERSION, SPECIES, ConstantDescs.CD_int));
    cb.checkcast(desc(DType.I32));
  }

  /** Int vector on the stack: pushes its low bits as narrow integers. */
  void narrowInts(int bytes) {
    operator(bytes == 1 ? "I2B" : "I2S", CONVERSION);
    narrowSpecies(bytes);
    cb.iconst_0();
    cb.invokevirtual(
        desc(DType.I32), "convertShape", MethodTypeDesc.of(VECTOR, CONVERSION, SPECIES, ConstantDescs.CD_int));
    cb.checkcast(narrowDesc(bytes));
  }

  /** Narrow vector, segment and byte address on the stack: stores the vector. */
  void narrowIntoMemory(int bytes) {
    byteOrder();
    cb.invokevirtual(
        narrowDesc(bytes),
        "intoMemorySegment",
        MethodTypeDesc.of(ConstantDescs.CD_void, ScalarOps.SEGMENT, ConstantDescs.CD_long, BYTE_ORDER));
  }

  /** Species, segment and byte address on the stack: pushes the vector. */
  void fromMemory(DType type) {
    byteOrder();
    cb.invokestatic(
        desc(type),
        "fromMemorySegment",
        MethodTypeDesc.of(desc(type), SPECIES, ScalarOps.SEGMENT, ConstantDescs.CD_long, BYTE_ORDER));
  }

  /** Vector, segment and byte address on the stack: stores the vector. */
  void intoMemory(DType type) {
    byteOrder();
    cb.invokevirtual(
        desc(type),
        "intoMemorySegment",
        MethodTypeDesc.of(ConstantDescs.CD_void, ScalarOps.SEGMENT, ConstantDescs.CD_long, BYTE_ORDER));
  }

  /** Pushes the species of vectors of half as many lanes. */
  void halfSpecies(DType type) {
    int bits = lanes / 2 * (type.byteSize() == 8 ? 64 : 32);
    cb.getstatic(desc(type), "SPECIES_" + bits, SPECIES);
  }

  /** A vector of half as many lanes on the stack: pushes it with anything in the other lanes. */
  void widen(DType type) {
    species(type);
    cb.iconst_0();
    cb.invokevirtual(desc(type), "reinterpretShape", MethodTypeDesc.of(VECTOR, SPECIES, ConstantDescs.CD_int));
    cb.checkcast(desc(type));
  }

  /** A vector of places and a vector on the stack: pushes the lanes at these places of the second. */
  void selectFrom(DType type) {
    cb.invokevirtual(desc(type), "selectFrom", MethodTypeDesc.of(desc(type), VECTOR));
  }

  /** Species, array and index on the stack: pushes the vector. */
  void fromArray(DType type) {
    ClassDesc array = ScalarOps.desc(type).arrayType();
    cb.invokestatic(
        desc(type), "fromArray", MethodTypeDesc.of(desc(type), SPECIES, array, ConstantDescs.CD_int));
  }

  /** Vector, array and index on the stack: stores the vector. */
  void intoArray(DType type) {
    ClassDesc array = ScalarOps.desc(type).arrayType();
    cb.invokevirtual(
        desc(type), "intoArray", MethodTypeDesc.of(ConstantDescs.CD_void, array, ConstantDescs.CD_int));
  }

  /** Species and scalar on the stack: pushes the vector with the scalar in all lanes. */
  void broadcast(DType type) {
    cb.invokestatic(desc(type), "broadcast", MethodTypeDesc.of(desc(type), SPECIES, ScalarOps.desc(type)));
  }

  /** Species and int on the stack: pushes the mask with this truth value in all lanes. */
  void maskAll() {
    cb.invokeinterface(SPECIES, "maskAll", MethodTypeDesc.of(MASK, ConstantDescs.CD_boolean));
  }

  /** Pushes the long vector 0, 1, 2, ... */
  void iota() {
    species(DType.I64);
    cb.lconst_0();
    broadcast(DType.I64);
    cb.iconst_1();
    cb.invokevirtual(
        desc(DType.I64), "addIndex", MethodTypeDesc.of(desc(DType.I64), ConstantDescs.CD_int));
  }

  /** Vector on the stack: replaces it by a unary operation's result. */
  void unary(ScalarOp op, DType type) {
    operator(op.name(), UNARY);
    cb.invokevirtual(desc(type), "lanewise", MethodTypeDesc.of(desc(type), UNARY));
  }

  /** Pushes the operator of a binary operation; goes between its operands. */
  void binaryOperator(ScalarOp op) {
    switch (op) {
      case ADD, MUL, MIN, MAX, AND, OR, XOR -> operator(op.name(), ASSOCIATIVE);
      case SUB, DIV -> operator(op.name(), BINARY);
      case SHL -> operator("LSHL", BINARY);
      case SHR -> operator("ASHR", BINARY);
      case USHR -> operator("LSHR", BINARY);
      case EQ, NE, LT, LE -> operator(op.name(), COMPARISON);
      case NEG, ABS, SQRT, NOT, REM, FMA, SELECT -> throw new IllegalArgumentException("no vector form: " + op);
    }
  }

  /** Pushes the operator that gives the larger of two integers without a sign; goes between its operands. */
  void unsignedMaxOperator() {
    operator("UMAX", ASSOCIATIVE);
  }

  /** First operand, operator and second operand on the stack: pushes the result. */
  void binary(DType type) {
    cb.invokevirtual(desc(type), "lanewise", MethodTypeDesc.of(desc(type), BINARY, VECTOR));
  }

  /** Vector on the stack: pushes what its lanes combine to, in whatever order. */
  void reduceLanes(ScalarOp op, DType type) {
    binaryOperator(op);
    cb.invokevirtual(desc(type), "reduceLanes", MethodTypeDesc.of(ScalarOps.desc(type), ASSOCIATIVE));
  }

  /** First operand, operator and scalar second operand on the stack: pushes the result. */
  void binaryScalar(DType type) {
    cb.invokevirtual(desc(type), "lanewise", MethodTypeDesc.of(desc(type), BINARY, ScalarOps.desc(type)));
  }

  /** First operand, comparison and second operand on the stack: pushes the mask. */
  void compare(DType type) {
    cb.invokevirtual(desc(type), "compare", MethodTypeDesc.of(MASK, COMPARISON, VECTOR));
  }

  /** Vector, comparison and scalar on the stack: pushes the mask. */
  void compareScalar(DType type) {
    cb.invokevirtual(desc(type), "compare", MethodTypeDesc.of(MASK, COMPARISON, ScalarOps.desc(type)));
  }

  /** A vector of places and two vectors on the stack: pushes the lanes at these places of the two side by side. */
  void selectFromTwo(DType type) {
    cb.invokevirtual(desc(type), "selectFrom", MethodTypeDesc.of(desc(type), VECTOR, VECTOR));
  }

  /** Three vectors a, b, c on the stack: pushes a * b + c. */
  void fma(DType type) {
    cb.invokevirtual(desc(type), "fma", MethodTypeDesc.of(desc(type), VECTOR, VECTOR));
  }

  /** Vectors a and b and a mask on the stack: pushes b where the mask is set, else a. */
  void blend(DType type) {
    cb.invokevirtual(desc(type), "blend", MethodTypeDesc.of(desc(type), VECTOR, MASK));
  }

  /** Vector on the stack: pushes it converted, lane by lane. */
  void convert(DType from, DType to) {
    operator(letter(from) + "2" + letter(to), CONVERSION);
    species(to);
    cb.iconst_0();
    cb.invokevirtual(
        desc(from), "convertShape", MethodTypeDesc.of(VECTOR, CONVERSION, SPECIES, ConstantDescs.CD_int));
    cb.checkcast(desc(to));
  }

  /** Vector on the stack: pushes the same bits as another type of the same size. */
  void reinterpret(DType from, DType to) {
    String name =
        switch (to) {
          case F32 -> "reinterpretAsFloats";
          case F64 -> "reinterpretAsDoubles";
          case I32 -> "reinterpretAsInts";
          case I64 -> "reinterpretAsLongs";
          case F16, BF16, I16, I8, U8, BOOL -> throw new IllegalArgumentException("bitcast to " + to);
        };
    cb.invokevirtual(desc(from), name, MethodTypeDesc.of(desc(to)));
  }

  /** Mask on the stack: pushes it as a mask of another type's vectors. */
  void castMask(DType to) {
    species(to);
    cb.invokevirtual(MASK, "cast", MethodTypeDesc.of(MASK, SPECIES));
  }

  /** Masks on the stack, one for {@code not}: pushes their combination. */
  void maskOp(String name) {
    cb.invokevirtual(
        MASK, name, name.equals("not") ? MethodTypeDesc.of(MASK) : MethodTypeDesc.of(MASK, MASK));
  }

  /** Mask on the stack: pushes whether a lane of it is set. */
  void anyTrue() {
    cb.invokevirtual(MASK, "anyTrue", MethodTypeDesc.of(ConstantDescs.CD_boolean));
  }

  /** Mask on the stack: pushes its lanes as the low bits of a long. */
  void maskToLong() {
    cb.invokevirtual(MASK, "toLong", MethodTypeDesc.of(ConstantDescs.CD_long));
  }

  /** Pushes the vector with 1 where the mask in a local (of this type) is set, and 0 elsewhere. */
  void maskToVector(DType type, int maskLocal) {
    for (int one = 0; one < 2; one++) {
      species(type);
      ScalarOps.constant(cb, type, one == 0 ? 0 : ReduceOp.PROD.identity(type));
      broadcast(type);
    }
    cb.aload(maskLocal);
    blend(type);
  }

  /** Vector on the stack: pushes it wrapped to a small integer type. */
  void wrap(DType storage) {
    if (storage == DType.U8) {
      intStep(ScalarOp.AND, 255);
    } else {
      int shift = storage == DType.I8 ? 24 : 16;
      intStep(ScalarOp.SHL, shift);
      intStep(ScalarOp.SHR, shift);
    }
  }

  /** Int vector on the stack: pushes its combination with a constant. */
  void intStep(ScalarOp op, int constant) {
    binaryOperator(op);
    cb.loadConstant(constant);
    binaryScalar(DType.I32);
  }
}
