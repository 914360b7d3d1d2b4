package dev.tenzan.cuda;

import dev.tenzan.conformance.Differential;
import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.cuda.plan.Abilities;
import dev.tenzan.cuda.plan.Planner;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The hand-written kernels on a simulated device and on the reference backend: tiles that are whole and not, every dtype, any strides. */
class KernelDifferentialTest {
  private static void check(KernelSpec k, long bound) {
    check(k, bound, new SimulatedDriver(1));
  }

  private static void check(KernelSpec k, long bound, SimulatedDriver driver) {
    try (CudaBackend cuda = new CudaBackend(driver, SimulatedCudaProvider.NAME, null)) {
      Differential.check(cuda, k, Planner.plan(k, Style.of(cuda.facts(0))).bytes(), bound);
    }
  }

  private static Stream<DType> numbers() {
    return Arrays.stream(DType.values()).filter(t -> t != DType.BOOL);
  }

  private static MatMulKernel product(DType in, DType out, long m, long n, long k) {
    return new MatMulKernel(in, out, Shape.SCALAR, m, n, k, new Affine(0, k, 1), new Affine(0, n, 1));
  }

  @Test
  void sumsFollowTheTree() {
    for (long length : new long[] {1, 63, 64, 65, 200, 300, 1000, 4096, 4097, 9000, 20_000}) {
      check(SampleKernels.sum(3, length, false), Differential.SMALL);
      check(SampleKernels.sum(40, length, true), Differential.SMALL);
    }
    check(SampleKernels.sum(1, 300_000, false), Differential.SMALL); // 74 blocks: several threads fold them
  }

  @Test
  void tiledProductsOfEveryDtype() {
    numbers().forEach(t -> check(product(t, t, 70, 65, 40), Differential.SMALL));
    for (DType t : List.of(DType.I8, DType.I16, DType.U8)) {
      check(product(t, DType.I32, 33, 65, 17), Differential.SMALL);
    }
  }

  @Test
  void productsAreCutAtBlocksOfK() {
    for (long k : new long[] {255, 256, 257, 512, 530}) {
      check(product(DType.F32, DType.F32, 9, 10, k), Differential.SMALL);
      check(product(DType.F32, DType.F32, 3, 7, k), Differential.SMALL); // too narrow for tiles
    }
    check(product(DType.F64, DType.F64, 65, 9, 300), Differential.SMALL);
  }

  @Test
  void productsTakeAnyStrides() {
    Shape batch = Shape.of(2, 3);
    Affine rows = new Affine(5, 2000, 0, 41, 1);
    Affine columns = new Affine(7, 0, 3000, 1, 37);
    Affine reversed = new Affine(4000, 0, 0, -50, -1);
    Affine spread = new Affine(3, 1000, 30, 90, 2);
    for (Affine a : List.of(rows, columns, reversed, spread)) {
      for (Affine b : List.of(rows, columns, reversed)) {
        check(new MatMulKernel(DType.F32, DType.F32, batch, 35, 33, 30, a, b), Differential.SMALL);
      }
    }
  }

  /** Large ones with few processors, so that a small one is planned as they are. */
  @Test
  void operandsThatAreTurnedFirst() {
    Affine rows = new Affine(3, 260, 1);
    Affine columns = new Affine(5, 1, 300);
    for (long k : new long[] {64, 257}) {
      for (Affine a : List.of(rows, columns)) {
        for (Affine b : List.of(rows, columns)) {
          check(new MatMulKernel(DType.F32, DType.F32, Shape.SCALAR, 260, 256, k, a, b), Differential.SMALL);
        }
      }
    }
  }

  /** On tensor cores of both kinds, with values whose sums stay finite and with special ones. */
  private static void checkF64(Shape batch, long m, long n, long k, Affine a, Affine b) {
    MatMulKernel kernel = new MatMulKernel(DType.F64, DType.F64, batch, m, n, k, a, b);
    for (int capability : new int[] {80, 90}) {
      check(kernel, Differential.SMALL, new SimulatedDriver(1, capability));
      check(kernel, 0, new SimulatedDriver(1, capability));
    }
  }

  @Test
  void productsOfDoublesCrossTilesAndBlocksOfK() {
    for (long k : new long[] {1, 15, 16, 17, 255, 256, 257, 515}) {
      for (long[] size : new long[][] {{70, 67}, {64, 64}, {9, 130}}) {
        checkF64(Shape.SCALAR, size[0], size[1], k, new Affine(0, k, 1), new Affine(0, size[1], 1));
      }
      checkF64(Shape.SCALAR, 66, 70, k, new Affine(0, 1, 66), new Affine(0, 1, k)); // both transposed
    }
    checkF64(Shape.SCALAR, 150, 140, 40, new Affine(0, 40, 1), new Affine(0, 140, 1));
    checkF64(Shape.SCALAR, 9, 9, 2600, new Affine(0, 2600, 1), new Affine(0, 9, 1)); // blocks of k that are products of their own
    checkF64(Shape.SCALAR, 65, 66, 1030, new Affine(0, 1, 65), new Affine(0, 1, 1030));
  }

  /** Of both forms for compute capability 9.0: so many tiles are made by the larger one. */
  @Test
  void productsOfDoublesOfManyTiles() {
    for (long k : new long[] {16, 48, 130, 258}) {
      checkF64(Shape.SCALAR, 128, 128, k, new Affine(0, k, 1), new Affine(0, 128, 1));
    }
    for (long k : new long[] {17, 258}) {
      checkF64(Shape.SCALAR, 127, 126, k, new Affine(0, k, 1), new Affine(0, 126, 1));
      checkF64(Shape.SCALAR, 128, 128, k, new Affine(0, 1, 128), new Affine(0, 1, k)); // both transposed
      checkF64(Shape.SCALAR, 128, 128, k, new Affine(0, k, 1), new Affine(0, 1, k));
      checkF64(Shape.SCALAR, 128, 128, k, new Affine(0, 1, 128), new Affine(0, 128, 1));
    }
  }

  @Test
  void productsOfDoublesTakeAnyStrides() {
    Affine rows = new Affine(5, 2000, 0, 41, 1);
    Affine columns = new Affine(7, 0, 3000, 1, 37);
    Affine even = new Affine(6, 3000, 40, 1, 38);
    Affine reversed = new Affine(4000, 0, 0, -50, -1);
    Affine repeated = new Affine(4, 0, 200, 0, 1);
    for (Affine a : List.of(rows, columns, even, reversed, repeated, new Affine(3, 1000, 30, 90, 2))) {
      for (Affine b : List.of(rows, columns, even, reversed, repeated)) {
        checkF64(Shape.of(2, 3), 35, 33, 30, a, b);
      }
    }
  }

  private static ConvolutionKernel convolution(
      DType t, long batch, long channels, long out, long groups, Shape spatial, Shape window, long stride, long pad, long inDilation,
      long windowDilation) {
    int rank = spatial.rank();
    long[] outSpatial = new long[rank];
    for (int d = 0; d < rank; d++) {
      long extent = (spatial.dim(d) - 1) * inDilation + 1 + 2 * pad - ((window.dim(d) - 1) * windowDilation + 1);
      outSpatial[d] = extent / stride + 1;
    }
    return new ConvolutionKernel(
        t, batch, channels, out, groups, spatial, window, Shape.of(outSpatial), times(rank, stride), times(rank, pad),
        times(rank, inDilation), times(rank, windowDilation), dense(Shape.of(batch, channels).concat(spatial)),
        dense(Shape.of(out, channels / groups).concat(window)));
  }

  private static List<Long> times(int rank, long value) {
    return Stream.generate(() -> value).limit(rank).toList();
  }

  private static Affine dense(Shape shape) {
    return Layout.rowMajor(shape).address();
  }

  @Test
  void convolutions() {
    numbers().forEach(t -> check(convolution(t, 1, 3, 5, 1, Shape.of(9, 8), Shape.of(3, 3), 1, 1, 1, 1), Differential.SMALL));
    check(convolution(DType.F32, 2, 4, 6, 2, Shape.of(70), Shape.of(5), 2, 3, 1, 2), Differential.SMALL);
    check(convolution(DType.F32, 1, 2, 66, 1, Shape.of(4, 5, 6), Shape.of(2, 3, 2), 1, 1, 2, 1), Differential.SMALL);
    check(convolution(DType.F32, 2, 40, 3, 1, Shape.of(4, 4), Shape.of(3, 3), 1, -1, 1, 1), Differential.SMALL); // k of 360, cropped
    for (DType t : List.of(DType.F32, DType.F16, DType.I8)) { // as gradients of weights: blocks of k are convolutions of their own
      check(convolution(t, 1, 12, 5, 1, Shape.of(12, 11), Shape.of(10, 10), 1, 0, 1, 1), Differential.SMALL);
    }
  }

  @Test
  void scansOfEveryDtypeAndOperation() {
    for (DType t : DType.values()) {
      for (ReduceOp op : ReduceOp.values()) {
        ScanKernel k = new ScanKernel(op, t, 2, 150, 3);
        if (Abilities.declared(k).supported()) {
          check(k, 0);
        }
      }
    }
  }

  private static ScanKernel sums(DType t, long outer, long length, long inner) {
    return new ScanKernel(ReduceOp.SUM, t, outer, length, inner);
  }

  @Test
  void scansAlongTheLastAxis() {
    for (long length : new long[] {1, 2, 15, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 1023, 1024, 1025}) {
      check(sums(DType.F32, 5, length, 1), Differential.SMALL);
      check(sums(DType.F16, 3, length, 1), Differential.SMALL);
    }
    for (long lines : new long[] {1, 7, 127, 128, 129, 300}) { // lines of which a tile takes many
      check(sums(DType.F32, lines, 3, 1), Differential.SMALL);
      check(sums(DType.F64, lines, 65, 1), Differential.SMALL);
    }
    check(sums(DType.F32, 140, 130, 33), Differential.SMALL); // more tiles than a launch has blocks
    check(sums(DType.F32, 70, 200, 64), Differential.SMALL);
    check(new ScanKernel(ReduceOp.MAX, DType.I8, 40, 77, 1), 0); // 16 elements to a vector, lines that begin anywhere
  }

  @Test
  void scansAlongOtherAxes() {
    for (long inner : new long[] {2, 7, 31, 32, 33, 63, 64, 65, 130}) { // up to half a tile wide, and wider
      for (long length : new long[] {1, 33, 64, 65, 300}) {
        check(sums(DType.F32, 2, length, inner), Differential.SMALL);
        check(sums(DType.I64, 1, length, inner), 0);
      }
      check(sums(DType.F32, 150, 4, inner), Differential.SMALL);
      check(new ScanKernel(ReduceOp.MIN, DType.F16, 2, 131, inner), 0);
      check(new ScanKernel(ReduceOp.MAX, DType.U8, 1, 131, inner), 0);
    }
  }

  @Test
  void scansOfEveryDtypeAndOperationWithColumns() {
    for (DType t : DType.values()) {
      for (ReduceOp op : ReduceOp.values()) {
        ScanKernel k = new ScanKernel(op, t, 1, 150, 70);
        if (Abilities.declared(k).supported()) {
          check(k, 0);
        }
      }
    }
  }

  @Test
  void scansOfFewLongLines() {
    long tile = 128 * 64; // elements
    for (long length : new long[] {4 * tile, 4 * tile + 1, 9 * tile - 65, 9 * tile + 64}) {
      check(sums(DType.F32, 1, length, 1), Differential.SMALL);
    }
    for (ReduceOp op : ReduceOp.values()) { // by the chain of carries, or by a scan of carries
      for (DType t : List.of(DType.F32, DType.F64, DType.BF16, DType.I64, DType.I8)) {
        check(new ScanKernel(op, t, 1, 5 * tile + 7, 1), t.isFloat() ? Differential.SMALL : 0);
        check(new ScanKernel(op, t, 1, tile + 7, 5), t.isFloat() ? Differential.SMALL : 0);
      }
    }
    check(new ScanKernel(ReduceOp.MAX, DType.F32, 1, 5 * tile + 7, 1), 0); // with NaN
    check(sums(DType.F32, 1, 2000, 67), Differential.SMALL);
    check(new ScanKernel(ReduceOp.MIN, DType.U8, 1, 2000, 67), 0);
    check(sums(DType.F32, 1, 4200 * 64, 1), Differential.SMALL); // more carries than the chain has at hand
    check(sums(DType.F64, 1, 1100 * 64 + 1, 3), Differential.SMALL);
    check(new ScanKernel(ReduceOp.SUM, DType.I32, 1, 64 * 64 * 140, 1), 0); // a scan of carries that is itself in phases
  }

  @Test
  void scattersOfEveryDtypeAndOperation() {
    for (DType t : DType.values()) {
      for (ReduceOp op : new ReduceOp[] {null, ReduceOp.SUM, ReduceOp.PROD, ReduceOp.MIN, ReduceOp.MAX}) {
        ScatterKernel k = new ScatterKernel(t, op, 2, 7, 3, 20);
        if (t != DType.I64 && Abilities.declared(k).supported()) {
          check(k, 7);
        }
      }
    }
    check(new ScatterKernel(DType.I64, Objects.requireNonNull(ReduceOp.SUM), 1, 7, 40, 20), 7);
  }

  @Test
  void sortsOfEveryDtype() {
    for (DType t : DType.values()) {
      for (boolean descending : new boolean[] {false, true}) {
        check(new SortKernel(t, descending, false, 2, 77, 3), 0);
        check(new SortKernel(t, descending, true, 2, 77, 3), 0);
        check(new SortKernel(t, descending, false, 2, 77, 3, 5), 0);
        check(new SortKernel(t, descending, true, 2, 77, 3, 5), 0);
      }
    }
  }
}
