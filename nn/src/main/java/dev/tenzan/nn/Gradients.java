package dev.tenzan.nn;

import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Reverse-mode automatic differentiation: it walks the graph that a loss was computed by, from the loss to
 * the variables, and builds the graph of the gradients out of the same primitives. Nothing is evaluated;
 * gradients fuse and reproduce like any other tensor, and can be differentiated again.
 *
 * <p>Operations count that are made inside the supplier. A tensor made before it is a constant once it has
 * been evaluated.
 *
 * {@snippet :
 * var r = Gradients.of(() -> x.matmul(w).sub(y).square().mean(), List.of(w));
 * Tensor.eval(r.value(), r.gradients().getFirst());
 * }
 */
public final class Gradients {
  private Gradients() {}

  /**
   * A loss with its gradients, all lazy.
   *
   * @param value the loss
   * @param gradients for each variable a tensor of its dtype and shape
   */
  public record ValueAndGradients(Tensor value, List<Tensor> gradients) {}

  /**
   * The loss that a supplier computes, and its gradients. The gradient of a variable on which the loss does
   * not depend, or only through piecewise constant operations (comparisons, rounding, integers, {@link
   * #stop}), is zeros.
   *
   * @param loss computes a floating-point scalar (rank 0) from the variables
   * @param wrt the variables: floating-point tensors on the loss' device
   * @throws GradientException where the loss is no floating-point scalar, a variable is not floating point or
   *     is on another device, or an operation between them has no gradient
   */
  public static ValueAndGradients of(Supplier<Tensor> loss, List<Tensor> wrt) {
    Tensor value = Node.recording(loss);
    check(value, wrt);
    try (TensorScope scope = TensorScope.open()) {
      List<Tensor> gradients = backward(value, wrt);
      gradients.forEach(scope::keep);
      return new ValueAndGradients(value, List.copyOf(gradients));
    }
  }

  /** The same values as a constant: the gradient of what was computed before it is not asked for. */
  public static Tensor stop(Tensor x) {
    return Tensor.apply(new Op.Bitcast(x.dtype()), x);
  }

  private static void check(Tensor value, List<Tensor> wrt) {
    if (!value.dtype().isFloat() || value.rank() != 0) {
      throw new GradientException(
          "gradients: the loss is " + value.dtype() + value.shape()
              + "; it must be a floating-point scalar: reduce it with mean() or sum()");
    }
    for (int i = 0; i < wrt.size(); i++) {
      Tensor v = wrt.get(i);
      if (!v.dtype().isFloat()) {
        throw new GradientException(
            "gradients: variable " + i + " is " + v.dtype() + v.shape()
                + "; only floating-point tensors have gradients");
      }
      if (!v.device().equals(value.device())) {
        throw new GradientException(
            "gradients: variable " + i + " is on " + v.device() + ", the loss on " + value.device()
                + "; copy one with to(device)");
      }
    }
  }

  private static List<Tensor> backward(Tensor value, List<Tensor> wrt) {
    Set<Node> variables = new HashSet<>();
    wrt.forEach(v -> variables.add(v.node()));
    List<Node> order = dependents(value.node(), variables);
    Set<Node> dependent = new HashSet<>(order);
    Map<Node, Tensor> gradients = new HashMap<>();
    if (dependent.contains(value.node())) {
      gradients.put(value.node(), value.onesLike());
    }
    for (Node node : order.reversed()) {
      Tensor gradient = gradients.get(node);
      if (gradient == null) {
        continue;
      }
      Node.State made = node.origin();
      Rule rule = new Rule(node, made, gradient, value.device(), dependent);
      Backward.apply(rule);
      for (int i = 0; i < made.inputs().size(); i++) {
        Tensor part = rule.contribution(i);
        if (part != null) {
          gradients.merge(made.inputs().get(i), part, Tensor::add);
        }
      }
    }
    List<Tensor> result = new ArrayList<>();
    for (Tensor v : wrt) {
      Tensor g = gradients.get(v.node());
      result.add(g == null ? v.zerosLike() : g);
    }
    return result;
  }

  /**
   * The nodes through which a gradient can flow from the loss to a variable, operands first. The walk keeps
   * its own stack: a graph may be deeper than the thread's.
   */
  private static List<Node> dependents(Node loss, Set<Node> variables) {
    List<Node> order = new ArrayList<>();
    Set<Node> dependent = new HashSet<>();
    Set<Node> seen = new HashSet<>();
    Deque<Node> stack = new ArrayDeque<>();
    stack.push(loss);
    while (!stack.isEmpty()) {
      Node node = stack.peek();
      List<Node> inputs = carriesGradient(node) ? node.origin().inputs() : List.of();
      if (seen.add(node)) {
        inputs.stream().filter(n -> !seen.contains(n)).forEach(stack::push);
        continue;
      }
      stack.pop();
      boolean reaches = variables.contains(node) || inputs.stream().anyMatch(dependent::contains);
      if (reaches && dependent.add(node)) {
        order.add(node);
      }
    }
    return order;
  }

  /** Whether the result of a node varies smoothly with some operand: only then is its past of interest. */
  private static boolean carriesGradient(Node node) {
    return node.dtype().isFloat() && !(node.origin().op() instanceof Op.Bitcast);
  }
}
