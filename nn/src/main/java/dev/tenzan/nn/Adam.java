package dev.tenzan.nn;

import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * Adam (Kingma and Ba, 2015), and with decoupled weight decay AdamW (Loshchilov and Hutter, 2019). The bias
 * correction {@code 1 - beta^t} is computed on the device from a step counter, as {@code -expm1(t log beta)},
 * which does not cancel at small t.
 */
public final class Adam extends Optimizer {
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double weightDecay;
  private final Parameter steps;
  private final List<Parameter> first;
  private final List<Parameter> second;

  /** Adam with the paper's betas 0.9 and 0.999, and epsilon 1e-8. */
  public Adam(List<Parameter> parameters, double learningRate) {
    this(parameters, learningRate, 0);
  }

  /**
   * AdamW: before each step a parameter shrinks by {@code learningRate * weightDecay} of its value.
   *
   * @param weightDecay at least 0
   */
  public Adam(List<Parameter> parameters, double learningRate, double weightDecay) {
    this(parameters, learningRate, 0.9, 0.999, 1e-8, weightDecay);
  }

  /** Adam with all its coefficients. */
  public Adam(
      List<Parameter> parameters,
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay) {
    super(parameters, learningRate);
    this.beta1 = share("beta1", beta1);
    this.beta2 = share("beta2", beta2);
    this.epsilon = epsilon;
    this.weightDecay = weightDecay;
    this.steps = slot("adam.steps", parameters.getFirst().device().zeros(DType.F32));
    this.first = slots("adam.first");
    this.second = slots("adam.second");
  }

  @Override
  void build(List<Tensor> gradients, List<Update> updates) {
    Tensor t = steps.tensor().add(1);
    updates.add(new Update(steps, t));
    Tensor correction1 = correction(t, beta1);
    Tensor correction2 = correction(t, beta2).sqrt();
    for (int i = 0; i < gradients.size(); i++) {
      Parameter parameter = parameters().get(i);
      DType dtype = parameter.dtype();
      Tensor p = parameter.tensor();
      Tensor g = gradients.get(i);
      Tensor m = first.get(i).tensor().mul(beta1).add(g.mul(1 - beta1));
      Tensor v = second.get(i).tensor().mul(beta2).add(g.mul(g).mul(1 - beta2));
      Tensor rate = rate(dtype);
      Tensor size = rate.div(correction1.cast(dtype));
      Tensor spread = v.sqrt().div(correction2.cast(dtype)).add(epsilon);
      Tensor kept = weightDecay == 0 ? p : p.sub(p.mul(rate.mul(weightDecay)));
      updates.add(new Update(first.get(i), m));
      updates.add(new Update(second.get(i), v));
      updates.add(new Update(parameter, kept.sub(m.div(spread).mul(size))));
    }
  }

  private static Tensor correction(Tensor steps, double beta) {
    return beta == 0 ? steps.onesLike() : steps.mul(Math.log(beta)).expm1().neg();
  }
}
