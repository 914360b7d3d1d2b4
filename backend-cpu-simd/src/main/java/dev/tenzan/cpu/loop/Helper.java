package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.OffHeap;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * Runs the steps of a vector plan that are no passes: staged loads, gathers and stores, and operations without a vector form. They work
 * from scratch array to scratch array over one chunk.
 */
final class Helper {
  private Helper() {}

  /** Computes a value of the plan for the frame's chunk. */
  static void compute(PassPlan plan, int v, Frame f) {
    LoopBody body = plan.body;
    switch (body.code().get(v)) {
      case Instr.Load l -> load(plan, v, l, f);
      case Instr.Gather g -> gather(plan, v, g, f);
      case Instr.Binary b -> divide(plan, v, b, f);
      case Instr.Convert c -> convert(plan, v, body.type(c.a()), c, f);
      case Instr.Const _, Instr.Index _, Instr.Reduced _, Instr.Unary _, Instr.Ternary _, Instr.Bitcast _, Instr.Narrow _ ->
          throw new IllegalStateException("a pass does this: " + body.code().get(v));
    }
  }

  private static void load(PassPlan plan, int v, Instr.Load l, Frame f) {
    int address = LoopBody.number(l.address());
    MemorySegment s = f.seg[l.slot()];
    long at = f.base[address];
    long stride = f.stride[address];
    int to = plan.scratch[v];
    if (LoopBody.move(l.address()) == LoopBody.REPEATED) {
      loadRepeated(l.storage(), s, at, to, f);
      return;
    }
    switch (l.storage()) {
      case F32, F16, BF16 -> Stage.load(l.storage(), s, at, stride, f.f[to], 0, f.n, f.raw);
      case F64 -> Stage.load(s, at, stride, f.d[to], 0, f.n);
      case I64 -> Stage.load(s, at, stride, f.l[to], 0, f.n);
      case I32, I16, I8, U8, BOOL -> Stage.load(l.storage(), s, at, stride, f.i[to], 0, f.n, f.raw);
    }
  }

  /** Loads elements of which each serves two points. */
  private static void loadRepeated(DType storage, MemorySegment segment, long at, int to, Frame f) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    int n = f.n;
    switch (storage) {
      case F32 -> {
        for (int x = 0; x < n; x++) {
          f.f[to][x] = s.get(LoopMath.F32, at + (x >> 1) * 4L);
        }
      }
      case F64 -> {
        for (int x = 0; x < n; x++) {
          f.d[to][x] = s.get(LoopMath.F64, at + (x >> 1) * 8L);
        }
      }
      case I32 -> {
        for (int x = 0; x < n; x++) {
          f.i[to][x] = s.get(LoopMath.I32, at + (x >> 1) * 4L);
        }
      }
      case I64 -> {
        for (int x = 0; x < n; x++) {
          f.l[to][x] = s.get(LoopMath.I64, at + (x >> 1) * 8L);
        }
      }
      case F16, BF16, I16, I8, U8, BOOL -> throw new IllegalArgumentException("elements of " + storage + " are not repeated");
    }
  }

  /** Writes an output of the plan for the frame's chunk. */
  static void write(PassPlan plan, LoopBody.ToMemory out, Frame f) {
    MemorySegment s = f.seg[out.buffer()];
    long at = f.base[out.address()];
    long stride = f.stride[out.address()];
    int from = plan.scratch[out.value()];
    switch (out.storage()) {
      case F32, F16, BF16 -> Stage.store(out.storage(), s, at, stride, f.f[from], 0, f.n, f.raw);
      case F64 -> Stage.store(s, at, stride, f.d[from], 0, f.n);
      case I64 -> Stage.store(s, at, stride, f.l[from], 0, f.n);
      case I32, I16, I8, U8, BOOL -> Stage.store(out.storage(), s, at, stride, f.i[from], 0, f.n, f.raw);
    }
  }

  private static void gather(PassPlan plan, int v, Instr.Gather g, Frame f) {
    MemorySegment s = OffHeap.NATIVE.cast(f.seg[g.slot()]);
    int address = LoopBody.number(g.address());
    long at = f.base[address];
    long step = f.stride[address];
    long stride = f.par[(int) g.stride()];
    long extent = f.par[(int) g.stride() + 1];
    long[] index = f.l[plan.scratch[g.index()]];
    int to = plan.scratch[v];
    int n = f.n;
    switch (g.storage()) {
      case F32 -> {
        float[] out = f.f[to];
        for (int x = 0; x < n; x++) {
          out[x] = s.get(LoopMath.F32, at + x * step + LoopMath.index(index[x], extent) * stride);
        }
      }
      case F16, BF16 -> {
        float[] out = f.f[to];
        boolean half = g.storage() == DType.F16;
        for (int x = 0; x < n; x++) {
          short raw = s.get(LoopMath.I16, at + x * step + LoopMath.index(index[x], extent) * stride);
          out[x] = half ? Float.float16ToFloat(raw) : Float.intBitsToFloat(raw << 16);
        }
      }
      case F64 -> {
        double[] out = f.d[to];
        for (int x = 0; x < n; x++) {
          out[x] = s.get(LoopMath.F64, at + x * step + LoopMath.index(index[x], extent) * stride);
        }
      }
      case I64 -> {
        long[] out = f.l[to];
        for (int x = 0; x < n; x++) {
          out[x] = s.get(LoopMath.I64, at + x * step + LoopMath.index(index[x], extent) * stride);
        }
      }
      case I32 -> {
        int[] out = f.i[to];
        for (int x = 0; x < n; x++) {
          out[x] = s.get(LoopMath.I32, at + x * step + LoopMath.index(index[x], extent) * stride);
        }
      }
      case I16 -> {
        int[] out = f.i[to];
        for (int x = 0; x < n; x++) {
          out[x] = s.get(LoopMath.I16, at + x * step + LoopMath.index(index[x], extent) * stride);
        }
      }
      case I8, U8, BOOL -> {
        int[] out = f.i[to];
        int mask = g.storage() == DType.U8 ? 0xff : -1;
        for (int x = 0; x < n; x++) {
          out[x] = s.get(LoopMath.I8, at + x * step + LoopMath.index(index[x], extent) * stride) & mask;
        }
      }
    }
  }

  private static void divide(PassPlan plan, int v, Instr.Binary b, Frame f) {
    boolean rem = b.op() == ScalarOp.REM;
    if (b.type() == DType.I32) {
      int[] to = f.i[plan.scratch[v]];
      int[] p = f.i[plan.scratch[b.a()]];
      int[] q = f.i[plan.scratch[b.b()]];
      for (int x = 0; x < f.n; x++) {
        to[x] = rem ? LoopMath.rem(p[x], q[x]) : LoopMath.div(p[x], q[x]);
      }
    } else {
      long[] to = f.l[plan.scratch[v]];
      long[] p = f.l[plan.scratch[b.a()]];
      long[] q = f.l[plan.scratch[b.b()]];
      for (int x = 0; x < f.n; x++) {
        to[x] = rem ? LoopMath.rem(p[x], q[x]) : LoopMath.div(p[x], q[x]);
      }
    }
  }

  /** Conversions between 64-bit integers and floats. */
  private static void convert(PassPlan plan, int v, DType from, Instr.Convert c, Frame f) {
    int to = plan.scratch[v];
    int a = plan.scratch[c.a()];
    if (from == DType.I64 && c.type() == DType.F32) {
      for (int x = 0; x < f.n; x++) {
        f.f[to][x] = (float) f.l[a][x];
      }
    } else if (from == DType.I64) {
      for (int x = 0; x < f.n; x++) {
        f.d[to][x] = (double) f.l[a][x];
      }
    } else if (from == DType.F32) {
      for (int x = 0; x < f.n; x++) {
        f.l[to][x] = (long) f.f[a][x];
      }
    } else {
      for (int x = 0; x < f.n; x++) {
        f.l[to][x] = (long) f.d[a][x];
      }
    }
  }
}
