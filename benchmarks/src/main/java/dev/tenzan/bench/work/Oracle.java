package dev.tenzan.bench.work;

import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/** Compares a result with one that was computed in double precision by plain loops. */
interface Oracle {
  /**
   * Compares.
   *
   * @return how, in a few words
   * @throws CheckFailedException where an element is off by more than the bound
   */
  String check(List<Host> inputs, double[] result);

  /** Half the distance of neighbouring f32 numbers at 1. */
  double EPS_F32 = 0x1p-24;

  /** Half the distance of neighbouring f64 numbers at 1. */
  double EPS_F64 = 0x1p-53;

  /** The seed of the sampled positions. */
  long SEED = 7;

  /** The value of one element of the result, and how far off it may be. */
  record Expected(double value, double bound) {}

  /** What an element should be. */
  interface Element {
    Expected at(List<Host> inputs, long index);
  }

  /** Compares some elements: the first, the last, and random ones between. */
  static Oracle sampled(int samples, Element element) {
    return (inputs, result) -> {
      SplittableRandom random = new SplittableRandom(SEED);
      int n = Math.min(samples, result.length);
      for (int s = 0; s < n; s++) {
        int i = s == 0 ? 0 : s == 1 ? result.length - 1 : random.nextInt(result.length);
        Expected e = element.at(inputs, i);
        if (!(Math.abs(result[i] - e.value()) <= e.bound())) {
          throw new CheckFailedException(
              "element " + i + " is " + result[i] + ", expected " + e.value() + " within " + (float) e.bound());
        }
      }
      return n == result.length ? "all " + n + " elements" : n + " elements";
    };
  }

  /**
   * An elementwise expression in f32.
   *
   * @param roundings how many half units in the last place it may be off, relative to the larger of the result and {@code scale}
   * @param scale the size of the intermediate results
   */
  static Oracle elementwise(double roundings, double scale, ToDoubleFunction<double[]> f) {
    return sampled(4096, (inputs, i) -> {
      double[] x = inputs.stream().mapToDouble(h -> h.at(i)).toArray();
      double value = f.applyAsDouble(x);
      return new Expected(value, roundings * EPS_F32 * Math.max(Math.abs(value), scale));
    });
  }

  /**
   * A sum of products with the bound of its rounding errors: n eps times the sum of the absolute products.
   *
   * <p>Under {@link Numerics#FAST} a unit may cut off where it adds, and where it aligns the terms of a sum; each loses up to two eps for
   * each term, so the bound is four times as large. Factors of f32 may also be cut off to tf32: each product is then off by up to 2^-9
   * of its size, as each of its factors has lost up to 2^-10.
   */
  final class Products {
    private final double eps;
    private final double factors;
    private double sum;
    private double absolute;
    private long terms;

    Products(DType dtype, Numerics numerics) {
      boolean wide = dtype == DType.F64;
      eps = (numerics.isReproducible() ? 1 : 4) * (wide ? EPS_F64 : EPS_F32);
      factors = numerics.isReproducible() || wide ? 0 : 0x1.01p-9;
    }

    void add(double a, double b) {
      sum += a * b;
      absolute += Math.abs(a * b);
      terms++;
    }

    Expected expected() {
      return new Expected(sum, ((terms + 2) * eps + factors) * absolute);
    }
  }
}
