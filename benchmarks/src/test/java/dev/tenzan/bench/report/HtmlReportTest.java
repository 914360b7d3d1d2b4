package dev.tenzan.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Devices;
import dev.tenzan.bench.fpga.VendorReport;
import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.Terminal;
import dev.tenzan.bench.work.BenchResult;
import dev.tenzan.bench.work.Family;
import dev.tenzan.bench.work.Measurement;
import dev.tenzan.bench.work.Suite;
import dev.tenzan.bench.work.Training;
import dev.tenzan.bench.work.Workload;
import dev.tenzan.bench.work.Workloads;
import dev.tenzan.nn.TrainingListener.EpochMetrics;
import dev.tenzan.type.Numerics;
import java.io.StringReader;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static final double NONE = Double.NaN;

  private static BenchResult result(List<String> devices, boolean vectors) {
    List<Measurement> measurements = new ArrayList<>();
    for (Family family : Workloads.all()) {
      for (String device : devices) {
        for (Workload w : family.of(Suite.QUICK)) {
          Timing timing = new Timing(new double[] {0.001, 0.0011, 0.0012});
          boolean cpu = device.equals("cpu");
          boolean peer = cpu && w.facts().group().equals(Workloads.MATMUL);
          measurements.add(
              new Measurement(
                  device, w.facts(), Measurement.Outcome.MEASURED, timing, peer ? new Measurement.Peer("OpenBLAS", timing) : null,
                  cpu && vectors ? 100 : NONE, "64 elements", cpu ? Boolean.TRUE : null, ""));
        }
      }
    }
    Workload.Facts facts = measurements.getFirst().facts();
    measurements.add(
        new Measurement(
            devices.getFirst(), facts, Measurement.Outcome.UNSUPPORTED, null, null, NONE, "", null,
            "matmul: <f32> & \"f16\" are not supported"));
    Map<String, String> described = new LinkedHashMap<>();
    devices.forEach(d -> described.put(d, "a <device> & more"));
    Ceilings ceilings =
        new Ceilings(2, vectors ? 512 : 0, vectors ? 250 : NONE, vectors ? 125 : NONE, vectors ? 240 : NONE, vectors ? 120 : NONE, 30, 20, 25);
    Machine machine = new Machine("CPU <X> & Co", 2, 1L << 34, "L1d 32 KiB", "Linux", "JVM", List.of("-Xmx1g"));
    return new BenchResult(
        Instant.EPOCH, 60, Suite.QUICK, Numerics.REPRODUCIBLE, "1.0", "abc", machine, described, ceilings, Map.of("OpenBLAS", "none"), measurements,
        List.of(training(2, 0.5f), training(1, 0.7f)), List.of(design()), List.of("a note"));
  }

  private static VendorReport design() {
    return new VendorReport(
        Path.of("a <b>", "top_csynth.xml"), "csynth", "tz_<product>", 400.0, true, Map.of("DSP", 80L, "BRAM_18K", 34L), Map.of(),
        List.of(new VendorReport.Loop("outer", 1), new VendorReport.Loop("inner", 4)));
  }

  private static Training training(int epochs, float loss) {
    List<EpochMetrics> curve = new ArrayList<>();
    for (int e = 1; e <= epochs; e++) {
      curve.add(new EpochMetrics(e, epochs, 1f / e, 1 - 0.5 / e, 1.5, 1000));
    }
    var settings =
        new Training.Settings(Training.DataSet.DIGITS, null, Devices.get("reference"), epochs, 42, Numerics.REPRODUCIBLE);
    return new Training(settings, curve, loss, 0.97, 3, 1500, 297, 9930);
  }

  private static Document parse(String page) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(page)));
  }

  @Test
  void thePageIsWellFormedAndNeedsNothingElse() throws Exception {
    for (boolean vectors : new boolean[] {true, false}) {
      for (List<String> devices : List.of(List.of("cpu", "reference"), List.of("reference"))) {
        String page = HtmlReport.render(result(devices, vectors));
        Document document = parse(page);
        assertEquals("html", document.getDocumentElement().getTagName());
        assertTrue(document.getElementsByTagName("svg").getLength() >= 7);
        assertFalse(page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "").contains("://"), "an address");
        assertFalse(page.contains("NaN"), "a number that is none");
        assertFalse(page.contains("<script"), "a script");
        assertTrue(page.contains("CPU &lt;X&gt; &amp; Co"));
        assertTrue(page.contains("Not supported: matmul: &lt;f32&gt;"));
      }
    }
  }

  @Test
  void aResultWithoutMeasurementsStillGivesAPage() throws Exception {
    BenchResult r = result(List.of("reference"), true);
    BenchResult empty =
        new BenchResult(
            r.started(), 1, Suite.FULL, Numerics.REPRODUCIBLE, "1.0", "", r.machine(), r.devices(), r.ceilings(), r.peers(), List.of(),
            List.of(), List.of(), List.of());
    parse(HtmlReport.render(empty));
    assertTrue(TextReport.render(empty, Terminal.PLAIN).contains("every result was checked"));
  }

  @Test
  void textAndJsonSayTheSame() {
    BenchResult r = result(List.of("cpu", "reference"), true);
    String text = TextReport.render(r, Terminal.PLAIN);
    assertTrue(text.lines().anyMatch(l -> l.matches("matmul f32 +cpu +2048 x 2048 +1.10 ms .*")), text);
    assertTrue(text.contains("bits agree"), text);
    String json = Json.write(r.toMap());
    assertTrue(json.contains("\"schema_version\": 2"), json);
    assertTrue(json.contains("\"seconds_median\": 0.0011"), json);
    assertTrue(json.contains("\"final_loss_bits\": \"0x3f000000\""), json);
    assertFalse(json.contains("NaN"));
    assertTrue(text.lines().anyMatch(l -> l.matches("top_csynth.xml +tz_<product> +400.0 +estimated +80 +34 +4")), text);
    assertTrue(json.contains("\"fpga_reports\": [\n    {\n      \"file\""), json);
    assertTrue(HtmlReport.render(r).contains("<h2>FPGA designs</h2>"));
  }

  @Test
  void fastNumericsAreNamedAndTheirBitsNotCompared() throws Exception {
    BenchResult r = result(List.of("cpu", "reference"), true);
    BenchResult fast =
        new BenchResult(
            r.started(), 1, Suite.QUICK, Numerics.FAST, "1.0", "", r.machine(), r.devices(), r.ceilings(), r.peers(),
            r.measurements(), List.of(training(2, 0.5f), training(2, 0.25f)), List.of(), List.of());
    assertTrue(fast.passed());
    String text = TextReport.render(fast, Terminal.PLAIN);
    assertTrue(text.contains("numerics: fast; bits are not promised"), text);
    assertFalse(text.contains("bits agree"), text);
    assertTrue(Json.write(fast.toMap()).contains("\"numerics\": \"fast\""));
    String page = HtmlReport.render(fast);
    parse(page);
    assertTrue(page.contains("Numerics: fast."), page);
    assertTrue(page.contains("--suite quick --fast --device"), page);
    assertFalse(page.contains("equal bits"), page);
  }

  @Test
  void differentBitsFailTheRun() {
    BenchResult r = result(List.of("cpu", "reference"), true);
    assertTrue(r.passed());
    BenchResult differs =
        new BenchResult(
            r.started(), 1, Suite.QUICK, Numerics.REPRODUCIBLE, "1.0", "", r.machine(), r.devices(), r.ceilings(), r.peers(),
            r.measurements(), List.of(training(2, 0.5f), training(2, 0.25f)), List.of(), List.of());
    assertFalse(differs.passed());
    assertTrue(TextReport.render(differs, Terminal.PLAIN).contains("differ between devices"));
  }
}
