package dev.tenzan.conformance;

import dev.tenzan.type.DType;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;

/** Oracles of what a reduction makes of one line of floats: the exact value, or the one that the fixed order gives. */
final class Lines {
  /** Digits enough that a product of thousands of factors is right to the last bit of a double. */
  private static final MathContext DIGITS = new MathContext(40);

  private static final int LANES = 64;
  private static final int BLOCK = 4096;
  private static final int SCAN_BLOCK = 64;

  private Lines() {}

  /** The exact sum, rounded to a double; infinities and NaN as IEEE 754 adds them. */
  static double sum(double... x) {
    BigDecimal sum = BigDecimal.ZERO;
    double special = 0;
    for (double v : x) {
      if (Double.isFinite(v)) {
        sum = sum.add(new BigDecimal(v));
      } else {
        special += v;
      }
    }
    return special == 0 ? sum.doubleValue() : special;
  }

  /** The product, rounded to a double. */
  static double prod(double... x) {
    BigDecimal product = BigDecimal.ONE;
    double special = 1;
    for (double v : x) {
      special *= Double.isFinite(v) ? Math.signum(v) : v;
      product = Double.isFinite(v) ? product.multiply(new BigDecimal(v), DIGITS) : product;
    }
    return Double.isFinite(special) ? product.doubleValue() : special;
  }

  static double mean(double... x) {
    return sum(x) / x.length;
  }

  /** The sum of squared deviations from the mean. */
  static double deviations(double... x) {
    double mean = mean(x);
    return sum(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).toArray());
  }

  static double norm(double... x) {
    return Math.sqrt(sum(Arrays.stream(x).map(v -> v * v).toArray()));
  }

  static double logSumExp(double... x) {
    double max = Arrays.stream(x).max().orElse(Double.NEGATIVE_INFINITY);
    if (!Double.isFinite(max)) {
      return max;
    }
    return max + StrictMath.log(sum(Arrays.stream(x).map(v -> StrictMath.exp(v - max)).toArray()));
  }

  /** The position of the first NaN, or else of the first element that no other precedes. */
  static int first(double[] x, boolean greatest) {
    int best = 0;
    for (int i = 0; i < x.length; i++) {
      if (Double.isNaN(x[i])) {
        return i;
      }
      if (greatest ? x[i] > x[best] : x[i] < x[best]) {
        best = i;
      }
    }
    return best;
  }

  /** The position of the first integer that no other precedes. */
  static int first(long[] x, boolean greatest) {
    int best = 0;
    for (int i = 0; i < x.length; i++) {
      if (greatest ? x[i] > x[best] : x[i] < x[best]) {
        best = i;
      }
    }
    return best;
  }

  /**
   * The reduction in its fixed order, rounded to {@code t} after each step: a single chain for short lines; otherwise chains in
   * lanes of a block, whose results are folded by halves, and so are those of the blocks.
   */
  static double tree(DType t, double[] x, DoubleBinaryOperator op, double identity) {
    DoubleBinaryOperator step = (a, b) -> Formats.round(t, op.applyAsDouble(a, b));
    if (x.length < LANES) {
      return Arrays.stream(x).reduce(identity, step);
    }
    double[] blocks = new double[(x.length + BLOCK - 1) / BLOCK];
    for (int b = 0; b < blocks.length; b++) {
      double[] lanes = new double[LANES];
      Arrays.fill(lanes, identity);
      for (int i = b * BLOCK; i < Math.min(x.length, (b + 1) * BLOCK); i++) {
        lanes[i % LANES] = step.applyAsDouble(lanes[i % LANES], x[i]);
      }
      blocks[b] = fold(lanes, step);
    }
    return fold(blocks, step);
  }

  private static double fold(double[] parts, DoubleBinaryOperator step) {
    int m = parts.length;
    while (m > 1) {
      int half = (m + 1) / 2;
      for (int i = 0; i < m - half; i++) {
        parts[i] = step.applyAsDouble(parts[i], parts[i + half]);
      }
      m = half;
    }
    return parts[0];
  }

  /** The scan in its fixed order, rounded to {@code t} after each step: chains in blocks, each combined with what went before. */
  static double[] scan(DType t, double[] x, DoubleBinaryOperator op) {
    double[] out = new double[x.length];
    double local = 0;
    for (int i = 0; i < x.length; i++) {
      int start = i / SCAN_BLOCK * SCAN_BLOCK;
      local = i == start ? x[i] : Formats.round(t, op.applyAsDouble(local, x[i]));
      out[i] = start == 0 ? local : Formats.round(t, op.applyAsDouble(out[start - 1], local));
    }
    return out;
  }

  /** How many roundings a value goes through at most on its way into a sum of {@code n} values in the fixed order. */
  static double roundings(long n) {
    if (n < LANES) {
      return n;
    }
    double folds = Math.ceil(Math.log((double) LANES * Math.ceilDiv(n, BLOCK)) / Math.log(2));
    return Math.ceilDiv(Math.min(n, BLOCK), LANES) + folds + 1;
  }
}
