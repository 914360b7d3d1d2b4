package dev.tenzan.bench.report;

import dev.tenzan.bench.fpga.VendorReport;
import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.BenchResult;
import dev.tenzan.bench.work.Measurement;
import dev.tenzan.bench.work.Metric;
import dev.tenzan.bench.work.Training;
import dev.tenzan.bench.work.Workloads;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/** The benchmark's results as one HTML page that needs nothing but itself: no script, no font, no picture from elsewhere. */
public final class HtmlReport {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH).withZone(ZoneOffset.UTC);

  private final BenchResult result;
  private final Plots plots;
  private final Xml page = new Xml();

  private HtmlReport(BenchResult result) {
    this.result = result;
    this.plots = new Plots(result);
  }

  /** The whole page. */
  public static String render(BenchResult result) {
    return new HtmlReport(result).page();
  }

  /** A duration; a page has the letter that a terminal may lack. */
  private static String time(double seconds) {
    return Units.seconds(seconds).replace(" us", " µs");
  }

  /** The style sheet of the pages. */
  static String style() {
    try (InputStream in = Objects.requireNonNull(HtmlReport.class.getResourceAsStream("report.css"), "report.css")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private String page() {
    Machine machine = result.machine();
    page.raw("<!DOCTYPE html>\n").open("html", "lang", "en").open("head");
    page.empty("meta", "charset", "utf-8");
    page.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    page.element("title", "Tenzan benchmark: " + machine.cpu());
    page.open("style").raw(style()).close().close().line().open("body").open("main").line();
    header();
    plots();
    results();
    fpga();
    machine();
    repeat();
    page.open("footer").text("Tenzan " + result.version() + ". This page is self-contained; save or share it as it is.");
    page.close().close().close().close().line();
    return page.toString();
  }

  private void header() {
    Ceilings c = result.ceilings();
    page.open("header");
    page.element("p", "Tenzan benchmark", "class", "eyebrow");
    page.element("h1", result.machine().cpu());
    String vectors = c.vectorBits() > 0 ? c.vectorBits() + "-bit vectors" : "no vectors";
    page.element(
        "p",
        c.threads() + (c.threads() == 1 ? " thread, " : " threads, ") + vectors + ", "
            + Units.bytes(result.machine().memoryBytes()) + " memory, Java " + Runtime.version().feature() + ". "
            + DATE.format(result.started()) + ".",
        "class", "lead");
    if (!result.numerics().isReproducible()) {
      page.element(
          "p",
          "Numerics: " + result.numerics() + ". Products may use tensor cores and vendor libraries; their bits are not promised, and"
              + " not compared.",
          "class", "lead");
    }
    page.open("dl", "class", "figures").line();
    best("matmul f32").ifPresent(this::matmulFigure);
    best("tanh(x * y) + x").ifPresent(
        m -> figure(
            "tanh(x · y) + x, " + m.facts().size() + " floats, " + m.device(),
            time(m.seconds()),
            "one fused loop at " + Units.number(m.rate()) + " GB/s"
                + (Double.isNaN(m.share()) ? "" : ", " + Units.percent(m.share()) + " of the triad ceiling")));
    best("triad x + 3y").ifPresent(
        m -> figure(
            "memory bandwidth, triad, " + m.device(),
            Units.number(m.rate()) + " GB/s",
            Double.isNaN(m.share()) ? "" : Units.percent(m.share()) + " of the measured ceiling"));
    result.mainTrainings().stream()
        .max(Comparator.<Training>comparingInt(t -> t.settings().epochs()).thenComparing(Training::imagesPerSecond))
        .ifPresent(
            t -> figure(
                "digits, trained on " + t.settings().device(),
                String.format(Locale.ROOT, "%.1f %%", 100 * t.accuracy()),
                "right on unseen digits after " + time(t.seconds())));
    page.close().close().line();
  }

  private void matmulFigure(Measurement m) {
    figure(
        "matrix product f32, " + m.facts().size().replace('x', '×') + ", " + m.device(),
        Units.number(m.rate()) + " GFLOP/s",
        m.peer() == null
            ? Double.isNaN(m.share()) ? "" : Units.percent(m.share()) + " of the fma ceiling"
            : String.format(Locale.ROOT, "%.2f × %s", m.ratio(), m.peer().name())
                + (Double.isNaN(m.share()) ? "" : ", " + Units.percent(m.share()) + " of the fma ceiling"));
  }

  private Optional<Measurement> best(String name) {
    return result.measurements().stream()
        .filter(m -> m.timing() != null && m.facts().name().equals(name))
        .max(Comparator.comparingDouble(Measurement::rate));
  }

  private void figure(String what, String value, String beside) {
    int unit = value.lastIndexOf(' ');
    page.open("div").element("dt", what).open("dd", "class", "number").text(value.substring(0, unit));
    page.element("small", value.substring(unit + 1)).close();
    page.element("dd", beside, "class", "beside").close().line();
  }

  private void plots() {
    page.element("h2", "Speed").open("div", "class", "plots").line();
    if (plots.hasMatmulLines()) {
      plot(
          "Matrix product over size",
          "f32, square matrices. The dashed line is what the processor's multiply-add units reach in registers.",
          plots.matmulLines());
    }
    plot(
        "Roofline",
        "What memory bandwidth (slope) and arithmetic (roof) allow, and where the work stands.",
        plots.roofline());
    bars(
        "Arithmetic", "GFLOP/s of the largest size. The mark is the fma ceiling.", Metric.GFLOPS, m -> true);
    bars(
        "Memory",
        "GB/s that the program reads and writes. The mark is a plain loop over arrays in the same run.",
        Metric.GBPS,
        m -> m.facts().group().equals(Workloads.MEMORY));
    bars(
        "Functions",
        "GB/s that the program reads and writes: fused chains do not pay for what stands between.",
        Metric.GBPS,
        m -> m.facts().group().equals(Workloads.FUNCTIONS));
    bars("Training step", "Images a second: forward, backward and Adam.", Metric.SAMPLES, m -> true);
    page.close().line();
    if (!result.trainings().isEmpty()) {
      page.element("h2", "Training on handwritten digits").open("div", "class", "plots").line();
      boolean compared = result.devices().size() > 1 && result.numerics().isReproducible();
      String bits = compared && result.passed() ? " Equal epochs give equal bits on all devices." : "";
      plot("Loss", "Mean loss of each epoch's samples as they are seen." + bits, plots.losses());
      plot("Accuracy", "Share of each epoch's samples that are classified right.", plots.accuracies());
      page.close().line();
    }
    if (result.devices().size() > 1) {
      page.element("h2", "Devices side by side").open("div", "class", "plots").line();
      plot("Speed beside the fastest device", "Each at its largest size.", plots.sideBySide());
      page.close().line();
    }
  }

  private void bars(String title, String caption, Metric metric, Predicate<Measurement> which) {
    Predicate<Measurement> all = m -> m.timing() != null && m.facts().metric() == metric;
    if (result.measurements().stream().anyMatch(all.and(which))) {
      plot(title, caption, plots.bars(title, metric, which));
    }
  }

  private void plot(String title, String caption, String svg) {
    page.open("figure").open("figcaption").element("h3", title).element("p", caption).close();
    page.line().raw(svg).line().close().line();
  }

  private void results() {
    page.element("h2", "All results");
    page.open("div", "class", "scroll").open("table").open("thead").open("tr");
    for (String title : List.of("work", "device", "size")) {
      page.element("th", title, "scope", "col");
    }
    for (String title : List.of("time", "rate", "of ceiling", "peer", "ratio", "spread")) {
      page.element("th", title, "scope", "col", "class", "n");
    }
    page.element("th", "bits", "scope", "col").element("th", "checked", "scope", "col").close().close().line();
    String group = "";
    for (Measurement m : result.measurements()) {
      if (!m.facts().group().equals(group)) {
        if (!group.isEmpty()) {
          page.close();
        }
        group = m.facts().group();
        page.open("tbody", "class", "group").line();
      }
      row(m);
    }
    if (!group.isEmpty()) {
      page.close();
    }
    page.close().close().line();
    trainings();
  }

  private void row(Measurement m) {
    page.open("tr").element("th", m.facts().name(), "scope", "row");
    page.element("td", m.device()).element("td", m.facts().size().replace(" x ", " × "));
    if (m.timing() == null) {
      boolean wrong = m.outcome() == Measurement.Outcome.WRONG;
      page.open("td", "colspan", "8", "class", wrong ? "note bad" : "note");
      page.text((wrong ? "Wrong: " : "Not supported: ") + m.note()).close();
    } else {
      number(time(m.seconds()));
      number(Units.number(m.rate()) + " " + m.facts().metric().unit());
      number(Double.isNaN(m.share()) ? "" : Units.percent(m.share()));
      number(m.peer() == null ? "" : m.peer().name() + " " + Units.number(m.peerRate()));
      number(m.peer() == null ? "" : String.format(Locale.ROOT, "%.2f", m.ratio()));
      number("± " + Units.percent(m.timing().spread()));
      Boolean bits = m.bits();
      page.element(
          "td", bits == null ? "" : bits ? "same" : "differ", "class", bits == null || bits ? "good" : "bad");
      page.element("td", m.check() + (m.note().isEmpty() ? "" : "; " + m.note()), "class", "note");
    }
    page.close().line();
  }

  private void number(String text) {
    page.element("td", text, "class", "n");
  }

  private void trainings() {
    if (result.trainings().isEmpty()) {
      return;
    }
    page.element("h2", "Trainings").open("div", "class", "scroll").open("table").open("thead").open("tr");
    page.element("th", "data", "scope", "col").element("th", "device", "scope", "col");
    for (String title : List.of("epochs", "seed", "time", "images/s", "accuracy", "final loss")) {
      page.element("th", title, "scope", "col", "class", "n");
    }
    page.element("th", "bits", "scope", "col").close().close().open("tbody").line();
    for (Training t : result.trainings()) {
      page.open("tr").element("th", t.settings().dataSet().toString(), "scope", "row");
      page.element("td", t.settings().device().name());
      number(Integer.toString(t.settings().epochs()));
      number(Long.toString(t.settings().seed()));
      number(time(t.seconds()));
      number(Units.number(t.imagesPerSecond()));
      number(String.format(Locale.ROOT, "%.2f %%", 100 * t.accuracy()));
      number(Float.toString(t.loss()));
      page.open("td").element("code", t.lossBits()).close().close().line();
    }
    page.close().close().close().line();
  }

  private void fpga() {
    if (result.fpga().isEmpty()) {
      return;
    }
    page.element("h2", "FPGA designs").element("p", "What the vendors' compilers report; read from files, not measured by this run.");
    page.open("div", "class", "scroll").open("table").open("thead").open("tr");
    for (String title : FpgaTable.TITLES) {
      page.element("th", title, "scope", "col", "class", FpgaTable.isNumber(title) ? "n" : "");
    }
    page.close().close().open("tbody").line();
    for (VendorReport r : result.fpga()) {
      List<String> cells = FpgaTable.cells(r);
      page.open("tr").element("th", cells.getFirst(), "scope", "row");
      for (int i = 1; i < cells.size(); i++) {
        page.element("td", cells.get(i), "class", FpgaTable.isNumber(FpgaTable.TITLES.get(i)) ? "n" : "");
      }
      page.close().line();
    }
    page.close().close().close().line();
  }

  private void machine() {
    Machine m = result.machine();
    Ceilings c = result.ceilings();
    page.element("h2", "Machine").open("dl", "class", "facts").line();
    fact("Processor", m.cpu() + ", " + m.cores() + " hardware threads" + (m.caches().isEmpty() ? "" : ", " + m.caches()));
    fact("Memory", Units.bytes(m.memoryBytes()));
    fact("System", m.os());
    fact("Java", m.jvm());
    fact("Java options", String.join(" ", m.jvmArguments()));
    if (c.vectorBits() > 0) {
      fact("Arithmetic ceiling", Units.number(c.f32()) + " GFLOP/s f32, " + Units.number(c.f64()) + " GFLOP/s f64, "
          + c.vectorBits() + "-bit fused multiply-adds in registers, " + c.threads() + " threads");
    }
    fact("Memory ceiling", Units.number(c.read()) + " GB/s read, " + Units.number(c.copy()) + " GB/s copy, "
        + Units.number(c.triad()) + " GB/s triad, arrays of 40 MB");
    result.peers().forEach(this::fact);
    result.devices().forEach((name, description) -> fact("Device " + name, description));
    page.close().line();
  }

  private void fact(String name, String value) {
    page.element("dt", name).element("dd", value).line();
  }

  private void repeat() {
    page.element("h2", "How to repeat it");
    page.element("pre", "./tenzan bench --suite " + result.suite() + (result.numerics().isReproducible() ? "" : " --fast") + deviceOptions());
    String commit = result.commit().isEmpty() ? "" : " at commit " + result.commit();
    page.element(
        "p",
        "Tenzan " + result.version() + commit + ". Rates are medians of repetitions after a warm-up; matmul and"
            + " its peers take turns in one run. Every result is checked before it is timed: against f64 arithmetic"
            + (result.numerics().isReproducible() ? ", and on a small problem bit for bit against the reference device" : "")
            + ". Spread is half the distance of the"
            + " quartiles. All inputs come from fixed seeds. The run took "
            + String.format(Locale.ROOT, "%.0f s.", result.seconds()),
        "class", "lead");
    result.notes().forEach(n -> page.element("p", n, "class", "lead"));
  }

  private String deviceOptions() {
    StringBuilder options = new StringBuilder();
    result.devices().keySet().forEach(d -> options.append(" --device ").append(d));
    return options.append(" --threads ").append(result.ceilings().threads()).toString();
  }
}
