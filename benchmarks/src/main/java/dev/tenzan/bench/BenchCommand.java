package dev.tenzan.bench;

import dev.tenzan.Device;
import dev.tenzan.Tenzan;
import dev.tenzan.bench.compare.TenzanLibrary;
import dev.tenzan.bench.fpga.VendorReport;
import dev.tenzan.bench.jmh.JmhSuites;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.OutputFile;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.report.HtmlReport;
import dev.tenzan.bench.report.TextReport;
import dev.tenzan.bench.work.BenchResult;
import dev.tenzan.bench.work.BenchRunner;
import dev.tenzan.bench.work.Suite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code bench}: checks and times the same work on every device. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = {
      "Checks and times the same work on every device, and trains a network on real handwritten digits.",
      "Prints a table; writes JSON and an HTML page with plots."
    })
final class BenchCommand implements Callable<Integer> {
  private static final Path REPORTS = Path.of("reports");

  private final Console console;

  @Option(
      names = "--suite",
      paramLabel = "SUITE",
      defaultValue = "quick",
      description = "How much is measured: ${COMPLETION-CANDIDATES}; quick where not given.")
  private Suite suite = Suite.QUICK;

  @Option(
      names = "--device",
      paramLabel = "D",
      description = "A device, for example cpu; may be repeated. All where not given.")
  private List<String> devices = new ArrayList<>();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      arity = "0..1",
      fallbackValue = "",
      description = "Where the JSON goes; reports/bench.json if not given, with --peers reports/peers.json.")
  private @Nullable Path json;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Where the page goes; reports/bench.html if not given, with --peers reports/peers.html.")
  private @Nullable Path html;

  @Option(
      names = "--fpga-report",
      paramLabel = "FILE",
      description = "A vendor's report of an FPGA design, as 'fpga report' reads it, to show in the report; may be repeated.")
  private List<Path> fpga = new ArrayList<>();

  @Option(
      names = "--jmh",
      paramLabel = "REGEX",
      arity = "0..1",
      fallbackValue = ".*",
      description = "Instead runs the JMH suites whose name matches; no report is written but --json, by JMH.")
  private @Nullable String jmh;

  @Option(
      names = "--peers",
      description = "Instead compares the device cpu with PyTorch, ND4J, OpenBLAS and ONNX Runtime, in one process.")
  private boolean peers;

  @Option(
      names = "--filter",
      paramLabel = "REGEX",
      description = "With --peers: only the work whose name and size match, for example 'matmul f32 512'.")
  private @Nullable String filter;

  @Mixin private DeviceOptions options = new DeviceOptions();

  @Mixin private NumericsOption numerics = new NumericsOption();

  BenchCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    options.apply();
    if (numerics.isGiven() && (jmh != null || peers)) {
      throw new CliException("--fast: --jmh and --peers measure reproducible products only; leave out --fast");
    }
    if (jmh != null) {
      return JmhSuites.run(jmh, devices, json) ? ExitCode.OK : ExitCode.CHECK_FAILED;
    }
    if (peers) {
      return comparePeers();
    }
    if (filter != null) {
      throw new CliException("--filter: it chooses among the work of --peers; give both, or --jmh REGEX");
    }
    List<VendorReport> designs = fpga.stream().map(VendorReport::read).toList(); // before the run, which is long
    List<Device> chosen = DeviceOptions.devices(devices);
    try (OutputFile jsonFile = output("--json", json, "bench.json");
        OutputFile htmlFile = output("--html", html, "bench.html")) {
      BenchResult result;
      try (Progress progress = console.progress()) {
        BenchRunner runner = new BenchRunner(chosen, suite, options.count(), progress);
        result = Tenzan.with(numerics.mode(), () -> runner.run(TenzanCommand.Version.text())).with(designs);
      }
      console.out().print(TextReport.render(result, console.terminal()));
      jsonFile.write(Json.write(result.toMap()));
      htmlFile.write(HtmlReport.render(result));
      console.out().println("written: " + jsonFile.path() + " and " + htmlFile.path());
      return result.passed() ? ExitCode.OK : ExitCode.CHECK_FAILED;
    }
  }

  private int comparePeers() {
    if (!devices.isEmpty() && !devices.equals(List.of(TenzanLibrary.DEVICE))) {
      throw new CliException("--device: --peers compares the device cpu only; leave out --device");
    }
    PeersBench bench = new PeersBench(filter); // before files are made
    try (OutputFile jsonFile = output("--json", json, "peers.json");
        OutputFile htmlFile = output("--html", html, "peers.html")) {
      return bench.run(console, options.count(), jsonFile, htmlFile);
    }
  }

  /** The file that an option names, or the usual one where it names none. */
  private static OutputFile output(String option, @Nullable Path file, String usual) {
    if (file != null && !file.toString().isEmpty()) {
      return OutputFile.open(option, file);
    }
    makeReportsFolder();
    return OutputFile.open(option, REPORTS.resolve(usual));
  }

  private static void makeReportsFolder() {
    try {
      Files.createDirectories(REPORTS);
    } catch (IOException e) {
      throw new CliException(
          "cannot make the folder " + REPORTS.toAbsolutePath() + "; name files with --json FILE and --html FILE");
    }
  }
}
