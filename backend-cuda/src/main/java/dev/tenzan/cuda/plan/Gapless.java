package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ConvolutionKernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A convolution without gaps between the input's elements, which makes those outputs of another whose windows fall on elements with the same
 * positions (a polyphase component of it).
 *
 * @param axes the spatial axes
 */
record Gapless(List<Axis> axes) {
  /**
   * A spatial axis.
   *
   * @param first the first output, of those of the whole convolution
   * @param apart how far its outputs are apart there
   * @param outputs their number
   * @param position the first position of the window, of those of the whole convolution's
   * @param step how far its positions are apart there
   * @param positions their number, which may be 0: all results are zeros then
   * @param stride the elements from window to window
   * @param padding zeros before the input
   * @param dilation the elements from position to position
   */
  record Axis(long first, long apart, long outputs, long position, long step, long positions, long stride, long padding, long dilation) {}

  /** Those that a convolution consists of; empty where they are more than so many. */
  static Optional<List<Gapless>> of(ConvolutionKernel kernel, int most) {
    List<List<Axis>> all = List.of(List.of());
    for (int d = 0; d < kernel.spatial().rank(); d++) {
      long gap = kernel.inputDilation().get(d);
      long apart = gap / gcd(kernel.stride().get(d), gap);
      if (Math.min(apart, kernel.outSpatial().dim(d)) * all.size() > most) {
        return Optional.empty();
      }
      List<List<Axis>> longer = new ArrayList<>();
      for (List<Axis> some : all) {
        for (long first = 0; first < Math.min(apart, kernel.outSpatial().dim(d)); first++) {
          List<Axis> axes = new ArrayList<>(some);
          axes.add(axis(kernel, d, first, apart));
          longer.add(axes);
        }
      }
      all = longer;
    }
    return Optional.of(all.stream().map(Gapless::new).toList());
  }

  private static Axis axis(ConvolutionKernel kernel, int d, long first, long apart) {
    long gap = kernel.inputDilation().get(d);
    long dilation = kernel.windowDilation().get(d);
    long window = kernel.window().dim(d);
    long stride = kernel.stride().get(d);
    long begin = first * stride - kernel.padLow().get(d);
    long step = gap / gcd(dilation, gap);
    long position = 0;
    while (position < Math.min(step, window) && Math.floorMod(begin + position * dilation, gap) != 0) {
      position++;
    }
    long positions = position < Math.min(step, window) ? (window - 1 - position) / step + 1 : 0;
    long padding = -Math.floorDiv(begin + position * dilation, gap);
    long outputs = (kernel.outSpatial().dim(d) - 1 - first) / apart + 1;
    return new Axis(first, apart, outputs, position, step, positions, apart * stride / gap, padding, step * dilation / gap);
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  /** The outputs of an input's channel. */
  long outputs() {
    return axes.stream().mapToLong(Axis::outputs).reduce(1, (a, b) -> a * b);
  }

  /** The positions of its window. */
  long positions() {
    return axes.stream().mapToLong(Axis::positions).reduce(1, (a, b) -> a * b);
  }
}
