package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/**
 * Emits the minimum or maximum of a row of floats by comparing their bits. On x86 the Vector API's own takes six instructions, because
 * NaN must win and -0 is less than 0; integers are compared by one.
 *
 * <p>The order of the bits as integers is that of positive floats, and the reverse of that of negative ones (IEEE 754 binary formats). So
 * three integers tell the result: the largest, the smallest, and the largest without a sign. A positive NaN is more than infinity among the
 * first, a negative one among the last.
 */
final class FloatExtremes {
  private static final ClassDesc SELF = ClassDesc.of(FloatExtremes.class.getName());

  /** The groups of three accumulators, so that no operation waits for the one before. */
  private static final int GROUPS = 4;

  private final VectorPassEmitter pass;
  private final CodeBuilder cb;
  private final VectorOps ops;
  private final LoopBody.ToLanes out;
  private final DType type;

  /** Integers of the same size. */
  private final DType bits;

  private final int groups;
  private final int current;

  /**
   * A row's emitter.
   *
   * @param inRegisters whether the program is short enough to be written out for each group
   */
  FloatExtremes(VectorPassEmitter pass, LoopBody.ToLanes out, boolean inRegisters) {
    this.pass = pass;
    this.cb = pass.cb;
    this.ops = pass.ops;
    this.out = out;
    this.type = pass.body.type(out.value());
    this.bits = VectorPassEmitter.bits(type);
    this.groups = inRegisters ? GROUPS : 1;
    this.current = cb.allocateLocal(TypeKind.REFERENCE);
  }

  /** Whether an operation's rows are better combined so. */
  static boolean serves(ReduceOp op, DType type, PassPlan plan) {
    boolean extreme = op == ReduceOp.MIN || op == ReduceOp.MAX;
    return extreme && (type == DType.F32 || type == DType.F64 && plan.longExtremes) && !plan.floatExtremes;
  }

  /** The ways to compare, in the order of a group's accumulators. */
  private enum Order {
    LARGEST,
    SMALLEST,
    LARGEST_UNSIGNED
  }

  /** Emits the work of one row from column 0, which the caller has set. */
  void emit() {
    int[][] accumulators = new int[groups][Order.values().length];
    for (int[] group : accumulators) {
      for (int a = 0; a < group.length; a++) {
        ops.species(bits);
        ScalarOps.constant(cb, bits, out.op().identity(type));
        ops.broadcast(bits);
        group[a] = cb.allocateLocal(TypeKind.REFERENCE);
        cb.astore(group[a]);
      }
    }
    int limit = cb.allocateLocal(TypeKind.INT);
    cb.iload(pass.n).loadConstant(-groups * pass.lanes).iand().istore(limit);
    pass.groupLoop(limit, pass.lanes, groups, g -> take(accumulators[g]));
    for (int w = groups / 2; w > 0; w /= 2) {
      for (int g = 0; g < w; g++) {
        for (Order order : Order.values()) {
          combine(accumulators[g][order.ordinal()], order, accumulators[g + w][order.ordinal()]);
        }
      }
    }
    pass.restOfRow(limit, () -> take(accumulators[0]));
    finish(accumulators[0]);
  }

  private void take(int[] group) {
    pass.computeVarying();
    pass.pushForArray(out.value());
    ops.reinterpret(type, bits);
    cb.astore(current);
    for (Order order : Order.values()) {
      combine(group[order.ordinal()], order, current);
    }
  }

  private void combine(int accumulator, Order order, int other) {
    cb.aload(accumulator);
    switch (order) {
      case LARGEST -> ops.binaryOperator(ScalarOp.MAX);
      case SMALLEST -> ops.binaryOperator(ScalarOp.MIN);
      case LARGEST_UNSIGNED -> ops.unsignedMaxOperator();
    }
    cb.aload(other);
    ops.binary(bits);
    cb.astore(accumulator);
  }

  /** Writes the row's result. */
  private void finish(int[] group) {
    cb.aload(pass.resultsLocal("out", type)).iload(pass.at());
    cb.aload(group[Order.LARGEST.ordinal()]);
    ops.reduceLanes(ScalarOp.MAX, bits);
    cb.aload(group[Order.SMALLEST.ordinal()]);
    ops.reduceLanes(ScalarOp.MIN, bits);
    // C2 folds the lanes of signed integers only: without the first bit their order is the same.
    cb.aload(group[Order.LARGEST_UNSIGNED.ordinal()]);
    ops.binaryOperator(ScalarOp.XOR);
    ScalarOps.constant(cb, bits, bits == DType.I32 ? Integer.MIN_VALUE : Long.MIN_VALUE);
    ops.binaryScalar(bits);
    ops.reduceLanes(ScalarOp.MAX, bits);
    ClassDesc integer = ScalarOps.desc(bits);
    String name = out.op() == ReduceOp.MAX ? "max" : "min";
    cb.invokestatic(SELF, name, MethodTypeDesc.of(ScalarOps.desc(type), integer, integer, integer));
    cb.arrayStore(ScalarOps.kind(type));
  }

  /** The largest of floats; {@code shifted} is the largest of their bits without a sign, less 2 to the 31. */
  static float max(int largest, int smallest, int shifted) {
    return isNaN(largest, shifted) ? Float.NaN : Float.intBitsToFloat(largest >= 0 ? largest : smallest);
  }

  /** The smallest of floats. */
  static float min(int largest, int smallest, int shifted) {
    return isNaN(largest, shifted) ? Float.NaN : Float.intBitsToFloat(shifted >= 0 ? shifted ^ Integer.MIN_VALUE : smallest);
  }

  private static boolean isNaN(int largest, int shifted) {
    int infinity = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);
    return largest > infinity || shifted > infinity;
  }

  /** The largest of doubles; {@code shifted} is the largest of their bits without a sign, less 2 to the 63. */
  static double max(long largest, long smallest, long shifted) {
    return isNaN(largest, shifted) ? Double.NaN : Double.longBitsToDouble(largest >= 0 ? largest : smallest);
  }

  /** The smallest of doubles. */
  static double min(long largest, long smallest, long shifted) {
    return isNaN(largest, shifted) ? Double.NaN : Double.longBitsToDouble(shifted >= 0 ? shifted ^ Long.MIN_VALUE : smallest);
  }

  private static boolean isNaN(long largest, long shifted) {
    long infinity = Double.doubleToRawLongBits(Double.POSITIVE_INFINITY);
    return largest > infinity || shifted > infinity;
  }
}
