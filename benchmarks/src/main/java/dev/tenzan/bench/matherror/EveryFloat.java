package dev.tenzan.bench.matherror;

import dev.tenzan.bench.matherror.MathFunction.Symmetry;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

/** The search over every F32 input, or every so-manieth, for the greatest error of a function of one value. */
final class EveryFloat {
  /** Into how many parts the magnitudes are cut. */
  static final int PARTS = 256;

  private static final long MAGNITUDES = 1L << 31;

  private final MathFunction f;
  private final LongBinaryOperator compiled;
  private final int step;

  EveryFloat(MathFunction f, LongBinaryOperator compiled, int step) {
    this.f = f;
    this.compiled = compiled;
    this.step = step;
  }

  /** The number of inputs. */
  long inputs() {
    return 2 * Math.ceilDiv(MAGNITUDES, (long) step);
  }

  /** The greatest error in part {@code p}. Each magnitude is tried with both signs, so a symmetric truth is found once. */
  MathError.Worst part(int p) {
    DoubleBinaryOperator oracle = f.oracle();
    Symmetry symmetry = f.symmetry();
    long size = MAGNITUDES / PARTS;
    long first = Math.ceilDiv(p * size, (long) step) * step;
    double worst = -1;
    int worstBits = 0;
    for (long i = first; i < (p + 1) * size; i += step) {
      int bits = (int) i;
      double truth = oracle.applyAsDouble(Float.intBitsToFloat(bits), 0);
      double ulp = error(bits, truth, worst);
      if (ulp > worst) {
        worst = ulp;
        worstBits = bits;
      }
      bits |= Integer.MIN_VALUE;
      double mirrored =
          switch (symmetry) {
            case EVEN -> truth;
            case ODD -> -truth;
            case NONE -> oracle.applyAsDouble(Float.intBitsToFloat(bits), 0);
          };
      ulp = error(bits, mirrored, worst);
      if (ulp > worst) {
        worst = ulp;
        worstBits = bits;
      }
    }
    double got = Float.intBitsToFloat((int) compiled.applyAsLong(worstBits, 0));
    double truth = oracle.applyAsDouble(Float.intBitsToFloat(worstBits), 0);
    return new MathError.Worst(worst, worstBits & 0xffffffffL, 0, 1, got, truth);
  }

  /** The error at an input; less than that where it cannot be the worst. */
  private double error(int bits, double truth, double worst) {
    int got = (int) compiled.applyAsLong(bits, 0);
    if (worst >= 0.5 && got == Float.floatToRawIntBits((float) truth)) {
      return 0;
    }
    return UlpError.f32(Float.intBitsToFloat(got), truth);
  }
}
