package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.ptx.LoopPlanner;
import dev.tenzan.cuda.vendor.DnnShape;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
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
    Affine from = new Affine(0, positions, kernel.batch() * positions, 1);
    LoopKernel copy =
        new LoopKernel(
            Shape.of(kernel.batch(), kernel.outChannels(), positions), Shape.SCALAR, List.of(t), List.of(t),
            new ScalarProgram(List.of(new Instr.Load(t, 0, from))), null, ScalarProgram.EMPTY,
            List.of(new LoopKernel.Store(0, new Affine(0, kernel.outChannels() * positions, positions, 1), 0)));
    List<Step> steps = new ArrayList<>();
    for (Step s : LoopPlanner.plan(copy, style).steps()) {
      steps.add(s.with(arg -> arg instanceof Arg.Slot slot ? slot.index() == 0 ? new Arg.Temp(0) : new Arg.Slot(RESULT) : arg));
    }
    return new Plan(bytes, List.of(bytes.getLast()), List.of(), steps, null, new LibraryConvolution(shape, a, b, SCRATCH));
  }
}
