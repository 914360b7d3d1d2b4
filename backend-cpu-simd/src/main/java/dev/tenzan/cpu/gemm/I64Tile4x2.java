package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The i64 micro-kernel of 4 rows by 2 vectors, for the lower edge of C and for products of few rows.
 *
 * <p>Eight accumulators just hide the latency of the multiply-add, and fit any register file.
 */
final class I64Tile4x2 extends MicroKernel {
  private static final VectorSpecies<Long> S =
      SpecializedClasses.species(MethodHandles.lookup(), long.class);
  private static final int LANES = S.length();
  private static final PanelLayout LAYOUT = SpecializedClasses.layout(MethodHandles.lookup());
  private static final int ROW = LAYOUT.laneStep();
  private static final int STEP = LAYOUT.kStep(4);

  I64Tile4x2() {
    super(4, 2 * LANES, LAYOUT);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object tile) {
    long[] a = (long[]) aPanels;
    long[] b = (long[]) bPanels;
    long[] c = (long[]) tile;
    LongVector zero = LongVector.zero(S);
    LongVector c00 = zero;
    LongVector c01 = zero;
    LongVector c10 = zero;
    LongVector c11 = zero;
    LongVector c20 = zero;
    LongVector c21 = zero;
    LongVector c30 = zero;
    LongVector c31 = zero;
    int ap = aOffset;
    int bp = bOffset;
    for (int k = 0; k < depth; k++) {
      LongVector b0 = LongVector.fromArray(S, b, bp);
      LongVector b1 = LongVector.fromArray(S, b, bp + LANES);
      LongVector a0 = LongVector.broadcast(S, a[ap]);
      c00 = a0.mul(b0).add(c00);
      c01 = a0.mul(b1).add(c01);
      LongVector a1 = LongVector.broadcast(S, a[ap + ROW]);
      c10 = a1.mul(b0).add(c10);
      c11 = a1.mul(b1).add(c11);
      LongVector a2 = LongVector.broadcast(S, a[ap + 2 * ROW]);
      c20 = a2.mul(b0).add(c20);
      c21 = a2.mul(b1).add(c21);
      LongVector a3 = LongVector.broadcast(S, a[ap + 3 * ROW]);
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
