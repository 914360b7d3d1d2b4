package dev.tenzan.kernel;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A loop nest that runs one scalar program at every point: elementwise chains, reductions with prologue and epilogue,
 * gathers, iota and random bits.
 *
 * <p>Without a reduction, {@code body} runs at every point of {@code space} and the stores write its values. With one,
 * {@code body} runs at every point of {@code space x reduced}, the values of {@code reduction.value} are combined over the
 * reduced dimensions in the order of {@link ReductionTree}, and {@code epilogue} runs once for every point of {@code space}
 * with the result in {@link Instr.Reduced}; the stores then write the epilogue's values.
 *
 * <p>Addresses in {@code body} range over the dimensions of {@code space} followed by those of {@code reduced}; addresses in
 * {@code epilogue} and of the stores range over those of {@code space} alone. Every store writes each of its elements once;
 * together the stores of one output need not cover the buffer (pad and concat are stores into a part of it).
 *
 * @param space the extents of the parallel dimensions, outermost first
 * @param reduced the extents of the reduced dimensions; rank 0 without a reduction
 * @param inputs the storage types of the inputs
 * @param outputs the storage types of the outputs
 * @param body the program of a point
 * @param reduction what is combined, or null
 * @param epilogue the program that runs on the result of the reduction; empty without one
 * @param stores what is written where, at least one
 */
public record LoopKernel(
    Shape space,
    Shape reduced,
    List<DType> inputs,
    List<DType> outputs,
    ScalarProgram body,
    @Nullable Reduction reduction,
    ScalarProgram epilogue,
    List<Store> stores)
    implements KernelSpec {

  /**
   * The reduction of a loop kernel.
   *
   * @param op how values are combined
   * @param value the number of the body's value that is combined; its compute type is the accumulator's
   */
  public record Reduction(ReduceOp op, int value) {}

  /**
   * A store of one value, narrowed to the output's storage type (the value already fits it).
   *
   * @param slot the number of the output, from 0
   * @param address the element address over the dimensions of {@code space}
   * @param value the number of the stored value, in the body or (with a reduction) the epilogue
   */
  public record Store(int slot, Affine address, int value) {}

  /** Copies the lists. */
  public LoopKernel {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    stores = List.copyOf(stores);
  }

  /** A loop without a reduction. */
  public static LoopKernel map(Shape space, List<DType> inputs, List<DType> outputs, List<Instr> code, List<Store> stores) {
    return new LoopKernel(space, Shape.SCALAR, inputs, outputs, new ScalarProgram(code), null, ScalarProgram.EMPTY, stores);
  }

  /**
   * A copy, which may convert floats.
   *
   * @param space the extents that are walked
   * @param type the input's storage type
   * @param read where elements lie in the input
   * @param as the output's storage type, whose compute type is the input's
   * @param written where they go
   */
  public static LoopKernel copy(Shape space, DType type, Affine read, DType as, Affine written) {
    Instr load = new Instr.Load(type, 0, read);
    List<Instr> code = as.compute() == as ? List.of(load) : List.of(load, new Instr.Narrow(as, 0));
    return map(space, List.of(type), List.of(as), code, List.of(new Store(0, written, code.size() - 1)));
  }

  /** The same loop over other parallel extents. */
  public LoopKernel over(Shape extents) {
    return new LoopKernel(extents, reduced, inputs, outputs, body, reduction, epilogue, stores);
  }

  /** The program whose values the stores write. */
  public ScalarProgram storeProgram() {
    return reduction == null ? body : epilogue;
  }

  @Override
  public String name() {
    return reduction == null ? "loop" : "reduce";
  }

  @Override
  public double operations() {
    double perPoint = 0;
    for (Instr i : body.code()) {
      if (i instanceof Instr.Unary || i instanceof Instr.Binary || i instanceof Instr.Ternary) {
        perPoint++;
      }
    }
    return (perPoint + (reduction == null ? 0 : 1)) * space.size() * reduced.size();
  }
}
