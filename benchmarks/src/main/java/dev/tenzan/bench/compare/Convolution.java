package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * A two-dimensional convolution of f32 images {@code [batch, channels, height, width]} with weights
 * {@code [filters, channels / groups, kernel, kernel]}, without a bias; as many zeros on each side as keep the size at stride 1.
 *
 * @param batch the images
 * @param channels the channels of an image
 * @param side the height and width of an image
 * @param filters the channels of the result
 * @param kernel the height and width of a filter, odd
 * @param stride the step of the filters
 * @param groups 1, or as many as channels for a depthwise convolution
 */
public record Convolution(
    int batch, int channels, int side, int filters, int kernel, int stride, int groups) implements Work {
  @Override
  public String group() {
    return "networks";
  }

  @Override
  public String name() {
    return (groups == 1 ? "conv " : "depthwise ") + Work.by(kernel, kernel) + (stride == 1 ? "" : "/" + stride);
  }

  @Override
  public String size() {
    return Work.by(batch, channels, side, side) + (groups == 1 ? " to " + filters : "");
  }

  @Override
  public List<HostArray.Spec> inputs() {
    return List.of(
        HostArray.Spec.of(DType.F32, batch, channels, side, side),
        HostArray.Spec.of(DType.F32, filters, channels / groups, kernel, kernel));
  }

  @Override
  public double resultBytes() {
    return 4.0 * batch * filters * resultSide() * resultSide();
  }

  @Override
  public double flops() {
    return resultBytes() / 4 * 2 * channels / groups * kernel * kernel;
  }

  @Override
  public Limit limit() {
    return groups == 1 ? Limit.F32 : Limit.COPY;
  }

  /** The zeros on each side. */
  public int padding() {
    return kernel / 2;
  }

  /** The height and width of the result. */
  public int resultSide() {
    return (side + 2 * padding() - kernel) / stride + 1;
  }
}
