package dev.tenzan.conformance;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;

/** Small kernels of every kind, for tests of backends. */
public final class SampleKernels {
  private SampleKernels() {}

  /** y[i] = x[i] * 2 + 1 over n floats. */
  public static LoopKernel twicePlusOne(long n) {
    ScalarBuilder b = new ScalarBuilder();
    int x = b.add(new Instr.Load(DType.F32, 0, new Affine(0, 1)));
    int y = b.binary(ScalarOp.ADD, b.binary(ScalarOp.MUL, x, b.f32(2)), b.f32(1));
    return new LoopKernel(
        Shape.of(n), Shape.SCALAR, List.of(DType.F32), List.of(DType.F32), b.build(), null, ScalarProgram.EMPTY,
        List.of(new LoopKernel.Store(0, new Affine(0, 1), y)));
  }

  /** y[i] = x[index[i]] over n indices into an axis of some extent. */
  public static LoopKernel gather(long n, long extent) {
    ScalarBuilder b = new ScalarBuilder();
    int i = b.add(new Instr.Load(DType.I64, 1, new Affine(0, 1)));
    int x = b.add(new Instr.Gather(DType.F32, 0, new Affine(0, 0), i, 1, extent));
    return new LoopKernel(
        Shape.of(n), Shape.SCALAR, List.of(DType.F32, DType.I64), List.of(DType.F32), b.build(), null,
        ScalarProgram.EMPTY, List.of(new LoopKernel.Store(0, new Affine(0, 1), x)));
  }

  /** The sums of the rows (stride length, 1) or, where {@code across} holds, of the columns of a dense matrix. */
  public static LoopKernel sum(long outputs, long length, boolean across) {
    ScalarBuilder b = new ScalarBuilder();
    Affine at = across ? new Affine(0, 1, outputs) : new Affine(0, length, 1);
    int x = b.add(new Instr.Load(DType.F32, 0, at));
    ScalarBuilder e = new ScalarBuilder();
    int r = e.add(new Instr.Reduced(DType.F32));
    return new LoopKernel(
        Shape.of(outputs), Shape.of(length), List.of(DType.F32), List.of(DType.F32), b.build(),
        new LoopKernel.Reduction(ReduceOp.SUM, x), e.build(),
        List.of(new LoopKernel.Store(0, new Affine(0, 1), r)));
  }

  /** A product of dense matrices of floats. */
  public static MatMulKernel matmul(long m, long n, long k) {
    return new MatMulKernel(
        DType.F32, DType.F32, Shape.SCALAR, m, n, k, new Affine(0, k, 1), new Affine(0, n, 1));
  }

  /** Products that take several groups with local memory, one of them with groups that hold tiles of two batches. */
  public static List<KernelSpec> severalGroups() {
    MatMulKernel batches =
        new MatMulKernel(
            DType.F32, DType.F32, Shape.of(3), 20, 21, 50, new Affine(0, 1000, 50, 1), new Affine(0, 1050, 21, 1));
    return List.of(matmul(37, 41, 20), batches);
  }

  /** Kernels of every kind that read and write small buffers; index slots may hold zeros. */
  public static List<KernelSpec> all() {
    Shape line = Shape.of(5);
    ConvolutionKernel convolution =
        new ConvolutionKernel(
            DType.F32, 1, 2, 3, 1, line, Shape.of(3), line, List.of(1L), List.of(1L), List.of(1L), List.of(1L),
            new Affine(0, 10, 5, 1), new Affine(0, 6, 3, 1));
    return List.of(
        twicePlusOne(100), gather(10, 4), sum(3, 20, false), sum(3, 200, false), sum(2, 5000, false), sum(1, 13000, false), sum(40, 20, true),
        sum(40, 100, true), matmul(3, 4, 5), matmul(20, 30, 40), convolution, new ScanKernel(ReduceOp.SUM, DType.F32, 2, 70, 2),
        new ScatterKernel(DType.F32, ReduceOp.SUM, 2, 4, 3, 5), new SortKernel(DType.F32, false, false, 2, 7, 2),
        new SortKernel(DType.I64, true, true, 1, 5, 1), new SortKernel(DType.F32, true, true, 2, 70, 2, 3),
        new SortKernel(DType.F32, false, false, 2, 9, 2, 4));
  }
}
