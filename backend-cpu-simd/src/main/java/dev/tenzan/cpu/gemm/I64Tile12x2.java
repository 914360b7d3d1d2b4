package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The i64 micro-kernel of 12 rows by 2 vectors, for machines with 32 vector registers (AVX-512, NEON).
 *
 * <p>24 accumulators hide the latency of the multiply-add on two pipes three times over and leave registers
 * for two vectors of B and the broadcasts of A.
 */
final class I64Tile12x2 extends MicroKernel {
  private static final VectorSpecies<Long> S =
      SpecializedClasses.species(MethodHandles.lookup(), long.class);
  private static final int LANES = S.length();
  private static final PanelLayout LAYOUT = SpecializedClasses.layout(MethodHandles.lookup());
  private static final int ROW = LAYOUT.laneStep();
  private static final int STEP = LAYOUT.kStep(12);

  I64Tile12x2() {
    super(12, 2 * LANES, LAYOUT);
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
    LongVector c40 = zero;
    LongVector c41 = zero;
    LongVector c50 = zero;
    LongVector c51 = zero;
    LongVector c60 = zero;
    LongVector c61 = zero;
    LongVector c70 = zero;
    LongVector c71 = zero;
    LongVector c80 = zero;
    LongVector c81 = zero;
    LongVector c90 = zero;
    LongVector c91 = zero;
    LongVector ca0 = zero;
    LongVector ca1 = zero;
    LongVector cb0 = zero;
    LongVector cb1 = zero;
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
      LongVector a4 = LongVector.broadcast(S, a[ap + 4 * ROW]);
      c40 = a4.mul(b0).add(c40);
      c41 = a4.mul(b1).add(c41);
      LongVector a5 = LongVector.broadcast(S, a[ap + 5 * ROW]);
      c50 = a5.mul(b0).add(c50);
      c51 = a5.mul(b1).add(c51);
      LongVector a6 = LongVector.broadcast(S, a[ap + 6 * ROW]);
      c60 = a6.mul(b0).add(c60);
      c61 = a6.mul(b1).add(c61);
      LongVector a7 = LongVector.broadcast(S, a[ap + 7 * ROW]);
      c70 = a7.mul(b0).add(c70);
      c71 = a7.mul(b1).add(c71);
      LongVector a8 = LongVector.broadcast(S, a[ap + 8 * ROW]);
      c80 = a8.mul(b0).add(c80);
      c81 = a8.mul(b1).add(c81);
      LongVector a9 = LongVector.broadcast(S, a[ap + 9 * ROW]);
      c90 = a9.mul(b0).add(c90);
      c91 = a9.mul(b1).add(c91);
      LongVector aa = LongVector.broadcast(S, a[ap + 10 * ROW]);
      ca0 = aa.mul(b0).add(ca0);
      ca1 = aa.mul(b1).add(ca1);
      LongVector ab = LongVector.broadcast(S, a[ap + 11 * ROW]);
      cb0 = ab.mul(b0).add(cb0);
      cb1 = ab.mul(b1).add(cb1);
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
    c40.intoArray(c, 8 * LANES);
    c41.intoArray(c, 9 * LANES);
    c50.intoArray(c, 10 * LANES);
    c51.intoArray(c, 11 * LANES);
    c60.intoArray(c, 12 * LANES);
    c61.intoArray(c, 13 * LANES);
    c70.intoArray(c, 14 * LANES);
    c71.intoArray(c, 15 * LANES);
    c80.intoArray(c, 16 * LANES);
    c81.intoArray(c, 17 * LANES);
    c90.intoArray(c, 18 * LANES);
    c91.intoArray(c, 19 * LANES);
    ca0.intoArray(c, 20 * LANES);
    ca1.intoArray(c, 21 * LANES);
    cb0.intoArray(c, 22 * LANES);
    cb1.intoArray(c, 23 * LANES);
  }
}
