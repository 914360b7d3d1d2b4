package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The i32 micro-kernel of 6 rows by 2 vectors, for machines with 16 vector registers (AVX2).
 *
 * <p>12 accumulators, two vectors of B and one broadcast of A fill 15 registers. C2 would schedule all
 * broadcasts of a step first and spill the accumulators, at half the speed. A fence between the rows, which is
 * no instruction on x86, holds the next broadcasts back.
 */
final class I32Tile6x2 extends MicroKernel {
  private static final VectorSpecies<Integer> S =
      SpecializedClasses.species(MethodHandles.lookup(), int.class);
  private static final int LANES = S.length();
  private static final PanelLayout LAYOUT = SpecializedClasses.layout(MethodHandles.lookup());
  private static final int ROW = LAYOUT.laneStep();
  private static final int STEP = LAYOUT.kStep(6);

  I32Tile6x2() {
    super(6, 2 * LANES, LAYOUT);
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
    IntVector c40 = zero;
    IntVector c41 = zero;
    IntVector c50 = zero;
    IntVector c51 = zero;
    int ap = aOffset;
    int bp = bOffset;
    for (int k = 0; k < depth; k++) {
      IntVector b0 = IntVector.fromArray(S, b, bp);
      IntVector b1 = IntVector.fromArray(S, b, bp + LANES);
      IntVector a0 = IntVector.broadcast(S, a[ap]);
      c00 = a0.mul(b0).add(c00);
      c01 = a0.mul(b1).add(c01);
      VarHandle.loadLoadFence();
      IntVector a1 = IntVector.broadcast(S, a[ap + ROW]);
      c10 = a1.mul(b0).add(c10);
      c11 = a1.mul(b1).add(c11);
      VarHandle.loadLoadFence();
      IntVector a2 = IntVector.broadcast(S, a[ap + 2 * ROW]);
      c20 = a2.mul(b0).add(c20);
      c21 = a2.mul(b1).add(c21);
      VarHandle.loadLoadFence();
      IntVector a3 = IntVector.broadcast(S, a[ap + 3 * ROW]);
      c30 = a3.mul(b0).add(c30);
      c31 = a3.mul(b1).add(c31);
      VarHandle.loadLoadFence();
      IntVector a4 = IntVector.broadcast(S, a[ap + 4 * ROW]);
      c40 = a4.mul(b0).add(c40);
      c41 = a4.mul(b1).add(c41);
      VarHandle.loadLoadFence();
      IntVector a5 = IntVector.broadcast(S, a[ap + 5 * ROW]);
      c50 = a5.mul(b0).add(c50);
      c51 = a5.mul(b1).add(c51);
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
  }
}
