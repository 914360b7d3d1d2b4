package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import java.util.Arrays;

/**
 * The operands of a batch of matrix products, each as lanes of k steps.
 *
 * <p>Trailing batch dimensions are rows here where B does not depend on them and A's rows run on.
 *
 * @param batches how many products
 * @param k the steps
 * @param a the rows of A
 * @param b the columns of B
 */
public record ProductSides(long batches, long k, Side a, Side b) {
  /**
   * One operand.
   *
   * @param batches where it begins for each batch, in elements
   * @param lanes how many: rows of A, or columns of B
   * @param laneStride the elements from lane to lane
   * @param stepStride the elements from step to step along k
   */
  public record Side(BatchOffsets batches, long lanes, long laneStride, long stepStride) {}

  /** The operands of a kernel. */
  public static ProductSides of(MatMulKernel kernel) {
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
    return new ProductSides(batches, kernel.k(), rows, columns);
  }

  private static BatchOffsets offsets(Affine address, long[] extents) {
    return new BatchOffsets(address.offset(), extents, Arrays.copyOf(address.strides(), extents.length));
  }
}
