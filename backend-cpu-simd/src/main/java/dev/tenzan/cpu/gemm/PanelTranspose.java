package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Packs lanes whose steps lie side by side, by transposing squares of 16 by 16 (F32) or 8 by 8 (F64) values in the registers of AVX-512:
 * butterflies that exchange halves, quarters and so on, each a permutation of two registers.
 */
final class PanelTranspose {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final VectorSpecies<Integer> I32 = IntVector.SPECIES_512;
  private static final VectorSpecies<Long> I64 = LongVector.SPECIES_512;
  private static final int[] TRANSPOSE_F32 = butterflies(I32.length());
  private static final long[] TRANSPOSE_F64 = toLongs(butterflies(I64.length()));

  private PanelTranspose() {}

  /**
   * Packs one panel of up to 16 lanes whose steps lie side by side: a 16 by 16 transpose in registers at a
   * time.
   */
  static int f32(
      MemorySegment memory,
      long offset,
      long laneBytes,
      int lanes,
      int width,
      int depth,
      float[] panel,
      int at) {
    MemorySegment source = OffHeap.NATIVE.cast(memory);
    IntVector x0 = IntVector.fromArray(I32, TRANSPOSE_F32, 0);
    IntVector x1 = IntVector.fromArray(I32, TRANSPOSE_F32, 16);
    IntVector x2 = IntVector.fromArray(I32, TRANSPOSE_F32, 32);
    IntVector x3 = IntVector.fromArray(I32, TRANSPOSE_F32, 48);
    IntVector x4 = IntVector.fromArray(I32, TRANSPOSE_F32, 64);
    IntVector x5 = IntVector.fromArray(I32, TRANSPOSE_F32, 80);
    IntVector x6 = IntVector.fromArray(I32, TRANSPOSE_F32, 96);
    IntVector x7 = IntVector.fromArray(I32, TRANSPOSE_F32, 112);
    long o0 = offset;
    long o1 = offset + Math.min(1, lanes - 1) * laneBytes;
    long o2 = offset + Math.min(2, lanes - 1) * laneBytes;
    long o3 = offset + Math.min(3, lanes - 1) * laneBytes;
    long o4 = offset + Math.min(4, lanes - 1) * laneBytes;
    long o5 = offset + Math.min(5, lanes - 1) * laneBytes;
    long o6 = offset + Math.min(6, lanes - 1) * laneBytes;
    long o7 = offset + Math.min(7, lanes - 1) * laneBytes;
    long o8 = offset + Math.min(8, lanes - 1) * laneBytes;
    long o9 = offset + Math.min(9, lanes - 1) * laneBytes;
    long oa = offset + Math.min(10, lanes - 1) * laneBytes;
    long ob = offset + Math.min(11, lanes - 1) * laneBytes;
    long oc = offset + Math.min(12, lanes - 1) * laneBytes;
    long od = offset + Math.min(13, lanes - 1) * laneBytes;
    long oe = offset + Math.min(14, lanes - 1) * laneBytes;
    long of = offset + Math.min(15, lanes - 1) * laneBytes;
    int blocks = depth / 16;
    int to = at;
    for (int block = 0; block < blocks; block++) {
      long step = block * 16L * Float.BYTES;
      IntVector r0 = IntVector.fromMemorySegment(I32, source, o0 + step, ORDER);
      IntVector r1 = IntVector.fromMemorySegment(I32, source, o1 + step, ORDER);
      IntVector r2 = IntVector.fromMemorySegment(I32, source, o2 + step, ORDER);
      IntVector r3 = IntVector.fromMemorySegment(I32, source, o3 + step, ORDER);
      IntVector r4 = IntVector.fromMemorySegment(I32, source, o4 + step, ORDER);
      IntVector r5 = IntVector.fromMemorySegment(I32, source, o5 + step, ORDER);
      IntVector r6 = IntVector.fromMemorySegment(I32, source, o6 + step, ORDER);
      IntVector r7 = IntVector.fromMemorySegment(I32, source, o7 + step, ORDER);
      IntVector r8 = IntVector.fromMemorySegment(I32, source, o8 + step, ORDER);
      IntVector r9 = IntVector.fromMemorySegment(I32, source, o9 + step, ORDER);
      IntVector ra = IntVector.fromMemorySegment(I32, source, oa + step, ORDER);
      IntVector rb = IntVector.fromMemorySegment(I32, source, ob + step, ORDER);
      IntVector rc = IntVector.fromMemorySegment(I32, source, oc + step, ORDER);
      IntVector rd = IntVector.fromMemorySegment(I32, source, od + step, ORDER);
      IntVector re = IntVector.fromMemorySegment(I32, source, oe + step, ORDER);
      IntVector rf = IntVector.fromMemorySegment(I32, source, of + step, ORDER);
      IntVector s0 = x0.selectFrom(r0, r8);
      IntVector s8 = x1.selectFrom(r0, r8);
      IntVector s1 = x0.selectFrom(r1, r9);
      IntVector s9 = x1.selectFrom(r1, r9);
      IntVector s2 = x0.selectFrom(r2, ra);
      IntVector sa = x1.selectFrom(r2, ra);
      IntVector s3 = x0.selectFrom(r3, rb);
      IntVector sb = x1.selectFrom(r3, rb);
      IntVector s4 = x0.selectFrom(r4, rc);
      IntVector sc = x1.selectFrom(r4, rc);
      IntVector s5 = x0.selectFrom(r5, rd);
      IntVector sd = x1.selectFrom(r5, rd);
      IntVector s6 = x0.selectFrom(r6, re);
      IntVector se = x1.selectFrom(r6, re);
      IntVector s7 = x0.selectFrom(r7, rf);
      IntVector sf = x1.selectFrom(r7, rf);
      IntVector t0 = x2.selectFrom(s0, s4);
      IntVector t4 = x3.selectFrom(s0, s4);
      IntVector t1 = x2.selectFrom(s1, s5);
      IntVector t5 = x3.selectFrom(s1, s5);
      IntVector t2 = x2.selectFrom(s2, s6);
      IntVector t6 = x3.selectFrom(s2, s6);
      IntVector t3 = x2.selectFrom(s3, s7);
      IntVector t7 = x3.selectFrom(s3, s7);
      IntVector t8 = x2.selectFrom(s8, sc);
      IntVector tc = x3.selectFrom(s8, sc);
      IntVector t9 = x2.selectFrom(s9, sd);
      IntVector td = x3.selectFrom(s9, sd);
      IntVector ta = x2.selectFrom(sa, se);
      IntVector te = x3.selectFrom(sa, se);
      IntVector tb = x2.selectFrom(sb, sf);
      IntVector tf = x3.selectFrom(sb, sf);
      IntVector u0 = x4.selectFrom(t0, t2);
      IntVector u2 = x5.selectFrom(t0, t2);
      IntVector u1 = x4.selectFrom(t1, t3);
      IntVector u3 = x5.selectFrom(t1, t3);
      IntVector u4 = x4.selectFrom(t4, t6);
      IntVector u6 = x5.selectFrom(t4, t6);
      IntVector u5 = x4.selectFrom(t5, t7);
      IntVector u7 = x5.selectFrom(t5, t7);
      IntVector u8 = x4.selectFrom(t8, ta);
      IntVector ua = x5.selectFrom(t8, ta);
      IntVector u9 = x4.selectFrom(t9, tb);
      IntVector ub = x5.selectFrom(t9, tb);
      IntVector uc = x4.selectFrom(tc, te);
      IntVector ue = x5.selectFrom(tc, te);
      IntVector ud = x4.selectFrom(td, tf);
      IntVector uf = x5.selectFrom(td, tf);
      IntVector v0 = x6.selectFrom(u0, u1);
      IntVector v1 = x7.selectFrom(u0, u1);
      IntVector v2 = x6.selectFrom(u2, u3);
      IntVector v3 = x7.selectFrom(u2, u3);
      IntVector v4 = x6.selectFrom(u4, u5);
      IntVector v5 = x7.selectFrom(u4, u5);
      IntVector v6 = x6.selectFrom(u6, u7);
      IntVector v7 = x7.selectFrom(u6, u7);
      IntVector v8 = x6.selectFrom(u8, u9);
      IntVector v9 = x7.selectFrom(u8, u9);
      IntVector va = x6.selectFrom(ua, ub);
      IntVector vb = x7.selectFrom(ua, ub);
      IntVector vc = x6.selectFrom(uc, ud);
      IntVector vd = x7.selectFrom(uc, ud);
      IntVector ve = x6.selectFrom(ue, uf);
      IntVector vf = x7.selectFrom(ue, uf);
      v0.reinterpretAsFloats().intoArray(panel, to);
      v1.reinterpretAsFloats().intoArray(panel, to + width);
      v2.reinterpretAsFloats().intoArray(panel, to + 2 * width);
      v3.reinterpretAsFloats().intoArray(panel, to + 3 * width);
      v4.reinterpretAsFloats().intoArray(panel, to + 4 * width);
      v5.reinterpretAsFloats().intoArray(panel, to + 5 * width);
      v6.reinterpretAsFloats().intoArray(panel, to + 6 * width);
      v7.reinterpretAsFloats().intoArray(panel, to + 7 * width);
      v8.reinterpretAsFloats().intoArray(panel, to + 8 * width);
      v9.reinterpretAsFloats().intoArray(panel, to + 9 * width);
      va.reinterpretAsFloats().intoArray(panel, to + 10 * width);
      vb.reinterpretAsFloats().intoArray(panel, to + 11 * width);
      vc.reinterpretAsFloats().intoArray(panel, to + 12 * width);
      vd.reinterpretAsFloats().intoArray(panel, to + 13 * width);
      ve.reinterpretAsFloats().intoArray(panel, to + 14 * width);
      vf.reinterpretAsFloats().intoArray(panel, to + 15 * width);
      to += 16 * width;
    }
    return blocks * 16;
  }

  /**
   * Packs one panel of up to 8 lanes whose steps lie side by side: a 8 by 8 transpose in registers at a time.
   */
  static int f64(
      MemorySegment memory,
      long offset,
      long laneBytes,
      int lanes,
      int width,
      int depth,
      double[] panel,
      int at) {
    MemorySegment source = OffHeap.NATIVE.cast(memory);
    LongVector x0 = LongVector.fromArray(I64, TRANSPOSE_F64, 0);
    LongVector x1 = LongVector.fromArray(I64, TRANSPOSE_F64, 8);
    LongVector x2 = LongVector.fromArray(I64, TRANSPOSE_F64, 16);
    LongVector x3 = LongVector.fromArray(I64, TRANSPOSE_F64, 24);
    LongVector x4 = LongVector.fromArray(I64, TRANSPOSE_F64, 32);
    LongVector x5 = LongVector.fromArray(I64, TRANSPOSE_F64, 40);
    long o0 = offset;
    long o1 = offset + Math.min(1, lanes - 1) * laneBytes;
    long o2 = offset + Math.min(2, lanes - 1) * laneBytes;
    long o3 = offset + Math.min(3, lanes - 1) * laneBytes;
    long o4 = offset + Math.min(4, lanes - 1) * laneBytes;
    long o5 = offset + Math.min(5, lanes - 1) * laneBytes;
    long o6 = offset + Math.min(6, lanes - 1) * laneBytes;
    long o7 = offset + Math.min(7, lanes - 1) * laneBytes;
    int blocks = depth / 8;
    int to = at;
    for (int block = 0; block < blocks; block++) {
      long step = block * 8L * Double.BYTES;
      LongVector r0 = LongVector.fromMemorySegment(I64, source, o0 + step, ORDER);
      LongVector r1 = LongVector.fromMemorySegment(I64, source, o1 + step, ORDER);
      LongVector r2 = LongVector.fromMemorySegment(I64, source, o2 + step, ORDER);
      LongVector r3 = LongVector.fromMemorySegment(I64, source, o3 + step, ORDER);
      LongVector r4 = LongVector.fromMemorySegment(I64, source, o4 + step, ORDER);
      LongVector r5 = LongVector.fromMemorySegment(I64, source, o5 + step, ORDER);
      LongVector r6 = LongVector.fromMemorySegment(I64, source, o6 + step, ORDER);
      LongVector r7 = LongVector.fromMemorySegment(I64, source, o7 + step, ORDER);
      LongVector s0 = x0.selectFrom(r0, r4);
      LongVector s4 = x1.selectFrom(r0, r4);
      LongVector s1 = x0.selectFrom(r1, r5);
      LongVector s5 = x1.selectFrom(r1, r5);
      LongVector s2 = x0.selectFrom(r2, r6);
      LongVector s6 = x1.selectFrom(r2, r6);
      LongVector s3 = x0.selectFrom(r3, r7);
      LongVector s7 = x1.selectFrom(r3, r7);
      LongVector t0 = x2.selectFrom(s0, s2);
      LongVector t2 = x3.selectFrom(s0, s2);
      LongVector t1 = x2.selectFrom(s1, s3);
      LongVector t3 = x3.selectFrom(s1, s3);
      LongVector t4 = x2.selectFrom(s4, s6);
      LongVector t6 = x3.selectFrom(s4, s6);
      LongVector t5 = x2.selectFrom(s5, s7);
      LongVector t7 = x3.selectFrom(s5, s7);
      LongVector u0 = x4.selectFrom(t0, t1);
      LongVector u1 = x5.selectFrom(t0, t1);
      LongVector u2 = x4.selectFrom(t2, t3);
      LongVector u3 = x5.selectFrom(t2, t3);
      LongVector u4 = x4.selectFrom(t4, t5);
      LongVector u5 = x5.selectFrom(t4, t5);
      LongVector u6 = x4.selectFrom(t6, t7);
      LongVector u7 = x5.selectFrom(t6, t7);
      u0.reinterpretAsDoubles().intoArray(panel, to);
      u1.reinterpretAsDoubles().intoArray(panel, to + width);
      u2.reinterpretAsDoubles().intoArray(panel, to + 2 * width);
      u3.reinterpretAsDoubles().intoArray(panel, to + 3 * width);
      u4.reinterpretAsDoubles().intoArray(panel, to + 4 * width);
      u5.reinterpretAsDoubles().intoArray(panel, to + 5 * width);
      u6.reinterpretAsDoubles().intoArray(panel, to + 6 * width);
      u7.reinterpretAsDoubles().intoArray(panel, to + 7 * width);
      to += 8 * width;
    }
    return blocks * 8;
  }

  /**
   * For distances n/2, n/4, ... 1 two index vectors each: what a register and its partner at that distance
   * become. An index below n picks from the first register, one from n on picks from its partner.
   */
  private static int[] butterflies(int n) {
    int[] index = new int[2 * n * Integer.numberOfTrailingZeros(n)];
    int at = 0;
    for (int d = n / 2; d > 0; d /= 2) {
      for (int lane = 0; lane < n; lane++) {
        boolean low = (lane & d) == 0;
        index[at + lane] = low ? lane : n + lane - d;
        index[at + n + lane] = low ? lane + d : n + lane;
      }
      at += 2 * n;
    }
    return index;
  }

  private static long[] toLongs(int[] values) {
    long[] result = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }
}
