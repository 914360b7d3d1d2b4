package dev.tenzan.bench.matherror;

import dev.tenzan.type.DType;
import java.util.SplittableRandom;
import java.util.function.LongBinaryOperator;

/** The search over special values and a seeded random sample of the inputs. */
final class Sample {
  /** Into how many parts the sample is cut; each has a seed of its own. */
  static final int PARTS = 64;

  private static final long SEED = 20250925;

  /** Values at which functions change their ways; all are tried with both signs and with their neighbours. */
  private static final double[] SPECIAL = {
    0, Double.NaN, Double.POSITIVE_INFINITY, 1, 0.5, 2, 3, 4, 10, 0.25, 0.75, Math.PI / 4, Math.PI / 2, Math.PI, 1e22,
    0x1p-1, 0x1p-12, 0x1p-27, 0x1p-60, 0x1p24, 0x1p53, 0x1p54, Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE,
    Double.MIN_VALUE, Double.MIN_NORMAL, Double.MAX_VALUE, 1024, 88.72284, 103.97, 709.782712893384, 745.1332191019411,
    1023, 1074, 1075, 0.41421356237309503, 2.414213562373095, 1.4142135623730951, 0.7071067811865476, 0.9, 5.93, 20, 40
  };

  private final MathFunction f;
  private final DType dtype;
  private final LongBinaryOperator compiled;
  private final long samples;

  Sample(MathFunction f, DType dtype, LongBinaryOperator compiled, long samples) {
    this.f = f;
    this.dtype = dtype;
    this.compiled = compiled;
    this.samples = samples;
  }

  /** The number of inputs. */
  long inputs() {
    long special = 6L * SPECIAL.length;
    return samples + (f.arity() == 1 ? special : special * special);
  }

  /** The greatest error in part {@code p}; the special values are in part 0. */
  MathError.Worst part(int p) {
    MathError.Worst worst = MathError.Worst.none(f.arity());
    if (p == 0) {
      for (int i = 0; i < 6 * SPECIAL.length; i++) {
        for (int j = 0; j < (f.arity() == 1 ? 1 : 6 * SPECIAL.length); j++) {
          worst = tried(worst, special(i), f.arity() == 1 ? 1 : special(j));
        }
      }
    }
    SplittableRandom random = new SplittableRandom(SEED + p);
    for (long i = p; i < samples; i += PARTS) {
      double x = argument(random);
      worst = tried(worst, x, second(random, x));
    }
    return worst;
  }

  private double special(int i) {
    double v = SPECIAL[i / 6];
    double signed = i % 2 == 0 ? v : -v;
    int step = i / 2 % 3;
    if (dtype == DType.F32) {
      float near = (float) signed;
      return step == 0 ? near : step == 1 ? Math.nextUp(near) : Math.nextDown(near);
    }
    return step == 0 ? signed : step == 1 ? Math.nextUp(signed) : Math.nextDown(signed);
  }

  /** Any bits at all, a value in the range of interest, one with a random exponent below it, or one near 1. */
  private double argument(SplittableRandom random) {
    double v =
        switch (random.nextInt(4)) {
          case 0 -> anyBits(random);
          case 1 -> random.nextDouble(-f.range(), f.range());
          case 2 -> Math.scalb(random.nextDouble(-f.range(), f.range()), -random.nextInt(40));
          default -> 1 + Math.scalb(random.nextDouble(-1, 1), -random.nextInt(1, dtype == DType.F32 ? 24 : 50));
        };
    return dtype == DType.F32 ? (float) v : v;
  }

  private double anyBits(SplittableRandom random) {
    return dtype == DType.F32
        ? Float.intBitsToFloat(random.nextInt())
        : Double.longBitsToDouble(random.nextLong());
  }

  /** A second argument: for powers mostly one whose result is finite, with many whole numbers. */
  private double second(SplittableRandom random, double x) {
    if (f.arity() == 1) {
      return 1;
    }
    double v = argument(random);
    if (f.name().equals("pow") && random.nextInt(8) != 0) {
      double most = dtype == DType.F32 ? 104 : 745;
      // Errors of the logarithm count most in the greatest and the least results.
      double least = random.nextBoolean() ? 0.9 * most : 0;
      v = random.nextDouble(least, most) * (random.nextBoolean() ? 1 : -1) / Math.log(Math.abs(x));
      v = x < 0 || random.nextInt(8) == 0 ? Math.rint(v) : v;
    } else if (random.nextInt(4) != 0) {
      v = x * random.nextDouble(-4, 4);
    }
    return dtype == DType.F32 ? (float) v : v;
  }

  private MathError.Worst tried(MathError.Worst worst, double x, double y) {
    double truth = f.oracle().applyAsDouble(x, y);
    double got;
    double ulp;
    long xBits;
    long yBits;
    if (dtype == DType.F32) {
      xBits = Float.floatToRawIntBits((float) x) & 0xffffffffL;
      yBits = f.arity() == 1 ? 0 : Float.floatToRawIntBits((float) y) & 0xffffffffL;
      float result = Float.intBitsToFloat((int) compiled.applyAsLong(xBits, yBits));
      got = result;
      ulp = UlpError.f32(result, truth);
    } else {
      xBits = Double.doubleToRawLongBits(x);
      yBits = f.arity() == 1 ? 0 : Double.doubleToRawLongBits(y);
      got = Double.longBitsToDouble(compiled.applyAsLong(xBits, yBits));
      ulp = UlpError.f64(f, x, y, got, truth);
    }
    return ulp < worst.ulp() ? worst : worst.or(new MathError.Worst(ulp, xBits, yBits, f.arity(), got, truth));
  }
}
