package dev.tenzan.bench;

import dev.tenzan.bench.fpga.VendorReport;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.OutputFile;
import dev.tenzan.bench.report.FpgaTable;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code fpga report}: reads what vendors' compilers report. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = {
      "Shows clock, DSP and memory blocks and initiation intervals of vendors' reports:",
      "Intel's acl_quartus_report.txt (which has no initiation intervals) and AMD's *_csynth.xml (estimates)."
    })
final class FpgaReportCommand implements Callable<Integer> {
  private static final int SCHEMA = 1;

  private final Console console;

  @Parameters(paramLabel = "FILE", arity = "1..*", description = "The reports.")
  private List<Path> files = List.of();

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the figures to this file.")
  private @Nullable Path json;

  FpgaReportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    List<VendorReport> reports = files.stream().map(VendorReport::read).toList();
    try (OutputFile file = OutputFile.openOptional("--json", json)) {
      console.out().print(FpgaTable.render(reports, console.terminal()));
      if (file != null) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("schema", "tenzan-fpga-report");
        document.put("schema_version", SCHEMA);
        document.put("reports", reports.stream().map(VendorReport::toMap).toList());
        file.write(Json.write(document));
      }
    }
    return ExitCode.OK;
  }
}
