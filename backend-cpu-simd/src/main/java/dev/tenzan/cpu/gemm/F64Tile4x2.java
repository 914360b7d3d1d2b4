package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The f64 micro-kernel of 4 rows by 2 vectors, for the lower edge of C and for products of few rows.
 *
 * <p>Eight accumulators just hide the latency of the multiply-add, and fit any register file.
 */
final class F64Tile4x2 extends MicroKernel {
  private static final VectorSpecies<Double> S =
      SpecializedClasses.species(MethodHandles.lookup(), double.class);
  private static final int LANES = S.length();
  private static final PanelLayout LAYOUT = SpecializedClasses.layout(MethodHandles.lookup());
  private static final int ROW = LAYOUT.laneStep();
  private static final int STEP = LAYOUT.kStep(4);

  F64Tile4x2() {
    super(4, 2 * LANES, LAYOUT);
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
