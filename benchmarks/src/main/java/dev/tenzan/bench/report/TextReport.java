package dev.tenzan.bench.report;

import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.output.Table;
import dev.tenzan.bench.output.Terminal;
import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.BenchResult;
import dev.tenzan.bench.work.Measurement;
import dev.tenzan.bench.work.Training;
import java.util.Locale;

/** The benchmark's results as tables for a terminal. */
public final class TextReport {
  private TextReport() {}

  /** The whole report. */
  public static String render(BenchResult r, Terminal terminal) {
    StringBuilder out = new StringBuilder();
    Ceilings c = r.ceilings();
    out.append(terminal.bold(r.machine().cpu())).append(", ").append(c.threads())
        .append(c.threads() == 1 ? " thread" : " threads").append(", ").append(r.machine().jvm()).append('\n');
    if (c.vectorBits() > 0) {
      out.append("ceilings: ").append(Units.number(c.f32())).append(" GFLOP/s f32, ").append(Units.number(c.f64()))
          .append(" f64 (").append(c.vectorBits()).append("-bit fma); memory ");
    } else {
      out.append("ceilings: the Vector API is off; memory ");
    }
    out.append(Units.number(c.read())).append(" GB/s read, ").append(Units.number(c.copy())).append(" copy, ")
        .append(Units.number(c.triad())).append(" triad\n");
    if (!r.numerics().isReproducible()) {
      out.append("numerics: ").append(r.numerics()).append("; bits are not promised, and not compared\n");
    }
    r.peers().forEach((name, text) -> out.append(name).append(": ").append(text).append('\n'));
    out.append('\n');
    out.append(measurements(r, terminal));
    if (!r.trainings().isEmpty()) {
      out.append('\n').append(trainings(r, terminal));
    }
    if (!r.fpga().isEmpty()) {
      out.append('\n').append(FpgaTable.render(r.fpga(), terminal));
    }
    out.append('\n');
    r.notes().forEach(n -> out.append(terminal.warning("note: " + n)).append('\n'));
    out.append(
        r.passed()
            ? terminal.good("every result was checked" + (r.devices().size() > 1 && r.numerics().isReproducible() ? ", and bits agree" : ""))
            : terminal.bad("some results are wrong, or differ between devices; see above"));
    out.append(String.format(Locale.ROOT, " (%.0f s)%n", r.seconds()));
    return out.toString();
  }

  private static String measurements(BenchResult r, Terminal terminal) {
    Table table =
        new Table(
            terminal,
            Table.Column.text("work"),
            Table.Column.text("device"),
            Table.Column.text("size"),
            Table.Column.number("time"),
            Table.Column.number("rate"),
            Table.Column.text(""),
            Table.Column.number("of ceiling"),
            Table.Column.number("peer"),
            Table.Column.number("ratio"),
            Table.Column.number("spread"),
            Table.Column.text("bits"),
            Table.Column.text("note"));
    String group = "";
    for (Measurement m : r.measurements()) {
      if (!m.facts().group().equals(group)) {
        table.gap();
        group = m.facts().group();
      }
      table.row(cells(m, terminal));
    }
    return table.render();
  }

  private static String[] cells(Measurement m, Terminal terminal) {
    if (m.timing() == null) {
      String what =
          m.outcome() == Measurement.Outcome.WRONG ? terminal.bad("WRONG: ") : terminal.warning("not supported: ");
      return new String[] {
        m.facts().name(), m.device(), m.facts().size(), "", "", "", "", "", "", "", "", what + m.note()
      };
    }
    return new String[] {
      m.facts().name(),
      m.device(),
      m.facts().size(),
      Units.seconds(m.timing().median()),
      terminal.bold(Units.number(m.rate())),
      m.facts().metric().unit(),
      Double.isNaN(m.share()) ? "" : Units.percent(m.share()),
      m.peer() == null ? "" : m.peer().name() + " " + Units.number(m.peerRate()),
      m.peer() == null ? "" : String.format(Locale.ROOT, "%.2f", m.ratio()),
      Units.percent(m.timing().spread()),
      m.bits() == null ? "" : m.bits() ? terminal.good("same") : terminal.bad("DIFFER"),
      m.note()
    };
  }

  private static String trainings(BenchResult r, Terminal terminal) {
    Table table =
        new Table(
            terminal,
            Table.Column.text("training"),
            Table.Column.text("device"),
            Table.Column.number("epochs"),
            Table.Column.number("time"),
            Table.Column.number("images/s"),
            Table.Column.number("accuracy"),
            Table.Column.number("final loss"),
            Table.Column.text("bits"));
    for (Training t : r.trainings()) {
      table.row(
          t.settings().dataSet().toString(),
          t.settings().device().name(),
          Integer.toString(t.settings().epochs()),
          Units.seconds(t.seconds()),
          Units.number(t.imagesPerSecond()),
          terminal.bold(String.format(Locale.ROOT, "%.2f %%", 100 * t.accuracy())),
          Float.toString(t.loss()),
          t.lossBits());
    }
    return table.render();
  }
}
