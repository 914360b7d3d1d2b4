package dev.tenzan.kernel;

import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.List;

/**
 * A batch of matrix products {@code C[b] = A[b] B[b]}: inputs A and B, output C dense and row-major {@code [batch..., m, n]}.
 *
 * <p>The bits are fixed, save under {@link Numerics#FAST}: k is cut into blocks of {@link #K_BLOCK}; each block is one fma chain in k order that starts from +0;
 * the blocks' results are added in order, {@code c = (blk0 + blk1) + blk2 ...}; k = 0 gives 0. F16 and BF16 are widened to F32,
 * accumulated there and rounded once at the end. Integers wrap; I8, I16 and U8 accumulate in I32, and the output is either the
 * input type (wrapped) or I32.
 *
 * @param input the storage type of A and B
 * @param output the storage type of C: the input type, or I32 for I8, I16 and U8
 * @param batch the batch extents
 * @param m rows of A and C
 * @param n columns of B and C
 * @param k columns of A and rows of B
 * @param a the address of A's element over (batch..., row, column); any strides
 * @param b the address of B's element over (batch..., row, column); any strides
 * @param numerics {@link Numerics#REPRODUCIBLE} for the bits above; {@link Numerics#FAST} allows a backend others of floats, and one
 *     that has nothing faster gives those above
 */
public record MatMulKernel(
    DType input, DType output, Shape batch, long m, long n, long k, Affine a, Affine b, Numerics numerics)
    implements KernelSpec {
  /** The number of products in one fma chain. */
  public static final int K_BLOCK = 256;

  /** A reproducible product. */
  public MatMulKernel(DType input, DType output, Shape batch, long m, long n, long k, Affine a, Affine b) {
    this(input, output, batch, m, n, k, a, b, Numerics.REPRODUCIBLE);
  }

  @Override
  public List<DType> inputs() {
    return List.of(input, input);
  }

  @Override
  public List<DType> outputs() {
    return List.of(output);
  }

  @Override
  public String name() {
    return "matmul";
  }

  @Override
  public double operations() {
    return 2.0 * batch.size() * m * n * k;
  }
}
