package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The i32 micro-kernel of 4 rows by 2 vectors, for the lower edge of C and for products of few rows.
 *
 * <p>Eight accumulators just hide the latency of the multiply-add, and fit any register file.
 */
final class I32Tile4x2 extends MicroKernel {
  private static final VectorSpecies<Integer> S =
      SpecializedClasses.species(MethodHandles.lookup(), int.class);
  private static final int LANES = S.length();
  private static final PanelLayout LAYOUT = SpecializedClasses.layout(MethodHandles.lookup());
  private static final int ROW = LAYOUT.laneStep();
  private static final int STEP = LAYOUT.kStep(4);

  I32Tile4x2() {
    super(4, 2 * LANES, LAYOUT);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object tile) {
    int[] a = (int[]) aPanels;
    int[] b = (int[]) bPanels;
    int[] c = (int[]) tile;
    IntVector zero = IntVector.zero(S);
    IntVector c00 = zero;
    IntVector c01 = zero;
    IntVector c10 = zero;
    IntVector c11 = zero;
    IntVector c20 = zero;
    IntVector c21 = zero;
    IntVector c30 = zero;
    IntVector c31 = zero;
    int ap = aOffset;
    int bp = bOffset;
    for (int k = 0; k < depth; k++) {
      IntVector b0 = IntVector.fromArray(S, b, bp);
      IntVector b1 = IntVector.fromArray(S, b, bp + LANES);
      IntVector a0 = IntVector.broadcast(S, a[ap]);
      c00 = a0.mul(b0).add(c00);
      c01 = a0.mul(b1).add(c01);
      IntVector a1 = IntVector.broadcast(S, a[ap + ROW]);
      c10 = a1.mul(b0).add(c10);
      c11 = a1.mul(b1).add(c11);
      IntVector a2 = IntVector.broadcast(S, a[ap + 2 * ROW]);
      c20 = a2.mul(b0).add(c20);
      c21 = a2.mul(b1).add(c21);
      IntVector a3 = IntVector.broadcast(S, a[ap + 3 * ROW]);
      c30 = a3.mul(b0).add(c30);
      c31 = a3.mul(b1).add(c31);
      ap += STEP;
      bp += 2 * LANES;
    }
    c00.intoArray(c, 0);
    c01.intoArray(c, LANES);
    c10.intoArray(c, 2 * LANES);
    c11.intoArray(c, 3 * LANES);
    c20.intoArray(c, 4 * LANES);
    c21.intoArray(c, 5 * LANES);
    c30.intoArray(c, 6 * LANES);
    c31.intoArray(c, 7 * LANES);
  }
}
