package dev.tenzan.cpu;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Loops with more values that are the same for all points of a row than there are registers, against the oracle. */
class RowValuesTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20261128);
  private static final int ROWS = 5;
  private static final int COLUMNS = 83;

  /** The program of {@code x op a1 op a2 ...}, where each of the operands is one of so many of the row's, or their sum with the next one. */
  private static List<Instr> program(DType type, int values) {
    List<Instr> code = new ArrayList<>();
    DType compute = type.compute();
    code.add(new Instr.Load(type, 0, new Affine(3, COLUMNS, 1)));
    for (int v = 0; v < values; v++) {
      code.add(new Instr.Load(type, 1, new Affine(v, values + 2, 0)));
    }
    int last = 0;
    for (int v = 1; v <= values; v++) {
      int operand = v;
      if (v % 3 == 0) {
        code.add(new Instr.Binary(compute, ScalarOp.ADD, v, v % values + 1));
        operand = code.size() - 1;
      }
      ScalarOp op = v % 4 == 0 ? ScalarOp.MUL : v % 4 == 1 ? ScalarOp.SUB : v % 4 == 2 ? ScalarOp.MAX : ScalarOp.ADD;
      boolean first = v % 2 == 0;
      code.add(
          v % 5 == 0 && compute.isFloat()
              ? new Instr.Ternary(compute, ScalarOp.FMA, first ? last : operand, first ? operand : last, v)
              : new Instr.Binary(compute, op, first ? last : operand, first ? operand : last));
      last = code.size() - 1;
      if (v % 7 == 0) {
        code.add(new Instr.Binary(DType.BOOL, ScalarOp.LT, 0, last));
        code.add(new Instr.Ternary(compute, ScalarOp.SELECT, code.size() - 1, v, last));
        last = code.size() - 1;
      }
    }
    return code;
  }

  private static LoopKernel map(DType type, int values) {
    List<Instr> code = program(type, values);
    int result = code.size() - 1;
    if (type.compute() != type) {
      code.add(new Instr.Narrow(type, result));
      result++;
    }
    LoopKernel.Store store = new LoopKernel.Store(0, new Affine(2, COLUMNS + 4, 1), result);
    return new LoopKernel(
        Shape.of(ROWS, COLUMNS), Shape.SCALAR, List.of(type, type), List.of(type), new ScalarProgram(code), null, ScalarProgram.EMPTY, List.of(store));
  }

  private static LoopKernel reduction(DType type, int values, ReduceOp op) {
    List<Instr> code = program(type, values);
    List<Instr> epilogue = List.of(new Instr.Reduced(type));
    LoopKernel.Store store = new LoopKernel.Store(0, new Affine(0, 1), 0);
    return new LoopKernel(
        Shape.of(ROWS), Shape.of(COLUMNS), List.of(type, type), List.of(type), new ScalarProgram(code), new LoopKernel.Reduction(op, code.size() - 1),
        new ScalarProgram(epilogue), List.of(store));
  }

  @Test
  void manyValuesOfARow() {
    System.out.println("seed " + SEED);
    for (CpuBackend backend : Backends.all(1)) {
      try (backend) {
        for (int values : new int[] {9, 25, 31, 34, 45, 63}) {
          for (DType type : new DType[] {DType.F32, DType.F64, DType.I32, DType.I64, DType.BF16}) {
            String name = type + ", " + values + " values, seed " + SEED;
            LoopCase.check(name, map(type, values), backend, new Random(SEED));
            if (type.compute() == type) {
              LoopCase.check("sum of " + name, reduction(type, values, ReduceOp.SUM), backend, new Random(SEED));
              LoopCase.check("greatest of " + name, reduction(type, values, ReduceOp.MAX), backend, new Random(SEED));
            }
          }
        }
      }
    }
  }
}
