package dev.tenzan.cuda.vendor;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A batch of products {@code D = A B} as cuBLASLt takes them; D is dense and row-major, {@code [batch, m, n]}.
 *
 * @param dtype the type of A, B and D
 * @param m rows of A and D
 * @param n columns of B and D
 * @param k columns of A and rows of B
 * @param batch the number of products
 * @param a how A lies
 * @param b how B lies
 */
public record LtShape(DType dtype, long m, long n, long k, long batch, Side a, Side b) {
  /**
   * How the matrices of one side lie.
   *
   * @param transposed whether columns are stored one after the other, not rows
   * @param ld elements from one row to the next, or from one column to the next where transposed
   * @param batchStride elements from one matrix to the next
   */
  public record Side(boolean transposed, long ld, long batchStride) {}

  /** The shape of a kernel; A and B begin at the kernel's offsets. Empty where cuBLASLt cannot express it. */
  public static Optional<LtShape> of(MatMulKernel kernel) {
    long m = kernel.m();
    long n = kernel.n();
    long k = kernel.k();
    long batch = kernel.batch().size();
    boolean sized = fits(m) && fits(n) && fits(k) && fits(batch);
    if (!sized || !kernel.input().isFloat() || kernel.output() != kernel.input()) {
      return Optional.empty();
    }
    Side a = side(kernel, kernel.a(), m, k);
    Side b = side(kernel, kernel.b(), k, n);
    if (a == null || b == null) {
      return Optional.empty();
    }
    if (batch > 1 && b.batchStride == 0 && !a.transposed && a.batchStride == m * a.ld && fits(batch * m)) {
      return Optional.of(new LtShape(kernel.input(), batch * m, n, k, 1, new Side(false, a.ld, 0), b)); // all rows share B
    }
    return Optional.of(new LtShape(kernel.input(), m, n, k, batch, a, b));
  }

  /** The library counts rows, columns and products in an int. */
  private static boolean fits(long extent) {
    return extent > 0 && extent <= Integer.MAX_VALUE;
  }

  private static @Nullable Side side(MatMulKernel kernel, Affine address, long rows, long columns) {
    int rank = kernel.batch().rank();
    Long batchStride = batchStride(kernel, address);
    if (batchStride == null) {
      return null;
    }
    // The stride of an axis of one element says nothing.
    Long byRow = ld(address.stride(rank), rows, address.stride(rank + 1), columns);
    if (byRow != null) {
      return new Side(false, byRow, batchStride);
    }
    Long byColumn = ld(address.stride(rank + 1), columns, address.stride(rank), rows);
    return byColumn == null ? null : new Side(true, byColumn, batchStride);
  }

  /** The stride between lines whose elements are neighbours and which do not overlap; null where they are not so. */
  private static @Nullable Long ld(long stride, long lines, long elementStride, long length) {
    if (length > 1 && elementStride != 1) {
      return null;
    }
    return lines == 1 ? Long.valueOf(length) : stride >= length ? Long.valueOf(stride) : null;
  }

  /** The one stride of all batch axes; null where it takes more. */
  private static @Nullable Long batchStride(MatMulKernel kernel, Affine address) {
    List<Integer> axes = new ArrayList<>();
    for (int d = 0; d < kernel.batch().rank(); d++) {
      if (kernel.batch().dim(d) > 1) {
        axes.add(d);
      }
    }
    for (int i = 0; i + 1 < axes.size(); i++) {
      int inner = axes.get(i + 1);
      if (address.stride(axes.get(i)) != address.stride(inner) * kernel.batch().dim(inner)) {
        return null;
      }
    }
    long stride = axes.isEmpty() ? 0 : address.stride(axes.getLast());
    return stride >= 0 ? Long.valueOf(stride) : null;
  }
}
