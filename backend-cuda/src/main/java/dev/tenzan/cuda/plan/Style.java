package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.driver.DeviceFacts;
import java.util.List;

/**
 * How large launches are. The texts of kernels do not depend on it: a launch may have any number of blocks, as kernels walk what is left
 * in steps of the whole grid.
 *
 * @param processors the device's multiprocessors
 * @param capability ten times the compute capability: which of the shipped kernels the device has
 * @param fast how products in the fast mode may be done, the best first; where it is empty they are the reproducible ones
 * @param scratch larger scratch buffers are not taken for products and convolutions where a slower way does without, in bytes
 */
public record Style(int processors, int capability, List<FastWay> fast, long scratch) {
  /** The threads of a block where there is enough to do: eight warps, of which several blocks fit a multiprocessor. */
  public static final int BLOCK = 256;

  /** The threads that run in lockstep. */
  public static final int WARP = 32;

  /** Of the device's memory one scratch buffer may be so much. */
  private static final int SCRATCH_PART = 8;

  /** Blocks for a multiprocessor: more than fit at once, so that none waits for a slow one. */
  private static final int WAVES = 32;

  /** Copies the list. */
  public Style {
    fast = List.copyOf(fast);
  }

  /** A style with as much scratch memory as is of use. */
  public Style(int processors, int capability, List<FastWay> fast) {
    this(processors, capability, fast, Long.MAX_VALUE);
  }

  /** A style whose products are all reproducible. */
  public Style(int processors, int capability) {
    this(processors, capability, List.of());
  }

  /** This style with other ways of the fast mode. */
  public Style with(List<FastWay> ways) {
    return new Style(processors, capability, ways, scratch);
  }

  /** This style with our own kernels alone. */
  public Style withoutLibrary() {
    return with(fast.stream().filter(way -> way != FastWay.LIBRARY).toList());
  }

  /** This style for a device whose memory is taken: of the ways of our own that need the least scratch memory. */
  public Style frugal() {
    return new Style(processors, capability, withoutLibrary().fast, 0);
  }

  /** The style for a device. */
  public static Style of(DeviceFacts facts) {
    return new Style(Math.max(1, facts.processors()), facts.capability(), List.of(), facts.memoryBytes() / SCRATCH_PART);
  }

  /** The most shared memory of a block, in bytes: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability". */
  public int sharedBytes() {
    int kilobytes =
        switch (capability) {
          case 75 -> 64;
          case 80, 87 -> 163;
          case 86, 89, 120, 121 -> 99;
          default -> capability < 90 ? 48 : 227;
        };
    return kilobytes << 10;
  }

  /** The threads of a block for {@code n} pieces of work: whole warps, not more than there is work. */
  public static int threads(long n) {
    return (int) Math.min(BLOCK, (Math.max(1, n) + WARP - 1) / WARP * WARP);
  }

  /** The number of blocks for so many blocks of work. */
  public int blocks(long wanted) {
    return (int) Math.clamp(wanted, 1, (long) WAVES * processors);
  }

  /** The number of blocks for {@code n} pieces of work, one for each thread. */
  public int blocks(long n, int threads) {
    return blocks((n + threads - 1) / threads);
  }
}
