package dev.tenzan.cuda.sim;

import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Instructions that compute each lane by itself. A register is a row of 32 longs, one a lane, that hold its bits without a sign; a signed
 * instruction extends them first ({@link Type#extension}).
 */
final class Lanes {
  static final int WIDTH = 32;
  static final int ALL = -1;

  private Lanes() {}

  /** A function of three values. */
  interface Ternary {
    long apply(long a, long b, long c);
  }

  /** A test of two values. */
  interface Test {
    boolean test(long a, long b);
  }

  /** A function of whole rows, for all lanes: the fast path of a frequent instruction. */
  interface Rows {
    void apply(long[] d, long[] a, long[] b, long[] c);
  }

  /** d = f(a). */
  static final class Unary extends Instruction {
    private final int d;
    private final int a;
    private final int shift;
    private final long bits;
    private final LongUnaryOperator f;

    Unary(int d, int a, int shift, long bits, LongUnaryOperator f) {
      this.d = d;
      this.a = a;
      this.shift = shift;
      this.bits = bits;
      this.f = f;
    }

    @Override
    void execute(Warp w, int mask) {
      long[] to = w.rows[d];
      long[] x = w.rows[a];
      if (mask == ALL) {
        for (int i = 0; i < WIDTH; i++) {
          to[i] = f.applyAsLong(x[i] << shift >> shift) & bits;
        }
        return;
      }
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        to[i] = f.applyAsLong(x[i] << shift >> shift) & bits;
      }
    }
  }

  /** d = a, the bits as they are. */
  static final class Move extends Instruction {
    private final int d;
    private final int a;

    Move(int d, int a) {
      this.d = d;
      this.a = a;
    }

    @Override
    void execute(Warp w, int mask) {
      long[] to = w.rows[d];
      long[] x = w.rows[a];
      if (mask == ALL) {
        System.arraycopy(x, 0, to, 0, WIDTH);
        return;
      }
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        to[i] = x[i];
      }
    }
  }

  /** d = f(a, b). */
  static final class Binary extends Instruction {
    private final int d;
    private final int a;
    private final int b;
    private final int shift;
    private final long bits;
    private final LongBinaryOperator f;

    Binary(int d, int a, int b, int shift, long bits, LongBinaryOperator f) {
      this.d = d;
      this.a = a;
      this.b = b;
      this.shift = shift;
      this.bits = bits;
      this.f = f;
    }

    @Override
    void execute(Warp w, int mask) {
      long[] to = w.rows[d];
      long[] x = w.rows[a];
      long[] y = w.rows[b];
      if (mask == ALL) {
        for (int i = 0; i < WIDTH; i++) {
          to[i] = f.applyAsLong(x[i] << shift >> shift, y[i] << shift >> shift) & bits;
        }
        return;
      }
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        to[i] = f.applyAsLong(x[i] << shift >> shift, y[i] << shift >> shift) & bits;
      }
    }
  }

  /** d = f(a, b, c); {@code wide} is how far c is extended, which may be of another type. */
  static final class Three extends Instruction {
    private final int d;
    private final int a;
    private final int b;
    private final int c;
    private final int shift;
    private final int wide;
    private final long bits;
    private final Ternary f;

    Three(int d, int a, int b, int c, int shift, int wide, long bits, Ternary f) {
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
      this.shift = shift;
      this.wide = wide;
      this.bits = bits;
      this.f = f;
    }

    @Override
    void execute(Warp w, int mask) {
      long[] to = w.rows[d];
      long[] x = w.rows[a];
      long[] y = w.rows[b];
      long[] z = w.rows[c];
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        to[i] = f.apply(x[i] << shift >> shift, y[i] << shift >> shift, z[i] << wide >> wide) & bits;
      }
    }
  }

  /** A frequent instruction: whole rows at once where all lanes are active, and otherwise the plain one. */
  static final class Fast extends Instruction {
    private final int d;
    private final int a;
    private final int b;
    private final int c;
    private final Rows rows;
    private final Instruction plain;

    Fast(int d, int a, int b, int c, Rows rows, Instruction plain) {
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
      this.rows = rows;
      this.plain = plain;
    }

    @Override
    void execute(Warp w, int mask) {
      if (mask == ALL) {
        rows.apply(w.rows[d], w.rows[a], w.rows[b], w.rows[c]);
      } else {
        plain.execute(w, mask);
      }
    }
  }

  /** d = p ? a : b. */
  static final class Select extends Instruction {
    private final int d;
    private final int a;
    private final int b;
    private final int p;
    private final boolean negatedPredicate;

    Select(int d, int a, int b, int p, boolean negatedPredicate) {
      this.d = d;
      this.a = a;
      this.b = b;
      this.p = p;
      this.negatedPredicate = negatedPredicate;
    }

    @Override
    void execute(Warp w, int mask) {
      long[] to = w.rows[d];
      long[] x = w.rows[a];
      long[] y = w.rows[b];
      int chosen = negatedPredicate ? ~w.predicates[p] : w.predicates[p];
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        to[i] = (chosen >>> i & 1) != 0 ? x[i] : y[i];
      }
    }
  }

  /** Lets some lanes of a mask take new bits, and keeps the others. */
  static int merge(int old, int mask, int fresh) {
    return (old & ~mask) | (fresh & mask);
  }
}
