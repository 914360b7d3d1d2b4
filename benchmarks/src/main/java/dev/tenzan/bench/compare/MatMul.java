package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;

/**
 * A product of matrices, {@code [m, k] x [k, n]}.
 *
 * @param dtype the inputs' type; i8 gives i32, the others their own type
 * @param batch the number of products; 1 is a product of two matrices without a batch axis
 * @param m rows of the result
 * @param k the length of the sums
 * @param n columns of the result
 * @param transposeA whether the left one is given as {@code [k, m]}
 * @param transposeB whether the right one is given as {@code [n, k]}
 */
public record MatMul(DType dtype, int batch, int m, int k, int n, boolean transposeA, boolean transposeB) implements Work {
  /** A product of one pair. */
  static MatMul of(DType dtype, int m, int k, int n) {
    return new MatMul(dtype, 1, m, k, n, false, false);
  }

  @Override
  public String group() {
    return "matmul";
  }

  @Override
  public String name() {
    return "matmul " + dtype.label() + (dtype == DType.I8 ? " to i32" : "")
        + (transposeA ? ", A transposed" : "") + (transposeB ? ", B transposed" : "");
  }

  @Override
  public String size() {
    return (batch == 1 ? "" : batch + " of ") + Work.by(m, k, n);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    long[] a = transposeA ? new long[] {k, m} : new long[] {m, k};
    long[] b = transposeB ? new long[] {n, k} : new long[] {k, n};
    return List.of(spec(a), spec(b));
  }

  private HostArray.Spec spec(long[] matrix) {
    Shape shape = Shape.of(matrix);
    Shape whole = batch == 1 ? shape : Shape.of(batch).concat(shape);
    double bound = dtype == DType.I8 ? 128 : 1;
    return new HostArray.Spec(dtype, -bound, bound, whole);
  }

  @Override
  public double resultBytes() {
    return (dtype == DType.I8 ? 4.0 : dtype.byteSize()) * batch * m * n;
  }

  @Override
  public double flops() {
    return 2.0 * batch * m * k * n;
  }

  @Override
  public Limit limit() {
    return dtype == DType.F64 ? Limit.F64 : dtype == DType.F32 ? Limit.F32 : Limit.NONE;
  }
}
