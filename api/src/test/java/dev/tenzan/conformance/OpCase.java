package dev.tenzan.conformance;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One thing an operation must do: its inputs, how Tenzan computes it, and an oracle that computes it independently.
 *
 * @param family the group of operations, a heading of docs/ops.md
 * @param op the operation
 * @param variant what this case is about, unique among the cases of an operation and dtype
 * @param dtype the dtype under which the case counts
 * @param inputs the inputs
 * @param function the operation under test
 * @param oracle the exact result
 * @param tolerance how far floats may be from it
 * @param differentiable whether gradients flow through it
 * @param numerics the mode that it runs in; under {@link Numerics#FAST} the bits are free within the tolerance
 */
public record OpCase(
    String family,
    String op,
    String variant,
    DType dtype,
    List<InputSpec> inputs,
    Function<List<Tensor>, Tensor> function,
    Function<List<HostArray>, HostArray> oracle,
    Tolerance tolerance,
    boolean differentiable,
    Numerics numerics) {
  /** Copies the list. */
  public OpCase {
    inputs = List.copyOf(inputs);
  }

  /** Operation, dtype and variant in one word, which filters look at. */
  public String name() {
    return op + "." + dtype + "." + variant;
  }

  /** Whether all inputs have values of moderate size. */
  public boolean isRange() {
    return inputs.stream().allMatch(in -> in.values() == InputSpec.Values.RANGE);
  }

  /** The number of elements of all inputs. */
  public long elements() {
    return inputs.stream().mapToLong(in -> in.shape().size()).sum();
  }

  /** The inputs on a device. */
  public List<Tensor> makeInputs(Device device) {
    List<Tensor> made = new ArrayList<>();
    for (HostArray array : arrays()) {
      made.add(array.upload(device));
    }
    return made;
  }

  /** The values of the inputs, the same in every run. */
  List<HostArray> arrays() {
    List<HostArray> made = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      made.add(inputs.get(i).make(seed(CaseRunner.SEED, i)));
    }
    return made;
  }

  /** A seed of its own for this case. */
  long seed(long base, int input) {
    return base * 31 + name().hashCode() * 1000003L + input;
  }
}
