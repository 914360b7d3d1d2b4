package dev.tenzan.cuda.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.conformance.Differential;
import dev.tenzan.conformance.RandomLoop;
import dev.tenzan.cuda.CudaBackend;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Operands that lie across the outputs go through shared memory where that pays, and the bits stay. */
class TileTest {
  private static final Style STYLE = new Style(80, 75);

  private static String text(LoopKernel k) {
    Plan plan = LoopPlanner.plan(k, STYLE);
    assertEquals(1, plan.steps().size());
    return plan.steps().getFirst().source().code();
  }

  private static boolean isTiled(LoopKernel k) {
    return text(k).contains("bar.sync");
  }

  private static void check(boolean tiled, LoopKernel... kernels) {
    try (CudaBackend cuda = new CudaBackend(new SimulatedDriver(1), "cuda:sim", null)) {
      for (LoopKernel k : kernels) {
        assertEquals(tiled, isTiled(k), k.toString());
        Differential.check(cuda, k, Arrays.stream(LoopFootprint.of(k).bytes()).boxed().toList(), 0);
      }
    }
  }

  /** The store of a dense output. */
  private static Affine dense(Shape s) {
    long[] strides = new long[s.rank()];
    long step = 1;
    for (int d = s.rank() - 1; d >= 0; d--) {
      strides[d] = step;
      step *= s.dim(d);
    }
    return new Affine(0, strides);
  }

  /** out[s] = the product of all operands, plus the index along the first dimension. */
  private static LoopKernel kernel(DType type, Shape s, Affine to, Affine... from) {
    ScalarBuilder b = new ScalarBuilder();
    List<DType> inputs = new ArrayList<>();
    int v = -1;
    for (Affine a : from) {
      int l = b.add(new Instr.Load(type, inputs.size(), a));
      inputs.add(type);
      v = v < 0 ? l : b.binary(ScalarOp.MUL, v, l);
    }
    long[] first = new long[s.rank()];
    first[0] = 1;
    DType compute = type.compute();
    int i = compute == DType.BOOL ? b.convert(compute, b.index(new Affine(0, first))) : b.convert(compute, b.index(new Affine(3, first)));
    v = b.narrow(type, b.binary(compute == DType.BOOL ? ScalarOp.XOR : ScalarOp.ADD, v, i));
    return new LoopKernel(
        s, Shape.SCALAR, inputs, List.of(type), b.build(), null, ScalarProgram.EMPTY, List.of(new LoopKernel.Store(0, to, v)));
  }

  private static LoopKernel transposed(DType type, long rows, long columns) {
    return kernel(type, Shape.of(rows, columns), new Affine(0, columns, 1), new Affine(0, 1, rows));
  }

  @Test
  void everyDtype() {
    for (DType type : DType.values()) {
      check(true, transposed(type, 66, 130), transposed(type, 127, 65), transposed(type, 68, 64));
    }
  }

  /** Tiles of full size take many elements; these have all edges. */
  @Test
  void largeTiles() {
    Shape s = Shape.of(3, 420, 418);
    for (DType type : List.of(DType.BF16, DType.F32, DType.F64)) {
      check(true, kernel(type, s, dense(s), new Affine(0, 420 * 418, 1, 420)));
    }
    Affine turned = new Affine(0, 1, 64);
    check(true, kernel(DType.F32, Shape.of(63, 8400), new Affine(0, 8400, 1), turned, new Affine(1, 1, 66)));
  }

  /** The largest tiles are for small elements. */
  @Test
  void largestTiles() {
    Shape bytes = Shape.of(1452, 1449);
    check(true, kernel(DType.I8, bytes, dense(bytes), new Affine(0, 1, 1452)));
    check(true, kernel(DType.F16, Shape.of(100, 21001), new Affine(0, 21001, 1), new Affine(0, 1, 101)));
  }

  @Test
  void anyExtents() {
    for (long rows = 1; rows <= 130; rows += 6) {
      long columns = 131 - rows;
      boolean tiled = rows >= 16 && columns >= 16;
      Shape s = Shape.of(5, rows, columns);
      Affine from = new Affine(2, rows * columns, 1, rows);
      boolean enough = s.size() >= 4096;
      check(tiled && enough, kernel(DType.F32, s, dense(s), from));
      check(tiled && enough, kernel(DType.I16, s, dense(s), from));
    }
    check(false, transposed(DType.F32, 15, 1000), transposed(DType.F32, 1000, 15), transposed(DType.F32, 63, 64));
    check(true, transposed(DType.F32, 16, 1001), transposed(DType.F32, 1001, 16));
  }

  @Test
  void permutationsOfThreeDimensions() {
    Shape s = Shape.of(17, 19, 33);
    long a = 17;
    long b = 19;
    long c = 33;
    check(
        true,
        kernel(DType.F32, s, dense(s), new Affine(0, b * c, 1, b)), // (0, 2, 1)
        kernel(DType.F32, s, dense(s), new Affine(0, 1, c * a, a)), // (1, 2, 0)
        kernel(DType.F32, s, dense(s), new Affine(0, 1, a, a * b)), // (2, 1, 0)
        kernel(DType.F32, s, dense(s), new Affine(0, c, 1, 19 * c)), // with gaps
        kernel(DType.BF16, s, dense(s), new Affine(0, c * b, 1, b)));
    check(false, kernel(DType.F32, s, dense(s), new Affine(0, c, a * c, 1))); // (1, 0, 2): the last stays
    Shape four = Shape.of(3, 18, 5, 20);
    check(
        true,
        kernel(DType.F64, four, dense(four), new Affine(0, 1800, 1, 18, 90)),
        kernel(DType.F64, four, dense(four), new Affine(0, 90, 1, 18, 270)));
  }

  @Test
  void views() {
    Affine dense = new Affine(0, 70, 1);
    Shape s = Shape.of(80, 70);
    check(
        true,
        kernel(DType.I8, s, dense, new Affine(1, 1, 84)), // not aligned
        kernel(DType.I8, s, dense, new Affine(4, 1, 84)),
        kernel(DType.I8, s, dense, new Affine(4, 1, 83)),
        kernel(DType.F16, s, dense, new Affine(2, 1, 90)),
        kernel(DType.F16, s, dense, new Affine(3, 1, 90)),
        kernel(DType.F32, s, dense, new Affine(79, -1, 80)), // backwards
        kernel(DType.F32, s, dense, new Affine(80 * 69, 1, -80)),
        kernel(DType.I8, s, dense, new Affine(79, -1, 80)),
        kernel(DType.F32, s, new Affine(69, 70, -1), new Affine(0, 1, 80)),
        kernel(DType.F32, s, new Affine(5, 76, 1), new Affine(0, 1, 80)));
    // the stores run along the first dimension: an operand that does too is straight, the others are not
    check(false, kernel(DType.F32, s, new Affine(0, 1, 80), new Affine(0, 1, 80)));
    check(true, kernel(DType.F32, s, new Affine(0, 1, 80), dense), kernel(DType.I8, s, new Affine(0, 1, 80), dense));
    check(false, kernel(DType.F32, s, new Affine(0, 140, 2), new Affine(0, 1, 80)));
    check(false, kernel(DType.F32, s, dense, new Affine(0, 2, 160)));
  }

  @Test
  void severalOperands() {
    Shape s = Shape.of(66, 75);
    Affine dense = dense(s);
    Affine turned = new Affine(0, 1, 66);
    check(
        true,
        kernel(DType.F32, s, dense, turned, dense),
        kernel(DType.F32, s, dense, dense, turned, new Affine(0, 0, 1)),
        kernel(DType.F32, s, dense, turned, new Affine(0, 1, 0)),
        kernel(DType.F32, s, dense, turned, new Affine(7, 0, 0)),
        kernel(DType.F32, s, dense, turned, new Affine(66, 1, 66)),
        kernel(DType.I8, s, dense, turned, new Affine(66, 1, 66), dense),
        kernel(DType.F64, s, dense, turned, new Affine(1, 1, 68), new Affine(2, 1, 70), new Affine(0, 1, 66)));
    // two operands along different dimensions: one of them goes through shared memory
    Shape three = Shape.of(18, 20, 22);
    check(true, kernel(DType.F32, three, dense(three), new Affine(0, 1, 18, 360), new Affine(0, 440, 1, 20)));
    Affine[] many = new Affine[12];
    for (int i = 0; i < many.length; i++) {
      many[i] = new Affine(i, 1, 67 + i);
    }
    check(true, kernel(DType.F32, s, dense, Arrays.copyOf(many, 11)));
    check(false, kernel(DType.F32, s, dense, many)); // more than shared memory takes
  }

  /** One load in f16, one in f64, two stores of other types, and a long body. */
  @Test
  void severalTypesAndStores() {
    Shape s = Shape.of(50, 90);
    ScalarBuilder b = new ScalarBuilder();
    int x = b.convert(DType.F64, b.add(new Instr.Load(DType.F16, 0, new Affine(0, 1, 50))));
    int y = b.add(new Instr.Load(DType.F64, 1, new Affine(0, 1, 50)));
    int v = b.add(new Instr.Load(DType.BOOL, 2, new Affine(0, 1, 50)));
    int sum = b.binary(ScalarOp.ADD, x, y);
    for (int i = 0; i < 70; i++) {
      sum = b.binary(i % 2 == 0 ? ScalarOp.MUL : ScalarOp.SUB, sum, i % 3 == 0 ? x : y);
    }
    int chosen = b.convert(DType.F32, b.select(v, sum, x));
    LoopKernel k =
        new LoopKernel(
            s, Shape.SCALAR, List.of(DType.F16, DType.F64, DType.BOOL), List.of(DType.F32, DType.BOOL), b.build(), null,
            ScalarProgram.EMPTY,
            List.of(new LoopKernel.Store(0, new Affine(3, 90, 1), chosen), new LoopKernel.Store(1, new Affine(0, 95, 1), v)));
    check(true, k);
  }

  @Test
  void wideIndices() {
    ScalarBuilder b = new ScalarBuilder();
    int v = b.add(new Instr.Load(DType.I64, 0, new Affine(0, 1, 70)));
    int w = b.binary(ScalarOp.ADD, v, b.index(new Affine(1L << 40, 1L << 33, 1)));
    Shape s = Shape.of(70, 90);
    LoopKernel k =
        new LoopKernel(
            s, Shape.SCALAR, List.of(DType.I64), List.of(DType.I64), b.build(), null, ScalarProgram.EMPTY,
            List.of(new LoopKernel.Store(0, new Affine(0, 90, 1), w)));
    assertTrue(text(k).contains("div.s64"), "the indices have 32 bits");
    check(true, k);
  }

  /** With too many numbers for parameters, they stand in the text. */
  @Test
  void literalNumbers() {
    Shape s = Shape.of(70, 60);
    ScalarBuilder b = new ScalarBuilder();
    int v = b.add(new Instr.Load(DType.I32, 0, new Affine(5, 1, 70)));
    for (int i = 1; i < 260; i++) {
      v = b.binary(ScalarOp.ADD, v, b.add(new Instr.Load(DType.I32, 0, new Affine(i, i + 1, 1))));
    }
    LoopKernel k =
        new LoopKernel(
            s, Shape.SCALAR, List.of(DType.I32), List.of(DType.I32), b.build(), null, ScalarProgram.EMPTY,
            List.of(new LoopKernel.Store(0, dense(s), v)));
    assertTrue(LoopPlanner.plan(k, STYLE).steps().getFirst().args().size() < 10, "the numbers are parameters");
    check(true, k);
  }

  @Test
  void theTextDoesNotDependOnExtents() {
    assertEquals(text(transposed(DType.F32, 1024, 97280)), text(transposed(DType.F32, 97281, 1027)));
    assertEquals(text(transposed(DType.F32, 66, 1000)), text(transposed(DType.F32, 1001, 20)));
    assertEquals(text(transposed(DType.I8, 1024, 97280)), text(transposed(DType.I8, 97280, 2048)));
    assertNotEquals(text(transposed(DType.I8, 1024, 97280)), text(transposed(DType.I8, 1023, 97280))); // words of four, or bytes
  }

  @Test
  void randomLoopsReachTiles() {
    int tiled = 0;
    try (CudaBackend cuda = new CudaBackend(new SimulatedDriver(1), "cuda:sim", null)) {
      for (int seed = 0; seed < 2000; seed++) {
        LoopKernel k = new RandomLoop(new Random(seed), 20_000, 10).next(false);
        if (!k.space().isEmpty() && isTiled(k)) {
          tiled++;
          Differential.check(cuda, k, Arrays.stream(LoopFootprint.of(k).bytes()).boxed().toList(), 0);
        }
      }
    }
    assertTrue(tiled >= 20, tiled + " of the loops have tiles");
  }
}
