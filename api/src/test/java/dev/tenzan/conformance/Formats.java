package dev.tenzan.conformance;

import dev.tenzan.type.DType;

/** The number formats as plain arithmetic on doubles and longs, independent of Tenzan's own conversions. */
final class Formats {
  private static final double[] SPECIAL_FLOATS = {
    Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.0, -0.0, 1, -1, 0.5, -0.5, 2.5, -2.5, 3, -7, 88.7, -103.9,
    1e-3, -0.7, 100, 1.5
  };

  private Formats() {}

  /** The number of significant bits, the hidden one included. */
  static int precision(DType t) {
    return switch (t) {
      case F64 -> 53;
      case F32 -> 24;
      case F16 -> 11;
      case BF16 -> 8;
      case I64, I32, I16, I8, U8, BOOL -> throw new IllegalArgumentException(t.label());
    };
  }

  private static int leastExponent(DType t) {
    return switch (t) {
      case F64 -> -1022;
      case F32, BF16 -> -126;
      case F16 -> -14;
      case I64, I32, I16, I8, U8, BOOL -> throw new IllegalArgumentException(t.label());
    };
  }

  /** The greatest finite value. */
  static double max(DType t) {
    double top = t == DType.F16 ? 0x1p15 : t == DType.F64 ? 0x1p1023 : 0x1p127;
    return top * (2 - Math.scalb(1.0, 1 - precision(t)));
  }

  /** The least normal value above 0. */
  static double minNormal(DType t) {
    return Math.scalb(1.0, leastExponent(t));
  }

  /** The least value above 0. */
  static double minSubnormal(DType t) {
    return Math.scalb(1.0, leastExponent(t) + 1 - precision(t));
  }

  /** The distance of neighbouring values at the magnitude of {@code x}. */
  static double ulp(DType t, double x) {
    double a = Math.min(Math.abs(x), max(t));
    int e = Math.max(a == 0 ? leastExponent(t) : Math.getExponent(a), leastExponent(t));
    return Math.scalb(1.0, e + 1 - precision(t));
  }

  /** The unit in the last place of 1. */
  static double epsilon(DType t) {
    return Math.scalb(1.0, 1 - precision(t));
  }

  /** A double rounded once, to nearest even. */
  static double round(DType t, double x) {
    if (t == DType.F64 || Double.isNaN(x) || Double.isInfinite(x) || x == 0) {
      return x;
    }
    double q = ulp(t, x);
    double r = Math.abs(x) > 2 * max(t) ? Math.copySign(Double.POSITIVE_INFINITY, x) : Math.rint(x / q) * q;
    return Math.abs(r) > max(t) ? Math.copySign(Double.POSITIVE_INFINITY, x) : r == 0 ? Math.copySign(0, x) : r;
  }

  /** The least value of an integer type. */
  static long least(DType t) {
    return switch (t) {
      case I64 -> Long.MIN_VALUE;
      case I32 -> Integer.MIN_VALUE;
      case I16 -> Short.MIN_VALUE;
      case I8 -> Byte.MIN_VALUE;
      case U8, BOOL -> 0;
      case F64, F32, F16, BF16 -> throw new IllegalArgumentException(t.label());
    };
  }

  /** The greatest value of an integer type. */
  static long greatest(DType t) {
    return switch (t) {
      case I64 -> Long.MAX_VALUE;
      case I32 -> Integer.MAX_VALUE;
      case I16 -> Short.MAX_VALUE;
      case I8 -> Byte.MAX_VALUE;
      case U8 -> 255;
      case BOOL -> 1;
      case F64, F32, F16, BF16 -> throw new IllegalArgumentException(t.label());
    };
  }

  /** A long wrapped to an integer type. */
  static long wrap(DType t, long v) {
    return switch (t) {
      case I64 -> v;
      case I32 -> (int) v;
      case I16 -> (short) v;
      case I8 -> (byte) v;
      case U8 -> v & 0xff;
      case BOOL -> v == 0 ? 0 : 1;
      case F64, F32, F16, BF16 -> throw new IllegalArgumentException(t.label());
    };
  }

  /** The floats that break naive code. */
  static double[] specialFloats(DType t) {
    double[] extremes = {minSubnormal(t), minNormal(t), max(t)};
    double[] all = new double[SPECIAL_FLOATS.length + 2 * extremes.length];
    for (int i = 0; i < extremes.length; i++) {
      all[2 * i] = extremes[i];
      all[2 * i + 1] = -extremes[i];
    }
    for (int i = 0; i < SPECIAL_FLOATS.length; i++) {
      all[2 * extremes.length + i] = round(t, SPECIAL_FLOATS[i]);
    }
    return all;
  }

  /** The integers that break naive code. */
  static long[] specialIntegers(DType t) {
    if (t == DType.BOOL) {
      return new long[] {0, 1};
    }
    long lo = least(t);
    long hi = greatest(t);
    return new long[] {lo, lo + 1, hi, hi - 1, 0, 1, wrap(t, -1), 2, wrap(t, -3), 7, 8L * t.byteSize(), 8L * t.byteSize() - 1};
  }
}
