package dev.tenzan.bench;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.OutputFile;
import dev.tenzan.bench.output.Table;
import dev.tenzan.bench.output.Terminal;
import dev.tenzan.bench.output.Units;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code devices}: what was found, and what is missing where nothing was. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    description = "Lists every device, and what is missing for each backend that is not available.")
final class DevicesCommand implements Callable<Integer> {
  private static final int SCHEMA = 1;

  private final Console console;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the list to this file.")
  private @Nullable Path json;

  DevicesCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    try (OutputFile file = OutputFile.openOptional("--json", json)) {
      print(console);
      if (file != null) {
        file.write(Json.write(document()));
      }
    }
    return ExitCode.OK;
  }

  /** Prints the devices and the backends that are not available. */
  static void print(Console console) {
    Terminal terminal = console.terminal();
    Table devices =
        new Table(
            terminal,
            Table.Column.text("device"),
            Table.Column.text("what it is"),
            Table.Column.number("memory"),
            Table.Column.text("capabilities"));
    String best = Devices.current().name();
    for (Device d : Devices.backends().stream().flatMap(b -> b.devices().stream()).toList()) {
      String properties =
          d.info().properties().entrySet().stream()
              .map(e -> e.getKey() + " " + e.getValue())
              .collect(Collectors.joining(", "));
      long memory = d.info().memoryBytes();
      devices.row(
          d.name().equals(best) ? terminal.good(d.name() + " (default)") : d.name(),
          d.info().description(),
          memory > 0 && memory < Long.MAX_VALUE ? Units.bytes(memory) : "",
          properties);
    }
    console.out().print(devices.render());
    List<Devices.BackendEntry> missing =
        Devices.backends().stream().filter(b -> !b.availability().available()).toList();
    if (!missing.isEmpty()) {
      console.out().println();
      Table backends =
          new Table(
              terminal,
              Table.Column.text("not available"),
              Table.Column.text("what is missing"),
              Table.Column.text("how to get it"));
      missing.forEach(
          b -> backends.row(terminal.warning(b.name()), b.availability().missing(), b.availability().remedy()));
      console.out().print(backends.render());
    }
  }

  private static Map<String, Object> document() {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tenzan-devices");
    document.put("schema_version", SCHEMA);
    document.put("default", Devices.current().name());
    List<Map<String, Object>> backends = new ArrayList<>();
    for (Devices.BackendEntry b : Devices.backends()) {
      Map<String, Object> backend = new LinkedHashMap<>();
      backend.put("backend", b.name());
      backend.put("available", b.availability().available());
      backend.put("missing", b.availability().missing());
      backend.put("remedy", b.availability().remedy());
      backend.put("devices", b.devices().stream().map(DevicesCommand::device).toList());
      backends.add(backend);
    }
    document.put("backends", backends);
    return document;
  }

  private static Map<String, Object> device(Device d) {
    Map<String, Object> device = new LinkedHashMap<>();
    device.put("name", d.name());
    device.put("description", d.info().description());
    device.put("memory_bytes", d.info().memoryBytes());
    device.put("properties", d.info().properties());
    return device;
  }
}
