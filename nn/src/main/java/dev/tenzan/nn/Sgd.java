package dev.tenzan.nn;

import dev.tenzan.Tensor;
import java.util.List;

/**
 * Stochastic gradient descent with momentum (Sutskever et al., 2013), in PyTorch's form: {@code v = momentum
 * v + g}, {@code p = p - rate v}, or with Nesterov's rule {@code p = p - rate (g + momentum v)}. Weight decay
 * adds {@code decay p} to the gradient.
 */
public final class Sgd extends Optimizer {
  private final double momentum;
  private final double weightDecay;
  private final boolean nesterov;
  private final List<Parameter> velocities;

  /** Plain gradient descent. */
  public Sgd(List<Parameter> parameters, double learningRate) {
    this(parameters, learningRate, 0, 0, false);
  }

  /**
   * Gradient descent with momentum.
   *
   * @param momentum at least 0 and less than 1
   * @param weightDecay at least 0
   */
  public Sgd(
      List<Parameter> parameters,
      double learningRate,
      double momentum,
      double weightDecay,
      boolean nesterov) {
    super(parameters, learningRate);
    this.momentum = share("momentum", momentum);
    this.weightDecay = weightDecay;
    this.nesterov = nesterov;
    this.velocities = momentum == 0 ? List.of() : slots("velocity");
  }

  @Override
  void build(List<Tensor> gradients, List<Update> updates) {
    for (int i = 0; i < gradients.size(); i++) {
      Parameter parameter = parameters().get(i);
      Tensor p = parameter.tensor();
      Tensor g = weightDecay == 0 ? gradients.get(i) : gradients.get(i).add(p.mul(weightDecay));
      Tensor direction = g;
      if (momentum != 0) {
        Parameter velocity = velocities.get(i);
        Tensor v = velocity.tensor().mul(momentum).add(g);
        updates.add(new Update(velocity, v));
        direction = nesterov ? g.add(v.mul(momentum)) : v;
      }
      updates.add(new Update(parameter, p.sub(direction.mul(rate(p.dtype())))));
    }
  }
}
