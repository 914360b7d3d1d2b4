package dev.tenzan.nn;

import dev.tenzan.Device;
import dev.tenzan.Random;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.util.List;

/** A fully connected layer: {@code [batch..., in]} to {@code [batch..., out]}, {@code x W + b}. */
public final class Dense implements Layer {
  private final Parameter weight;
  private final Parameter bias;

  /**
   * A layer with f32 weights {@code [in, out]} and zero biases {@code [out]}.
   *
   * @param name the prefix of the parameters' names
   * @param random gives the key of the first weights
   */
  public Dense(String name, Device device, Random random, long in, long out, Initializer initializer) {
    weight = new Parameter(name + ".weight", initializer.draw(device, random.nextKey(), in, out, in, out));
    bias = new Parameter(name + ".bias", device.zeros(DType.F32, out));
  }

  /** A layer with He-uniform weights. */
  public Dense(String name, Device device, Random random, long in, long out) {
    this(name, device, random, in, out, Initializer.HE_UNIFORM);
  }

  @Override
  public Tensor apply(Tensor x, Context context) {
    return x.matmul(weight.tensor()).add(bias.tensor());
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(weight, bias);
  }
}
