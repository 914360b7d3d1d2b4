package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The {@link LongWindowKernel} of 6 rows by 2 vectors. */
final class F32LongWindow6x2 extends LongWindowKernel {
  private static final VectorSpecies<Float> S =
      SpecializedClasses.species(MethodHandles.lookup(), float.class);
  private static final int LANES = S.length();

  F32LongWindow6x2() {
    super(6, 2 * LANES);
  }

  @Override
  void run(
      int depth, float[] weights, int at, float[] x, int[] steps, int[] starts, int first, float[] out, int to, int length) {
    int x0 = starts[first];
    int x1 = starts[first + 1];
    int x2 = starts[first + 2];
    int x3 = starts[first + 3];
    int x4 = starts[first + 4];
    int x5 = starts[first + 5];
    int mask = x.length - 1;
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
    for (int k = 0; k < depth; k++) {
      int step = steps[k];
      FloatVector w0 = FloatVector.fromArray(S, weights, at + k * 2 * LANES);
      FloatVector w1 = FloatVector.fromArray(S, weights, at + k * 2 * LANES + LANES);
      FloatVector v0 = FloatVector.broadcast(S, x[x0 + step & mask]);
      c00 = v0.fma(w0, c00);
      c01 = v0.fma(w1, c01);
      FloatVector v1 = FloatVector.broadcast(S, x[x1 + step & mask]);
      c10 = v1.fma(w0, c10);
      c11 = v1.fma(w1, c11);
      FloatVector v2 = FloatVector.broadcast(S, x[x2 + step & mask]);
      c20 = v2.fma(w0, c20);
      c21 = v2.fma(w1, c21);
      FloatVector v3 = FloatVector.broadcast(S, x[x3 + step & mask]);
      c30 = v3.fma(w0, c30);
      c31 = v3.fma(w1, c31);
      FloatVector v4 = FloatVector.broadcast(S, x[x4 + step & mask]);
      c40 = v4.fma(w0, c40);
      c41 = v4.fma(w1, c41);
      FloatVector v5 = FloatVector.broadcast(S, x[x5 + step & mask]);
      c50 = v5.fma(w0, c50);
      c51 = v5.fma(w1, c51);
    }
    c00.intoArray(out, to);
    c01.intoArray(out, to + LANES);
    c10.intoArray(out, to + length);
    c11.intoArray(out, to + length + LANES);
    c20.intoArray(out, to + 2 * length);
    c21.intoArray(out, to + 2 * length + LANES);
    c30.intoArray(out, to + 3 * length);
    c31.intoArray(out, to + 3 * length + LANES);
    c40.intoArray(out, to + 4 * length);
    c41.intoArray(out, to + 4 * length + LANES);
    c50.intoArray(out, to + 5 * length);
    c51.intoArray(out, to + 5 * length + LANES);
  }
}
