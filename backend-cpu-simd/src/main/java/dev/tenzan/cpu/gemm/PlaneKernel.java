package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.PlaneCopies;
import org.jspecify.annotations.Nullable;

/** Vector code on f32 planes and tiles, beside the multiplications of {@link StripKernel}. */
abstract class PlaneKernel {
  /** How far {@link #window} reads and writes beyond the places asked for, at most. */
  static final int SLACK = 64;

  /** What writes whole planes from where the input lies, or null where they are put together by this kernel. */
  @Nullable PlaneCopies inMachineCode() {
    return null;
  }

  /**
   * Sorts elements by whether their index is even.
   *
   * @param from where the elements are, from the index {@code at} on
   * @param pairs half their number
   * @param even the index in {@code to} of the even elements
   * @param odd the index in {@code to} of the odd elements
   */
  abstract void split(float[] from, int at, int pairs, float[] to, int even, int odd);

  /**
   * Copies runs of neighbouring elements, which may be short.
   *
   * @param runs for each run the index of its first element in {@code from}, the index of it in {@code to}, and the number of elements
   */
  abstract void copy(float[] from, float[] to, int[] runs);

  /**
   * Computes what neighbouring places see through a window: for each place a chain of fused multiply-adds from +0 over the window's
   * positions.
   *
   * @param plane the values
   * @param places for each position of the window how far from the place its value lies
   * @param weights for each position a weight, from the index {@code first} on
   * @param out receives the results, from the index 0 on
   * @param count how many places, from the first one on
   */
  abstract void window(float[] plane, int[] places, float[] weights, int first, float[] out, int count);

  /**
   * Stores rows of a tile of two vectors, or adds them to what is there.
   *
   * @param height the rows to move
   * @param at the index of the tile's first element in {@code to}
   * @param length the length of the rows of {@code to}
   */
  abstract void move(float[] tile, int height, float[] to, int at, int length, boolean add);
}
