package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The {@link LongWindowKernel} of 12 rows by 2 vectors, for machines with 32 vector registers. */
final class F32LongWindow12x2 extends LongWindowKernel {
  private static final VectorSpecies<Float> S =
      SpecializedClasses.species(MethodHandles.lookup(), float.class);
  private static final int LANES = S.length();

  F32LongWindow12x2() {
    super(12, 2 * LANES);
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
    int x6 = starts[first + 6];
    int x7 = starts[first + 7];
    int x8 = starts[first + 8];
    int x9 = starts[first + 9];
    int xa = starts[first + 10];
    int xb = starts[first + 11];
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
      FloatVector v6 = FloatVector.broadcast(S, x[x6 + step & mask]);
      c60 = v6.fma(w0, c60);
      c61 = v6.fma(w1, c61);
      FloatVector v7 = FloatVector.broadcast(S, x[x7 + step & mask]);
      c70 = v7.fma(w0, c70);
      c71 = v7.fma(w1, c71);
      FloatVector v8 = FloatVector.broadcast(S, x[x8 + step & mask]);
      c80 = v8.fma(w0, c80);
      c81 = v8.fma(w1, c81);
      FloatVector v9 = FloatVector.broadcast(S, x[x9 + step & mask]);
      c90 = v9.fma(w0, c90);
      c91 = v9.fma(w1, c91);
      FloatVector va = FloatVector.broadcast(S, x[xa + step & mask]);
      ca0 = va.fma(w0, ca0);
      ca1 = va.fma(w1, ca1);
      FloatVector vb = FloatVector.broadcast(S, x[xb + step & mask]);
      cb0 = vb.fma(w0, cb0);
      cb1 = vb.fma(w1, cb1);
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
    c60.intoArray(out, to + 6 * length);
    c61.intoArray(out, to + 6 * length + LANES);
    c70.intoArray(out, to + 7 * length);
    c71.intoArray(out, to + 7 * length + LANES);
    c80.intoArray(out, to + 8 * length);
    c81.intoArray(out, to + 8 * length + LANES);
    c90.intoArray(out, to + 9 * length);
    c91.intoArray(out, to + 9 * length + LANES);
    ca0.intoArray(out, to + 10 * length);
    ca1.intoArray(out, to + 10 * length + LANES);
    cb0.intoArray(out, to + 11 * length);
    cb1.intoArray(out, to + 11 * length + LANES);
  }
}
