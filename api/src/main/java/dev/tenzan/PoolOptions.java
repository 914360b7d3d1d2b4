package dev.tenzan;

import java.util.List;

/**
 * The windows of a pooling. A list with one entry holds for every spatial axis.
 *
 * @param window the extents of a window
 * @param stride the distance of windows
 * @param padLow elements added before each spatial axis
 * @param padHigh elements added behind each spatial axis
 * @param dilation the distance of the window's elements
 * @param countPadding whether an average divides by the whole window, padding included
 */
public record PoolOptions(
    List<Long> window,
    List<Long> stride,
    List<Long> padLow,
    List<Long> padHigh,
    List<Long> dilation,
    boolean countPadding) {
  /** Copies the lists. */
  public PoolOptions {
    window = List.copyOf(window);
    stride = List.copyOf(stride);
    padLow = List.copyOf(padLow);
    padHigh = List.copyOf(padHigh);
    dilation = List.copyOf(dilation);
  }

  /** Windows that lie side by side. */
  public static PoolOptions of(long... window) {
    List<Long> w = Nodes.list(window);
    return new PoolOptions(w, w, List.of(0L), List.of(0L), List.of(1L), true);
  }

  /** With another stride. */
  public PoolOptions stride(long... s) {
    return new PoolOptions(window, Nodes.list(s), padLow, padHigh, dilation, countPadding);
  }

  /** With as much padding before as behind each axis. */
  public PoolOptions padding(long... p) {
    return padding(Nodes.list(p), Nodes.list(p));
  }

  /** With padding before and behind each axis. */
  public PoolOptions padding(List<Long> low, List<Long> high) {
    return new PoolOptions(window, stride, low, high, dilation, countPadding);
  }

  /** With dilated windows. */
  public PoolOptions dilation(long... d) {
    return new PoolOptions(window, stride, padLow, padHigh, Nodes.list(d), countPadding);
  }

  /** With averages over the elements that are not padding. */
  public PoolOptions withoutPaddingInCount() {
    return new PoolOptions(window, stride, padLow, padHigh, dilation, false);
  }
}
