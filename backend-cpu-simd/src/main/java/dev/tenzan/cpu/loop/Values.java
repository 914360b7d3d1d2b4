package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A growing array of values of one compute type at a time (BOOL as int), and the folds of {@link ReductionTree} on it. The loops are
 * flat, so that C2 vectorises them; none is longer than the partial results of a reduction.
 */
public final class Values {
  public float[] f = {};
  public double[] d = {};
  public int[] i = {};
  public long[] l = {};

  /** Makes room for {@code size} values of a type. */
  public void reserve(DType type, int size) {
    switch (type) {
      case F32 -> f = f.length < size ? new float[grown(size)] : f;
      case F64 -> d = d.length < size ? new double[grown(size)] : d;
      case I32, BOOL -> i = i.length < size ? new int[grown(size)] : i;
      case I64 -> l = l.length < size ? new long[grown(size)] : l;
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  private static int grown(int size) {
    return Math.max(256, size + size / 4);
  }

  /** Sets {@code from..to} to the value with these bits. */
  public void fill(DType type, int from, int to, long bits) {
    switch (type) {
      case F32 -> Arrays.fill(f, from, to, Float.intBitsToFloat((int) bits));
      case F64 -> Arrays.fill(d, from, to, Double.longBitsToDouble(bits));
      case I32, BOOL -> Arrays.fill(i, from, to, (int) bits);
      case I64 -> Arrays.fill(l, from, to, bits);
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  /** Copies {@code count} values of another array. */
  public void copy(DType type, Values source, int from, int to, int count) {
    switch (type) {
      case F32 -> System.arraycopy(source.f, from, f, to, count);
      case F64 -> System.arraycopy(source.d, from, d, to, count);
      case I32, BOOL -> System.arraycopy(source.i, from, i, to, count);
      case I64 -> System.arraycopy(source.l, from, l, to, count);
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  /** Copies {@code count} values to memory, from a byte on. */
  void copyOut(DType type, int from, MemorySegment to, long at, int count) {
    switch (type) {
      case F32 -> MemorySegment.copy(f, from, to, ValueLayout.JAVA_FLOAT_UNALIGNED, at, count);
      case F64 -> MemorySegment.copy(d, from, to, ValueLayout.JAVA_DOUBLE_UNALIGNED, at, count);
      case I32 -> MemorySegment.copy(i, from, to, ValueLayout.JAVA_INT_UNALIGNED, at, count);
      case I64 -> MemorySegment.copy(l, from, to, ValueLayout.JAVA_LONG_UNALIGNED, at, count);
      default -> throw new IllegalArgumentException("not stored as it is computed: " + type);
    }
  }

  /** {@code v[to + x] = v[to + x] op v[from + x]} for {@code 0 <= x < count}. */
  public void combine(DType type, ReduceOp op, int to, int from, int count) {
    accumulate(type, op, to, this, from, count);
  }

  /**
   * Folds rows of {@code width} values until the first row holds the result: row r takes {@code row[r] op row[r + h]} with h = ceil(m /
   * 2), as the tree does for lanes (a power of two) and blocks alike.
   */
  public void foldRows(DType type, ReduceOp op, int at, int rows, int width) {
    for (int m = rows; m > 1; ) {
      int h = (m + 1) / 2;
      combine(type, op, at, at + h * width, (m - h) * width);
      m = h;
    }
  }

  /** {@code v[to + x] = v[to + x] op source[from + x]} for {@code 0 <= x < count}. */
  public void accumulate(DType type, ReduceOp op, int to, Values source, int from, int count) {
    switch (type) {
      case F32 -> accumulate(op, f, to, source.f, from, count);
      case F64 -> accumulate(op, d, to, source.d, from, count);
      case I32 -> accumulate(op, i, to, source.i, from, count);
      case BOOL -> accumulateBool(op, i, to, source.i, from, count);
      case I64 -> accumulate(op, l, to, source.l, from, count);
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  /** {@code v[to]} becomes the chain {@code identity op source[from] op source[from + 1] ...} of {@code count} values. */
  public void chain(DType type, ReduceOp op, int to, Values source, int from, int count) {
    fill(type, to, to + 1, op.identity(type));
    switch (type) {
      case F32 -> f[to] = chain(op, f[to], source.f, from, count);
      case F64 -> d[to] = chain(op, d[to], source.d, from, count);
      case I32, BOOL, I64 -> {
        for (int x = 0; x < count; x++) {
          accumulate(type, op, to, source, from + x, 1);
        }
      }
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + type);
    }
  }

  private static float chain(ReduceOp op, float start, float[] s, int from, int n) {
    float r = start;
    for (int x = from; x < from + n; x++) {
      r =
          switch (op) {
            case SUM -> r + s[x];
            case PROD -> r * s[x];
            case MIN -> Math.min(r, s[x]);
            case MAX -> Math.max(r, s[x]);
          };
    }
    return r;
  }

  private static double chain(ReduceOp op, double start, double[] s, int from, int n) {
    double r = start;
    for (int x = from; x < from + n; x++) {
      r =
          switch (op) {
            case SUM -> r + s[x];
            case PROD -> r * s[x];
            case MIN -> Math.min(r, s[x]);
            case MAX -> Math.max(r, s[x]);
          };
    }
    return r;
  }

  static void accumulate(ReduceOp op, float[] v, int to, float[] s, int from, int n) {
    switch (op) {
      case SUM -> {
        for (int x = 0; x < n; x++) {
          v[to + x] += s[from + x];
        }
      }
      case PROD -> {
        for (int x = 0; x < n; x++) {
          v[to + x] *= s[from + x];
        }
      }
      case MIN -> {
        for (int x = 0; x < n; x++) {
          v[to + x] = Math.min(v[to + x], s[from + x]);
        }
      }
      case MAX -> {
        for (int x = 0; x < n; x++) {
          v[to + x] = Math.max(v[to + x], s[from + x]);
        }
      }
    }
  }

  static void accumulate(ReduceOp op, double[] v, int to, double[] s, int from, int n) {
    switch (op) {
      case SUM -> {
        for (int x = 0; x < n; x++) {
          v[to + x] += s[from + x];
        }
      }
      case PROD -> {
        for (int x = 0; x < n; x++) {
          v[to + x] *= s[from + x];
        }
      }
      case MIN -> {
        for (int x = 0; x < n; x++) {
          v[to + x] = Math.min(v[to + x], s[from + x]);
        }
      }
      case MAX -> {
        for (int x = 0; x < n; x++) {
          v[to + x] = Math.max(v[to + x], s[from + x]);
        }
      }
    }
  }

  static void accumulate(ReduceOp op, int[] v, int to, int[] s, int from, int n) {
    switch (op) {
      case SUM -> {
        for (int x = 0; x < n; x++) {
          v[to + x] += s[from + x];
        }
      }
      case PROD -> {
        for (int x = 0; x < n; x++) {
          v[to + x] *= s[from + x];
        }
      }
      case MIN -> {
        for (int x = 0; x < n; x++) {
          v[to + x] = Math.min(v[to + x], s[from + x]);
        }
      }
      case MAX -> {
        for (int x = 0; x < n; x++) {
          v[to + x] = Math.max(v[to + x], s[from + x]);
        }
      }
    }
  }

  /** Truth values: MIN and PROD are "and", MAX is "or". */
  static void accumulateBool(ReduceOp op, int[] v, int to, int[] s, int from, int n) {
    if (op == ReduceOp.MAX) {
      for (int x = 0; x < n; x++) {
        v[to + x] |= s[from + x];
      }
    } else {
      for (int x = 0; x < n; x++) {
        v[to + x] &= s[from + x];
      }
    }
  }

  static void accumulate(ReduceOp op, long[] v, int to, long[] s, int from, int n) {
    switch (op) {
      case SUM -> {
        for (int x = 0; x < n; x++) {
          v[to + x] += s[from + x];
        }
      }
      case PROD -> {
        for (int x = 0; x < n; x++) {
          v[to + x] *= s[from + x];
        }
      }
      case MIN -> {
        for (int x = 0; x < n; x++) {
          v[to + x] = Math.min(v[to + x], s[from + x]);
        }
      }
      case MAX -> {
        for (int x = 0; x < n; x++) {
          v[to + x] = Math.max(v[to + x], s[from + x]);
        }
      }
    }
  }
}
