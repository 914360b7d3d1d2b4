package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenzan.conformance.RandomLoop;
import dev.tenzan.conformance.StoredElements;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.MathF32;
import dev.tenzan.scalar.MathF64;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
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
  void avx512() {
    inMachineCode(VectorSet.AVX512, LoopDifferentialTest::isLeft);
  }

  @Test
  void avx2() {
    inMachineCode(VectorSet.AVX2, LoopDifferentialTest::isLeft);
  }

  @Test
  void avx2Of32Bits() {
    assumeTrue(VectorSet.AVX2.canRun(), "this machine runs no machine code with AVX2");
    Predicate<Instr> isLeft = i -> isLeft(i) || i.type().byteSize() == Long.BYTES;
    runInMachineCode("AVX2 map of 32 bits", Backends.withVectors(1, VectorSet.AVX2, Long.MAX_VALUE), isLeft, 1000, false, 400, 12);
    runInMachineCode("AVX2 reduction of 32 bits", Backends.withVectors(1, VectorSet.AVX2, Long.MAX_VALUE), isLeft, 1000, true, 6000, 8);
  }

  @Test
  void avx2Of64Bits() {
    assumeTrue(VectorSet.AVX2.canRun(), "this machine runs no machine code with AVX2");
    Predicate<Instr> isLeft = i -> isLeft(i) || i.type().byteSize() == Integer.BYTES;
    CpuBackend maps = Backends.withVectors(1, VectorSet.AVX2, Long.MAX_VALUE);
    CpuBackend reductions = Backends.withVectors(1, VectorSet.AVX2, Long.MAX_VALUE);
    runInMachineCode("AVX2 map of 64 bits", maps, isLeft, 500, false, 400, 6);
    runInMachineCode("AVX2 reduction of 64 bits", reductions, isLeft, 500, true, 6000, 4);
  }

  private static void inMachineCode(VectorSet set, Predicate<Instr> isLeft) {
    assumeTrue(set.canRun(), "this machine runs no machine code with " + set);
    runInMachineCode(set + " map", Backends.withVectors(1, set, Long.MAX_VALUE), isLeft, 2000, false, 400, 12);
    runInMachineCode(set + " streaming map", Backends.withVectors(1, set, 0), isLeft, 1000, false, 400, 12);
    runInMachineCode(set + " reduction", Backends.withVectors(1, set, Long.MAX_VALUE), isLeft, 2000, true, 6000, 8);
  }

  /** Random kernels without what is left to generated classes, so that most run in machine code. */
  private static void runInMachineCode(String mode, CpuBackend backend, Predicate<Instr> isLeft, int cases, boolean reduce, long points, int ops) {
    long seed = SEED;
    try (backend) {
      for (int c = 0; c < cases; seed++) {
        LoopKernel k = new RandomLoop(new Random(seed), points, ops).next(reduce);
        if (k.body().code().stream().noneMatch(isLeft)) {
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
    for (CpuBackend backend : Backends.all(1)) {
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
    for (CpuBackend backend : Backends.all(1)) {
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

  private static final long[] INTEGERS = {0, 1, -1, 2, 5, 31, 40, 1L << 20, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x3_0000_0005L, Long.MIN_VALUE, Long.MAX_VALUE};

  /** Every operation of two operands, one of which is a constant, and none. */
  @Test
  void operationsWithConstants() {
    for (CpuBackend backend : Backends.all(1)) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64, DType.I32, DType.I64)) {
          int constants = type.isFloat() ? SPECIAL.length : INTEGERS.length;
          for (ScalarOp op : ScalarOp.values()) {
            boolean isInteger = List.of(ScalarOp.AND, ScalarOp.OR, ScalarOp.XOR, ScalarOp.SHL, ScalarOp.SHR, ScalarOp.USHR, ScalarOp.REM).contains(op);
            boolean isBinary = isInteger || op.isComparison() || List.of(ScalarOp.ADD, ScalarOp.SUB, ScalarOp.MUL, ScalarOp.DIV, ScalarOp.MIN, ScalarOp.MAX).contains(op);
            for (int c = 0; isBinary && !(isInteger && type.isFloat()) && c <= constants; c++) {
              for (int first = 0; first < 2; first++) {
                List<Instr> code = new ArrayList<>();
                code.add(new Instr.Load(type, 0, new Affine(0, 1)));
                code.add(c == constants ? new Instr.Load(type, 0, new Affine(3, 1)) : new Instr.Const(type, element(type, c)));
                code.add(new Instr.Binary(op.isComparison() ? DType.BOOL : type, op, first, 1 - first));
                if (op.isComparison()) {
                  code.add(new Instr.Convert(type, 2));
                }
                LoopKernel k =
                    new LoopKernel(
                        Shape.of(37), Shape.SCALAR, List.of(type), List.of(type), new ScalarProgram(code), null, ScalarProgram.EMPTY,
                        List.of(new LoopKernel.Store(0, new Affine(0, 1), code.size() - 1)));
                LoopCase.check(op + " " + type + " " + c + " " + first, k, backend, (t, _, e) -> element(t, e * 5 + e / constants));
              }
            }
          }
        }
      }
    }
  }

  /** A special number or one of many integers. */
  private static long element(DType type, int number) {
    if (type.isFloat()) {
      return bits(type, SPECIAL[number % SPECIAL.length]);
    }
    long n = INTEGERS[number % INTEGERS.length];
    return type == DType.I64 ? n : (int) n;
  }

  /** The bits of a number of a type, as constants and buffers have them. */
  private static long bits(DType type, double value) {
    return type == DType.F64 ? Double.doubleToRawLongBits(value) : Float.floatToRawIntBits((float) value);
  }

  /** Every other element, up to the last one of the buffer. */
  @Test
  void everyOtherElement() {
    for (CpuBackend backend : Backends.all(2)) {
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
    for (CpuBackend backend : Backends.all(2)) {
      try (backend) {
        for (DType type : DType.values()) {
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
    for (CpuBackend backend : Backends.all(2)) {
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
    for (CpuBackend backend : Backends.all(1)) {
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
    for (CpuBackend backend : Backends.all(2)) {
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
    for (CpuBackend backend : Backends.all(2)) {
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

  /** More accumulators than there are registers, and rows around the sizes of their groups. */
  @Test
  void reductionsOfLongPrograms() {
    for (CpuBackend backend : Backends.all(2)) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64, DType.I64)) {
          for (long n : new long[] {1, 7, 16, 63, 64, 65, 71, 127, 130, 300}) {
            for (ReduceOp op : List.of(ReduceOp.SUM, ReduceOp.PROD, ReduceOp.MAX)) {
              ScalarBuilder b = new ScalarBuilder();
              int x = b.add(new Instr.Load(type, 0, new Affine(0, n, 1)));
              int v = type == DType.F32 ? MathF32.atan(b, x) : type == DType.F64 ? MathF64.erf(b, x) : b.mul(x, x);
              LoopKernel k =
                  new LoopKernel(
                      Shape.of(5), Shape.of(n), List.of(type), List.of(type), b.build(), new LoopKernel.Reduction(op, v),
                      new ScalarProgram(List.of(new Instr.Reduced(type))), List.of(new LoopKernel.Store(0, new Affine(0, 1), 0)));
              LoopCase.check(op + " of " + n + " " + type, k, backend, new Random(SEED));
            }
          }
        }
      }
    }
  }

  /** Results take the place of what they are computed from: machine code computes no lane twice. */
  @Test
  void inPlace() {
    try (CpuBackend scalar = Backends.scalar(1)) {
      for (CpuBackend backend : Backends.machines(2)) {
        try (backend) {
          for (DType type : DType.values()) {
            for (long n = 1; n < 80; n++) {
              ScalarBuilder b = new ScalarBuilder();
              int x = b.add(new Instr.Load(type, 0, new Affine(0, 1)));
              int y = b.narrow(type, type == DType.BOOL ? b.unary(ScalarOp.NOT, x) : b.binary(ScalarOp.ADD, x, b.binary(ScalarOp.MUL, x, x)));
              LoopKernel k =
                  new LoopKernel(
                      Shape.of(n), Shape.SCALAR, List.of(type), List.of(type), b.build(), null, ScalarProgram.EMPTY,
                      List.of(new LoopKernel.Store(0, new Affine(0, 1), y)));
              long[] expected = inPlace(scalar, k, type, (int) n);
              long[] actual = inPlace(backend, k, type, (int) n);
              assertTrue(IntStream.range(0, (int) n).allMatch(e -> StoredElements.same(type, expected[e], actual[e])), type + " " + n);
            }
          }
        }
      }
    }
  }

  private static long[] inPlace(CpuBackend backend, LoopKernel k, DType type, int n) {
    Random random = new Random(SEED);
    long bytes = (long) n * type.byteSize();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(bytes, 8);
      for (int e = 0; e < n; e++) {
        StoredElements.write(type, host, e, StoredElements.random(type, random));
      }
      Buffer buffer = backend.allocate(0, bytes);
      backend.copyIn(host, buffer, 0);
      backend.launch(backend.compile(0, k), List.of(buffer, buffer));
      backend.copyOut(buffer, 0, host);
      backend.free(buffer);
      return IntStream.range(0, n).mapToLong(e -> StoredElements.read(type, host, e)).toArray();
    }
  }
}
