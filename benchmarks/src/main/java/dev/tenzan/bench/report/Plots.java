package dev.tenzan.bench.report;

import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.BenchResult;
import dev.tenzan.bench.work.Measurement;
import dev.tenzan.bench.work.Metric;
import dev.tenzan.bench.work.Training;
import dev.tenzan.nn.TrainingListener.EpochMetrics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/** The pictures of the report. A device has the same colour and shape in all of them; other libraries come after the devices. */
final class Plots {
  private final BenchResult result;
  private final List<String> devices;
  private final List<String> peers;

  Plots(BenchResult result) {
    this.result = result;
    this.devices = List.copyOf(result.devices().keySet());
    this.peers =
        result.measurements().stream().map(Measurement::peer).filter(Objects::nonNull).map(Measurement.Peer::name).distinct().toList();
  }

  /** The number of a library's colour. */
  private int series(Measurement.Peer peer) {
    return devices.size() + peers.indexOf(peer.name());
  }

  /** The names of the devices, and of the libraries that took turns with some of the measurements. */
  private List<String> names(List<Measurement> shown) {
    List<String> names = new ArrayList<>(devices);
    peers.stream().filter(p -> shown.stream().anyMatch(m -> m.peer() != null && m.peer().name().equals(p))).forEach(names::add);
    return names;
  }

  private List<Measurement> measured(Predicate<Measurement> which) {
    return result.measurements().stream().filter(m -> m.timing() != null).filter(which).toList();
  }

  private static String tip(Measurement m) {
    return m.device() + ", " + m.facts().name() + " " + m.facts().size() + ": " + Units.number(m.rate()) + " "
        + m.facts().metric().unit();
  }

  /** Whether some device has matmul rows for a line. */
  boolean hasMatmulLines() {
    return !measured(m -> m.facts().name().equals("matmul f32")).isEmpty();
  }

  /** Speed over the size of the matrices, with the processor's ceiling. */
  String matmulLines() {
    List<Measurement> rows = measured(m -> m.facts().name().equals("matmul f32"));
    double ceiling = result.ceilings().f32();
    double high = rows.stream().mapToDouble(Measurement::rate).max().orElse(1);
    high = Math.max(high, rows.stream().mapToDouble(Measurement::peerRate).filter(Double::isFinite).max().orElse(0));
    high = Double.isFinite(ceiling) ? Math.max(high, ceiling) : high;
    int least = rows.stream().mapToInt(m -> m.facts().extent()).min().orElse(1);
    int most = rows.stream().mapToInt(m -> m.facts().extent()).max().orElse(1);
    Chart chart = new Chart("Matrix product: GFLOP/s over size", 330, 40, 40, 14, 46);
    Scale x = Scale.logarithmic(least / 1.3, most * 1.3, 2, chart.left(), chart.right());
    Scale y = Scale.linear(high, chart.bottom(), chart.top(), 5);
    chart.verticalAxis(y, "GFLOP/s").horizontalAxis(x, "rows and columns");
    if (Double.isFinite(ceiling)) {
      chart.line("ceiling", chart.left(), y.at(ceiling), chart.right(), y.at(ceiling));
      chart.text("note end", chart.right() - 4, y.at(ceiling) + 15, "fma ceiling " + Units.number(ceiling));
    }
    for (int p = 0; p < peers.size(); p++) {
      String name = peers.get(p);
      List<Measurement> compared = rows.stream().filter(m -> m.peer() != null && m.peer().name().equals(name)).toList();
      series(chart, devices.size() + p, compared, x, y, Measurement::peerRate);
    }
    for (int d = 0; d < devices.size(); d++) {
      String name = devices.get(d);
      series(chart, d, rows.stream().filter(m -> m.device().equals(name)).toList(), x, y, Measurement::rate);
    }
    return chart.legend(names(rows)).render();
  }

  private static void series(
      Chart chart, int index, List<Measurement> rows, Scale x, Scale y, ToDoubleFunction<Measurement> rate) {
    List<double[]> points = new ArrayList<>();
    for (Measurement m : rows) {
      points.add(new double[] {x.at(m.facts().extent()), y.at(rate.applyAsDouble(m))});
    }
    chart.path(index, "", points);
    for (int i = 0; i < points.size(); i++) {
      String tip = rows.get(i).facts().size() + ": " + Units.number(rate.applyAsDouble(rows.get(i))) + " GFLOP/s";
      chart.marker(index, points.get(i)[0], points.get(i)[1], tip);
    }
  }

  /** A bar for each device and for each library that took turns with it; the largest size of each work; a tick at the ceiling. */
  String bars(String title, Metric metric, Predicate<Measurement> which) {
    Map<String, List<Measurement>> byName = new LinkedHashMap<>();
    for (Measurement m : measured(which.and(m -> m.facts().metric() == metric))) {
      byName.computeIfAbsent(m.facts().name(), _ -> new ArrayList<>()).add(m);
    }
    Map<String, List<Measurement>> largest = new LinkedHashMap<>();
    byName.forEach((name, all) -> largest.put(name, largestOfEach(all)));
    List<Measurement> shown = largest.values().stream().flatMap(List::stream).toList();
    int bars = 0;
    double high = 0;
    for (Measurement m : shown) {
      bars += m.peer() == null ? 1 : 2;
      high = Math.max(high, Double.isFinite(m.ceiling()) ? Math.max(m.ceiling(), m.rate()) : m.rate());
    }
    Chart chart = new Chart(title, 66 + 17 * bars + 12 * largest.size(), 128, 34, 64, 20);
    Scale x = Scale.linear(high, chart.left(), chart.right(), 4);
    for (double t : x.ticks()) {
      chart.line("grid", x.at(t), chart.top() - 4, x.at(t), chart.bottom());
      chart.text("tick middle", x.at(t), chart.bottom() + 15, Chart.number(t));
    }
    chart.text("axis", 0, chart.top() - 16, metric.unit());
    double y = chart.top();
    for (var entry : largest.entrySet()) {
      y += 6;
      double start = y;
      for (Measurement m : entry.getValue()) {
        y = bar(chart, devices.indexOf(m.device()), x, y, m.rate(), tip(m));
        if (m.peer() != null) {
          y = bar(chart, series(m.peer()), x, y, m.peerRate(), m.peer().name() + ": " + Units.number(m.peerRate()));
        }
        if (Double.isFinite(m.ceiling())) {
          chart.line("tickmark", x.at(m.ceiling()), start - 2, x.at(m.ceiling()), y - 1);
        }
      }
      chart.text("label end", chart.left() - 9, (start + y) / 2 + 3, entry.getKey());
      y += 6;
    }
    return chart.legend(names(shown)).render();
  }

  private static double bar(Chart chart, int series, Scale x, double y, double value, String tip) {
    chart.bar(series, chart.left(), y, x.at(value) - chart.left(), 13, tip);
    chart.text("value", x.at(value) + 6, y + 11, Units.number(value));
    return y + 17;
  }

  private static List<Measurement> largestOfEach(List<Measurement> rows) {
    Map<String, Measurement> largest = new LinkedHashMap<>();
    for (Measurement m : rows) {
      largest.merge(m.device(), m, (a, b) -> b.facts().extent() >= a.facts().extent() ? b : a);
    }
    return List.copyOf(largest.values());
  }

  /** Operations per second over operations per byte: what memory and arithmetic allow, and what was reached. */
  String roofline() {
    List<Measurement> rows = measured(m -> m.facts().flops() > 0 && m.facts().bytes() > 0);
    double peak = result.ceilings().f32();
    double bandwidth = result.ceilings().bandwidth();
    double least = 0.05;
    double most = 2048;
    double high = Double.isFinite(peak) ? peak * 2 : 1000;
    double low = rows.stream().mapToDouble(m -> m.facts().flops() / m.seconds() * 1e-9).min().orElse(1);
    Chart chart = new Chart("Roofline: GFLOP/s over operations per byte", 330, 40, 40, 14, 46);
    Scale x = Scale.logarithmic(least, most, 10, chart.left(), chart.right());
    Scale y = Scale.logarithmic(Math.min(low / 2, 0.1), high, 10, chart.bottom(), chart.top());
    chart.verticalAxis(y, "GFLOP/s").horizontalAxis(x, "floating-point operations per byte of memory traffic");
    if (Double.isFinite(peak)) {
      double ridge = peak / bandwidth;
      double foot = Math.max(least, y.low() / bandwidth);
      chart.line("ceiling", x.at(foot), y.at(foot * bandwidth), x.at(ridge), y.at(peak));
      chart.line("ceiling", x.at(ridge), y.at(peak), chart.right(), y.at(peak));
      chart.text("note end", chart.right() - 4, y.at(peak) - 7, "fma " + Units.number(peak) + " GFLOP/s");
      double middle = Math.sqrt(foot * ridge);
      double slope =
          Math.toDegrees(
              Math.atan2(y.at(peak) - y.at(foot * bandwidth), x.at(ridge) - x.at(foot)));
      chart.sloped(
          x.at(middle), y.at(middle * bandwidth), slope, "memory " + Units.number(bandwidth) + " GB/s");
    }
    for (Measurement m : rows) {
      double flops = m.facts().flops() / m.seconds() * 1e-9;
      chart.marker(devices.indexOf(m.device()), x.at(m.facts().flops() / m.facts().bytes()), y.at(flops), tip(m));
    }
    for (Measurement m : labelled(rows)) {
      double flops = m.facts().flops() / m.seconds() * 1e-9;
      chart.text(
          "point end", x.at(m.facts().flops() / m.facts().bytes()) - 9, y.at(flops) + 4, shortName(m));
    }
    return chart.legend(devices).render();
  }

  /** The fastest point of each work gets its name; more would overlap. */
  private static List<Measurement> labelled(List<Measurement> rows) {
    Map<String, Measurement> best = new LinkedHashMap<>();
    for (Measurement m : rows) {
      if (m.facts().bytes() / m.facts().flops() < 1 || m.facts().name().equals("sum") || m.facts().name().startsWith("triad")) {
        best.merge(m.facts().name(), m, (a, b) -> b.rate() > a.rate() ? b : a);
      }
    }
    return List.copyOf(best.values());
  }

  private static String shortName(Measurement m) {
    return m.facts().name().replaceFirst(" .*", "") + (m.facts().name().endsWith("f64") ? " f64" : "");
  }

  /** The loss while training, from the first epoch to the last. */
  String losses() {
    double high = 0;
    for (Training t : result.mainTrainings()) {
      high = Math.max(high, t.epochs().stream().mapToDouble(EpochMetrics::loss).max().orElse(1));
    }
    Chart chart = new Chart("Loss over epochs", 260, 40, 40, 14, 46);
    Scale x = epochs().scale(chart);
    Scale y = Scale.linear(high, chart.bottom(), chart.top(), 4);
    chart.verticalAxis(y, "loss while training").horizontalAxis(x, "epoch");
    return curves(chart, x, y, EpochMetrics::loss);
  }

  /** The share of right answers while training. */
  String accuracies() {
    double least = 1;
    for (Training t : result.mainTrainings()) {
      least = Math.min(least, t.epochs().stream().mapToDouble(EpochMetrics::accuracy).min().orElse(0));
    }
    Chart chart = new Chart("Accuracy over epochs", 260, 40, 40, 14, 46);
    Scale x = epochs().scale(chart);
    Scale y = Scale.linear(Math.floor(10 * least) * 10, 100, least > 0.6 ? 10 : 20, chart.bottom(), chart.top());
    chart.verticalAxis(y, "% right while training").horizontalAxis(x, "epoch");
    return curves(chart, x, y, m -> 100 * m.accuracy());
  }

  private Scale.Bounds epochs() {
    int most = result.mainTrainings().stream().mapToInt(t -> t.settings().epochs()).max().orElse(1);
    return new Scale.Bounds(1, Math.max(2, most));
  }

  private String curves(Chart chart, Scale x, Scale y, ToDoubleFunction<EpochMetrics> value) {
    List<Training> slowestFirst =
        result.mainTrainings().stream().sorted(Comparator.comparingDouble(Training::imagesPerSecond)).toList();
    for (int k = 0; k < slowestFirst.size(); k++) {
      Training t = slowestFirst.get(k);
      int series = devices.indexOf(t.settings().device().name());
      List<double[]> points = new ArrayList<>();
      for (EpochMetrics m : t.epochs()) {
        points.add(new double[] {x.at(m.epoch()), y.at(value.applyAsDouble(m))});
      }
      // The devices' curves are the same, so a wide one below shows beside a narrow one above.
      boolean above = k == slowestFirst.size() - 1;
      chart.path(series, above ? "" : "wide", points);
      for (int i = 0; above && i < points.size(); i++) {
        String tip = String.format(Locale.ROOT, "epoch %d: %.4f", i + 1, value.applyAsDouble(t.epochs().get(i)));
        chart.marker(series, points.get(i)[0], points.get(i)[1], tip);
      }
    }
    List<String> names = new ArrayList<>(new LinkedHashSet<>(devices));
    return chart.legend(names).render();
  }

  /** Each device's speed at each work as a share of the fastest device's, on a logarithmic scale. */
  String sideBySide() {
    Map<String, List<Measurement>> byName = new LinkedHashMap<>();
    for (Measurement m : measured(m -> true)) {
      byName.computeIfAbsent(m.facts().name(), _ -> new ArrayList<>()).add(m);
    }
    double least = 0.1;
    Map<String, Map<String, Double>> shares = new LinkedHashMap<>();
    for (var entry : byName.entrySet()) {
      List<Measurement> rows = largestOfEach(entry.getValue());
      double best = rows.stream().mapToDouble(Measurement::rate).max().orElse(1);
      Map<String, Double> row = new LinkedHashMap<>();
      for (Measurement m : rows) {
        row.put(m.device(), m.rate() / best);
        least = Math.min(least, m.rate() / best);
      }
      shares.put(entry.getKey(), row);
    }
    Chart chart = new Chart("Devices side by side", 70 + 21 * shares.size() + 30, 128, 34, 20, 46);
    Scale x =
        Scale.logarithmic(Math.pow(10, Math.floor(Math.log10(least))), 1.3, 10, chart.left(), chart.right());
    for (double t : x.ticks()) {
      chart.line("grid", x.at(t), chart.top() - 4, x.at(t), chart.bottom());
      chart.text("tick middle", x.at(t), chart.bottom() + 16, t == 1 ? "fastest" : "1/" + Units.count(Math.round(1 / t)));
    }
    chart.text("axis middle", (chart.left() + chart.right()) / 2, chart.bottom() + 34, "speed, logarithmic");
    double y = chart.top() + 12;
    for (var entry : shares.entrySet()) {
      chart.text("label end", chart.left() - 9, y + 4, entry.getKey());
      chart.line("grid", chart.left(), y, chart.right(), y);
      for (var share : entry.getValue().entrySet()) {
        String tip = share.getKey() + ": " + Units.number(share.getValue()) + " of the fastest";
        chart.marker(devices.indexOf(share.getKey()), x.at(share.getValue()), y, tip);
      }
      y += 21;
    }
    return chart.legend(devices).render();
  }
}
