package dev.tenzan.cuda.sim;

/**
 * The frequent instructions over whole rows. Each is a loop of its own, so that the JVM compiles it without calls; a shared loop around a
 * function costs several times as much once many functions go through it.
 */
final class FastRows {
  private static final long LOW = 0xffff_ffffL;

  private FastRows() {}

  static void add32(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = (a[i] + b[i]) & LOW;
    }
  }

  static void add64(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = a[i] + b[i];
    }
  }

  static void subtract32(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = (a[i] - b[i]) & LOW;
    }
  }

  static void multiply32(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = (a[i] * b[i]) & LOW;
    }
  }

  static void multiply64(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = a[i] * b[i];
    }
  }

  static void multiplyAdd32(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = (a[i] * b[i] + c[i]) & LOW;
    }
  }

  static void multiplyAdd64(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = a[i] * b[i] + c[i];
    }
  }

  static void wideSigned(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = (long) (int) a[i] * (int) b[i];
    }
  }

  static void wideSignedAdd(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = (long) (int) a[i] * (int) b[i] + c[i];
    }
  }

  static void and(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = a[i] & b[i];
    }
  }

  static void or(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = a[i] | b[i];
    }
  }

  static void xor(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = a[i] ^ b[i];
    }
  }

  static void addF32(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = FloatMath.bits(Float.intBitsToFloat((int) a[i]) + Float.intBitsToFloat((int) b[i]));
    }
  }

  static void subtractF32(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = FloatMath.bits(Float.intBitsToFloat((int) a[i]) - Float.intBitsToFloat((int) b[i]));
    }
  }

  static void multiplyF32(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = FloatMath.bits(Float.intBitsToFloat((int) a[i]) * Float.intBitsToFloat((int) b[i]));
    }
  }

  static void fmaF32(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = FloatMath.bits(
          Math.fma(Float.intBitsToFloat((int) a[i]), Float.intBitsToFloat((int) b[i]), Float.intBitsToFloat((int) c[i])));
    }
  }

  static void addF64(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = FloatMath.bits(Double.longBitsToDouble(a[i]) + Double.longBitsToDouble(b[i]));
    }
  }

  static void multiplyF64(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = FloatMath.bits(Double.longBitsToDouble(a[i]) * Double.longBitsToDouble(b[i]));
    }
  }

  static void fmaF64(long[] d, long[] a, long[] b, long[] c) {
    for (int i = 0; i < Lanes.WIDTH; i++) {
      d[i] = FloatMath.bits(
          Math.fma(Double.longBitsToDouble(a[i]), Double.longBitsToDouble(b[i]), Double.longBitsToDouble(c[i])));
    }
  }
}
