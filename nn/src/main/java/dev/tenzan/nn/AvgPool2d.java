package dev.tenzan.nn;

import dev.tenzan.PoolOptions;
import dev.tenzan.Tensor;

/**
 * A layer that takes the mean of each window of {@code [batch, channels, h, w]}.
 *
 * @param options the window and its strides
 */
public record AvgPool2d(PoolOptions options) implements Layer {
  /** Square windows side by side. */
  public AvgPool2d(long size) {
    this(PoolOptions.of(size, size));
  }

  @Override
  public Tensor apply(Tensor x, Context context) {
    return x.avgPool(options);
  }
}
