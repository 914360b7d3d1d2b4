package dev.tenzan.nn;

import dev.tenzan.ConvOptions;
import dev.tenzan.Device;
import dev.tenzan.Random;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.util.List;

/** A two-dimensional convolution with bias: {@code [batch, in, h, w]} to {@code [batch, out, h', w']}. */
public final class Conv2d implements Layer {
  private final Parameter weight;
  private final Parameter bias;
  private final ConvOptions options;

  /**
   * A layer with He-uniform f32 weights {@code [out, in / groups, size, size]} and zero biases.
   *
   * @param name the prefix of the parameters' names
   * @param random gives the key of the first weights
   * @param groups the number of groups; divides in and out
   */
  public Conv2d(
      String name,
      Device device,
      Random random,
      long in,
      long out,
      long size,
      ConvOptions options,
      long groups) {
    long fanIn = in / groups * size * size;
    long fanOut = out / groups * size * size;
    Tensor first =
        Initializer.HE_UNIFORM.draw(device, random.nextKey(), fanIn, fanOut, out, in / groups, size, size);
    this.weight = new Parameter(name + ".weight", first);
    this.bias = new Parameter(name + ".bias", device.zeros(DType.F32, out));
    this.options = options.groups(groups);
  }

  /** A layer of one group. */
  public Conv2d(
      String name, Device device, Random random, long in, long out, long size, ConvOptions options) {
    this(name, device, random, in, out, size, options, 1);
  }

  @Override
  public Tensor apply(Tensor x, Context context) {
    Tensor b = bias.tensor();
    return x.conv(weight.tensor(), options).add(b.reshape(b.size(), 1, 1));
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(weight, bias);
  }
}
