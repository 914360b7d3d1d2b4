package dev.tenzan.cpu;

import dev.tenzan.conformance.RandomLoop;
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

/** Random loop kernels against {@link LoopOracle}, bit for bit. */
class LoopDifferentialTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);
  private static final double[] SPECIAL = {Double.NaN, -0.0, 0.0, 1, -1, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};

  private static void run(String mode, CpuBackend backend, int cases, boolean reduce, long points, int ops) {
    try (backend) {
      for (int c = 0; c < cases; c++) {
        long seed = SEED + c;
        LoopKernel k = new RandomLoop(new Random(seed), points, ops).next(reduce);
        LoopCase.check(mode + " seed " + seed, k, backend, new Random(seed));
      }
    }
    System.out.println("seeds " + SEED + " to " + (SEED + cases - 1) + ", " + mode);
  }

  @Test
  void scalarMaps() {
    run("scalar map", Backends.scalar(1), 1500, false, 400, 12);
  }

  @Test
  void scalarReductions() {
    run("scalar reduction", Backends.scalar(1), 1500, true, 6000, 8);
  }

  @Test
  void vectorMaps() {
    run("vector map", Backends.vector(1), 1500, false, 400, 12);
  }

  @Test
  void vectorReductions() {
    run("vector reduction", Backends.vector(1), 1500, true, 6000, 8);
  }

  @Test
  void machineMaps() {
    runInMachineCode("machine map", Backends.machine(1), 2000, false, 400, 12);
    runInMachineCode("streaming map", Backends.streaming(1), 1000, false, 400, 12);
  }

  @Test
  void machineReductions() {
    runInMachineCode("machine reduction", Backends.machine(1), 2000, true, 6000, 8);
  }

  /** Random kernels without what is left to generated classes, so that most run in machine code. */
  private static void runInMachineCode(String mode, CpuBackend backend, int cases, boolean reduce, long points, int ops) {
    long seed = SEED;
    try (backend) {
      for (int c = 0; c < cases; seed++) {
        LoopKernel k = new RandomLoop(new Random(seed), points, ops).next(reduce);
        if (k.body().code().stream().noneMatch(LoopDifferentialTest::isLeft)) {
          LoopCase.check(mode + " seed " + seed, k, backend, new Random(seed));
          c++;
        }
      }
    }
    System.out.println("seeds " + SEED + " to " + (seed - 1) + ", " + mode);
  }

  private static boolean isLeft(Instr instr) {
    return instr instanceof Instr.Binary b && !b.type().isFloat() && (b.op() == ScalarOp.DIV || b.op() == ScalarOp.REM);
  }

  /** The lesser and the greater of elements and a constant, either of which may be no number, or a zero of either sign. */
  @Test
  void bounds() {
    for (CpuBackend backend : List.of(Backends.scalar(1), Backends.vector(1), Backends.machine(1))) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64)) {
          for (double bound : SPECIAL) {
            for (ScalarOp op : List.of(ScalarOp.MIN, ScalarOp.MAX)) {
              for (int first = 0; first < 2; first++) {
                ScalarProgram body =
                    new ScalarProgram(
                        List.of(
                            new Instr.Load(type, 0, new Affine(0, 1)), new Instr.Const(type, bits(type, bound)),
                            new Instr.Binary(type, op, first, 1 - first)));
                LoopKernel k =
                    new LoopKernel(
                        Shape.of(37), Shape.SCALAR, List.of(type), List.of(type), body, null, ScalarProgram.EMPTY,
                        List.of(new LoopKernel.Store(0, new Affine(0, 1), 2)));
                LoopCase.check(op + " of " + bound, k, backend, (t, _, e) -> bits(t, SPECIAL[e % SPECIAL.length]));
              }
            }
          }
        }
      }
    }
  }

  /** The same by a comparison and a selection, in every order, where the comparison is read once more or not; and of two elements. */
  @Test
  void selectedBounds() {
    for (CpuBackend backend : List.of(Backends.scalar(1), Backends.vector(1), Backends.machine(1))) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64)) {
          for (double bound : SPECIAL) {
            for (ScalarOp op : List.of(ScalarOp.LT, ScalarOp.LE)) {
              for (int order = 0; order < 16; order++) {
                List<Instr> code = new ArrayList<>();
                code.add(new Instr.Load(type, 0, new Affine(0, 1)));
                code.add((order & 8) == 0 ? new Instr.Const(type, bits(type, bound)) : new Instr.Load(type, 0, new Affine(5, 1)));
                code.add(new Instr.Binary(DType.BOOL, op, order & 1, 1 - (order & 1)));
                code.add(new Instr.Ternary(type, ScalarOp.SELECT, 2, order >> 1 & 1, 1 - (order >> 1 & 1)));
                if ((order & 4) != 0) {
                  code.add(new Instr.Ternary(type, ScalarOp.SELECT, 2, 3, 0));
                }
                LoopKernel k =
                    new LoopKernel(
                        Shape.of(37), Shape.SCALAR, List.of(type), List.of(type), new ScalarProgram(code), null, ScalarProgram.EMPTY,
                        List.of(new LoopKernel.Store(0, new Affine(0, 1), code.size() - 1)));
                LoopCase.check(op + " " + order + " of " + bound, k, backend, (t, _, e) -> bits(t, SPECIAL[e % SPECIAL.length]));
              }
            }
          }
        }
      }
    }
  }

  /** The bits of a number of a type, as constants and buffers have them. */
  private static long bits(DType type, double value) {
    return type == DType.F64 ? Double.doubleToRawLongBits(value) : Float.floatToRawIntBits((float) value);
  }

  /** Every other element, up to the last one of the buffer. */
  @Test
  void everyOtherElement() {
    for (CpuBackend backend : List.of(Backends.vector(2), Backends.machine(2))) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64, DType.I32, DType.I64, DType.F16, DType.I8)) {
          for (long n = 1; n < 70; n++) {
            Instr first = new Instr.Load(type, 0, new Affine(0, 2 * n + 1, 2));
            Instr second = new Instr.Load(type, 0, new Affine(2, 2 * n + 1, 2));
            check(backend, type, Shape.of(3, n), first, second);
          }
        }
      }
    }
  }

  /** Rows around the sizes of the narrower vectors, where the long dimension has large steps. */
  @Test
  void shortRows() {
    for (CpuBackend backend : List.of(Backends.vector(2), Backends.machine(2))) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64, DType.I32, DType.I64, DType.BF16, DType.BOOL)) {
          for (long n = 1; n < 18; n++) {
            Shape space = Shape.of(3, 21, n);
            Instr whole = new Instr.Load(type, 0, new Affine(0, 21 * n, n, 1));
            check(backend, type, space, whole, new Instr.Load(type, 0, new Affine(1, 42 * n + 5, 2 * n, 2)));
            check(backend, type, space, whole, new Instr.Load(type, 0, new Affine(0, 1, 0, 3)));
            check(backend, type, space, whole, new Instr.Load(type, 0, new Affine(2, 0, 1, 0)));
          }
        }
      }
    }
  }

  /** Pairs of points that share an element, up to the last one of the buffer, beside loads with and without strides. */
  @Test
  void repeatedElements() {
    for (CpuBackend backend : List.of(Backends.scalar(1), Backends.vector(2), Backends.machine(2))) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64, DType.I32, DType.I64, DType.BF16, DType.BOOL)) {
          for (long n = 1; n < 40; n++) {
            for (long step : new long[] {1, 2, 3}) {
              Shape space = Shape.of(3, 2, n, 2);
              Instr whole = new Instr.Load(type, 0, new Affine(1, step * 4 * n + 1, step * 2 * n, step * 2, step));
              Instr shared = new Instr.Load(type, 0, new Affine(0, n, 0, 1, 0));
              check(backend, type, space, whole, shared);
            }
          }
        }
        check(backend, DType.F32, Shape.of(40_000, 5, 2), new Instr.Load(DType.F32, 0, new Affine(0, 10, 2, 1)),
            new Instr.Load(DType.F32, 0, new Affine(0, 5, 1, 0)));
        check(backend, DType.F32, Shape.of(2, 40_001, 2), new Instr.Load(DType.F32, 0, new Affine(0, 80_002, 2, 1)),
            new Instr.Load(DType.F32, 0, new Affine(0, 0, 1, 0)));
      }
    }
  }

  /** A repeated element among the operands of an operation without vectors, and one of whose vectors there are few lanes. */
  @Test
  void repeatedOperands() {
    for (CpuBackend backend : List.of(Backends.vector(1), Backends.machine(1))) {
      try (backend) {
        for (long n = 4; n < 40; n += 3) {
          ScalarProgram body =
              new ScalarProgram(
                  List.of(
                      new Instr.Load(DType.I32, 0, new Affine(0, 2 * n, 2, 1)),
                      new Instr.Load(DType.I32, 1, new Affine(0, 1, 1, 0)),
                      new Instr.Binary(DType.I32, ScalarOp.DIV, 0, 1),
                      new Instr.Load(DType.F32, 2, new Affine(0, n, 1, 0)),
                      new Instr.Convert(DType.F64, 3),
                      new Instr.Convert(DType.F64, 2),
                      new Instr.Binary(DType.BOOL, ScalarOp.LT, 4, 5)));
          List<LoopKernel.Store> stores =
              List.of(
                  new LoopKernel.Store(0, new Affine(0, 2 * n, 2, 1), 2), new LoopKernel.Store(1, new Affine(0, 2 * n, 2, 1), 6));
          LoopKernel k =
              new LoopKernel(
                  Shape.of(5, n, 2), Shape.SCALAR, List.of(DType.I32, DType.I32, DType.F32), List.of(DType.I32, DType.BOOL), body, null,
                  ScalarProgram.EMPTY, stores);
          LoopCase.check("repeated operands " + n, k, backend, new Random(SEED));
        }
      }
    }
  }

  /** Loads that move by one element from row to row, around the size of their tiles. */
  @Test
  void turned() {
    for (CpuBackend backend : List.of(Backends.vector(2), Backends.machine(2))) {
      try (backend) {
        for (DType type : DType.values()) {
          for (long rows : new long[] {2, 63, 64, 65, 130}) {
            for (long columns : new long[] {15, 64, 67, 600}) {
              Instr along = new Instr.Load(type, 0, new Affine(1, columns, 1));
              Instr across = new Instr.Load(type, 0, new Affine(0, 1, rows + 1));
              check(backend, type, Shape.of(rows, columns), along, across);
            }
          }
        }
      }
    }
  }

  /** A kernel that stores the greater of two values. */
  private static void check(CpuBackend backend, DType type, Shape space, Instr a, Instr b) {
    DType compute = type.compute();
    ScalarProgram body = new ScalarProgram(List.of(a, b, new Instr.Binary(compute, ScalarOp.MAX, 0, 1)));
    LoopKernel.Store store = new LoopKernel.Store(0, new Affine(0, space.rowMajorStrides()), 2);
    LoopKernel k =
        new LoopKernel(space, Shape.SCALAR, List.of(type), List.of(type), body, null, ScalarProgram.EMPTY, List.of(store));
    LoopCase.check(type + " " + space, k, backend, new Random(SEED));
  }

  /** Values that are the same along each row, of rows that are more than their elements. */
  @Test
  void reductionsWithRowInvariantValues() {
    for (CpuBackend backend : List.of(Backends.vector(2), Backends.machine(2))) {
      try (backend) {
        for (long n : new long[] {20, 63, 64, 65, 127, 128, 300}) {
          long rows = 2 * n;
          for (ReduceOp op : ReduceOp.values()) {
            ScalarProgram body =
                new ScalarProgram(
                    List.of(
                        new Instr.Load(DType.F32, 0, new Affine(0, n, 1)),
                        new Instr.Load(DType.F32, 1, new Affine(0, 1, 0)),
                        new Instr.Binary(DType.F32, ScalarOp.SUB, 0, 1)));
            ScalarProgram epilogue = new ScalarProgram(List.of(new Instr.Reduced(DType.F32)));
            LoopKernel k =
                new LoopKernel(
                    Shape.of(rows), Shape.of(n), List.of(DType.F32, DType.F32), List.of(DType.F32), body,
                    new LoopKernel.Reduction(op, 2), epilogue, List.of(new LoopKernel.Store(0, new Affine(0, 1), 0)));
            LoopCase.check(op + " of " + rows + " rows of " + n, k, backend, new Random(SEED));
          }
        }
      }
    }
  }
}
