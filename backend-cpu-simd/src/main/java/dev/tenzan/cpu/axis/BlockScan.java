package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.loop.Values;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;

/**
 * The steps of a scan on arrays of values of one compute type: blocks by themselves, four side by side, for each is a chain whose steps wait
 * for each other; the chain of the blocks' last results; and the carries. Truth values are the ints 0 and 1.
 */
final class BlockScan {
  private static final int BLOCK = ScanKernel.BLOCK;

  private BlockScan() {}

  /** Scans each block of the first {@code n} values by itself. */
  static void local(DType type, ReduceOp op, Values v, int n) {
    switch (type) {
      case F32 -> local(op, v.f, n);
      case F64 -> local(op, v.d, n);
      case I32 -> local(op, v.i, n);
      case BOOL -> local(onTruth(op), v.i, n);
      case I64 -> local(op, v.l, n);
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  /** Scans the first {@code n} values as one chain. */
  static void chain(DType type, ReduceOp op, Values v, int n) {
    switch (type) {
      case F32 -> chain(op, v.f, 0, n);
      case F64 -> chain(op, v.d, 0, n);
      case I32 -> chain(op, v.i, 0, n);
      case BOOL -> chain(onTruth(op), v.i, 0, n);
      case I64 -> chain(op, v.l, 0, n);
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  /** {@code v[x] = carry op v[x]} for {@code n} values from {@code from} on; the carry is {@code carries[at]}. */
  static void addCarry(DType type, ReduceOp op, Values carries, int at, Values v, int from, int n) {
    switch (type) {
      case F32 -> addCarry(op, carries.f[at], v.f, from, n);
      case F64 -> addCarry(op, carries.d[at], v.d, from, n);
      case I32 -> addCarry(op, carries.i[at], v.i, from, n);
      case BOOL -> addCarry(onTruth(op), carries.i[at], v.i, from, n);
      case I64 -> addCarry(op, carries.l[at], v.l, from, n);
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  /** "And" is the least of 0 and 1, "or" the greatest. */
  private static ReduceOp onTruth(ReduceOp op) {
    return op == ReduceOp.MAX ? ReduceOp.MAX : ReduceOp.MIN;
  }

  private static float combine(ReduceOp op, float a, float b) {
    return switch (op) {
      case SUM -> a + b;
      case PROD -> a * b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
    };
  }

  private static void local(ReduceOp op, float[] v, int n) {
    int at = 0;
    for (; at + 4 * BLOCK <= n; at += 4 * BLOCK) {
      float s0 = v[at];
      float s1 = v[at + BLOCK];
      float s2 = v[at + 2 * BLOCK];
      float s3 = v[at + 3 * BLOCK];
      for (int x = at + 1; x < at + BLOCK; x++) {
        s0 = combine(op, s0, v[x]);
        s1 = combine(op, s1, v[x + BLOCK]);
        s2 = combine(op, s2, v[x + 2 * BLOCK]);
        s3 = combine(op, s3, v[x + 3 * BLOCK]);
        v[x] = s0;
        v[x + BLOCK] = s1;
        v[x + 2 * BLOCK] = s2;
        v[x + 3 * BLOCK] = s3;
      }
    }
    for (; at < n; at += BLOCK) {
      chain(op, v, at, Math.min(n, at + BLOCK));
    }
  }

  private static void chain(ReduceOp op, float[] v, int from, int to) {
    float s = v[from];
    for (int x = from + 1; x < to; x++) {
      s = combine(op, s, v[x]);
      v[x] = s;
    }
  }

  private static void addCarry(ReduceOp op, float carry, float[] v, int from, int n) {
    switch (op) {
      case SUM -> {
        for (int x = from; x < from + n; x++) {
          v[x] = carry + v[x];
        }
      }
      case PROD -> {
        for (int x = from; x < from + n; x++) {
          v[x] = carry * v[x];
        }
      }
      case MIN -> {
        for (int x = from; x < from + n; x++) {
          v[x] = Math.min(carry, v[x]);
        }
      }
      case MAX -> {
        for (int x = from; x < from + n; x++) {
          v[x] = Math.max(carry, v[x]);
        }
      }
    }
  }

  private static double combine(ReduceOp op, double a, double b) {
    return switch (op) {
      case SUM -> a + b;
      case PROD -> a * b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
    };
  }

  private static void local(ReduceOp op, double[] v, int n) {
    int at = 0;
    for (; at + 4 * BLOCK <= n; at += 4 * BLOCK) {
      double s0 = v[at];
      double s1 = v[at + BLOCK];
      double s2 = v[at + 2 * BLOCK];
      double s3 = v[at + 3 * BLOCK];
      for (int x = at + 1; x < at + BLOCK; x++) {
        s0 = combine(op, s0, v[x]);
        s1 = combine(op, s1, v[x + BLOCK]);
        s2 = combine(op, s2, v[x + 2 * BLOCK]);
        s3 = combine(op, s3, v[x + 3 * BLOCK]);
        v[x] = s0;
        v[x + BLOCK] = s1;
        v[x + 2 * BLOCK] = s2;
        v[x + 3 * BLOCK] = s3;
      }
    }
    for (; at < n; at += BLOCK) {
      chain(op, v, at, Math.min(n, at + BLOCK));
    }
  }

  private static void chain(ReduceOp op, double[] v, int from, int to) {
    double s = v[from];
    for (int x = from + 1; x < to; x++) {
      s = combine(op, s, v[x]);
      v[x] = s;
    }
  }

  private static void addCarry(ReduceOp op, double carry, double[] v, int from, int n) {
    switch (op) {
      case SUM -> {
        for (int x = from; x < from + n; x++) {
          v[x] = carry + v[x];
        }
      }
      case PROD -> {
        for (int x = from; x < from + n; x++) {
          v[x] = carry * v[x];
        }
      }
      case MIN -> {
        for (int x = from; x < from + n; x++) {
          v[x] = Math.min(carry, v[x]);
        }
      }
      case MAX -> {
        for (int x = from; x < from + n; x++) {
          v[x] = Math.max(carry, v[x]);
        }
      }
    }
  }

  private static int combine(ReduceOp op, int a, int b) {
    return switch (op) {
      case SUM -> a + b;
      case PROD -> a * b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
    };
  }

  private static void local(ReduceOp op, int[] v, int n) {
    int at = 0;
    for (; at + 4 * BLOCK <= n; at += 4 * BLOCK) {
      int s0 = v[at];
      int s1 = v[at + BLOCK];
      int s2 = v[at + 2 * BLOCK];
      int s3 = v[at + 3 * BLOCK];
      for (int x = at + 1; x < at + BLOCK; x++) {
        s0 = combine(op, s0, v[x]);
        s1 = combine(op, s1, v[x + BLOCK]);
        s2 = combine(op, s2, v[x + 2 * BLOCK]);
        s3 = combine(op, s3, v[x + 3 * BLOCK]);
        v[x] = s0;
        v[x + BLOCK] = s1;
        v[x + 2 * BLOCK] = s2;
        v[x + 3 * BLOCK] = s3;
      }
    }
    for (; at < n; at += BLOCK) {
      chain(op, v, at, Math.min(n, at + BLOCK));
    }
  }

  private static void chain(ReduceOp op, int[] v, int from, int to) {
    int s = v[from];
    for (int x = from + 1; x < to; x++) {
      s = combine(op, s, v[x]);
      v[x] = s;
    }
  }

  private static void addCarry(ReduceOp op, int carry, int[] v, int from, int n) {
    switch (op) {
      case SUM -> {
        for (int x = from; x < from + n; x++) {
          v[x] = carry + v[x];
        }
      }
      case PROD -> {
        for (int x = from; x < from + n; x++) {
          v[x] = carry * v[x];
        }
      }
      case MIN -> {
        for (int x = from; x < from + n; x++) {
          v[x] = Math.min(carry, v[x]);
        }
      }
      case MAX -> {
        for (int x = from; x < from + n; x++) {
          v[x] = Math.max(carry, v[x]);
        }
      }
    }
  }

  private static long combine(ReduceOp op, long a, long b) {
    return switch (op) {
      case SUM -> a + b;
      case PROD -> a * b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
    };
  }

  private static void local(ReduceOp op, long[] v, int n) {
    int at = 0;
    for (; at + 4 * BLOCK <= n; at += 4 * BLOCK) {
      long s0 = v[at];
      long s1 = v[at + BLOCK];
      long s2 = v[at + 2 * BLOCK];
      long s3 = v[at + 3 * BLOCK];
      for (int x = at + 1; x < at + BLOCK; x++) {
        s0 = combine(op, s0, v[x]);
        s1 = combine(op, s1, v[x + BLOCK]);
        s2 = combine(op, s2, v[x + 2 * BLOCK]);
        s3 = combine(op, s3, v[x + 3 * BLOCK]);
        v[x] = s0;
        v[x + BLOCK] = s1;
        v[x + 2 * BLOCK] = s2;
        v[x + 3 * BLOCK] = s3;
      }
    }
    for (; at < n; at += BLOCK) {
      chain(op, v, at, Math.min(n, at + BLOCK));
    }
  }

  private static void chain(ReduceOp op, long[] v, int from, int to) {
    long s = v[from];
    for (int x = from + 1; x < to; x++) {
      s = combine(op, s, v[x]);
      v[x] = s;
    }
  }

  private static void addCarry(ReduceOp op, long carry, long[] v, int from, int n) {
    switch (op) {
      case SUM -> {
        for (int x = from; x < from + n; x++) {
          v[x] = carry + v[x];
        }
      }
      case PROD -> {
        for (int x = from; x < from + n; x++) {
          v[x] = carry * v[x];
        }
      }
      case MIN -> {
        for (int x = from; x < from + n; x++) {
          v[x] = Math.min(carry, v[x]);
        }
      }
      case MAX -> {
        for (int x = from; x < from + n; x++) {
          v[x] = Math.max(carry, v[x]);
        }
      }
    }
  }
}
