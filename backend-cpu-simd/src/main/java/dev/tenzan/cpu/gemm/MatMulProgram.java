package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * A {@link MatMulKernel} brought into the engine's form.
 *
 * <p>A product with one column is computed as its transpose, for then it fills vectors: C's single column and the
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
    ProductSides.Side a,
    ProductSides.Side b,
    long k,
    boolean transposed)
    implements MatrixProgram {

  static MatMulProgram of(MatMulKernel kernel, Gemm gemm) {
    ProductSides sides = ProductSides.of(kernel);
    boolean transposed = kernel.n() == 1 && sides.a().lanes() > 1;
    ProductSides.Side left = transposed ? sides.b() : sides.a();
    ProductSides.Side right = transposed ? sides.a() : sides.b();
    return new MatMulProgram(gemm, kernel.input(), kernel.output(), sides.batches(), left, right, kernel.k(), transposed);
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
    MatrixOperand from = operand(a, transposed ? right : left, kernels.packing());
    MatrixOperand to = operand(b, transposed ? left : right, kernels.packing());
    long m = a.lanes();
    long n = b.lanes();
    gemm.run(new Product(kernels, compute, output, batches, m, n, k, from, to, result, 0, n, m * n));
  }

  private MatrixOperand operand(ProductSides.Side side, MemorySegment memory, Packing packing) {
    return new MatrixOperand(packing, storage, memory, side.batches(), side.laneStride(), side.stepStride());
  }
}
