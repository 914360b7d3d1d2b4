package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;

/** Conversions from every dtype to every dtype, and bits seen as another dtype of their size. */
final class CastCases {
  private CastCases() {}

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Casts", all);
    for (DType from : CaseList.ALL) {
      for (DType to : CaseList.ALL) {
        casts(c, from, to);
      }
    }
    c.constant();
    ties(c);
    for (DType from : CaseList.ALL) {
      for (DType to : CaseList.ALL) {
        if (from.byteSize() == to.byteSize() && (from == DType.BOOL) == (to == DType.BOOL)) {
          bitcasts(c, from, to);
        }
      }
    }
  }

  private static void casts(CaseList c, DType from, DType to) {
    int n = from.isFloat() ? Formats.specialFloats(from).length : Formats.specialIntegers(from).length;
    // A difference quotient through a narrower float sees the steps of its rounding instead of the slope.
    if (from.isFloat() && to.isFloat() && (from != DType.F64 || to == DType.F64)) {
      c.smooth();
    } else {
      c.constant();
    }
    cast(c, to, InputSpec.of(from, n).values(InputSpec.Values.SPECIAL_FAST));
    cast(c, to, InputSpec.of(from, 3, 37).values(InputSpec.Values.BITS));
    if (from.isFloat() || to.isFloat() && from.isInt() && from != DType.U8) {
      cast(c, to, nearLimits(from, to));
    }
    if (from == DType.F32 || to == DType.F16) {
      cast(c, to, InputSpec.of(from));
      cast(c, to, InputSpec.of(from, 2, 0));
    }
  }

  /** Values around the limits of the target: where integers saturate, or where floats stop holding every integer. */
  private static InputSpec nearLimits(DType from, DType to) {
    double bound = to.isFloat() ? Math.scalb(4.0, Formats.precision(to)) : 1.3 * Formats.greatest(to);
    double limit = Math.min(bound, from.isFloat() ? Formats.max(from) : Formats.greatest(from));
    return InputSpec.of(from, 5, 7).range(-limit, limit);
  }

  private static void cast(CaseList c, DType to, InputSpec in) {
    c.add("cast", "to " + to + " " + UnaryCases.variant(in), in.dtype(), Tolerance.EXACT, List.of(in),
        x -> x.getFirst().cast(to), x -> convert(x.getFirst(), to));
  }

  private static HostArray convert(HostArray x, DType to) {
    if (to.isFloat()) {
      return HostArray.reals(to, x.shape(), i -> x.dtype().isFloat() ? x.real(i) : nearest(to, x.integer(i)));
    }
    return HostArray.integers(to, x.shape(), i -> x.dtype().isFloat() ? truncate(to, x.real(i)) : x.integer(i));
  }

  /** The integer without the fraction, or the nearest one that the dtype has; 0 for NaN, which is nevertheless true. */
  private static long truncate(DType to, double v) {
    if (to == DType.BOOL) {
      return v == 0 ? 0 : 1;
    }
    if (Double.isNaN(v)) {
      return 0;
    }
    if (Double.isInfinite(v)) {
      return v < 0 ? Formats.least(to) : Formats.greatest(to);
    }
    BigInteger low = BigInteger.valueOf(Formats.least(to));
    BigInteger high = BigInteger.valueOf(Formats.greatest(to));
    return new BigDecimal(v).toBigInteger().max(low).min(high).longValueExact();
  }

  /** An integer rounded once, to nearest even; on the way through a double it could be rounded twice. */
  private static double nearest(DType to, long v) {
    BigInteger magnitude = BigInteger.valueOf(v).abs();
    int excess = magnitude.bitLength() - Formats.precision(to);
    if (excess <= 0) {
      return v;
    }
    BigInteger q = magnitude.shiftRight(excess);
    int half = magnitude.subtract(q.shiftLeft(excess)).compareTo(BigInteger.ONE.shiftLeft(excess - 1));
    boolean up = half > 0 || half == 0 && q.testBit(0);
    return Math.signum((double) v) * Math.scalb(q.doubleValue() + (up ? 1 : 0), excess);
  }

  /** Values halfway between two of the target's, and just beside: what is rounded twice goes wrong here. */
  private static void ties(CaseList c) {
    InputSpec in = InputSpec.of(DType.I64, 32).range(-3, 3);
    for (DType to : List.of(DType.F32, DType.F16, DType.BF16)) {
      for (int odd = 1; odd <= 3; odd += 2) {
        double tie = 1 + odd * Math.scalb(1.0, -Formats.precision(to));
        tie(c, in, DType.F64, to, tie, 0x1p-50);
        if (to != DType.F32) {
          tie(c, in, DType.F32, to, tie, 0x1p-22);
        }
        tie(c, in, DType.I64, to, tie * 0x1p60, 1);
        tie(c, in, DType.I64, to, tie * -0x1p40, 1);
        tie(c, in, DType.I32, to, tie * (to == DType.F16 ? 0x1p14 : 0x1p28), 1);
      }
    }
  }

  private static void tie(CaseList c, InputSpec in, DType from, DType to, double tie, double step) {
    String variant = "to " + to + " near " + Double.toHexString(tie);
    if (from.isFloat()) {
      c.add("cast", variant, from, Tolerance.EXACT, List.of(in),
          x -> x.getFirst().cast(from).mul(step).add(tie).cast(to),
          x -> HostArray.reals(to, in.shape(), i -> x.getFirst().integer(i) * step + tie));
    } else {
      c.add("cast", variant, from, Tolerance.EXACT, List.of(in),
          x -> x.getFirst().add(tie).cast(from).cast(to),
          x -> HostArray.reals(to, in.shape(), i -> nearest(to, x.getFirst().integer(i) + (long) tie)));
    }
  }

  /** A NaN may have any bits, so none goes into a bitcast; integers' bits may well mean one. */
  private static void bitcasts(CaseList c, DType from, DType to) {
    int n = from.isFloat() ? Formats.specialFloats(from).length : Formats.specialIntegers(from).length;
    InputSpec special = InputSpec.of(from, n).values(InputSpec.Values.SPECIAL_FAST);
    for (InputSpec in : List.of(special, InputSpec.of(from, 5, 31).values(InputSpec.Values.BITS), InputSpec.of(from))) {
      c.add("bitcast", "to " + to + " " + UnaryCases.variant(in), from, Tolerance.EXACT, List.of(in),
          x -> noNan(x.getFirst()).bitcast(to),
          x -> HostArray.ofBytes(to, in.shape(), noNan(x.getFirst()).bytes()));
    }
  }

  private static Tensor noNan(Tensor x) {
    return x.dtype().isFloat() ? Tensor.where(x.isNan(), x.zerosLike(), x) : x;
  }

  private static HostArray noNan(HostArray x) {
    return x.dtype().isFloat()
        ? HostArray.reals(x.dtype(), x.shape(), i -> Double.isNaN(x.real(i)) ? 0 : x.real(i))
        : x;
  }
}
