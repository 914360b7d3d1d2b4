package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.vendor.DnnShape;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;

/**
 * A convolution that cuDNN is asked for.
 *
 * @param shape the convolution
 * @param first where the first operand begins in its buffer, in bytes
 * @param second where the second begins
 * @param result which of the addresses of a launch takes the result
 */
public record LibraryConvolution(DnnShape shape, long first, long second, int result) implements LibraryWork {
  /** The place of the result among a launch's addresses, and that of the first scratch buffer. */
  private static final int RESULT = 2;

  private static final int SCRATCH = 3;

  /** The plan: what the library gives in another order is copied. */
  static Plan plan(DnnShape shape, ConvolutionKernel kernel, Style style, List<Long> bytes) {
    DType t = shape.dtype();
    long a = shape.firstOffset() * t.byteSize();
    long b = shape.secondOffset() * t.byteSize();
    if (!shape.exchanged()) {
      return new Plan(bytes, List.of(), List.of(), List.of(), null, new LibraryConvolution(shape, a, b, RESULT));
    }
    long positions = kernel.outSpatial().size();
    Sequence behind = new Sequence(style);
    Arg given = behind.temp(bytes.getLast());
    behind.copy(
        Shape.of(kernel.batch(), kernel.outChannels(), positions), t, given, new Affine(0, positions, kernel.batch() * positions, 1), t,
        new Arg.Slot(RESULT), new Affine(0, kernel.outChannels() * positions, positions, 1));
    return behind.behind(new LibraryConvolution(shape, a, b, SCRATCH), bytes);
  }
}
