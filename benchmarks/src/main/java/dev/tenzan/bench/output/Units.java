package dev.tenzan.bench.output;

import java.util.Locale;

/** Numbers as people read them: three significant digits and a unit. */
public final class Units {
  private static final String[] TIMES = {"s", "ms", "us", "ns"};
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB"};
  private static final String[] COUNTS = {"", "k", "M", "G", "T"};

  private Units() {}

  /** A number with three significant digits, more only where it is 1000 or above; no exponent. */
  public static String number(double x) {
    if (!Double.isFinite(x)) {
      return Double.toString(x);
    }
    double magnitude = Math.abs(x);
    if (magnitude == 0) {
      return "0";
    }
    // Rounding may carry into another digit: 9.996 is 10.0, not 10.00.
    double exponent = Math.floor(Math.log10(magnitude));
    double carried = Math.pow(10, exponent + 1);
    if (magnitude >= carried - 0.5 * Math.pow(10, exponent - 2)) {
      exponent++;
    }
    int decimals = (int) Math.max(0, 2 - exponent);
    return String.format(Locale.ROOT, "%." + Math.min(decimals, 12) + "f", x);
  }

  /** A duration: {@code 8.10 ms}. */
  public static String seconds(double seconds) {
    double value = seconds;
    int unit = 0;
    while (unit < TIMES.length - 1 && value < 0.9995) {
      value *= 1000;
      unit++;
    }
    return number(value) + " " + TIMES[unit];
  }

  /** A size in bytes with binary units: {@code 23.4 GiB}. */
  public static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (unit < BINARY.length - 1 && value >= 999.5) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " B" : number(value) + " " + BINARY[unit];
  }

  /** A count with a decimal suffix where that is exact or longer than four digits: {@code 10M}, {@code 1024}. */
  public static String count(long n) {
    long value = n;
    int unit = 0;
    while (unit < COUNTS.length - 1 && value >= 1000 && value % 1000 == 0) {
      value /= 1000;
      unit++;
    }
    return value + COUNTS[unit];
  }

  /** A share as whole per cent, with one decimal below ten. */
  public static String percent(double share) {
    double p = 100 * share;
    return String.format(Locale.ROOT, Math.abs(p) < 9.95 ? "%.1f %%" : "%.0f %%", p);
  }
}
