package dev.tenzan.bench.report;

import dev.tenzan.bench.compare.Cell;
import dev.tenzan.bench.compare.Comparison;
import dev.tenzan.bench.compare.ComparisonResult;
import dev.tenzan.bench.compare.Row;
import dev.tenzan.bench.compare.Scaling;
import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.Table;
import dev.tenzan.bench.output.Terminal;
import dev.tenzan.bench.output.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A comparison with other libraries as a table for a terminal. */
public final class ComparisonText {
  private final ComparisonResult result;
  private final Terminal terminal;
  private final List<String> libraries;

  private ComparisonText(ComparisonResult result, Terminal terminal) {
    this.result = result;
    this.terminal = terminal;
    this.libraries = List.copyOf(result.libraries().keySet());
  }

  /** The whole report. */
  public static String render(ComparisonResult result, Terminal terminal) {
    return new ComparisonText(result, terminal).render();
  }

  private String render() {
    StringBuilder out = new StringBuilder();
    Ceilings c = result.ceilings();
    out.append(terminal.bold(result.machine().cpu())).append(", ").append(result.threads())
        .append(result.threads() == 1 ? " thread" : " threads").append(", ").append(result.machine().jvm()).append('\n');
    out.append("ceilings: ").append(Units.number(c.f32())).append(" GFLOP/s f32 (median ").append(Units.number(c.f32Median())).append("), ")
        .append(Units.number(c.f64())).append(" f64; memory ").append(Units.number(c.read())).append(" GB/s read, ").append(Units.number(c.copy()))
        .append(" copy, ").append(Units.number(c.triad())).append(" triad\n");
    result.libraries().forEach((name, text) -> out.append(name).append(": ").append(text).append('\n'));
    if (!result.rows().isEmpty()) {
      out.append('\n').append(table());
    }
    if (!result.scalings().isEmpty()) {
      out.append('\n').append(scalings());
    }
    out.append('\n');
    result.rows().forEach(r -> complaints(r, out));
    result.cliffs().forEach(text -> out.append(terminal.warning("cliff: " + text)).append('\n'));
    result.notes().forEach(n -> out.append(terminal.warning("note: " + n)).append('\n'));
    summary(out);
    out.append(
        result.passed() ? terminal.good("Tenzan's results are right") : terminal.bad("Tenzan is wrong or failed; see above"));
    out.append(String.format(Locale.ROOT, " (%.0f s)%n", result.seconds()));
    return out.toString();
  }

  private String table() {
    List<Table.Column> columns = new ArrayList<>();
    columns.add(Table.Column.text("work"));
    columns.add(Table.Column.text("size"));
    libraries.forEach(n -> columns.add(Table.Column.number(n)));
    columns.add(Table.Column.number("x " + ComparisonResult.MAIN_PEER));
    columns.add(Table.Column.number("x best"));
    columns.add(Table.Column.number("of ceiling"));
    columns.add(Table.Column.number("spread"));
    Table table = new Table(terminal, columns.toArray(Table.Column[]::new));
    String group = "";
    for (Row row : result.rows()) {
      if (!row.work().group().equals(group)) {
        table.gap();
        group = row.work().group();
      }
      table.row(cells(row));
    }
    return table.render();
  }

  private String scalings() {
    Table table =
        new Table(
            terminal, Table.Column.text("Tenzan"), Table.Column.number("size"), Table.Column.number("time"),
            Table.Column.number("of a unit"), Table.Column.number("off trend"));
    for (Scaling s : result.scalings()) {
      table.gap();
      for (int i = 0; i < s.points().size(); i++) {
        Scaling.Point p = s.points().get(i);
        String off = String.format(Locale.ROOT, "%.2f", s.offTrend(i));
        boolean cliff = s.offTrend(i) > Scaling.CLIFF || s.offTrend(i) < 1 / Scaling.CLIFF;
        table.row(
            s.name(), Units.count(p.size()), Units.seconds(p.timing().median()), Units.number(p.cost() * 1e12) + " ps",
            cliff ? terminal.bad(off) : off);
      }
    }
    return table.render();
  }

  private String[] cells(Row row) {
    List<String> cells = new ArrayList<>(List.of(row.work().name(), row.work().size()));
    libraries.forEach(n -> cells.add(cell(row.cells().get(n), n.equals(Comparison.TENZAN))));
    cells.add(ratio(row.ratio(ComparisonResult.MAIN_PEER)));
    cells.add(ratio(row.ratioToBest()));
    double share = row.share(result.ceilings());
    cells.add(Double.isNaN(share) ? "" : Units.percent(share));
    cells.add(row.timing(Comparison.TENZAN).map(Timing::spread).map(Units::percent).orElse(""));
    return cells.toArray(String[]::new);
  }

  private String cell(@Nullable Cell cell, boolean own) {
    return switch (cell) {
      case Cell.Timed t when own -> terminal.bold(Units.seconds(t.timing().median()));
      case Cell.Timed t -> Units.seconds(t.timing().median());
      case Cell.Wrong _ -> terminal.bad("WRONG");
      case Cell.Failed _ -> terminal.warning("failed");
      case Cell.Absent _ -> "";
      case null -> "";
    };
  }

  private String ratio(double ratio) {
    if (Double.isNaN(ratio)) {
      return "";
    }
    String text = String.format(Locale.ROOT, "%.2f", ratio);
    return ratio < ComparisonResult.BEHIND ? terminal.bad(text) : text;
  }

  private void complaints(Row row, StringBuilder out) {
    row.cells().forEach((name, cell) -> {
      String what = row.work().title() + ", " + name + ": ";
      if (cell instanceof Cell.Wrong w) {
        out.append(terminal.bad(what + "wrong: " + w.reason())).append('\n');
      } else if (cell instanceof Cell.Failed f) {
        out.append(terminal.warning(what + "failed: " + f.reason())).append('\n');
      }
    });
  }

  private void summary(StringBuilder out) {
    for (String name : libraries.subList(1, libraries.size())) {
      long rows = result.compared(name);
      if (rows > 0) {
        List<Row> behind = result.behind(name);
        String text =
            String.format(
                Locale.ROOT, "%.2f x %s, geometric mean of %d rows; %d of them below %.1f",
                result.geometricMean(name), name, rows, behind.size(), ComparisonResult.BEHIND);
        out.append(name.equals(ComparisonResult.MAIN_PEER) ? terminal.bold(text) : text).append('\n');
        behind.forEach(
            r -> out.append(String.format(Locale.ROOT, "  %.2f  %s%n", r.ratio(name), r.work().title())));
      }
    }
  }
}
