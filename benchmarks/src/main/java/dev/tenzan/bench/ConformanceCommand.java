package dev.tenzan.bench;

import dev.tenzan.Device;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.output.Table;
import dev.tenzan.conformance.CaseTimes;
import dev.tenzan.conformance.ConformanceKit;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code conformance}: runs the kit that every backend must pass. */
@Command(
    name = "conformance",
    mixinStandardHelpOptions = true,
    description =
        "Runs the conformance kit on a device; the last line is 'N passed, N failed, N skipped'. Exits with 1 where a check failed.")
final class ConformanceCommand implements Callable<Integer> {
  private final Console console;

  @Option(names = "--device", paramLabel = "D", description = "The device; the default one where not given.")
  private @Nullable String device;

  @Option(names = "--filter", paramLabel = "TEXT", description = "Only cases whose name contains this text, such as 'matmul.f32'.")
  private String filter = "";

  @Option(names = "--times", description = "Also time the first case of each operation and dtype, warm.")
  private boolean times;

  @Mixin private DeviceOptions options = new DeviceOptions();

  ConformanceCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    options.apply();
    Device d = DeviceOptions.device(device);
    Predicate<String> chosen = name -> name.contains(filter);
    List<ConformanceKit.Group> groups = ConformanceKit.groups(chosen);
    if (groups.isEmpty()) {
      throw new CliException("--filter: no case's name contains '" + filter + "'; names are like matmul.f32");
    }
    PrintStream out = console.out();
    out.println("conformance on " + d + ": " + groups.size() + " operations and dtypes, seed " + ConformanceKit.seed());
    ConformanceKit kit = new ConformanceKit(d);
    try (Progress progress = new Progress(console.err(), console.terminal().progress())) {
      kit.run(chosen, progress::show);
    }
    kit.skips().forEach(line -> out.println("SKIPPED " + line));
    kit.failures().forEach(line -> out.println("FAILED  " + line));
    if (times) {
      out.print(timeTable(d, groups));
    }
    out.println(kit.summary());
    return kit.failures().isEmpty() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private String timeTable(Device d, List<ConformanceKit.Group> groups) {
    Table table =
        new Table(
            console.terminal(), Table.Column.text("operation"), Table.Column.text("case"),
            Table.Column.number("microseconds"));
    for (ConformanceKit.Group g : groups) {
      double seconds = CaseTimes.median(d, g.cases().getFirst());
      table.row(g.op(), g.cases().getFirst().variant(),
          Double.isNaN(seconds) ? "unsupported" : String.format(Locale.ROOT, "%.1f", seconds * 1e6));
    }
    return table.render();
  }
}
