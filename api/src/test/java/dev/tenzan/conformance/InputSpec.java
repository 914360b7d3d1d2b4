package dev.tenzan.conformance;

import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * An input of a case: its dtype, its shape, and which values it takes.
 *
 * @param dtype the element type
 * @param shape the shape
 * @param values the kind of values
 * @param low the least value of a range
 * @param high the greatest value of a range
 */
public record InputSpec(DType dtype, Shape shape, Values values, double low, double high) {
  /** Kinds of values. */
  public enum Values {
    /** Random within the range; integers include both ends. */
    RANGE,
    /** Random whole numbers within the range, both ends included. */
    WHOLE,
    /** Random whole numbers within the range; of floats about one in 16 is an infinity or NaN. */
    WHOLE_OR_INFINITE,
    /** Special values, repeated so that two inputs meet in every combination. */
    SPECIAL_FAST,
    /** Special values, each repeated for all of the other input's. */
    SPECIAL_SLOW,
    /** Random bits: floats of every magnitude, integers of the whole range. */
    BITS;

    /** The name in lower case, for names of cases. */
    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Values of moderate size, both signs where the dtype has them. */
  public static InputSpec of(DType t, long... dims) {
    double low = t == DType.U8 || t == DType.BOOL ? 0 : t.isFloat() ? -4 : -20;
    return new InputSpec(t, Shape.of(dims), Values.RANGE, low, t == DType.BOOL ? 1 : t.isFloat() ? 4 : 20);
  }

  /** Values within a range. */
  public InputSpec range(double lo, double hi) {
    return new InputSpec(dtype, shape, Values.RANGE, lo, hi);
  }

  /** Values of another kind. */
  public InputSpec values(Values v) {
    return new InputSpec(dtype, shape, v, low, high);
  }

  /** The values of a seed. */
  HostArray make(long seed) {
    SplittableRandom r = new SplittableRandom(seed);
    return switch (values) {
      case RANGE ->
          dtype.isFloat()
              ? HostArray.reals(dtype, shape, i -> Formats.round(dtype, low + (high - low) * r.nextDouble()))
              : HostArray.integers(dtype, shape, i -> r.nextLong((long) low, (long) high + 1));
      case WHOLE -> whole(r, false);
      case WHOLE_OR_INFINITE -> whole(r, dtype.isFloat());
      case SPECIAL_FAST -> special(false);
      case SPECIAL_SLOW -> special(true);
      case BITS ->
          dtype.isFloat()
              ? HostArray.reals(dtype, shape, i -> wide(r))
              : HostArray.integers(dtype, shape, i -> dtype == DType.BOOL ? r.nextLong(2) : r.nextLong());
    };
  }

  private HostArray whole(SplittableRandom r, boolean infinite) {
    double[] others = {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN};
    return dtype.isFloat()
        ? HostArray.reals(
            dtype, shape, i -> infinite && r.nextInt(16) == 0 ? others[r.nextInt(3)] : r.nextLong((long) low, (long) high + 1))
        : HostArray.integers(dtype, shape, i -> r.nextLong((long) low, (long) high + 1));
  }

  private HostArray special(boolean slow) {
    if (dtype.isFloat()) {
      double[] s = Formats.specialFloats(dtype);
      return HostArray.reals(dtype, shape, i -> s[(slow ? i / s.length : i) % s.length]);
    }
    long[] s = Formats.specialIntegers(dtype);
    return HostArray.integers(dtype, shape, i -> s[(slow ? i / s.length : i) % s.length]);
  }

  private double wide(SplittableRandom r) {
    int lo = Math.getExponent(Formats.minNormal(dtype)) - 2;
    int hi = Math.getExponent(Formats.max(dtype));
    double m = Math.scalb(1 + r.nextDouble(), r.nextInt(lo, hi));
    return Formats.round(dtype, r.nextBoolean() ? m : -m);
  }
}
