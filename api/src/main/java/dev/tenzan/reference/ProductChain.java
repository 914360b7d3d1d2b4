package dev.tenzan.reference;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;

/**
 * The sum of products that gives one element of a matrix product or a convolution: blocks of {@link
 * MatMulKernel#K_BLOCK} products, each a chain of fused multiply-adds from +0; the blocks' results are
 * added in order.
 */
final class ProductChain {
  private final DType type;
  private long block;
  private int inBlock;
  private long sum;
  private boolean anyBlock;

  /** A chain of a compute type: F32, F64, I32 or I64. */
  ProductChain(DType type) {
    this.type = type;
  }

  /** Continues with one more product. */
  void add(long a, long b) {
    if (inBlock == MatMulKernel.K_BLOCK) {
      endBlock();
    }
    block =
        type.isFloat()
            ? ScalarEval.fma(type, a, b, block)
            : ScalarEval.binary(
                ScalarOp.ADD, type, ScalarEval.binary(ScalarOp.MUL, type, a, b), block);
    inBlock++;
  }

  private void endBlock() {
    sum = anyBlock ? ScalarEval.binary(ScalarOp.ADD, type, sum, block) : block;
    anyBlock = true;
    block = 0;
    inBlock = 0;
  }

  /** The result; the chain is empty again afterwards. */
  long finish() {
    if (inBlock > 0) {
      endBlock();
    }
    long result = sum;
    sum = 0;
    anyBlock = false;
    return result;
  }
}
