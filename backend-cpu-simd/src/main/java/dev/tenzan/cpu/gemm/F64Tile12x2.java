package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The f64 micro-kernel of 12 rows by 2 vectors, for machines with 32 vector registers (AVX-512, NEON).
 *
 * <p>24 accumulators hide the latency of the multiply-add on two pipes three times over and leave registers
 * for two vectors of B and the broadcasts of A.
 */
final class F64Tile12x2 extends MicroKernel {
  private static final VectorSpecies<Double> S =
      SpecializedClasses.species(MethodHandles.lookup(), double.class);
  private static final int LANES = S.length();
  private static final PanelLayout LAYOUT = SpecializedClasses.layout(MethodHandles.lookup());
  private static final int ROW = LAYOUT.laneStep();
  private static final int STEP = LAYOUT.kStep(12);

  F64Tile12x2() {
    super(12, 2 * LANES, LAYOUT);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object tile) {
    double[] a = (double[]) aPanels;
    double[] b = (double[]) bPanels;
    double[] c = (double[]) tile;
    DoubleVector zero = DoubleVector.zero(S);
    DoubleVector c00 = zero;
    DoubleVector c01 = zero;
    DoubleVector c10 = zero;
    DoubleVector c11 = zero;
    DoubleVector c20 = zero;
    DoubleVector c21 = zero;
    DoubleVector c30 = zero;
    DoubleVector c31 = zero;
    DoubleVector c40 = zero;
    DoubleVector c41 = zero;
    DoubleVector c50 = zero;
    DoubleVector c51 = zero;
    DoubleVector c60 = zero;
    DoubleVector c61 = zero;
    DoubleVector c70 = zero;
    DoubleVector c71 = zero;
    DoubleVector c80 = zero;
    DoubleVector c81 = zero;
    DoubleVector c90 = zero;
    DoubleVector c91 = zero;
    DoubleVector ca0 = zero;
    DoubleVector ca1 = zero;
    DoubleVector cb0 = zero;
    DoubleVector cb1 = zero;
    int ap = aOffset;
    int bp = bOffset;
    for (int k = 0; k < depth; k++) {
      DoubleVector b0 = DoubleVector.fromArray(S, b, bp);
      DoubleVector b1 = DoubleVector.fromArray(S, b, bp + LANES);
      DoubleVector a0 = DoubleVector.broadcast(S, a[ap]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      DoubleVector a1 = DoubleVector.broadcast(S, a[ap + ROW]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      DoubleVector a2 = DoubleVector.broadcast(S, a[ap + 2 * ROW]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      DoubleVector a3 = DoubleVector.broadcast(S, a[ap + 3 * ROW]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      DoubleVector a4 = DoubleVector.broadcast(S, a[ap + 4 * ROW]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      DoubleVector a5 = DoubleVector.broadcast(S, a[ap + 5 * ROW]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
      DoubleVector a6 = DoubleVector.broadcast(S, a[ap + 6 * ROW]);
      c60 = a6.fma(b0, c60);
      c61 = a6.fma(b1, c61);
      DoubleVector a7 = DoubleVector.broadcast(S, a[ap + 7 * ROW]);
      c70 = a7.fma(b0, c70);
      c71 = a7.fma(b1, c71);
      DoubleVector a8 = DoubleVector.broadcast(S, a[ap + 8 * ROW]);
      c80 = a8.fma(b0, c80);
      c81 = a8.fma(b1, c81);
      DoubleVector a9 = DoubleVector.broadcast(S, a[ap + 9 * ROW]);
      c90 = a9.fma(b0, c90);
      c91 = a9.fma(b1, c91);
      DoubleVector aa = DoubleVector.broadcast(S, a[ap + 10 * ROW]);
      ca0 = aa.fma(b0, ca0);
      ca1 = aa.fma(b1, ca1);
      DoubleVector ab = DoubleVector.broadcast(S, a[ap + 11 * ROW]);
      cb0 = ab.fma(b0, cb0);
      cb1 = ab.fma(b1, cb1);
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
