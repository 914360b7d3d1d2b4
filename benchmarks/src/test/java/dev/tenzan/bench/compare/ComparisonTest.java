package dev.tenzan.bench.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.output.Terminal;
import dev.tenzan.bench.report.ComparisonHtml;
import dev.tenzan.bench.report.ComparisonText;
import dev.tenzan.type.DType;
import java.io.StringReader;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;

class ComparisonTest {
  private static final Progress SILENT = new Progress(System.err, false);
  private static final Work SMALL = MatMul.of(DType.F32, 32, 32, 32);

  private static Cell timed(double seconds) {
    return new Cell.Timed(new Timing(new double[] {seconds}), "64 elements");
  }

  private static Row row(Work work, Cell tenzan, Cell pyTorch, Cell other) {
    Map<String, Cell> cells = new LinkedHashMap<>();
    cells.put("Tenzan", tenzan);
    cells.put("PyTorch", pyTorch);
    cells.put("Other <1>", other);
    return new Row(work, cells);
  }

  private static ComparisonResult result(boolean right) {
    List<Row> rows = new ArrayList<>();
    rows.add(row(SMALL, timed(1e-6), timed(4e-6), timed(2e-6)));
    rows.add(row(new Sort(1000), timed(2e-3), timed(1e-3), new Cell.Absent()));
    rows.add(row(new FirstProduct(), timed(0.5), new Cell.Wrong("element 0 is <x>"), new Cell.Failed("no & reason")));
    if (!right) {
      rows.add(row(new TopK(3, 100), new Cell.Wrong("element 1 is 2"), timed(1), timed(1)));
    }
    Map<String, String> libraries = new LinkedHashMap<>();
    libraries.put("Tenzan", "x");
    libraries.put("PyTorch", "2");
    libraries.put("Other <1>", "3");
    Machine machine = new Machine("CPU <X> & Co", 2, 1L << 34, "L1d 32 KiB", "Linux", "JVM", List.of("-Xmx1g"));
    return new ComparisonResult(
        Instant.EPOCH, 60, "1.0", "abc", machine, 2, new Ceilings(2, 512, 200, 100, 190, 95, 30, 20, 25), libraries, rows,
        List.of(scaling(1, 10, 100, 1_000, 10_000)), List.of("a <note>"));
  }

  private static Scaling scaling(double... seconds) {
    List<Scaling.Point> points = new ArrayList<>();
    for (int i = 0; i < seconds.length; i++) {
      long size = (long) Math.pow(10, i + 3);
      points.add(new Scaling.Point(size, size, new Timing(new double[] {seconds[i]})));
    }
    return new Scaling("add", points);
  }

  @Test
  void meansAndRowsBehind() {
    ComparisonResult r = result(true);
    assertEquals(Math.sqrt(4 * 0.5), r.geometricMean("PyTorch"), 1e-12);
    assertEquals(2, r.compared("PyTorch"));
    assertEquals(List.of(new Sort(1000)), r.behind("PyTorch").stream().map(Row::work).toList());
    assertEquals(2, r.rows().getFirst().ratioToBest(), 1e-12);
    assertTrue(r.passed(), "peers' mistakes are reported, and are not Tenzan's");
    assertFalse(result(false).passed());
  }

  @Test
  void cliffsAreFarOffTheNeighbours() {
    assertEquals(List.of(), scaling(1, 10, 100).cliffs());
    assertEquals(1, scaling(1, 10, 100).offTrend(1), 1e-12);
    assertEquals(2, scaling(1, 20, 100).offTrend(1), 1e-12);
    assertEquals(1, scaling(1, 20, 100).cliffs().size());
    assertEquals(1, scaling(1, 5, 100).cliffs().size());
    assertEquals(List.of(), scaling(1, 14, 100).cliffs());
    assertTrue(scaling(1, 20, 100).cliffs().getFirst().startsWith("add at 10k takes 2.00 x"));
  }

  @Test
  void theTableTellsWhatCameOut() {
    String text = ComparisonText.render(result(true), Terminal.PLAIN);
    for (String part :
        List.of(
            "matmul f32", "32x32x32", "1.00 us", "4.00", "WRONG", "failed", "element 0 is <x>", "no & reason", "note: a <note>",
            "1.41 x PyTorch, geometric mean of 2 rows; 1 of them below 0.9", "0.50  sort 1k", "Tenzan's results are right")) {
      assertTrue(text.contains(part), () -> part + " is missing in\n" + text);
    }
    assertTrue(ComparisonText.render(result(false), Terminal.PLAIN).contains("Tenzan is wrong or failed"));
  }

  @Test
  void theDocumentHasItsSchema() {
    String json = Json.write(result(true).toMap());
    for (String part :
        List.of(
            "\"schema\": \"tenzan-peers\"", "\"ratio_to_pytorch\": 4", "\"outcome\": \"absent\"", "\"best_peer\": \"Other <1>\"",
            "\"ratio_to_other_<1>\": 2", "\"off_trend\": 1", "\"cliffs\": []")) {
      assertTrue(json.contains(part), () -> part + " is missing in\n" + json);
    }
  }

  @Test
  void thePageIsWellFormedAndNeedsNothingElse() throws Exception {
    String page = ComparisonHtml.render(result(true));
    var document =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(page)));
    assertEquals("html", document.getDocumentElement().getTagName());
    assertEquals(4, document.getElementsByTagName("svg").getLength(), "two groups, the roofline and the cost over size");
    assertFalse(page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "").contains("://"), "an address");
    assertFalse(page.contains("NaN"), "a number that is none");
    assertTrue(page.contains("CPU &lt;X&gt; &amp; Co"));
  }

  @Test
  void librariesThatCannotBeLoadedAreNoted() {
    Library missing =
        new Library() {
          @Override
          public String name() {
            return "missing";
          }

          @Override
          public String start(int threads) {
            throw new IllegalStateException("not for this system");
          }

          @Override
          public Optional<Task> open(Work work, List<HostArray> inputs) {
            return Optional.empty();
          }
        };
    Library tenzan = new TenzanLibrary();
    CliException none =
        assertThrows(CliException.class, () -> new Comparison(tenzan, List.of(missing), 1, SILENT).close());
    assertTrue(String.valueOf(none.getMessage()).contains("not for this system"), none::getMessage);
    Library fine = new FakeLibrary("PyTorch", UnaryOperator.identity());
    try (Comparison c = new Comparison(tenzan, List.of(missing, fine), 1, SILENT)) {
      ComparisonResult r = c.run("add 1k"::equals, "1.0");
      assertEquals(List.of("Tenzan", "PyTorch"), List.copyOf(r.libraries().keySet()));
      assertEquals(1, r.rows().size());
      assertInstanceOf(Cell.Timed.class, r.rows().getFirst().cells().get("PyTorch"));
      assertTrue(r.notes().getFirst().startsWith("missing could not be loaded: IllegalStateException: not for"), r.notes()::toString);
    }
  }

  /** Starts this JVM's program anew, so it takes a few seconds. */
  @Test
  void theFirstProductOfAProcessIsTimed() {
    Row row = new Starts(1).run(List.of(new TenzanLibrary(), new FakeLibrary("other", UnaryOperator.identity())));
    assertEquals(5, assertInstanceOf(Cell.Timed.class, row.cells().get("Tenzan"), row::toString).timing().repetitions());
    assertInstanceOf(Cell.Absent.class, row.cells().get("other"));
  }
}
