package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A {@link MatMulKernel} brought into the engine's form.
 *
 * <p>Trailing batch dimensions become rows where B does not depend on them and A's rows run on. A product
 * with one column is computed as its transpose, for then it fills vectors: C's single column and the
 * transpose's single row lie alike in memory, and a product of two numbers does not depend on their order.
 *
 * @param a what is multiplied from the left
 * @param b what is multiplied from the right
 * @param transposed whether {@code a} is the kernel's B
 */
record MatMulProgram(
    Gemm gemm,
    DType storage,
    DType output,
    long batches,
    Side a,
    Side b,
    long k,
    boolean transposed)
    implements MatrixProgram {

  /** One operand: {@code lanes} vectors of k elements, for each batch at another offset. */
  record Side(BatchOffsets batches, long lanes, long laneStride, long stepStride) {
    MatrixOperand in(MemorySegment memory, DType storage, Packing packing) {
      return new MatrixOperand(packing, storage, memory, batches, laneStride, stepStride);
    }
  }

  static MatMulProgram of(MatMulKernel kernel, Gemm gemm) {
    Affine a = kernel.a();
    Affine b = kernel.b();
    int rank = kernel.batch().rank();
    int kept = rank;
    long m = kernel.m();
    long rowStride = a.stride(rank);
    while (kept > 0) {
      long extent = kernel.batch().dim(kept - 1);
      long step = a.stride(kept - 1);
      boolean single = extent == 1;
      boolean runsOn = b.stride(kept - 1) == 0 && (m == 1 || step == m * rowStride);
      if (!single && !runsOn) {
        break;
      }
      if (!single && m == 1) {
        rowStride = step;
      }
      m *= extent;
      kept--;
    }
    long[] extents = new long[kept];
    long batches = 1;
    for (int d = 0; d < kept; d++) {
      extents[d] = kernel.batch().dim(d);
      batches *= extents[d];
    }
    Side rows = new Side(offsets(a, extents), m, rowStride, a.stride(rank + 1));
    Side columns = new Side(offsets(b, extents), kernel.n(), b.stride(rank + 1), b.stride(rank));
    boolean transposed = kernel.n() == 1 && m > 1;
    return new MatMulProgram(
        gemm,
        kernel.input(),
        kernel.output(),
        batches,
        transposed ? columns : rows,
        transposed ? rows : columns,
        kernel.k(),
        transposed);
  }

  private static BatchOffsets offsets(Affine address, long[] extents) {
    return new BatchOffsets(address.offset(), extents, Arrays.copyOf(address.strides(), extents.length));
  }

  @Override
  public void run(MemorySegment left, MemorySegment right, MemorySegment result) {
    run(gemm.kernels(storage.compute()), left, right, result);
  }

  /** Runs it for once, while another way to the same bits is not compiled yet; starts no warm-up. */
  void runMeanwhile(MemorySegment left, MemorySegment right, MemorySegment result) {
    run(gemm.kernelsNow(storage.compute()), left, right, result);
  }

  private void run(KernelSet kernels, MemorySegment left, MemorySegment right, MemorySegment result) {
    DType compute = storage.compute();
    MatrixOperand from = a.in(transposed ? right : left, storage, kernels.packing());
    MatrixOperand to = b.in(transposed ? left : right, storage, kernels.packing());
    long m = a.lanes();
    long n = b.lanes();
    gemm.run(new Product(kernels, compute, output, batches, m, n, k, from, to, result, 0, n, m * n));
  }
}
