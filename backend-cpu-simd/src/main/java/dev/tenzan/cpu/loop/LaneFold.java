package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * Folds the accumulators of a block of {@link ReductionTree} into its result: lane l takes {@code lane[l] op lane[l + w]} for w = count/2,
 * count/4, ..., 1. The arrays are scratch. Generated code calls these methods, with an operation that C2 knows.
 */
final class LaneFold {
  private static final ClassDesc SELF = ClassDesc.of(LaneFold.class.getName());
  private static final ClassDesc OP = ClassDesc.of(ReduceOp.class.getName());

  private LaneFold() {}

  /** Array and number of lanes on the stack: emits the call that pushes their fold. */
  static void emit(CodeBuilder cb, ReduceOp op, DType type) {
    cb.getstatic(OP, op.name(), OP);
    ClassDesc element = ScalarOps.desc(type);
    cb.invokestatic(
        SELF,
        type == DType.BOOL ? "foldTruth" : "fold",
        MethodTypeDesc.of(element, element.arrayType(), ConstantDescs.CD_int, OP));
  }

  static float fold(float[] lanes, int count, ReduceOp op) {
    for (int w = count / 2; w > 0; w /= 2) {
      Values.accumulate(op, lanes, 0, lanes, w, w);
    }
    return lanes[0];
  }

  static double fold(double[] lanes, int count, ReduceOp op) {
    for (int w = count / 2; w > 0; w /= 2) {
      Values.accumulate(op, lanes, 0, lanes, w, w);
    }
    return lanes[0];
  }

  static int fold(int[] lanes, int count, ReduceOp op) {
    for (int w = count / 2; w > 0; w /= 2) {
      Values.accumulate(op, lanes, 0, lanes, w, w);
    }
    return lanes[0];
  }

  static int foldTruth(int[] lanes, int count, ReduceOp op) {
    for (int w = count / 2; w > 0; w /= 2) {
      Values.accumulateBool(op, lanes, 0, lanes, w, w);
    }
    return lanes[0];
  }

  static long fold(long[] lanes, int count, ReduceOp op) {
    for (int w = count / 2; w > 0; w /= 2) {
      Values.accumulate(op, lanes, 0, lanes, w, w);
    }
    return lanes[0];
  }
}
