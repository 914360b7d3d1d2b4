package dev.tenzan.cpu.gemm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The i32 micro-kernel of 6 rows by 2 vectors, for machines with 16 vector registers (AVX2).
 *
 * <p>12 accumulators, two vectors of B and one broadcast of A fill 15 registers. C2 would schedule all
 * broadcasts of a step first and spill the accumulators, at half the speed. A load may not move above a store
 * to an array of the same type, so a store of an accumulator into the tile after every second row holds the
 * next broadcasts back. What these stores write is overwritten at the end.
 */
final class I32Tile6x2 extends MicroKernel {
  private static final VectorSpecies<Integer> S =
      SpecializedClasses.species(MethodHandles.lookup(), int.class);
  private static final int LANES = S.length();

  I32Tile6x2() {
    super(6, 2 * LANES);
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
      IntVector a1 = IntVector.broadcast(S, a[ap + 1]);
      c10 = a1.mul(b0).add(c10);
      c11 = a1.mul(b1).add(c11);
      c10.intoArray(c, 0);
      IntVector a2 = IntVector.broadcast(S, a[ap + 2]);
      c20 = a2.mul(b0).add(c20);
      c21 = a2.mul(b1).add(c21);
      IntVector a3 = IntVector.broadcast(S, a[ap + 3]);
      c30 = a3.mul(b0).add(c30);
      c31 = a3.mul(b1).add(c31);
      c30.intoArray(c, 0);
      IntVector a4 = IntVector.broadcast(S, a[ap + 4]);
      c40 = a4.mul(b0).add(c40);
      c41 = a4.mul(b1).add(c41);
      IntVector a5 = IntVector.broadcast(S, a[ap + 5]);
      c50 = a5.mul(b0).add(c50);
      c51 = a5.mul(b1).add(c51);
      ap += 6;
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
