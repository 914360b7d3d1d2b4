package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.vendor.DnnShape;

/**
 * A convolution that cuDNN is asked for.
 *
 * @param shape the convolution
 * @param first where the first operand begins in its buffer, in bytes
 * @param second where the second begins
 */
public record LibraryConvolution(DnnShape shape, long first, long second) implements LibraryWork {
  LibraryConvolution(DnnShape shape) {
    this(shape, shape.firstOffset() * shape.dtype().byteSize(), shape.secondOffset() * shape.dtype().byteSize());
  }
}
