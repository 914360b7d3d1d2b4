package dev.tenzan.nn;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;

/** The distributions that first weights are drawn from; equal keys give equal weights on every device. */
public enum Initializer {
  /** Uniform within {@code sqrt(6 / fanIn)} (He et al., 2015): for layers before a ReLU. */
  HE_UNIFORM,
  /** Uniform within {@code sqrt(6 / (fanIn + fanOut))} (Glorot and Bengio, 2010). */
  GLOROT_UNIFORM,
  /** Zeros. */
  ZEROS;

  /**
   * First weights, f32.
   *
   * @param key the random key
   * @param fanIn the number of inputs that reach one output
   * @param fanOut the number of outputs that one input reaches
   */
  public Tensor draw(Device device, long key, long fanIn, long fanOut, long... shape) {
    return switch (this) {
      case HE_UNIFORM -> uniform(device, key, Math.sqrt(6.0 / fanIn), shape);
      case GLOROT_UNIFORM -> uniform(device, key, Math.sqrt(6.0 / (fanIn + fanOut)), shape);
      case ZEROS -> device.zeros(DType.F32, shape);
    };
  }

  private static Tensor uniform(Device device, long key, double bound, long[] shape) {
    return device.randomUniform(DType.F32, key, -bound, bound, shape);
  }
}
