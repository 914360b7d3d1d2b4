package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The {@link PixelKernel} for machines with 32 vector registers.
 *
 * <p>28 accumulators, two vectors of weights and a broadcast value leave one register. The values of a run lie at constant distances from
 * one index, so two indices serve all 14.
 */
final class F32Pixels14x2 extends PixelKernel {
  private static final VectorSpecies<Float> S =
      SpecializedClasses.species(MethodHandles.lookup(), float.class);
  private static final int LANES = S.length();

  F32Pixels14x2() {
    super(2 * LANES);
  }

  @Override
  void run(int depth, float[] weights, int at, float[] x, int one, int two, int[] places, int first, float[] tile) {
    FloatVector zero = FloatVector.zero(S);
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    FloatVector c60 = zero;
    FloatVector c61 = zero;
    FloatVector c70 = zero;
    FloatVector c71 = zero;
    FloatVector c80 = zero;
    FloatVector c81 = zero;
    FloatVector c90 = zero;
    FloatVector c91 = zero;
    FloatVector ca0 = zero;
    FloatVector ca1 = zero;
    FloatVector cb0 = zero;
    FloatVector cb1 = zero;
    FloatVector cc0 = zero;
    FloatVector cc1 = zero;
    FloatVector cd0 = zero;
    FloatVector cd1 = zero;
    for (int k = 0; k < depth; k++) {
      int step = places[first + k];
      int p = one + step;
      int q = two + step;
      FloatVector w0 = FloatVector.fromArray(S, weights, at + k * 2 * LANES);
      FloatVector w1 = FloatVector.fromArray(S, weights, at + k * 2 * LANES + LANES);
      FloatVector x0 = FloatVector.broadcast(S, x[p]);
      c00 = x0.fma(w0, c00);
      c01 = x0.fma(w1, c01);
      FloatVector x1 = FloatVector.broadcast(S, x[p + 1]);
      c10 = x1.fma(w0, c10);
      c11 = x1.fma(w1, c11);
      FloatVector x2 = FloatVector.broadcast(S, x[p + 2]);
      c20 = x2.fma(w0, c20);
      c21 = x2.fma(w1, c21);
      FloatVector x3 = FloatVector.broadcast(S, x[p + 3]);
      c30 = x3.fma(w0, c30);
      c31 = x3.fma(w1, c31);
      FloatVector x4 = FloatVector.broadcast(S, x[p + 4]);
      c40 = x4.fma(w0, c40);
      c41 = x4.fma(w1, c41);
      FloatVector x5 = FloatVector.broadcast(S, x[p + 5]);
      c50 = x5.fma(w0, c50);
      c51 = x5.fma(w1, c51);
      FloatVector x6 = FloatVector.broadcast(S, x[p + 6]);
      c60 = x6.fma(w0, c60);
      c61 = x6.fma(w1, c61);
      FloatVector x7 = FloatVector.broadcast(S, x[q]);
      c70 = x7.fma(w0, c70);
      c71 = x7.fma(w1, c71);
      FloatVector x8 = FloatVector.broadcast(S, x[q + 1]);
      c80 = x8.fma(w0, c80);
      c81 = x8.fma(w1, c81);
      FloatVector x9 = FloatVector.broadcast(S, x[q + 2]);
      c90 = x9.fma(w0, c90);
      c91 = x9.fma(w1, c91);
      FloatVector xa = FloatVector.broadcast(S, x[q + 3]);
      ca0 = xa.fma(w0, ca0);
      ca1 = xa.fma(w1, ca1);
      FloatVector xb = FloatVector.broadcast(S, x[q + 4]);
      cb0 = xb.fma(w0, cb0);
      cb1 = xb.fma(w1, cb1);
      FloatVector xc = FloatVector.broadcast(S, x[q + 5]);
      cc0 = xc.fma(w0, cc0);
      cc1 = xc.fma(w1, cc1);
      FloatVector xd = FloatVector.broadcast(S, x[q + 6]);
      cd0 = xd.fma(w0, cd0);
      cd1 = xd.fma(w1, cd1);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c10.intoArray(tile, 2 * LANES);
    c11.intoArray(tile, 3 * LANES);
    c20.intoArray(tile, 4 * LANES);
    c21.intoArray(tile, 5 * LANES);
    c30.intoArray(tile, 6 * LANES);
    c31.intoArray(tile, 7 * LANES);
    c40.intoArray(tile, 8 * LANES);
    c41.intoArray(tile, 9 * LANES);
    c50.intoArray(tile, 10 * LANES);
    c51.intoArray(tile, 11 * LANES);
    c60.intoArray(tile, 12 * LANES);
    c61.intoArray(tile, 13 * LANES);
    c70.intoArray(tile, 14 * LANES);
    c71.intoArray(tile, 15 * LANES);
    c80.intoArray(tile, 16 * LANES);
    c81.intoArray(tile, 17 * LANES);
    c90.intoArray(tile, 18 * LANES);
    c91.intoArray(tile, 19 * LANES);
    ca0.intoArray(tile, 20 * LANES);
    ca1.intoArray(tile, 21 * LANES);
    cb0.intoArray(tile, 22 * LANES);
    cb1.intoArray(tile, 23 * LANES);
    cc0.intoArray(tile, 24 * LANES);
    cc1.intoArray(tile, 25 * LANES);
    cd0.intoArray(tile, 26 * LANES);
    cd1.intoArray(tile, 27 * LANES);
  }
}
