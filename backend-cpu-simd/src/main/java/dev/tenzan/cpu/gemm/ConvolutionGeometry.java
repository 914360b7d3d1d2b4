package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Shape;
import java.util.List;

/**
 * The sizes of a convolution over its spatial dimensions, each array with one entry for each dimension.
 *
 * @param spatial the extents of the input
 * @param window the extents of the window
 * @param outSpatial the extents of the output
 * @param stride the step of the window between neighbouring outputs
 * @param padLow zeros before the input
 * @param inputDilation the distance of input elements
 * @param windowDilation the distance of window elements
 * @param strides the distance of the input's elements in memory, in elements
 */
record ConvolutionGeometry(
    long[] spatial,
    long[] window,
    long[] outSpatial,
    long[] stride,
    long[] padLow,
    long[] inputDilation,
    long[] windowDilation,
    long[] strides) {

  static ConvolutionGeometry of(ConvolutionKernel kernel) {
    long[] strides = new long[kernel.spatial().rank()];
    for (int d = 0; d < strides.length; d++) {
      strides[d] = kernel.x().stride(2 + d);
    }
    return new ConvolutionGeometry(
        array(kernel.spatial()),
        array(kernel.window()),
        array(kernel.outSpatial()),
        array(kernel.stride()),
        array(kernel.padLow()),
        array(kernel.inputDilation()),
        array(kernel.windowDilation()),
        strides);
  }

  private static long[] array(Shape shape) {
    long[] result = new long[shape.rank()];
    for (int d = 0; d < result.length; d++) {
      result[d] = shape.dim(d);
    }
    return result;
  }

  private static long[] array(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  /** The number of spatial dimensions. */
  int rank() {
    return spatial.length;
  }

  /** The number of window positions. */
  long windowSize() {
    return product(window);
  }

  /** The number of output positions of one channel. */
  long outSize() {
    return product(outSpatial);
  }

  private static long product(long[] extents) {
    long result = 1;
    for (long extent : extents) {
      result *= extent;
    }
    return result;
  }

  /**
   * Whether each output position sees exactly the input element at the same position, and these are evenly
   * spaced.
   */
  boolean isPointwise() {
    for (int d = 0; d < rank(); d++) {
      boolean same = window[d] == 1 && stride[d] == 1 && padLow[d] == 0 && inputDilation[d] == 1;
      if (!same || spatial[d] != outSpatial[d]) {
        return false;
      }
    }
    return new BatchOffsets(0, spatial, strides).isEven();
  }

  /** Whether the window's rows are longer than the output's, and step over input elements, not over zeros between them. */
  boolean hasLongWindow() {
    int last = rank() - 1;
    return inputDilation[last] == 1 && window[last] > outSpatial[last];
  }

  /** The distance of neighbouring positions, where they are evenly spaced. */
  long elementStride() {
    return new BatchOffsets(0, spatial, strides).evenStride();
  }

  /**
   * The coordinate in dimension {@code d} that output {@code o} sees at window position {@code t}, or -1 for
   * a zero.
   */
  long coordinate(int d, long o, long t) {
    long dilated = o * stride[d] + t * windowDilation[d] - padLow[d];
    long apart = inputDilation[d];
    if (dilated < 0 || (apart > 1 && dilated % apart != 0)) {
      return -1;
    }
    long coordinate = apart == 1 ? dilated : dilated / apart;
    return coordinate < spatial[d] ? coordinate : -1;
  }

  /** The coordinates of an index in row-major order. */
  static void split(long index, long[] extents, long[] into) {
    long rest = index;
    for (int d = extents.length - 1; d > 0; d--) {
      long next = rest / extents[d];
      into[d] = rest - next * extents[d];
      rest = next;
    }
    into[0] = rest;
  }
}
