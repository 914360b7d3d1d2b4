package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.MatMulKernel;

/**
 * How the values of an A panel lie in its array.
 *
 * <p>The micro-kernel reads single values of A, from either layout at the same speed, so A is packed in the
 * one that follows its own memory: packing then copies runs and never transposes.
 */
enum PanelLayout {
  /** All lanes of a step together; the steps one after the other. */
  STEP_MAJOR,

  /** All steps of a lane together; the lanes at a fixed distance, whatever the number of steps. */
  LANE_MAJOR;

  /** The distance keeps the lanes of a panel out of each other's sets of the L1 cache. */
  private static final int LANE_DISTANCE = MatMulKernel.K_BLOCK + 16;

  /** The distance from a lane to the next one of its panel. */
  int laneStep() {
    return this == STEP_MAJOR ? 1 : LANE_DISTANCE;
  }

  /** The distance from a step to the next one in a panel of {@code rows} lanes. */
  int kStep(int rows) {
    return this == STEP_MAJOR ? rows : 1;
  }

  /** The number of values that one lane takes, all its steps together. */
  int laneSize(int depth) {
    return this == STEP_MAJOR ? depth : LANE_DISTANCE;
  }
}
