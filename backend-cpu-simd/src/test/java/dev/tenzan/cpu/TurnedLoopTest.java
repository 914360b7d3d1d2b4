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

/** Loops that read an operand across its rows, on generated classes and in machine code, with stores through the caches and past them. */
class TurnedLoopTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20_261_127);
  private static final List<DType> TYPES = List.of(DType.F32, DType.F64, DType.I32, DType.I64, DType.BF16, DType.U8);

  /** Sizes around those of squares and of tiles. */
  private static final long[] SIZES = {2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 79, 80, 128, 130, 200};

  private static List<CpuBackend> backends() {
    List<CpuBackend> all = new ArrayList<>(List.of(Backends.vector(2), Backends.streaming(2)));
    all.addAll(Backends.machines(1));
    all.addAll(Backends.machines(2));
    return all;
  }

  private static void check(CpuBackend backend, DType type, Shape space, List<Instr> code, int inputs, Affine store) {
    LoopKernel k =
        new LoopKernel(
            space, Shape.SCALAR, java.util.Collections.nCopies(inputs, type), List.of(type), new ScalarProgram(code), null, ScalarProgram.EMPTY,
            List.of(new LoopKernel.Store(0, store, code.size() - 1)));
    LoopCase.check(type + " " + space + " seed " + SEED, k, backend, new Random(SEED));
  }

  @Test
  void copies() {
    for (CpuBackend backend : backends()) {
      try (backend) {
        for (DType type : TYPES) {
          for (long rows : SIZES) {
            for (long columns : SIZES) {
              Instr load = new Instr.Load(type, 0, new Affine(3, 1, rows + 5));
              check(backend, type, Shape.of(rows, columns), List.of(load), 1, new Affine(0, columns, 1));
            }
          }
        }
      }
    }
  }

  /** Two operands turned, of different strides, and one that is not; one of them twice; and rows that begin anywhere. */
  @Test
  void severalOperands() {
    for (CpuBackend backend : backends()) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64, DType.I32)) {
          DType compute = type.compute();
          for (long rows : new long[] {9, 64, 70, 150}) {
            for (long columns : new long[] {8, 16, 70, 96, 129}) {
              List<Instr> code =
                  List.of(
                      new Instr.Load(type, 0, new Affine(0, 1, rows)), new Instr.Load(type, 1, new Affine(columns * 400, 1, -400)),
                      new Instr.Load(type, 2, new Affine(0, columns, 1)), new Instr.Load(type, 0, new Affine(1, 1, rows + 1)),
                      new Instr.Binary(compute, ScalarOp.ADD, 0, 1), new Instr.Binary(compute, ScalarOp.MUL, 2, 3),
                      new Instr.Binary(compute, ScalarOp.SUB, 4, 5));
              check(backend, type, Shape.of(rows, columns), code, 3, new Affine(0, columns, 1));
              check(backend, type, Shape.of(rows, columns), code, 3, new Affine(1, columns + 3, 1));
            }
          }
        }
      }
    }
  }

  /** Matrices of a batch, and a stack whose middle dimension comes last. */
  @Test
  void severalMatrices() {
    for (CpuBackend backend : backends()) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64)) {
          for (long n : new long[] {16, 30, 65}) {
            Instr load = new Instr.Load(type, 0, new Affine(0, 40 * n, 1, 40));
            check(backend, type, Shape.of(3, 40, n), List.of(load), 1, new Affine(0, 40 * n, n, 1));
            Instr index = new Instr.Index(new Affine(5, 1, 100, 3));
            Instr wide = new Instr.Convert(type, 1);
            List<Instr> code = List.of(load, index, wide, new Instr.Binary(type, ScalarOp.ADD, 0, 2));
            check(backend, type, Shape.of(3, 40, n), code, 1, new Affine(0, 40 * n, n, 1));
          }
        }
      }
    }
  }

  @Test
  void reductions() {
    for (CpuBackend backend : backends()) {
      try (backend) {
        for (ReduceOp op : List.of(ReduceOp.SUM, ReduceOp.MAX)) {
          for (long rows : new long[] {20, 64, 100}) {
            for (long columns : new long[] {20, 70, 128}) {
              Instr turned = new Instr.Load(DType.F32, 0, new Affine(0, 1, rows));
              Instr plain = new Instr.Load(DType.F32, 1, new Affine(0, columns, 1));
              ScalarProgram body = new ScalarProgram(List.of(turned, plain, new Instr.Binary(DType.F32, ScalarOp.MUL, 0, 1)));
              ScalarProgram epilogue = new ScalarProgram(List.of(new Instr.Reduced(DType.F32)));
              LoopKernel k =
                  new LoopKernel(
                      Shape.of(rows), Shape.of(columns), List.of(DType.F32, DType.F32), List.of(DType.F32), body,
                      new LoopKernel.Reduction(op, 2), epilogue, List.of(new LoopKernel.Store(0, new Affine(0, 1), 0)));
              LoopCase.check(op + " " + rows + " " + columns, k, backend, new Random(SEED));
            }
          }
        }
      }
    }
  }
}
