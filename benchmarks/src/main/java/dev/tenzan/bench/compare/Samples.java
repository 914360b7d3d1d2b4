package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.CheckFailedException;
import dev.tenzan.type.DType;
import java.util.SplittableRandom;

/** Comparing some elements of a result with expected ones: the first, the last, and random ones between. */
final class Samples {
  /** Half the distance of neighbouring f32 numbers at 1. */
  static final double EPS_F32 = 0x1p-24;

  private static final double EPS_F64 = 0x1p-53;

  /** Half the distance of neighbouring bf16 numbers at 1: the rounding of the result. */
  private static final double EPS_BF16 = 0x1p-8;

  private static final int SAMPLES = 256;

  /** The seed of the sampled positions. */
  private static final long SEED = 7;

  private Samples() {}

  /** The value of one element of the result, and how far off it may be. */
  record Element(double value, double bound) {}

  /** The expected elements. */
  interface Elements {
    Element at(int index);
  }

  /**
   * Compares.
   *
   * @return how many were compared, in a few words
   * @throws CheckFailedException where an element is off by more than its bound, or the number of elements is wrong
   */
  static String sampled(int size, double[] result, Elements elements) {
    if (result.length != size) {
      throw new CheckFailedException(result.length + " elements, expected " + size);
    }
    SplittableRandom random = new SplittableRandom(SEED);
    int n = Math.min(SAMPLES, size);
    for (int s = 0; s < n; s++) {
      int i = n == size ? s : s == 0 ? 0 : s == 1 ? size - 1 : random.nextInt(size);
      compare(i, result[i], elements.at(i));
    }
    return n == size ? "all " + n + " elements" : n + " elements";
  }

  private static void compare(int index, double actual, Element expected) {
    if (!(Math.abs(actual - expected.value()) <= expected.bound())) {
      throw new CheckFailedException(
          "element " + index + " is " + actual + ", expected " + expected.value() + " within " + (float) expected.bound());
    }
  }

  /** A sum of products with the bound of its rounding errors: as many half units in the last place as there are operations. */
  static final class Products {
    private double sum;
    private double absolute;
    private long terms;

    void add(double a, double b) {
      sum += a * b;
      absolute += Math.abs(a * b);
      terms++;
    }

    Element expected(DType dtype) {
      double eps = dtype == DType.F64 ? EPS_F64 : dtype == DType.I8 ? 0 : EPS_F32;
      double rounding = dtype == DType.BF16 ? EPS_BF16 * Math.abs(sum) : 0;
      return new Element(sum, (terms + 2) * eps * absolute + rounding);
    }
  }

  /** A value that may be off by some half units in the last place, of its own or of an intermediate result's. */
  static Element relative(double value, double roundings, double scale) {
    return new Element(value, roundings * EPS_F32 * Math.max(Math.abs(value), scale));
  }
}
