package dev.tenzan.nn;

import dev.tenzan.Tensor;

/** A layer that joins all axes but the first: {@code [batch, a, b, ...]} to {@code [batch, a * b * ...]}. */
public record Flatten() implements Layer {
  @Override
  public Tensor apply(Tensor x, Context context) {
    return x.reshape(x.dim(0), x.dim(0) == 0 ? x.shape().subShape(1, x.rank()).size() : -1);
  }
}
