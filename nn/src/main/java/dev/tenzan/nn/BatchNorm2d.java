package dev.tenzan.nn;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * Batch normalisation of {@code [batch, channels, h, w]} for each channel (Ioffe and Szegedy, 2015). Training
 * uses the batch's mean and variance and moves the running ones; inference uses these.
 */
public final class BatchNorm2d implements Layer {
  private static final double EPSILON = 1e-5;
  private static final double MOMENTUM = 0.1;

  private final long channels;
  private final Parameter scale;
  private final Parameter offset;
  private final Parameter mean;
  private final Parameter variance;

  /**
   * A layer that starts as the plain normalisation.
   *
   * @param name the prefix of the parameters' names
   */
  public BatchNorm2d(String name, Device device, long channels) {
    this.channels = channels;
    this.scale = new Parameter(name + ".weight", device.ones(DType.F32, channels));
    this.offset = new Parameter(name + ".bias", device.zeros(DType.F32, channels));
    this.mean = new Parameter(name + ".running_mean", device.zeros(DType.F32, channels));
    this.variance = new Parameter(name + ".running_var", device.ones(DType.F32, channels));
  }

  @Override
  public Tensor apply(Tensor x, Context context) {
    Tensor m;
    Tensor v;
    if (context.isTraining()) {
      m = x.mean(0, 2, 3);
      v = x.sub(each(m)).square().mean(0, 2, 3);
      long n = x.size() / channels;
      // The running variance is unbiased, as PyTorch and the paper have it; the one used in training is not.
      Tensor unbiased = v.mul(n / (double) Math.max(1, n - 1));
      context.update(mean, mean.tensor().lerp(m, m.fullLike(MOMENTUM)));
      context.update(variance, variance.tensor().lerp(unbiased, v.fullLike(MOMENTUM)));
    } else {
      m = mean.tensor();
      v = variance.tensor();
    }
    Tensor factor = scale.tensor().div(v.add(EPSILON).sqrt());
    return x.sub(each(m)).mul(each(factor)).add(each(offset.tensor()));
  }

  private Tensor each(Tensor channel) {
    return channel.reshape(channels, 1, 1);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(scale, offset);
  }

  @Override
  public List<Parameter> statistics() {
    return List.of(mean, variance);
  }
}
