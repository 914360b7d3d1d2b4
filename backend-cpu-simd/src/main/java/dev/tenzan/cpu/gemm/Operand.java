package dev.tenzan.cpu.gemm;

/** One side of a batch of matrix products, seen as lanes (rows of A, columns of B) along k. */
interface Operand {
  /** Whether all batches have the same values, so that a panel packed for one serves all. */
  boolean sharedByBatches();

  /**
   * Packs lanes {@code [lane, lane + lanes)} of one batch, steps {@code [k, k + depth)}, into consecutive
   * panels.
   *
   * <p>A panel is {@code depth} times {@code width} values of the compute type, all lanes of a step together
   * ({@link PanelLayout#STEP_MAJOR}).
   * The last panel may be partly filled; what lies in its remaining lanes is of no account. Up to 16 values
   * after the last panel may be overwritten.
   *
   * @param panel an array of the compute type
   * @param at the index of the first panel in it
   */
  void pack(long batch, long lane, int lanes, int width, long k, int depth, Object panel, int at);

  /** Whether the steps of a lane lie side by side in memory, so that {@link #packLanes} only copies. */
  default boolean hasAdjacentSteps() {
    return false;
  }

  /**
   * Packs the same values as {@link #pack} in the layout {@link PanelLayout#LANE_MAJOR}; only where {@link
   * #hasAdjacentSteps} says so.
   */
  default void packLanes(long batch, long lane, int lanes, long k, int depth, Object panel, int at) {
    throw new UnsupportedOperationException("the steps of a lane are not adjacent");
  }
}
