package dev.tenzan.nn;

import dev.tenzan.Tensor;
import java.util.List;

/**
 * A function of a tensor with parameters that are learned. The first axis of inputs and outputs counts the
 * samples.
 */
public interface Layer {
  /**
   * Applies the layer.
   *
   * @param x the input
   * @param context training or inference
   */
  Tensor apply(Tensor x, Context context);

  /** The weights to be learned, in a fixed order. */
  default List<Parameter> parameters() {
    return List.of();
  }

  /** State that is saved with the weights but not learned: running statistics. */
  default List<Parameter> statistics() {
    return List.of();
  }
}
