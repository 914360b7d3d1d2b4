package dev.tenzan.cpu;

import dev.tenzan.conformance.StoredElements;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Reductions that ask for the first place where a condition holds, as argmax does, against {@link LoopOracle}. */
class FirstHitTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);
  private static final long[] LENGTHS = {1, 15, 16, 63, 64, 65, 96, 127, 128, 129, 200, 1000};

  /** {@code min(x == wanted || x != x ? index : none)} over the reduced dimensions. */
  private static LoopKernel kernel(DType type, Shape space, Shape reduced, Affine x, Affine wanted, Affine index, long none) {
    DType compute = type.compute();
    ScalarProgram body =
        new ScalarProgram(
            List.of(
                new Instr.Load(type, 0, x),
                new Instr.Load(type, 1, wanted),
                new Instr.Binary(DType.BOOL, ScalarOp.EQ, 0, 1),
                new Instr.Binary(DType.BOOL, ScalarOp.NE, 0, 0),
                new Instr.Binary(DType.BOOL, ScalarOp.OR, 2, 3),
                new Instr.Index(index),
                new Instr.Const(DType.I64, none),
                new Instr.Ternary(DType.I64, ScalarOp.SELECT, 4, 5, 6)));
    if (body.type(0) != compute) {
      throw new IllegalStateException("the comparisons are of " + compute);
    }
    ScalarProgram epilogue = new ScalarProgram(List.of(new Instr.Reduced(DType.I64)));
    return new LoopKernel(
        space, reduced, List.of(type, type), List.of(DType.I64), body, new LoopKernel.Reduction(ReduceOp.MIN, 7), epilogue,
        List.of(new LoopKernel.Store(0, new Affine(0, space.rowMajorStrides()), 0)));
  }

  private static LoopKernel rows(DType type, long rows, long n) {
    return kernel(
        type, Shape.of(rows), Shape.of(n), new Affine(0, n, 1), new Affine(0, 1, 0), new Affine(0, 0, 1), n);
  }

  private static void check(CpuBackend backend, LoopKernel k, LoopCase.Elements elements) {
    LoopCase.check(k.inputs() + " " + k.space() + " x " + k.reduced(), k, backend, elements);
  }

  private static long one(DType type) {
    return ReduceOp.PROD.identity(type.compute());
  }

  /** A hit at each place of a row, with another one behind it. */
  @Test
  void everyPlace() {
    for (CpuBackend backend : List.of(Backends.scalar(1), Backends.vector(1), Backends.machine(1))) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64, DType.I8, DType.BOOL)) {
          for (long n : LENGTHS) {
            long rows = Math.min(n, 150) + 1;
            check(
                backend,
                rows(type, rows, n),
                (_, buffer, e) -> {
                  long row = e / n;
                  long hit = n * row / (rows - 1);
                  return buffer == 1 || buffer == 0 && (e % n == hit || e % n == hit + 7) ? one(type) : 0;
                });
          }
        }
      }
    }
  }

  /** Few different values, so that rows have many hits or none, with NaN and both zeros among those of floats. */
  @Test
  void fewValues() {
    try (CpuBackend backend = Backends.vector(2)) {
      for (DType type : DType.values()) {
        for (long n : LENGTHS) {
          Random random = new Random(SEED + n);
          long[] values = {0, one(type), StoredElements.random(type, random), StoredElements.random(type, random)};
          check(backend, rows(type, 90, n), (_, buffer, _) -> values[random.nextInt(buffer == 0 ? 2 : 4)]);
          check(backend, rows(type, 90, n), (_, buffer, _) -> values[random.nextInt(100) == 0 || buffer == 1 ? 1 : 2]);
        }
      }
    }
  }

  private static final float[] SPECIAL = {Float.NaN, -0f, 0f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE};

  @Test
  void specialValues() {
    try (CpuBackend backend = Backends.vector(1)) {
      for (long n : LENGTHS) {
        Random random = new Random(SEED + n);
        check(
            backend,
            rows(DType.F32, 100, n),
            (_, _, _) -> Float.floatToRawIntBits(random.nextInt(40) > 0 ? 1f : SPECIAL[random.nextInt(SPECIAL.length)]));
      }
    }
  }

  /** More than one block, for one output and for several, on one thread and on more. */
  @Test
  void longRows() {
    for (int threads = 1; threads <= 3; threads += 2) {
      try (CpuBackend backend = Backends.vector(threads)) {
        for (long n : new long[] {4096, 32_768, 32_769, 32_800, 70_000, 200_001}) {
          for (long hit : new long[] {0, 5000, 32_767, 32_768, 65_536, n - 1, n}) {
            check(backend, rows(DType.F32, 1, n), (_, buffer, e) -> buffer == 1 || e == hit || e == hit + 40_000 ? one(DType.F32) : 0);
          }
          check(backend, rows(DType.F32, 3, n), (_, buffer, e) -> buffer == 1 || e % 77_777 == 9 ? one(DType.F32) : 0);
        }
      }
    }
  }

  /** Columns, every other element, two reduced dimensions, and indices that are no plain numbers of points. */
  @Test
  void otherAddresses() {
    try (CpuBackend backend = Backends.vector(2)) {
      LoopCase.Elements elements = (_, buffer, e) -> buffer == 1 || e % 97 == 3 ? one(DType.F32) : 0;
      Affine row = new Affine(0, 1, 0);
      Shape space = Shape.of(70);
      for (long n : LENGTHS) {
        Shape reduced = Shape.of(n);
        Affine x = new Affine(5, n, 1);
        check(backend, kernel(DType.F32, space, reduced, new Affine(0, 1, 70), row, new Affine(0, 0, 1), n), elements);
        check(backend, kernel(DType.F32, space, reduced, new Affine(3, 2 * n, 2), row, new Affine(0, 0, 1), n), elements);
        check(backend, kernel(DType.F32, space, reduced, x, row, new Affine(-7, 10, 3), 100_000), elements);
        check(backend, kernel(DType.F32, space, reduced, x, row, new Affine(n - 1, 0, -1), n), elements);
        check(backend, kernel(DType.F32, space, reduced, x, row, new Affine(0, 0, 0), n), elements);
        check(backend, kernel(DType.F32, space, reduced, x, row, new Affine(0, 0, 1), n / 2), elements);
        Shape two = Shape.of(3, n);
        Affine wanted = new Affine(0, 1, 0, 0);
        check(backend, kernel(DType.F32, space, two, new Affine(0, 3 * n, n, 1), wanted, new Affine(0, 0, n, 1), 3 * n), elements);
        check(backend, kernel(DType.F32, space, two, new Affine(0, 3 * n, 1, 3), wanted, new Affine(0, 0, n, 1), 3 * n), elements);
        check(backend, kernel(DType.F32, space, two, new Affine(0, 3 * n, n, 1), wanted, new Affine(0, 0, 1, 3), 3 * n), elements);
      }
    }
  }

  /** Longer rows than a block of the reduction tree, of values and sums whose order matters. */
  @Test
  void blocksAsRows() {
    for (int threads = 1; threads <= 2; threads++) {
      try (CpuBackend backend = Backends.vector(threads)) {
        for (long n : new long[] {4095, 4096, 4097, 8192, 8200, 33_000, 70_000}) {
          for (long rows : new long[] {1, 5}) {
            for (DType type : List.of(DType.F32, DType.F64, DType.I32)) {
              for (ReduceOp op : ReduceOp.values()) {
                DType compute = type.compute();
                LoopKernel k =
                    new LoopKernel(
                        Shape.of(rows), Shape.of(n), List.of(type), List.of(type),
                        new ScalarProgram(List.of(new Instr.Load(type, 0, new Affine(1, n + 3, 1)))),
                        new LoopKernel.Reduction(op, 0), new ScalarProgram(List.of(new Instr.Reduced(compute))),
                        List.of(new LoopKernel.Store(0, new Affine(0, 1), 0)));
                Random random = new Random(SEED);
                LoopCase.check(
                    op + " of " + rows + " rows of " + n, k, backend,
                    (t, _, _) -> t.isFloat() ? number(t, random) : StoredElements.random(t, random));
              }
            }
          }
        }
      }
    }
  }

  /** Sums of random bits would all be NaN. */
  private static long number(DType type, Random random) {
    double v = 0.5 + random.nextDouble();
    return type == DType.F64 ? Double.doubleToRawLongBits(v) : Float.floatToRawIntBits((float) v);
  }
}
