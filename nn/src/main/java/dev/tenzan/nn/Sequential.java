package dev.tenzan.nn;

import dev.tenzan.Tensor;
import java.util.List;

/** A layer made of layers, applied one after the other. */
public final class Sequential implements Layer {
  private final List<Layer> layers;

  /** The layers in the order in which they are applied. */
  public Sequential(List<Layer> layers) {
    this.layers = List.copyOf(layers);
  }

  /** The layers in the order in which they are applied. */
  public static Sequential of(Layer... layers) {
    return new Sequential(List.of(layers));
  }

  /** The layers. */
  public List<Layer> layers() {
    return layers;
  }

  @Override
  public Tensor apply(Tensor x, Context context) {
    Tensor y = x;
    for (Layer layer : layers) {
      y = layer.apply(y, context);
    }
    return y;
  }

  @Override
  public List<Parameter> parameters() {
    return layers.stream().flatMap(l -> l.parameters().stream()).toList();
  }

  @Override
  public List<Parameter> statistics() {
    return layers.stream().flatMap(l -> l.statistics().stream()).toList();
  }
}
