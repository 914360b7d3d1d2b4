package dev.tenzan.bench.report;

import dev.tenzan.bench.compare.Cell;
import dev.tenzan.bench.compare.Comparison;
import dev.tenzan.bench.compare.ComparisonResult;
import dev.tenzan.bench.compare.HostArray;
import dev.tenzan.bench.compare.Row;
import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.Units;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A comparison with other libraries as one HTML page that needs nothing but itself. */
public final class ComparisonHtml {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH).withZone(ZoneOffset.UTC);

  private final ComparisonResult result;
  private final List<String> libraries;
  private final ComparisonPlots plots;
  private final Xml page = new Xml();

  private ComparisonHtml(ComparisonResult result) {
    this.result = result;
    this.libraries = List.copyOf(result.libraries().keySet());
    this.plots = new ComparisonPlots(result);
  }

  /** The whole page. */
  public static String render(ComparisonResult result) {
    return new ComparisonHtml(result).page();
  }

  private String page() {
    page.raw("<!DOCTYPE html>\n").open("html", "lang", "en").open("head");
    page.empty("meta", "charset", "utf-8");
    page.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    page.element("title", "Tenzan and its peers: " + result.machine().cpu());
    page.open("style").raw(HtmlReport.style()).close().close().line().open("body").open("main").line();
    header();
    plots();
    if (!result.rows().isEmpty()) {
      table();
    }
    remarks();
    machine();
    page.open("footer").text("Tenzan " + result.version() + ". This page is self-contained; save or share it as it is.");
    page.close().close().close().close().line();
    return page.toString();
  }

  private void header() {
    Ceilings c = result.ceilings();
    page.open("header").element("p", "Tenzan and its peers", "class", "eyebrow").element("h1", result.machine().cpu());
    String vectors = c.vectorBits() > 0 ? c.vectorBits() + "-bit vectors" : "no vectors";
    page.element(
        "p",
        result.threads() + (result.threads() == 1 ? " thread" : " threads") + " for each library, " + vectors + ", in one process, "
            + "in turns. " + DATE.format(result.started()) + ".",
        "class", "lead");
    page.open("dl", "class", "figures").line();
    for (String name : libraries.subList(1, libraries.size())) {
      long rows = result.compared(name);
      if (rows > 0) {
        page.open("div").element("dt", "beside " + name).open("dd", "class", "number");
        page.text(ratio(result.geometricMean(name))).element("small", "×").close();
        page.element("dd", "as fast, geometric mean of " + rows + " rows; " + result.behind(name).size() + " below "
            + ComparisonResult.BEHIND, "class", "beside").close().line();
      }
    }
    page.close().close().line();
  }

  private static String ratio(double ratio) {
    return Double.isNaN(ratio) ? "" : String.format(Locale.ROOT, "%.2f", ratio);
  }

  private void plots() {
    page.element("h2", "Speed").open("div", "class", "plots").line();
    for (String group : plots.groups()) {
      plot(
          "Beside the peers: " + group,
          "How many times as fast as each library Tenzan is, logarithmic. Right of the heavy line Tenzan is ahead.",
          plots.ratios(group));
    }
    if (plots.hasRoofline()) {
      plot(
          "Roofline",
          "What memory bandwidth (slope) and arithmetic (roof) allow, both measured in this run, and where Tenzan and "
              + ComparisonResult.MAIN_PEER + " stand.",
          plots.roofline());
    }
    if (!result.scalings().isEmpty()) {
      plot(
          "Cost over size",
          "Tenzan's time for a unit of work (an element, a multiply-add) as a multiple of the least, logarithmic. A cliff would be a step.",
          plots.scaling());
    }
    page.close().line();
  }

  private void plot(String title, String caption, String svg) {
    page.open("figure").open("figcaption").element("h3", title).element("p", caption).close();
    page.line().raw(svg).line().close().line();
  }

  private void table() {
    page.element("h2", "All results").open("div", "class", "scroll").open("table").open("thead").open("tr");
    page.element("th", "work", "scope", "col").element("th", "size", "scope", "col");
    libraries.forEach(n -> page.element("th", n, "scope", "col", "class", "n"));
    for (String title : List.of("× " + ComparisonResult.MAIN_PEER, "× best peer", "of ceiling", "spread")) {
      page.element("th", title, "scope", "col", "class", "n");
    }
    page.element("th", "checked", "scope", "col").close().close().line();
    String group = "";
    for (Row row : result.rows()) {
      if (!row.work().group().equals(group)) {
        if (!group.isEmpty()) {
          page.close();
        }
        group = row.work().group();
        page.open("tbody", "class", "group").line();
      }
      row(row);
    }
    page.close().close().close().line();
  }

  private void row(Row row) {
    page.open("tr").element("th", row.work().name(), "scope", "row").element("td", row.work().size().replace("x", "×"));
    libraries.forEach(n -> page.element("td", text(row.cells().get(n)), "class", "n"));
    for (double r : new double[] {row.ratio(ComparisonResult.MAIN_PEER), row.ratioToBest()}) {
      page.element("td", ratio(r), "class", r < ComparisonResult.BEHIND ? "n bad" : "n");
    }
    double share = row.share(result.ceilings());
    page.element("td", Double.isNaN(share) ? "" : Units.percent(share), "class", "n");
    page.element("td", row.timing(Comparison.TENZAN).map(Timing::spread).map(Units::percent).orElse(""), "class", "n");
    page.element("td", row.cells().get(Comparison.TENZAN) instanceof Cell.Timed t ? t.check() : "").close().line();
  }

  private static String text(@Nullable Cell cell) {
    return switch (cell) {
      case Cell.Timed t -> Units.seconds(t.timing().median()).replace(" us", " µs");
      case Cell.Wrong _ -> "wrong";
      case Cell.Failed _ -> "failed";
      case Cell.Absent _ -> "";
      case null -> "";
    };
  }

  private void remarks() {
    page.element("h2", "Remarks").open("ul").line();
    for (Row row : result.rows()) {
      row.cells().forEach((name, cell) -> {
        if (cell instanceof Cell.Wrong w) {
          page.element("li", row.work().title() + ", " + name + ": wrong: " + w.reason()).line();
        } else if (cell instanceof Cell.Failed f) {
          page.element("li", row.work().title() + ", " + name + ": failed: " + f.reason()).line();
        }
      });
    }
    result.cliffs().forEach(c -> page.element("li", "cliff: " + c).line());
    result.notes().forEach(n -> page.element("li", n).line());
    page.element("li", "An empty cell: the library has no such function. Inputs are random, from seed " + HostArray.SEED
        + ", and every result was checked before it was timed.");
    page.close().line();
  }

  private void machine() {
    Ceilings c = result.ceilings();
    page.element("h2", "Machine and libraries").open("dl", "class", "facts").line();
    fact("processor", result.machine().cpu() + ", " + result.machine().cores() + " hardware threads, " + result.machine().caches());
    fact("ceilings", Units.number(c.f32()) + " GFLOP/s f32 (median " + Units.number(c.f32Median()) + "), " + Units.number(c.f64()) + " f64; memory " + Units.number(c.read())
        + " GB/s read, " + Units.number(c.copy()) + " copy, " + Units.number(c.triad()) + " triad");
    fact("system", result.machine().os() + "; " + result.machine().jvm());
    fact("JVM options", String.join(" ", result.machine().jvmArguments()));
    result.libraries().forEach(this::fact);
    page.close().line();
  }

  private void fact(String name, String text) {
    page.element("dt", name).element("dd", text).line();
  }
}
