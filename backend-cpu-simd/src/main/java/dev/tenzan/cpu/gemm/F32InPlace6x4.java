package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The f32 kernel of 6 rows by 4 vectors that reads both operands where they lie, for machines with 32 vector registers.
 *
 * <p>24 accumulators, four vectors of B and a broadcast of A. A wide tile reads long pieces of B's rows, which are not packed, and each
 * element of A for four multiply-adds.
 */
final class F32InPlace6x4 extends InPlaceKernel {
  private static final VectorSpecies<Float> S = SpecializedClasses.species(MethodHandles.lookup(), float.class);
  private static final boolean ADJACENT_STEPS = SpecializedClasses.layout(MethodHandles.lookup()) == PanelLayout.LANE_MAJOR;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final long BYTES = S.vectorByteSize();

  F32InPlace6x4() {
    super(6, 4 * S.length());
  }

  @Override
  void run(
      int depth,
      MemorySegment aMemory,
      long aOffset,
      long aStride,
      MemorySegment bMemory,
      long bOffset,
      long bStride,
      long second,
      MemorySegment cMemory,
      long cOffset,
      long cStride) {
    MemorySegment a = OffHeap.NATIVE.cast(aMemory);
    MemorySegment b = OffHeap.NATIVE.cast(bMemory);
    MemorySegment c = OffHeap.NATIVE.cast(cMemory);
    long row = ADJACENT_STEPS ? aStride : Float.BYTES;
    long step = ADJACENT_STEPS ? Float.BYTES : aStride;
    long a1 = aOffset + row;
    long a2 = aOffset + 2 * row;
    long a3 = aOffset + 3 * row;
    long a4 = aOffset + 4 * row;
    long a5 = aOffset + 5 * row;
    FloatVector zero = FloatVector.zero(S);
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c02 = zero;
    FloatVector c03 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c12 = zero;
    FloatVector c13 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c22 = zero;
    FloatVector c23 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c32 = zero;
    FloatVector c33 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c42 = zero;
    FloatVector c43 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    FloatVector c52 = zero;
    FloatVector c53 = zero;
    long bp = bOffset;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = FloatVector.fromMemorySegment(S, b, bp, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(S, b, bp + BYTES, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(S, b, bp + 2 * BYTES, ORDER);
      FloatVector b3 = FloatVector.fromMemorySegment(S, b, bp + 3 * BYTES, ORDER);
      FloatVector v0 = FloatVector.broadcast(S, a.get(FLOAT, aOffset + k * step));
      c00 = v0.fma(b0, c00);
      c01 = v0.fma(b1, c01);
      c02 = v0.fma(b2, c02);
      c03 = v0.fma(b3, c03);
      FloatVector v1 = FloatVector.broadcast(S, a.get(FLOAT, a1 + k * step));
      c10 = v1.fma(b0, c10);
      c11 = v1.fma(b1, c11);
      c12 = v1.fma(b2, c12);
      c13 = v1.fma(b3, c13);
      FloatVector v2 = FloatVector.broadcast(S, a.get(FLOAT, a2 + k * step));
      c20 = v2.fma(b0, c20);
      c21 = v2.fma(b1, c21);
      c22 = v2.fma(b2, c22);
      c23 = v2.fma(b3, c23);
      FloatVector v3 = FloatVector.broadcast(S, a.get(FLOAT, a3 + k * step));
      c30 = v3.fma(b0, c30);
      c31 = v3.fma(b1, c31);
      c32 = v3.fma(b2, c32);
      c33 = v3.fma(b3, c33);
      FloatVector v4 = FloatVector.broadcast(S, a.get(FLOAT, a4 + k * step));
      c40 = v4.fma(b0, c40);
      c41 = v4.fma(b1, c41);
      c42 = v4.fma(b2, c42);
      c43 = v4.fma(b3, c43);
      FloatVector v5 = FloatVector.broadcast(S, a.get(FLOAT, a5 + k * step));
      c50 = v5.fma(b0, c50);
      c51 = v5.fma(b1, c51);
      c52 = v5.fma(b2, c52);
      c53 = v5.fma(b3, c53);
      bp += bStride;
    }
    long to = cOffset;
    c00.intoMemorySegment(c, to, ORDER);
    c01.intoMemorySegment(c, to + BYTES, ORDER);
    c02.intoMemorySegment(c, to + 2 * BYTES, ORDER);
    c03.intoMemorySegment(c, to + 3 * BYTES, ORDER);
    to += cStride;
    c10.intoMemorySegment(c, to, ORDER);
    c11.intoMemorySegment(c, to + BYTES, ORDER);
    c12.intoMemorySegment(c, to + 2 * BYTES, ORDER);
    c13.intoMemorySegment(c, to + 3 * BYTES, ORDER);
    to += cStride;
    c20.intoMemorySegment(c, to, ORDER);
    c21.intoMemorySegment(c, to + BYTES, ORDER);
    c22.intoMemorySegment(c, to + 2 * BYTES, ORDER);
    c23.intoMemorySegment(c, to + 3 * BYTES, ORDER);
    to += cStride;
    c30.intoMemorySegment(c, to, ORDER);
    c31.intoMemorySegment(c, to + BYTES, ORDER);
    c32.intoMemorySegment(c, to + 2 * BYTES, ORDER);
    c33.intoMemorySegment(c, to + 3 * BYTES, ORDER);
    to += cStride;
    c40.intoMemorySegment(c, to, ORDER);
    c41.intoMemorySegment(c, to + BYTES, ORDER);
    c42.intoMemorySegment(c, to + 2 * BYTES, ORDER);
    c43.intoMemorySegment(c, to + 3 * BYTES, ORDER);
    to += cStride;
    c50.intoMemorySegment(c, to, ORDER);
    c51.intoMemorySegment(c, to + BYTES, ORDER);
    c52.intoMemorySegment(c, to + 2 * BYTES, ORDER);
    c53.intoMemorySegment(c, to + 3 * BYTES, ORDER);
  }
}
