package dev.tenzan.bench.report;

import dev.tenzan.bench.fpga.VendorReport;
import dev.tenzan.bench.output.Table;
import dev.tenzan.bench.output.Terminal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What vendors' compilers say of FPGA designs, as a table. */
public final class FpgaTable {
  static final List<String> TITLES = List.of("report", "design", "MHz", "clock", "DSP", "RAM blocks", "worst II");

  private FpgaTable() {}

  /** The table for a terminal. */
  public static String render(List<VendorReport> reports, Terminal terminal) {
    List<Table.Column> columns = new ArrayList<>();
    TITLES.forEach(t -> columns.add(isNumber(t) ? Table.Column.number(t) : Table.Column.text(t)));
    Table table = new Table(terminal, columns.toArray(Table.Column[]::new));
    reports.forEach(r -> table.row(cells(r).toArray(String[]::new)));
    return table.render();
  }

  static boolean isNumber(String title) {
    return !List.of("report", "design", "clock").contains(title);
  }

  /** The cells of a line. */
  static List<String> cells(VendorReport r) {
    Double clock = r.megahertz();
    return List.of(
        String.valueOf(r.file().getFileName()), r.design() == null ? "" : r.design(),
        clock == null ? "" : String.format(Locale.ROOT, "%.1f", clock), r.estimated() ? "estimated" : "reached",
        text(r.dsps()), text(r.memories()), text(r.interval()));
  }

  private static String text(@Nullable Long n) {
    return n == null ? "" : n.toString();
  }
}
