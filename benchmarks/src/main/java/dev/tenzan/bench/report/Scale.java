package dev.tenzan.bench.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A map from values to coordinates along one axis, with ticks at round values.
 *
 * @param low the value at {@code from}
 * @param high the value at {@code to}
 * @param from the first coordinate
 * @param to the last coordinate
 * @param base 0 for a linear scale, else the base whose powers are ticks of a logarithmic one
 * @param ticks the values that get a mark
 */
record Scale(double low, double high, double from, double to, int base, List<Double> ticks) {
  /** A linear scale from 0 to at least {@code high}, ending at a tick. */
  static Scale linear(double high, double from, double to, int wanted) {
    double top = Double.isFinite(high) && high > 0 ? high : 1;
    double rough = top / wanted;
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double step = power;
    for (double factor : new double[] {1, 2, 2.5, 5, 10}) {
      step = factor * power;
      if (step >= rough * 0.999) {
        break;
      }
    }
    List<Double> ticks = new ArrayList<>();
    int last = (int) Math.ceil(top / step - 1e-9);
    for (int i = 0; i <= last; i++) {
      ticks.add(i * step);
    }
    return new Scale(0, last * step, from, to, 0, ticks);
  }

  /** A linear scale between two values, with ticks at multiples of a step. */
  static Scale linear(double low, double high, double step, double from, double to) {
    List<Double> ticks = new ArrayList<>();
    for (double t = Math.ceil(low / step) * step; t <= high + step * 1e-9; t += step) {
      ticks.add(t);
    }
    return new Scale(low, high, from, to, 0, ticks);
  }

  /** A logarithmic scale between two positive values, with ticks at powers of a base within. */
  static Scale logarithmic(double low, double high, int base, double from, double to) {
    List<Double> ticks = new ArrayList<>();
    int first = (int) Math.ceil(Math.log(low) / Math.log(base) - 1e-9);
    for (int i = first; Math.pow(base, i) <= high * (1 + 1e-9); i++) {
      ticks.add(Math.pow(base, i));
    }
    return new Scale(low, high, from, to, base, ticks);
  }

  /** The coordinate of a value; those outside are put at the ends. */
  double at(double value) {
    double share =
        base == 0
            ? (value - low) / (high - low)
            : Math.log(Math.max(value, Double.MIN_NORMAL) / low) / Math.log(high / low);
    return from + Math.clamp(share, 0, 1) * (to - from);
  }

  /**
   * The first and the last of some whole numbers.
   *
   * @param first the first
   * @param last the last
   */
  record Bounds(int first, int last) {
    /** A horizontal scale with about ten ticks, the first number among them. */
    Scale scale(Chart chart) {
      int step = Math.max(1, Math.ceilDiv(last - first, 10));
      List<Double> ticks = new ArrayList<>();
      for (int i = first; i <= last; i++) {
        if (i == first || i % step == 0) {
          ticks.add((double) i);
        }
      }
      return new Scale(first, last, chart.left() + 8, chart.right() - 8, 0, ticks);
    }
  }
}
