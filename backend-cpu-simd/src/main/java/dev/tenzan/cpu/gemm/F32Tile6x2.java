package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The f32 micro-kernel of 6 rows by 2 vectors, for machines with 16 vector registers (AVX2).
 *
 * <p>12 accumulators, two vectors of B and one broadcast of A fill 15 registers. C2 would schedule all
 * broadcasts of a step first and spill the accumulators, at half the speed. A fence between the rows, which is
 * no instruction on x86, holds the next broadcasts back. Two steps are written out: fewer
 * instructions besides the multiply-adds, which counts where two threads share a core.
 */
final class F32Tile6x2 extends MicroKernel {
  private static final VectorSpecies<Float> S =
      SpecializedClasses.species(MethodHandles.lookup(), float.class);
  private static final int LANES = S.length();
  private static final PanelLayout LAYOUT = SpecializedClasses.layout(MethodHandles.lookup());
  private static final int ROW = LAYOUT.laneStep();
  private static final int STEP = LAYOUT.kStep(6);

  F32Tile6x2() {
    super(6, 2 * LANES, LAYOUT);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object tile) {
    float[] a = (float[]) aPanels;
    float[] b = (float[]) bPanels;
    float[] c = (float[]) tile;
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
    int ap = aOffset;
    int bp = bOffset;
    int pairs = depth / 2;
    for (int k = 0; k < pairs; k++) {
      FloatVector b0 = FloatVector.fromArray(S, b, bp);
      FloatVector b1 = FloatVector.fromArray(S, b, bp + LANES);
      FloatVector a0 = FloatVector.broadcast(S, a[ap]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      VarHandle.loadLoadFence();
      FloatVector a1 = FloatVector.broadcast(S, a[ap + ROW]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      VarHandle.loadLoadFence();
      FloatVector a2 = FloatVector.broadcast(S, a[ap + 2 * ROW]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      VarHandle.loadLoadFence();
      FloatVector a3 = FloatVector.broadcast(S, a[ap + 3 * ROW]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      VarHandle.loadLoadFence();
      FloatVector a4 = FloatVector.broadcast(S, a[ap + 4 * ROW]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      VarHandle.loadLoadFence();
      FloatVector a5 = FloatVector.broadcast(S, a[ap + 5 * ROW]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
      VarHandle.loadLoadFence();
      FloatVector b0n = FloatVector.fromArray(S, b, bp + 2 * LANES);
      FloatVector b1n = FloatVector.fromArray(S, b, bp + 3 * LANES);
      FloatVector a0n = FloatVector.broadcast(S, a[ap + STEP]);
      c00 = a0n.fma(b0n, c00);
      c01 = a0n.fma(b1n, c01);
      VarHandle.loadLoadFence();
      FloatVector a1n = FloatVector.broadcast(S, a[ap + ROW + STEP]);
      c10 = a1n.fma(b0n, c10);
      c11 = a1n.fma(b1n, c11);
      VarHandle.loadLoadFence();
      FloatVector a2n = FloatVector.broadcast(S, a[ap + 2 * ROW + STEP]);
      c20 = a2n.fma(b0n, c20);
      c21 = a2n.fma(b1n, c21);
      VarHandle.loadLoadFence();
      FloatVector a3n = FloatVector.broadcast(S, a[ap + 3 * ROW + STEP]);
      c30 = a3n.fma(b0n, c30);
      c31 = a3n.fma(b1n, c31);
      VarHandle.loadLoadFence();
      FloatVector a4n = FloatVector.broadcast(S, a[ap + 4 * ROW + STEP]);
      c40 = a4n.fma(b0n, c40);
      c41 = a4n.fma(b1n, c41);
      VarHandle.loadLoadFence();
      FloatVector a5n = FloatVector.broadcast(S, a[ap + 5 * ROW + STEP]);
      c50 = a5n.fma(b0n, c50);
      c51 = a5n.fma(b1n, c51);
      ap += 2 * STEP;
      bp += 4 * LANES;
    }
    if (depth % 2 != 0) {
      FloatVector b0 = FloatVector.fromArray(S, b, bp);
      FloatVector b1 = FloatVector.fromArray(S, b, bp + LANES);
      FloatVector a0 = FloatVector.broadcast(S, a[ap]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      VarHandle.loadLoadFence();
      FloatVector a1 = FloatVector.broadcast(S, a[ap + ROW]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      VarHandle.loadLoadFence();
      FloatVector a2 = FloatVector.broadcast(S, a[ap + 2 * ROW]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      VarHandle.loadLoadFence();
      FloatVector a3 = FloatVector.broadcast(S, a[ap + 3 * ROW]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      VarHandle.loadLoadFence();
      FloatVector a4 = FloatVector.broadcast(S, a[ap + 4 * ROW]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      VarHandle.loadLoadFence();
      FloatVector a5 = FloatVector.broadcast(S, a[ap + 5 * ROW]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
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
  }
}
