package dev.tenzan.conformance;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;

/** Tensors made from nothing: constants, ranges and random numbers. The one input only brings the device along. */
final class CreationCases {
  private static final List<InputSpec> DEVICE = List.of(InputSpec.of(DType.I64));
  private static final long KEY = 0x123456789abcdef0L;

  private CreationCases() {}

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Creation", all).constant();
    for (DType t : CaseList.ALL) {
      constants(c, t);
      likes(c, t);
      ranges(c, t);
      eyes(c, t);
    }
    arrays(c);
    lines(c);
    random(c);
  }

  private static void reals(
      CaseList c,
      String op,
      String variant,
      DType t,
      Tolerance near,
      Shape s,
      Function<Device, Tensor> f,
      IntToDoubleFunction v) {
    c.add(op, variant, t, near, DEVICE, x -> f.apply(x.getFirst().device()), _ -> HostArray.reals(t, s, v));
  }

  private static void integers(
      CaseList c, String op, String variant, DType t, Shape s, Function<Device, Tensor> f, IntToLongFunction v) {
    c.add(op, variant, t, Tolerance.EXACT, DEVICE, x -> f.apply(x.getFirst().device()), _ -> HostArray.integers(t, s, v));
  }

  /** A case whose exact values are doubles, of any dtype. */
  private static void exact(
      CaseList c, String op, String variant, DType t, Shape s, Function<Device, Tensor> f, IntToDoubleFunction v) {
    if (t.isFloat()) {
      reals(c, op, variant, t, Tolerance.EXACT, s, f, v);
    } else {
      integers(c, op, variant, t, s, f, i -> (long) v.applyAsDouble(i));
    }
  }

  /** Values to fill with: for floats also some that are not theirs, which are rounded once. */
  private static double[] values(DType t) {
    if (t == DType.BOOL) {
      return new double[] {1};
    }
    double tie = 1 + Math.scalb(1.0, -(t.isFloat() ? Formats.precision(t) : 1));
    return t.isFloat()
        ? new double[] {1.1, -0.0, Double.NaN, Double.NEGATIVE_INFINITY, 1e39, 1e-42, tie, tie + 0x1p-50}
        : new double[] {100, Formats.least(t)};
  }

  private static void constants(CaseList c, DType t) {
    Shape s = Shape.of(3, 5);
    for (double v : values(t)) {
      exact(c, "full", Double.toHexString(v), t, s, d -> d.full(t, v, 3, 5), _ -> v);
      exact(c, "scalar", Double.toHexString(v), t, Shape.SCALAR, d -> d.scalar(t, v), _ -> v);
    }
    exact(c, "full", "empty", t, Shape.of(2, 0), d -> d.full(t, 1, 2, 0), _ -> 1);
    exact(c, "zeros", "matrix", t, s, d -> d.zeros(t, 3, 5), _ -> 0);
    exact(c, "ones", "matrix", t, s, d -> d.ones(t, 3, 5), _ -> 1);
    double[] v = t.isFloat() ? values(t) : new double[] {0.9, -1.9, 1e30, -1e30, Double.NaN, 1};
    exact(c, "fromDoubles", "line", t, Shape.of(v.length), d -> d.fromDoubles(t, v), i -> stored(t, v[i]));
    float[] f = {0.5f, -1, 3e38f, 1e-45f, Float.NaN, Float.NEGATIVE_INFINITY};
    exact(c, "fromFloats", "matrix", t, Shape.of(3, 2), d -> d.fromFloats(t, f, 3, 2), i -> stored(t, f[i]));
    if (t == DType.I64) {
      for (long n : new long[] {Long.MAX_VALUE, Long.MIN_VALUE + 1, 0}) {
        integers(c, "scalar", "long " + n, t, Shape.SCALAR, d -> d.scalar(n), _ -> n);
      }
    }
  }

  /** One of the methods that copy a Java array for every type of array. */
  private static void arrays(CaseList c) {
    Shape s = Shape.of(2, 2);
    double[] v = {-100, 0, 1, 100};
    exact(c, "of", "array", DType.F64, s, d -> d.of(v, 2, 2), i -> v[i]);
    exact(c, "of", "array", DType.F32, s, d -> d.of(new float[] {-100, 0, 1, 100}, 2, 2), i -> v[i]);
    exact(c, "of", "array", DType.I64, s, d -> d.of(new long[] {-100, 0, 1, 100}, 2, 2), i -> v[i]);
    exact(c, "of", "array", DType.I32, s, d -> d.of(new int[] {-100, 0, 1, 100}, 2, 2), i -> v[i]);
    exact(c, "of", "array", DType.I16, s, d -> d.of(new short[] {-100, 0, 1, 100}, 2, 2), i -> v[i]);
    exact(c, "of", "array", DType.I8, s, d -> d.of(new byte[] {-100, 0, 1, 100}, 2, 2), i -> v[i]);
    exact(c, "of", "array", DType.BOOL, s, d -> d.of(new boolean[] {true, false, true, true}, 2, 2), i -> i == 1 ? 0 : 1);
  }

  /** What an integer dtype makes of a double: the fraction goes, and values out of range saturate. */
  private static double stored(DType t, double v) {
    if (t.isFloat()) {
      return v;
    }
    if (t == DType.BOOL) {
      return v == 0 ? 0 : 1;
    }
    return Double.isNaN(v) ? 0 : Math.min(Math.max(v, Formats.least(t)), Formats.greatest(t));
  }

  private static void likes(CaseList c, DType t) {
    InputSpec in = InputSpec.of(t, 2, 3);
    like(c, "zerosLike", in, Tensor::zerosLike, 0);
    like(c, "onesLike", in, Tensor::onesLike, 1);
    like(c, "fullLike", in, x -> x.fullLike(1), 1);
  }

  private static void like(CaseList c, String op, InputSpec in, Function<Tensor, Tensor> f, double v) {
    DType t = in.dtype();
    c.add(op, in.shape().toString(), t, Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst()),
        x -> t.isFloat()
            ? HostArray.reals(t, x.getFirst().shape(), _ -> v)
            : HostArray.integers(t, x.getFirst().shape(), _ -> (long) v));
  }

  private static void ranges(CaseList c, DType t) {
    for (int n : new int[] {0, 1, 300, t == DType.F16 || t == DType.BF16 ? 4100 : 301}) {
      exact(c, "arange", "to " + n, t, Shape.of(n), d -> d.arange(t, n), i -> i);
    }
    if (t == DType.BOOL) {
      return;
    }
    arange(c, t, 3, 40, 7);
    arange(c, t, 5, 5, 1);
    arange(c, t, 5, 0, 1);
    arange(c, t, 100, 3, -9.5);
    if (t.isFloat()) {
      arange(c, t, 0, 1, 0.1);
      arange(c, t, -1, 1, 1 / 3.0);
      arange(c, t, 1e-3, 70, 0.7);
    } else {
      arange(c, t, 0, 7, 0.75);
    }
    if (t != DType.U8) {
      arange(c, t, 3, -60, -1.25);
    }
  }

  private static void arange(CaseList c, DType t, double start, double end, double step) {
    int n = (int) Math.max(0, Math.ceil((end - start) / step));
    exact(c, "arange", start + ":" + end + ":" + step, t, Shape.of(n), d -> d.arange(t, start, end, step),
        i -> stored(t, onLine(start, step, i)));
  }

  /** {@code start + i * step}, rounded once. */
  private static double onLine(double start, double step, int i) {
    return new BigDecimal(step).multiply(BigDecimal.valueOf(i)).add(new BigDecimal(start)).doubleValue();
  }

  private static void eyes(CaseList c, DType t) {
    exact(c, "eye", "square", t, Shape.of(4, 4), d -> d.eye(t, 4), i -> i % 5 == 0 ? 1 : 0);
    exact(c, "eye", "wide", t, Shape.of(3, 5), d -> d.eye(t, 3, 5), i -> i % 6 == 0 ? 1 : 0);
    exact(c, "eye", "tall", t, Shape.of(5, 2), d -> d.eye(t, 5, 2), i -> i / 2 == i % 2 ? 1 : 0);
    exact(c, "eye", "empty", t, Shape.of(0, 3), d -> d.eye(t, 0, 3), _ -> 0);
  }

  private static void lines(CaseList c) {
    for (DType t : CaseList.FLOATS) {
      linspace(c, t, 0, 1, 50, true);
      linspace(c, t, -3, 8.1, 77, true);
      linspace(c, t, 2, -5, 33, false);
      linspace(c, t, 5, 9, 1, true);
      linspace(c, t, 5, 9, 1, false);
      linspace(c, t, 5, 9, 0, true);
    }
    for (DType t : CaseList.INTEGERS) {
      integers(c, "linspace", "integers", t, Shape.of(5), d -> d.linspace(t, 0, 100, 5), i -> 25 * i);
      integers(c, "linspace", "truncated", t, Shape.of(4), d -> d.linspace(t, 1, 3, 4, false), i -> 1 + i / 2);
    }
  }

  /** The step is a rounded double, so values in the middle may be off by some rounding errors of a double; the ends may not. */
  private static void linspace(CaseList c, DType t, double start, double end, int count, boolean endpoint) {
    int gaps = endpoint ? count - 1 : count;
    double error = 2 * Formats.epsilon(DType.F64) * Math.max(Math.abs(start), Math.abs(end));
    Tolerance near = new Tolerance(0.5, t == DType.F64 ? error : 2 * error);
    BigDecimal span = new BigDecimal(end).subtract(new BigDecimal(start));
    reals(c, "linspace", start + ":" + end + ":" + count + (endpoint ? "" : " open"), t, near, Shape.of(count),
        d -> endpoint ? d.linspace(t, start, end, count) : d.linspace(t, start, end, count, false),
        i -> gaps == 0
            ? start
            : new BigDecimal(start)
                .add(span.multiply(BigDecimal.valueOf(i)).divide(BigDecimal.valueOf(gaps), 60, RoundingMode.HALF_EVEN))
                .doubleValue());
    if (endpoint && count > 1) {
      reals(c, "linspace", "ends of " + start + ":" + end + ":" + count, t, Tolerance.EXACT, Shape.of(2),
          d -> {
            Tensor x = d.linspace(t, start, end, count);
            return Tensor.stack(0, x.get(0), x.get(-1));
          },
          i -> i == 0 ? start : end);
    }
  }

  /** The four words of Philox4x32-10 for a counter (Salmon et al., SC'11). */
  private static int[] philox(long counter, long key) {
    int[] c = {(int) counter, (int) (counter >>> 32), 0, 0};
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < 10; round++) {
      long a = 0xd2511f53L * Integer.toUnsignedLong(c[0]);
      long b = 0xcd9e8d57L * Integer.toUnsignedLong(c[2]);
      c = new int[] {(int) (b >>> 32) ^ c[1] ^ k0, (int) b, (int) (a >>> 32) ^ c[3] ^ k1, (int) a};
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    return c;
  }

  private static long unsigned(int word) {
    return Integer.toUnsignedLong(word);
  }

  /** A multiple of 2^-24, or of 2^-53 for f64, in [0, 1). */
  private static double unit(DType t, int first, int second) {
    return t == DType.F64
        ? ((unsigned(first) >>> 5 << 26) + (unsigned(second) >>> 6)) * 0x1p-53
        : (unsigned(first) >>> 8) * 0x1p-24;
  }

  private static void random(CaseList c) {
    for (long key : new long[] {0, KEY, -1, Long.MIN_VALUE}) {
      integers(c, "randomBits", "key " + key, DType.I32, Shape.of(7, 9), d -> d.randomBits(key, 7, 9),
          i -> philox(i, key)[0]);
    }
    integers(c, "randomBits", "scalar", DType.I32, Shape.SCALAR, d -> d.randomBits(KEY), _ -> philox(0, KEY)[0]);
    integers(c, "randomBits", "long", DType.I32, Shape.of(5003), d -> d.randomBits(KEY, 5003), i -> philox(i, KEY)[0]);
    for (DType t : CaseList.FLOATS) {
      reals(c, "randomUniform", "unit", t, Tolerance.EXACT, Shape.of(5, 40), d -> d.randomUniform(t, KEY, 5, 40),
          i -> uniform(t, i));
      reals(c, "randomUniform", "within bounds", t, Tolerance.EXACT, Shape.of(200),
          d -> d.randomUniform(t, KEY, -2.0, 0.7, 200),
          i -> Formats.round(t, Formats.round(t, uniform(t, i)) * Formats.round(t, 0.7 + 2.0)) + Formats.round(t, -2.0));
      reals(c, "randomNormal", "standard", t, UnaryCases.tolerance(t, 4), Shape.of(400), d -> d.randomNormal(t, KEY, 400),
          i -> normal(t, i));
    }
    for (DType t : CaseList.INTEGERS) {
      randomInt(c, t, 0, 6);
      randomInt(c, t, 5, 6);
      randomInt(c, t, Math.max(Formats.least(t), -1L << 61), Math.min(Formats.greatest(t), 1L << 61));
    }
  }

  private static double uniform(DType t, int i) {
    int[] w = philox(i, KEY);
    return unit(t, w[0], w[1]);
  }

  /** Box and Muller's method: words 0 and 1 give the radius, 2 and 3 the angle, each rounded as the definition says. */
  private static double normal(DType t, int i) {
    DType wide = t.compute();
    int[] w = philox(i, KEY);
    double above = unit(t, w[0], w[1]) + (wide == DType.F64 ? 0x1p-53 : 0x1p-24);
    double radius = Math.sqrt(-2 * StrictMath.log(above));
    return radius * StrictMath.cos(Formats.round(wide, unit(t, w[2], w[3]) * Formats.round(wide, 2 * Math.PI)));
  }

  private static void randomInt(CaseList c, DType t, long low, long high) {
    integers(c, "randomInt", low + ":" + high, t, Shape.of(3, 50), d -> d.randomInt(t, KEY, low, high, 3, 50),
        i -> {
          int[] w = philox(i, KEY);
          return low + Long.remainderUnsigned(unsigned(w[0]) >>> 1 << 32 | unsigned(w[1]), high - low);
        });
  }
}
