package dev.tenzan.bench;

import dev.tenzan.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code conformance}: runs the kit that every backend must pass. */
@Command(
    name = "conformance",
    mixinStandardHelpOptions = true,
    description = "Runs the conformance kit on a device; the last line is 'N passed, N failed, N skipped'.")
final class ConformanceCommand implements Callable<Integer> {
  private final Console console;

  @Option(names = "--device", paramLabel = "D", description = "The device; the default one where not given.")
  private @Nullable String device;

  @Option(names = "--filter", paramLabel = "TEXT", description = "Only cases whose name contains this text.")
  private @Nullable String filter;

  @Mixin private DeviceOptions options = new DeviceOptions();

  ConformanceCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    options.apply();
    Device d = DeviceOptions.device(device);
    List<String> arguments = new ArrayList<>(List.of("--device", d.name()));
    if (filter != null) {
      arguments.addAll(List.of("--filter", filter));
    }
    return Outside.run("dev.tenzan.conformance.ConformanceKit", arguments, console.out());
  }
}
