package dev.tenzan.kernel;

import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.List;

/**
 * A grouped, strided, dilated convolution (cross-correlation) over 1 to 3 spatial dimensions: inputs x {@code [batch,
 * inChannels, spatial...]} and w {@code [outChannels, inChannels / groups, window...]}, output dense and row-major {@code
 * [batch, outChannels, outSpatial...]}.
 *
 * <p>The bits are those of {@link MatMulKernel} on the unrolled input: for output channel o of group g the chain runs over
 * (channel of the group, window position) in row-major order, so {@code k = inChannels / groups * window.size()}. Window
 * positions in the padding, or between dilated input elements, are zeros that take part in the chain.
 *
 * <p>Output position p in dimension d, window position t: the input coordinate is {@code p * stride + t * windowDilation -
 * padLow}, divided by {@code inputDilation} where that divides it; all else is zero.
 *
 * @param dtype the storage type of all three; F16 and BF16 accumulate in F32, small integers in I32, wrapping
 * @param batch the number of inputs
 * @param inChannels the channels of x
 * @param outChannels the channels of the output; a multiple of groups
 * @param groups the number of groups, at least 1
 * @param spatial the spatial extents of x
 * @param window the spatial extents of w
 * @param outSpatial the spatial extents of the output
 * @param stride one step for each spatial dimension, at least 1
 * @param padLow zeros before each spatial dimension; negative crops
 * @param inputDilation the distance of input elements, at least 1
 * @param windowDilation the distance of window elements, at least 1
 * @param x the address of x's element over (batch, channel, spatial...)
 * @param w the address of w's element over (outChannel, channel of the group, window...)
 * @param numerics as in {@link MatMulKernel}
 */
public record ConvolutionKernel(
    DType dtype,
    long batch,
    long inChannels,
    long outChannels,
    long groups,
    Shape spatial,
    Shape window,
    Shape outSpatial,
    List<Long> stride,
    List<Long> padLow,
    List<Long> inputDilation,
    List<Long> windowDilation,
    Affine x,
    Affine w,
    Numerics numerics)
    implements KernelSpec {
  /** Copies the lists. */
  public ConvolutionKernel {
    stride = List.copyOf(stride);
    padLow = List.copyOf(padLow);
    inputDilation = List.copyOf(inputDilation);
    windowDilation = List.copyOf(windowDilation);
  }

  /** A reproducible convolution. */
  public ConvolutionKernel(
      DType dtype,
      long batch,
      long inChannels,
      long outChannels,
      long groups,
      Shape spatial,
      Shape window,
      Shape outSpatial,
      List<Long> stride,
      List<Long> padLow,
      List<Long> inputDilation,
      List<Long> windowDilation,
      Affine x,
      Affine w) {
    this(
        dtype, batch, inChannels, outChannels, groups, spatial, window, outSpatial, stride, padLow, inputDilation,
        windowDilation, x, w, Numerics.REPRODUCIBLE);
  }

  @Override
  public List<DType> inputs() {
    return List.of(dtype, dtype);
  }

  @Override
  public List<DType> outputs() {
    return List.of(dtype);
  }

  @Override
  public String name() {
    return "convolution";
  }

  @Override
  public double operations() {
    return 2.0 * batch * outChannels * outSpatial.size() * (inChannels / (double) groups) * window.size();
  }
}
