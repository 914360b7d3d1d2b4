package dev.tenzan.nn;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One step of the backward pass: an operation with its operands, its result and the gradient of the loss by
 * the result. The backward functions {@linkplain #give} contributions for the operands that need one.
 */
final class Rule {
  private final Node node;
  private final Node.State made;
  private final Tensor gradient;
  private final Device device;
  private final Set<Node> dependent;
  private final @Nullable Tensor[] contributions;

  Rule(Node node, Node.State made, Tensor gradient, Device device, Set<Node> dependent) {
    this.node = node;
    this.made = made;
    this.gradient = gradient;
    this.device = device;
    this.dependent = dependent;
    this.contributions = new @Nullable Tensor[made.inputs().size()];
  }

  /** The operation. */
  Op op() {
    return made.op();
  }

  /** The number of operands. */
  int operands() {
    return made.inputs().size();
  }

  /** An operand. */
  Tensor in(int i) {
    return Tensor.ofNode(made.inputs().get(i), device);
  }

  /** An operand's shape. */
  Shape shape(int i) {
    return made.inputs().get(i).shape();
  }

  /** The operation's result. */
  Tensor result() {
    return Tensor.ofNode(node, device);
  }

  /** The gradient of the loss by the result. */
  Tensor gradient() {
    return gradient;
  }

  /** Whether the gradient by an operand is asked for. */
  boolean needs(int i) {
    return dependent.contains(made.inputs().get(i));
  }

  /** Sets the gradient by an operand, built only where it is asked for. */
  void give(int i, Supplier<Tensor> part) {
    if (needs(i)) {
      contributions[i] = part.get();
    }
  }

  /** What was given for an operand; null is zero. */
  @Nullable Tensor contribution(int i) {
    return contributions[i];
  }

  /** A tensor of zeros like an operand. */
  Tensor zerosLike(int i) {
    return device.zeros(made.inputs().get(i).dtype(), shape(i).dims());
  }

  /** The device of all tensors here. */
  Device device() {
    return device;
  }

  /** Axis numbers as an array. */
  static int[] ints(List<Integer> axes) {
    return axes.stream().mapToInt(Integer::intValue).toArray();
  }
}
