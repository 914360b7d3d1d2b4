package dev.tenzan.bench.report;

import dev.tenzan.bench.compare.Comparison;
import dev.tenzan.bench.compare.ComparisonResult;
import dev.tenzan.bench.compare.Row;
import dev.tenzan.bench.compare.Scaling;
import dev.tenzan.bench.compare.Work;
import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.output.Units;
import java.util.ArrayList;
import java.util.List;

/** The pictures of a comparison. A library has the same colour and shape in all of them; Tenzan has the first. */
final class ComparisonPlots {
  private static final double LINE = 21;

  private final ComparisonResult result;
  private final List<String> libraries;

  ComparisonPlots(ComparisonResult result) {
    this.result = result;
    this.libraries = List.copyOf(result.libraries().keySet());
  }

  /** The groups with a row that can be compared. */
  List<String> groups() {
    return result.rows().stream().filter(r -> r.best().isPresent() && !Double.isNaN(r.ratioToBest()))
        .map(r -> r.work().group()).distinct().toList();
  }

  /** Tenzan's speed as a multiple of each library's, a line for each row of a group. */
  String ratios(String group) {
    List<Row> rows =
        result.rows().stream().filter(r -> r.work().group().equals(group) && !Double.isNaN(r.ratioToBest())).toList();
    double low = 0.5;
    double high = 2;
    for (Row row : rows) {
      for (String name : libraries) {
        double ratio = row.ratio(name);
        low = Double.isNaN(ratio) ? low : Math.min(low, ratio);
        high = Double.isNaN(ratio) ? high : Math.max(high, ratio);
      }
    }
    Chart chart = new Chart("Ratios: " + group, 100 + LINE * rows.size(), 196, 34, 16, 46);
    Scale x = Scale.logarithmic(low / 1.15, high * 1.15, high / low > 64 ? 10 : 2, chart.left(), chart.right());
    for (double t : x.ticks()) {
      chart.line("grid", x.at(t), chart.top() - 4, x.at(t), chart.bottom());
      chart.text("tick middle", x.at(t), chart.bottom() + 16, t >= 1 ? Chart.number(t) : "1/" + Chart.number(1 / t));
    }
    chart.line("tickmark", x.at(1), chart.top() - 4, x.at(1), chart.bottom());
    chart.text("axis middle", (chart.left() + chart.right()) / 2, chart.bottom() + 34, "times as fast as the library");
    double y = chart.top() + 12;
    for (Row row : rows) {
      chart.text("label end", chart.left() - 9, y + 4, label(row.work()));
      chart.line("grid", chart.left(), y, chart.right(), y);
      for (int i = libraries.size() - 1; i > 0; i--) {
        double ratio = row.ratio(libraries.get(i));
        if (!Double.isNaN(ratio)) {
          String tip = row.work().title() + ": " + Units.number(ratio) + " x " + libraries.get(i);
          chart.marker(i - 1, x.at(ratio), y, tip);
        }
      }
      y += LINE;
    }
    return chart.legend(libraries.subList(1, libraries.size())).render();
  }

  /** A title that fits beside a plot. */
  private static String label(Work work) {
    String title = work.title().replace(" transposed", "ᵀ").replace("training step ", "").replace("process start to ", "");
    return title.length() <= 32 ? title : title.substring(0, 31) + "…";
  }

  private List<Row> onRoofline() {
    return result.rows().stream()
        .filter(r -> r.work().flops() > 0 && !r.work().group().equals("training") && r.timing(Comparison.TENZAN).isPresent())
        .toList();
  }

  /** Whether there is a row that counts operations, and a measured roof. */
  boolean hasRoofline() {
    return Double.isFinite(result.ceilings().f32()) && !onRoofline().isEmpty();
  }

  /** Speed over the operations for each byte, below what the processor allows. */
  String roofline() {
    Ceilings c = result.ceilings();
    List<Row> rows = onRoofline();
    double least = 0.05;
    double most = Math.max(1000, rows.stream().mapToDouble(ComparisonPlots::intensity).max().orElse(1) * 1.5);
    double low = Math.min(c.bandwidth() * least, rows.stream().mapToDouble(r -> gflops(r, Comparison.TENZAN)).min().orElse(1));
    Chart chart = new Chart("Roofline", 330, 44, 40, 14, 46);
    Scale x = Scale.logarithmic(least, most, 10, chart.left(), chart.right());
    Scale y = Scale.logarithmic(low / 2, c.f32() * 2, 10, chart.bottom(), chart.top());
    chart.verticalAxis(y, "GFLOP/s").horizontalAxis(x, "operations for each byte of memory");
    double ridge = c.f32() / c.bandwidth();
    chart.line("ceiling", x.at(least), y.at(c.bandwidth() * least), x.at(ridge), y.at(c.f32()));
    chart.line("ceiling", x.at(ridge), y.at(c.f32()), x.at(most), y.at(c.f32()));
    chart.text("note end", chart.right() - 4, y.at(c.f32()) - 6, "f32 fma " + Units.number(c.f32()) + " GFLOP/s");
    chart.text("note", x.at(least) + 6, y.at(c.bandwidth() * least) - 14, Units.number(c.bandwidth()) + " GB/s");
    List<String> shown = List.of(Comparison.TENZAN, ComparisonResult.MAIN_PEER);
    for (int series = shown.size() - 1; series >= 0; series--) {
      String name = shown.get(series);
      for (Row row : rows) {
        if (row.timing(name).isPresent()) {
          double rate = gflops(row, name);
          String tip = name + ", " + row.work().title() + ": " + Units.number(rate) + " GFLOP/s";
          chart.marker(series, x.at(intensity(row)), y.at(rate), tip);
        }
      }
    }
    return chart.legend(shown).render();
  }

  private static double intensity(Row row) {
    return row.work().flops() / row.work().bytes();
  }

  private static double gflops(Row row, String library) {
    return row.work().flops() / row.seconds(library) * 1e-9;
  }

  /** The cost of a unit of work over the amount of work, as a multiple of the least. */
  String scaling() {
    double most = 1;
    double high = 10;
    for (Scaling s : result.scalings()) {
      for (Scaling.Point p : s.points()) {
        most = Math.max(most, p.work());
        high = Math.max(high, p.cost() / least(s));
      }
    }
    Chart chart = new Chart("Cost of a unit of work over its amount", 330, 44, 40, 14, 46);
    Scale x = Scale.logarithmic(500, most * 2, 100, chart.left(), chart.right());
    Scale y = Scale.logarithmic(0.8, high * 1.3, 10, chart.bottom(), chart.top());
    chart.verticalAxis(y, "times the least cost").horizontalAxis(x, "elements, or multiply-adds");
    List<String> names = new ArrayList<>();
    for (Scaling s : result.scalings()) {
      int series = names.size();
      names.add(s.name());
      List<double[]> points = new ArrayList<>();
      for (Scaling.Point p : s.points()) {
        points.add(new double[] {x.at(p.work()), y.at(p.cost() / least(s))});
      }
      chart.path(series, "", points);
      for (int i = 0; i < points.size(); i++) {
        Scaling.Point p = s.points().get(i);
        String tip = s.name() + " " + Units.count(p.size()) + ": " + Units.seconds(p.timing().median()) + ", "
            + Units.number(s.offTrend(i)) + " x the trend";
        chart.marker(series, points.get(i)[0], points.get(i)[1], tip);
      }
    }
    return chart.legend(names).render();
  }

  private static double least(Scaling s) {
    return s.points().stream().mapToDouble(Scaling.Point::cost).min().orElse(1);
  }
}
