package dev.tenzan;

import java.util.List;

/**
 * How a convolution moves over its input. A list with one entry holds for every spatial axis.
 *
 * @param stride the distance of windows
 * @param padLow zeros before each spatial axis
 * @param padHigh zeros behind each spatial axis
 * @param dilation the distance of the window's elements
 * @param outputPadding extra elements at the end of each axis; only for transposed convolutions
 * @param groups the number of groups that channels are split into
 */
public record ConvOptions(
    List<Long> stride,
    List<Long> padLow,
    List<Long> padHigh,
    List<Long> dilation,
    List<Long> outputPadding,
    long groups) {
  /** Copies the lists. */
  public ConvOptions {
    stride = List.copyOf(stride);
    padLow = List.copyOf(padLow);
    padHigh = List.copyOf(padHigh);
    dilation = List.copyOf(dilation);
    outputPadding = List.copyOf(outputPadding);
  }

  /** Stride 1, no padding, no dilation, one group. */
  public static ConvOptions of() {
    List<Long> one = List.of(1L);
    List<Long> zero = List.of(0L);
    return new ConvOptions(one, zero, zero, one, zero, 1);
  }

  /** With another stride. */
  public ConvOptions stride(long... s) {
    return new ConvOptions(Nodes.list(s), padLow, padHigh, dilation, outputPadding, groups);
  }

  /** With as many zeros before as behind each axis. */
  public ConvOptions padding(long... p) {
    return new ConvOptions(stride, Nodes.list(p), Nodes.list(p), dilation, outputPadding, groups);
  }

  /** With zeros before and behind each axis. */
  public ConvOptions padding(List<Long> low, List<Long> high) {
    return new ConvOptions(stride, low, high, dilation, outputPadding, groups);
  }

  /** With another dilation. */
  public ConvOptions dilation(long... d) {
    return new ConvOptions(stride, padLow, padHigh, Nodes.list(d), outputPadding, groups);
  }

  /** With extra elements at the end of each axis of a transposed convolution. */
  public ConvOptions outputPadding(long... p) {
    return new ConvOptions(stride, padLow, padHigh, dilation, Nodes.list(p), groups);
  }

  /** With another number of groups. */
  public ConvOptions groups(long g) {
    return new ConvOptions(stride, padLow, padHigh, dilation, outputPadding, g);
  }
}
