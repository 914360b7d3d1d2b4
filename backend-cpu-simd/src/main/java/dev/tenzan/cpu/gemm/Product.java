package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * A batch of matrix products {@code C = A B} to be computed: sizes, operands and where C lies.
 *
 * @param kernels what computes it; the operands pack with its packing
 * @param compute the compute type: F32, F64, I32 or I64
 * @param output the storage type of C: the compute type, or a narrower one of the same kind
 * @param batches the number of products
 * @param m rows of A and C
 * @param n columns of B and C
 * @param k columns of A and rows of B
 * @param a the left operand; its lanes are rows
 * @param b the right operand; its lanes are columns
 * @param c off-heap memory; the elements of a row of C are adjacent
 * @param cOffset the element offset of C's first element
 * @param cRowStride the distance of C's rows in elements
 * @param cBatchStride the distance of the products' results in elements
 */
record Product(
    KernelSet kernels,
    DType compute,
    DType output,
    long batches,
    long m,
    long n,
    long k,
    Operand a,
    Operand b,
    MemorySegment c,
    long cOffset,
    long cRowStride,
    long cBatchStride) {}
