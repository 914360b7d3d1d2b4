package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The f64 kernel of 6 rows by 2 vectors that reads both operands where they lie: for few registers, and for few columns.
 *
 * <p>Twelve accumulators hide the latency of the multiply-add. The second vector may overlap the first, where there are fewer columns than
 * two vectors hold.
 */
final class F64InPlace6x2 extends InPlaceKernel {
  private static final VectorSpecies<Double> S = SpecializedClasses.species(MethodHandles.lookup(), double.class);
  private static final boolean ADJACENT_STEPS = SpecializedClasses.layout(MethodHandles.lookup()) == PanelLayout.LANE_MAJOR;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;

  F64InPlace6x2() {
    super(6, 2 * S.length());
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
    long row = ADJACENT_STEPS ? aStride : Double.BYTES;
    long step = ADJACENT_STEPS ? Double.BYTES : aStride;
    long a1 = aOffset + row;
    long a2 = aOffset + 2 * row;
    long a3 = aOffset + 3 * row;
    long a4 = aOffset + 4 * row;
    long a5 = aOffset + 5 * row;
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
    long bp = bOffset;
    for (int k = 0; k < depth; k++) {
      DoubleVector b0 = DoubleVector.fromMemorySegment(S, b, bp, ORDER);
      DoubleVector b1 = DoubleVector.fromMemorySegment(S, b, bp + second, ORDER);
      DoubleVector v0 = DoubleVector.broadcast(S, a.get(DOUBLE, aOffset + k * step));
      c00 = v0.fma(b0, c00);
      c01 = v0.fma(b1, c01);
      DoubleVector v1 = DoubleVector.broadcast(S, a.get(DOUBLE, a1 + k * step));
      c10 = v1.fma(b0, c10);
      c11 = v1.fma(b1, c11);
      DoubleVector v2 = DoubleVector.broadcast(S, a.get(DOUBLE, a2 + k * step));
      c20 = v2.fma(b0, c20);
      c21 = v2.fma(b1, c21);
      DoubleVector v3 = DoubleVector.broadcast(S, a.get(DOUBLE, a3 + k * step));
      c30 = v3.fma(b0, c30);
      c31 = v3.fma(b1, c31);
      DoubleVector v4 = DoubleVector.broadcast(S, a.get(DOUBLE, a4 + k * step));
      c40 = v4.fma(b0, c40);
      c41 = v4.fma(b1, c41);
      DoubleVector v5 = DoubleVector.broadcast(S, a.get(DOUBLE, a5 + k * step));
      c50 = v5.fma(b0, c50);
      c51 = v5.fma(b1, c51);
      bp += bStride;
    }
    long to = cOffset;
    c00.intoMemorySegment(c, to, ORDER);
    c01.intoMemorySegment(c, to + second, ORDER);
    to += cStride;
    c10.intoMemorySegment(c, to, ORDER);
    c11.intoMemorySegment(c, to + second, ORDER);
    to += cStride;
    c20.intoMemorySegment(c, to, ORDER);
    c21.intoMemorySegment(c, to + second, ORDER);
    to += cStride;
    c30.intoMemorySegment(c, to, ORDER);
    c31.intoMemorySegment(c, to + second, ORDER);
    to += cStride;
    c40.intoMemorySegment(c, to, ORDER);
    c41.intoMemorySegment(c, to + second, ORDER);
    to += cStride;
    c50.intoMemorySegment(c, to, ORDER);
    c51.intoMemorySegment(c, to + second, ORDER);
  }
}
