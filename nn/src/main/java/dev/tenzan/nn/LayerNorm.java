package dev.tenzan.nn;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.util.List;

/** Layer normalisation over the last axis, with a learned scale and offset (Ba, Kiros and Hinton, 2016). */
public final class LayerNorm implements Layer {
  private final Parameter scale;
  private final Parameter offset;
  private final double epsilon;

  /**
   * A layer that starts as the plain normalisation.
   *
   * @param name the prefix of the parameters' names
   * @param features the extent of the last axis
   * @param epsilon is added to the variance
   */
  public LayerNorm(String name, Device device, long features, double epsilon) {
    this.scale = new Parameter(name + ".weight", device.ones(DType.F32, features));
    this.offset = new Parameter(name + ".bias", device.zeros(DType.F32, features));
    this.epsilon = epsilon;
  }

  @Override
  public Tensor apply(Tensor x, Context context) {
    return x.layerNorm(scale.tensor(), offset.tensor(), epsilon, 1);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(scale, offset);
  }
}
