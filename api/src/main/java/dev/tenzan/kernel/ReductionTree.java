package dev.tenzan.kernel;

/**
 * The fixed order in which a reduction of {@code n} values combines them; part of the semantics, so that every backend,
 * thread count and vector width gives the same bits. It matters for sums and products of floats; where the order cannot
 * change the bits ({@link dev.tenzan.scalar.ReduceOp#orderFree}) a backend may use any.
 *
 * <p>The values are numbered in row-major order over the reduced axes.
 *
 * <ol>
 *   <li>{@code n < LANES}: one chain from the identity, {@code r = r op x[i]} for rising i.
 *   <li>Otherwise the values are cut into blocks of {@link #BLOCK}; the last may be shorter. Within a block there are
 *       {@link #LANES} chains: lane l starts from the identity and takes the block's elements l, l + LANES, l + 2 LANES, ...
 *       Then the lanes are folded: for w = LANES/2, LANES/4, ..., 1, lane l takes {@code lane[l] op lane[l + w]} for l &lt; w.
 *   <li>The blocks' results are folded likewise: while there are m &gt; 1, with h = ceil(m / 2), result i takes {@code p[i] op
 *       p[i + h]} for i &lt; m - h, and m becomes h.
 * </ol>
 */
public final class ReductionTree {
  /** Chains within a block; a power of two. Four vectors of 16 floats hide the latency of an addition. */
  public static final int LANES = 64;

  /** Elements in a block: large enough to hide the fold, small enough to give every core and warp some. */
  public static final int BLOCK = 4096;

  private ReductionTree() {}

  /** The number of blocks for {@code n} values: at least 1. */
  public static long blocks(long n) {
    return Math.max(1, (n + BLOCK - 1) / BLOCK);
  }

  /** Whether {@code n} values are combined in a single chain. */
  public static boolean isSequential(long n) {
    return n < LANES;
  }
}
