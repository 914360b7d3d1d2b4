package dev.tenzan.bench.output;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A text table with aligned columns. Columns that are empty in every row are left out. */
public final class Table {
  private static final String GUTTER = "  ";

  private final Terminal terminal;
  private final List<Column> columns;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * A column.
   *
   * @param title its heading
   * @param right whether its cells stand at the right, as numbers do
   */
  public record Column(String title, boolean right) {
    /** A column of text. */
    public static Column text(String title) {
      return new Column(title, false);
    }

    /** A column of numbers. */
    public static Column number(String title) {
      return new Column(title, true);
    }
  }

  /** An empty table. */
  public Table(Terminal terminal, Column... columns) {
    this.terminal = terminal;
    this.columns = List.of(columns);
  }

  /**
   * Adds a row.
   *
   * @throws IllegalArgumentException unless there is a cell for each column
   */
  public Table row(String... cells) {
    if (cells.length != columns.size()) {
      throw new IllegalArgumentException("table: " + cells.length + " cells for " + columns.size() + " columns");
    }
    rows.add(Arrays.asList(cells));
    return this;
  }

  /** Adds an empty line, between groups of rows. */
  public Table gap() {
    if (!rows.isEmpty()) {
      rows.add(List.of());
    }
    return this;
  }

  /** The lines of the table, each ended by a line break and without blanks at its end. */
  public String render() {
    int[] widths = new int[columns.size()];
    for (List<String> row : rows) {
      for (int c = 0; c < row.size(); c++) {
        widths[c] = Math.max(widths[c], width(row.get(c)));
      }
    }
    StringBuilder out = new StringBuilder();
    for (int c = 0; c < widths.length; c++) {
      if (widths[c] > 0) {
        widths[c] = Math.max(widths[c], columns.get(c).title().length());
      }
    }
    line(out, widths, columns.stream().map(c -> terminal.bold(c.title())).toList());
    line(out, widths, Arrays.stream(widths).mapToObj(w -> terminal.faint("-".repeat(w))).toList());
    rows.forEach(row -> line(out, widths, row));
    return out.toString();
  }

  private void line(StringBuilder out, int[] widths, List<String> cells) {
    StringBuilder line = new StringBuilder();
    String gutter = "";
    for (int c = 0; c < cells.size(); c++) {
      if (widths[c] == 0) {
        continue;
      }
      String cell = cells.get(c);
      String padding = " ".repeat(Math.max(0, widths[c] - width(cell)));
      line.append(gutter).append(columns.get(c).right() ? padding + cell : cell + padding);
      gutter = GUTTER;
    }
    out.append(line.toString().stripTrailing()).append('\n');
  }

  private static int width(String cell) {
    String plain = Terminal.plain(cell);
    return plain.codePointCount(0, plain.length());
  }
}
