package dev.tenzan;

import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Formats tensors as NumPy prints arrays: aligned columns, eight digits, long axes abbreviated to three items
 * at each end.
 */
final class Printer {
  private static final int THRESHOLD = 1000;
  private static final int EDGE = 3;
  private static final int LINE = 75;

  private final Shape shape;
  private final boolean summarise;
  private final List<String> cells;
  private final int width;
  private int next;

  private Printer(Shape shape, boolean summarise, List<String> cells) {
    this.shape = shape;
    this.summarise = summarise;
    this.cells = cells;
    this.width = cells.stream().mapToInt(String::length).max().orElse(0);
  }

  static String format(Tensor t) {
    if (t.rank() == 0) {
      boolean isFloat = t.dtype().isFloat();
      return isFloat ? NumberFormat.scalar(t.dtype(), t.item()) : cells(t).getFirst().strip();
    }
    if (t.shape().isEmpty()) {
      return "[]";
    }
    boolean summarise = t.size() > THRESHOLD;
    Printer p;
    try (TensorScope scope = TensorScope.open()) {
      p = new Printer(t.shape(), summarise, cells(summarise ? corners(t) : t));
    }
    StringBuilder out = new StringBuilder();
    p.axis(out, 0);
    return out.toString();
  }

  /** The elements that are shown: those at both ends of each long axis. */
  private static Tensor corners(Tensor t) {
    Tensor shown = t;
    for (int axis = 0; axis < t.rank(); axis++) {
      long n = t.dim(axis);
      if (n > 2 * EDGE) {
        Tensor end = shown.narrow(axis, n - EDGE, EDGE);
        shown = MovementOps.concat(axis, List.of(shown.narrow(axis, 0, EDGE), end));
      }
    }
    return shown;
  }

  private static List<String> cells(Tensor t) {
    return t.dtype() == DType.I64 ? longs(t) : cells(t.dtype(), t.toDoubles());
  }

  private static List<String> longs(Tensor t) {
    List<String> out = new ArrayList<>();
    for (long v : t.toLongs()) {
      out.add(Long.toString(v));
    }
    return out;
  }

  private static List<String> cells(DType dtype, double[] values) {
    List<String> out = new ArrayList<>();
    if (dtype == DType.BOOL) {
      for (double v : values) {
        out.add(v != 0 ? " True" : "False");
      }
    } else if (dtype.isInt()) {
      for (double v : values) {
        out.add(Long.toString((long) v));
      }
    } else {
      return NumberFormat.array(dtype, values);
    }
    return out;
  }

  private void axis(StringBuilder out, int axis) {
    long n = shape.dim(axis);
    boolean cut = summarise && n > 2 * EDGE;
    long shown = cut ? 2 * EDGE : n;
    out.append('[');
    if (axis == shape.rank() - 1) {
      row(out, shown, cut, axis);
    } else {
      String gap = ("\n".repeat(shape.rank() - 1 - axis)) + " ".repeat(axis + 1);
      for (long i = 0; i < shown; i++) {
        if (i > 0) {
          out.append(gap);
        }
        if (cut && i == EDGE) {
          out.append("...").append(gap);
        }
        axis(out, axis + 1);
      }
    }
    out.append(']');
  }

  private void row(StringBuilder out, long shown, boolean cut, int axis) {
    int column = axis + 1;
    for (long i = 0; i < shown; i++) {
      if (cut && i == EDGE) {
        column = append(out, "...", column, axis, i > 0);
      }
      String cell = cells.get(next++);
      column = append(out, " ".repeat(width - cell.length()) + cell, column, axis, i > 0);
    }
  }

  private int append(StringBuilder out, String cell, int column, int axis, boolean gap) {
    int end = column + cell.length() + (gap ? 1 : 0);
    if (gap && end > LINE - shape.rank()) {
      while (out.charAt(out.length() - 1) == ' ') {
        out.setLength(out.length() - 1);
      }
      out.append('\n').append(" ".repeat(axis + 1)).append(cell);
      return axis + 1 + cell.length();
    }
    out.append(gap ? " " : "").append(cell);
    return end;
  }
}
