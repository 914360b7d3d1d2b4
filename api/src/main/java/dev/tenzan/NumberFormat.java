package dev.tenzan;

import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.type.DType;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/**
 * Formats floats as NumPy does: the shortest digits that tell a value from its neighbours, at most eight
 * behind the point. All elements of an array share one form: aligned at the point, or scientific with equally
 * many digits where the range is wide.
 */
final class NumberFormat {
  private static final int PRECISION = 8;

  private final DType dtype;

  private NumberFormat(DType dtype) {
    this.dtype = dtype;
  }

  /** The elements of an array, padded to one width. */
  static List<String> array(DType dtype, double[] values) {
    NumberFormat format = new NumberFormat(dtype);
    List<Parts> parts = new ArrayList<>();
    if (!wideRange(dtype, values)) {
      for (double v : values) {
        parts.add(Double.isFinite(v) ? format.positional(v) : special(v));
      }
      return alignPositional(parts);
    }
    int digits = 0;
    for (double v : values) {
      if (Double.isFinite(v)) {
        digits = Math.max(digits, format.scientific(v, 0, PRECISION).fraction.length());
      }
    }
    for (double v : values) {
      parts.add(Double.isFinite(v) ? format.scientific(v, digits, digits) : special(v));
    }
    return alignScientific(parts, digits);
  }

  /** A scalar: all its digits, scientific below 1e-4 and from 1e16 (f32 1e6, f16 1e3) on. */
  static String scalar(DType dtype, double v) {
    if (!Double.isFinite(v)) {
      return special(v).head;
    }
    double a = Math.abs(v);
    NumberFormat format = new NumberFormat(dtype);
    if (a == 0 || (a >= 1e-4 && a < limit(dtype, 1e16))) {
      String s = format.shortest(a).toPlainString();
      return sign(v) + (s.contains(".") ? s : s + ".0");
    }
    Parts p = format.scientific(v, 0, Integer.MAX_VALUE - 1);
    return p.head + (p.fraction.isEmpty() ? "" : "." + p.fraction) + exponent(p, 2);
  }

  /**
   * The pieces of a number.
   *
   * @param head sign and digits before the point; all of a value that is not finite
   * @param fraction the digits behind the point
   * @param exponent the power of ten of a scientific form
   */
  private record Parts(String head, String fraction, int exponent, boolean finite) {}

  private static Parts special(double v) {
    return new Parts(Double.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf", "", 0, false);
  }

  /**
   * Whether the least and the greatest magnitude ask for the scientific form; computed in the dtype, as NumPy
   * does.
   */
  private static boolean wideRange(DType dtype, double[] values) {
    double max = 0;
    double min = Double.POSITIVE_INFINITY;
    for (double v : values) {
      double a = Math.abs(v);
      if (Double.isFinite(a) && a != 0) {
        max = Math.max(max, a);
        min = Math.min(min, a);
      }
    }
    if (max == 0) {
      return false;
    }
    double ratio = dtype == DType.F64 ? max / min : round(dtype, max / min);
    return max >= limit(dtype, 1e8) || min < round(dtype, 1e-4) || ratio > 1000;
  }

  /**
   * From where on the scientific form is shorter than what the dtype can tell apart; {@code most} for the
   * wide ones.
   */
  private static double limit(DType dtype, double most) {
    return switch (dtype) {
      case F16 -> 1e3;
      case BF16 -> 1e2;
      case F32 -> 1e6;
      case F64, I64, I32, I16, I8, U8, BOOL -> most;
    };
  }

  private static double round(DType dtype, double v) {
    return switch (dtype) {
      case F64, I64, I32, I16, I8, U8, BOOL -> v;
      case F32 -> (float) v;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(Nodes.toOdd(v)));
      case BF16 -> ScalarEval.roundToBf16(Nodes.toOdd(v));
    };
  }

  /**
   * The shortest decimal that reads back as a value of 0 or more in its own dtype, without trailing zeros.
   */
  private BigDecimal shortest(double v) {
    BigDecimal exact = new BigDecimal(v);
    for (int digits = 1; digits < 17; digits++) {
      BigDecimal d = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
      // Below a power of two the neighbours are closer: the nearest decimal may miss, and the one above hit.
      BigDecimal above = exact.round(new MathContext(digits, RoundingMode.UP));
      if (parse(d) == v) {
        return plain(d);
      }
      if (parse(above) == v) {
        return plain(above);
      }
    }
    return plain(exact.round(new MathContext(17, RoundingMode.HALF_EVEN)));
  }

  private double parse(BigDecimal d) {
    return dtype == DType.F32 ? d.floatValue() : round(dtype, d.doubleValue());
  }

  private static BigDecimal plain(BigDecimal d) {
    BigDecimal s = d.signum() == 0 ? BigDecimal.ZERO : d.stripTrailingZeros();
    return s.scale() < 0 ? s.setScale(0) : s;
  }

  private static String sign(double v) {
    return Double.doubleToRawLongBits(v) < 0 ? "-" : "";
  }

  private Parts positional(double v) {
    BigDecimal d = shortest(Math.abs(v));
    if (d.scale() > PRECISION) {
      d = plain(new BigDecimal(Math.abs(v)).setScale(PRECISION, RoundingMode.HALF_EVEN));
    }
    String s = d.toPlainString();
    int point = s.indexOf('.');
    return point < 0
        ? new Parts(sign(v) + s, "", 0, true)
        : new Parts(sign(v) + s.substring(0, point), s.substring(point + 1), 0, true);
  }

  /**
   * The shortest digits, but at least and at most as many behind the point as asked; then the exact value is
   * rounded.
   */
  private Parts scientific(double v, int least, int most) {
    BigDecimal d = shortest(Math.abs(v));
    if (d.signum() == 0) {
      return new Parts(sign(v) + "0", "0".repeat(least), 0, true);
    }
    d = d.stripTrailingZeros();
    int wanted = Math.clamp(d.precision() - 1, least, most);
    if (wanted != d.precision() - 1) {
      MathContext places = new MathContext(wanted + 1, RoundingMode.HALF_EVEN);
      d = new BigDecimal(Math.abs(v)).round(places).stripTrailingZeros();
    }
    String digits = d.unscaledValue().toString();
    String fraction = digits.substring(1) + "0".repeat(Math.max(0, least + 1 - digits.length()));
    return new Parts(sign(v) + digits.charAt(0), fraction, d.precision() - d.scale() - 1, true);
  }

  private static String exponent(Parts p, int digits) {
    String e = Integer.toString(Math.abs(p.exponent));
    return "e" + (p.exponent < 0 ? "-" : "+") + "0".repeat(Math.max(0, digits - e.length())) + e;
  }

  private static List<String> alignPositional(List<Parts> parts) {
    int head = 0;
    int tail = 0;
    for (Parts p : parts) {
      if (p.finite) {
        head = Math.max(head, p.head.length());
        tail = Math.max(tail, p.fraction.length());
      }
    }
    List<String> texts = new ArrayList<>();
    for (Parts p : parts) {
      String gap = " ".repeat(tail - p.fraction.length());
      texts.add(p.finite ? p.head + "." + p.fraction + gap : p.head);
    }
    return padLeft(texts, head + 1 + tail);
  }

  private static List<String> alignScientific(List<Parts> parts, int digits) {
    int head = 0;
    int size = 2;
    for (Parts p : parts) {
      if (p.finite) {
        head = Math.max(head, p.head.length());
        size = Math.max(size, Integer.toString(Math.abs(p.exponent)).length());
      }
    }
    List<String> texts = new ArrayList<>();
    for (Parts p : parts) {
      texts.add(p.finite ? p.head + "." + p.fraction + exponent(p, size) : p.head);
    }
    return padLeft(texts, head + 1 + digits + 2 + size);
  }

  private static List<String> padLeft(List<String> texts, int least) {
    int width = least;
    for (String s : texts) {
      width = Math.max(width, s.length());
    }
    int w = width;
    return texts.stream().map(s -> " ".repeat(w - s.length()) + s).toList();
  }
}
