package dev.tenzan.opencl.plan;

import dev.tenzan.opencl.driver.DeviceFacts;

/**
 * What kernels are shaped by.
 *
 * @param chunked whether a work-item walks a run of neighbouring elements, as processors want it; otherwise neighbouring work-items
 *     take neighbouring elements, as graphics processors want it
 * @param units the number of compute units
 * @param vector the floats of a vector register
 * @param argumentBytes the most bytes of kernel arguments
 */
public record Style(boolean chunked, int units, int vector, long argumentBytes) {
  /** The work-items of a group where neighbours share a group. */
  public static final int GROUP = 64;

  /** The style for a device; {@code -Dtenzan.opencl.style=cpu|gpu} overrides the choice, so that each can be tested on any device. */
  public static Style of(DeviceFacts facts) {
    String asked = System.getProperty("tenzan.opencl.style", "");
    boolean chunked = asked.isEmpty() ? !facts.isGpu() : !asked.equals("gpu");
    int vector = Math.max(4, Math.min(16, Integer.highestOneBit(Math.max(1, facts.floatWidth()))));
    return new Style(chunked, Math.max(1, facts.computeUnits()), vector, facts.argumentBytes());
  }

  /**
   * The number of work-items for {@code n} pieces of work.
   *
   * @param cost the operations of one piece: work-items get enough of them to pay for their start
   */
  public long items(long n, double cost) {
    if (!chunked) {
      return Math.min((n + GROUP - 1) / GROUP, 64L * units) * GROUP;
    }
    double worth = Math.max(1, n * cost / 20_000);
    return Math.max(1, Math.min(n, Math.min((long) worth, 8L * units)));
  }

  /** The work-items of a group. */
  public long local() {
    return chunked ? 1 : GROUP;
  }
}
