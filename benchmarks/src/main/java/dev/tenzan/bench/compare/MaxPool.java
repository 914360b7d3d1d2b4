package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * The greatest values of windows of 3 x 3 at every second position of f32 images {@code [batch, channels, side, side]}, with one
 * row and column of nothing around them.
 *
 * @param batch the images
 * @param channels the channels of an image
 * @param side the height and width of an image
 */
public record MaxPool(int batch, int channels, int side) implements Work {
  /** The height and width of a window. */
  public static final int WINDOW = 3;

  /** The step of the windows. */
  public static final int STRIDE = 2;

  /** What is added on each side. */
  public static final int PADDING = 1;

  @Override
  public String group() {
    return "networks";
  }

  @Override
  public String name() {
    return "max pool 3x3/2";
  }

  @Override
  public String size() {
    return Work.by(batch, channels, side, side);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    return List.of(HostArray.Spec.of(DType.F32, batch, channels, side, side));
  }

  @Override
  public double resultBytes() {
    return 4.0 * batch * channels * resultSide() * resultSide();
  }

  @Override
  public double flops() {
    return 0;
  }

  @Override
  public Limit limit() {
    return Limit.COPY;
  }

  /** The height and width of the result. */
  public int resultSide() {
    return (side + 2 * PADDING - WINDOW) / STRIDE + 1;
  }
}
