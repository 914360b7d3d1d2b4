package dev.tenzan.nn;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Replaces parameters step by step so that a loss falls. A step only builds graphs, and everything that
 * changes from step to step (learning rate, step number, moments) is a tensor, so all steps run the same
 * cached program.
 */
public abstract class Optimizer {
  private final List<Parameter> parameters;
  private final List<Parameter> state = new ArrayList<>();
  private double learningRate;

  /** An optimizer of parameters of one device, at least one. */
  Optimizer(List<Parameter> parameters, double learningRate) {
    if (parameters.isEmpty()) {
      throw new TenzanException("optimizer: the model has no parameters; give it a layer that learns");
    }
    this.parameters = List.copyOf(parameters);
    learningRate(learningRate);
  }

  /** The parameters, in the order in which gradients are expected. */
  public final List<Parameter> parameters() {
    return parameters;
  }

  /** What the optimizer keeps from step to step, to be saved with a checkpoint. */
  public final List<Parameter> state() {
    return List.copyOf(state);
  }

  /** The present values of the parameters: what to differentiate by. */
  public final List<Tensor> tensors() {
    return parameters.stream().map(Parameter::tensor).toList();
  }

  /** The learning rate. */
  public final double learningRate() {
    return learningRate;
  }

  /** Sets the learning rate of the next steps. */
  public final void learningRate(double rate) {
    if (!(rate >= 0) || Double.isInfinite(rate)) {
      throw new TenzanException("optimizer: learning rate " + rate + "; give a finite number of at least 0");
    }
    learningRate = rate;
  }

  /** Evaluates a step and replaces the parameters. */
  public final void step(List<Tensor> gradients) {
    try (TensorScope _ = TensorScope.open()) {
      Update.commit(updates(gradients));
    }
  }

  /**
   * The new values of parameters and state, not yet evaluated: to be {@linkplain Update#commit committed}
   * together with what else is wanted of the step.
   *
   * @param gradients one for each parameter
   */
  public final List<Update> updates(List<Tensor> gradients) {
    if (gradients.size() != parameters.size()) {
      throw new ShapeException(
          "optimizer: " + gradients.size() + " gradients for " + parameters.size()
              + " parameters; give one for each");
    }
    List<Update> updates = new ArrayList<>();
    build(gradients, updates);
    return updates;
  }

  /** Adds the updates of one step. */
  abstract void build(List<Tensor> gradients, List<Update> updates);

  /** The learning rate as a tensor: an operand, not a constant of the graph. */
  final Tensor rate(DType dtype) {
    Device device = parameters.getFirst().device();
    Tensor rate = device.of(DType.F64, MemorySegment.ofArray(new double[] {learningRate}));
    return rate.cast(dtype);
  }

  /** A variable like every parameter, zero at first. */
  final List<Parameter> slots(String name) {
    List<Parameter> slots = new ArrayList<>();
    for (Parameter p : parameters) {
      slots.add(slot(p.name() + "." + name, p.device().zeros(p.dtype(), p.shape().dims())));
    }
    return slots;
  }

  /** A variable of the optimizer. */
  final Parameter slot(String name, Tensor initial) {
    try (TensorScope _ = TensorScope.open()) {
      Parameter p = new Parameter(name, initial);
      state.add(p);
      return p;
    }
  }

  /** Checks a coefficient. */
  static double share(String what, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new TenzanException("optimizer: " + what + " " + value + "; give at least 0 and less than 1");
    }
    return value;
  }
}
