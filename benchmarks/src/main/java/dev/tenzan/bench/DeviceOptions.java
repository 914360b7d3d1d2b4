package dev.tenzan.bench;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.bench.output.CliException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that sets the CPU's threads, for commands that run on devices. */
final class DeviceOptions {
  private static final String PROPERTY = "tenzan.cpu.threads";
  private static final int MOST = 1024;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the CPU device, 1 to 1024; all processors where not given.")
  private @Nullable Integer threads;

  /** Passes the threads on; before the first use of a device. */
  void apply() {
    if (threads != null) {
      if (threads < 1 || threads > MOST) {
        throw new CliException("--threads: " + threads + " is out of range; give 1 to " + MOST);
      }
      System.setProperty(PROPERTY, Integer.toString(threads));
    }
  }

  /** The threads that the CPU device uses. */
  int count() {
    String set = System.getProperty(PROPERTY, "");
    try {
      return set.isEmpty() ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(set);
    } catch (NumberFormatException e) {
      throw new CliException("-D" + PROPERTY + ": '" + set + "' is not a number; give 1 to " + MOST);
    }
  }

  /** The devices of these names, each once; every one where none is named. Names may be joined by commas. */
  static List<Device> devices(List<String> names) {
    if (names.isEmpty()) {
      return Devices.all();
    }
    Map<String, Device> devices = new LinkedHashMap<>();
    for (String list : names) {
      for (String name : list.split(",", -1)) {
        Device d = Devices.get(name.strip());
        devices.put(d.name(), d);
      }
    }
    return List.copyOf(devices.values());
  }

  /** The device of a name, or the default one. */
  static Device device(@Nullable String name) {
    return name == null ? Devices.current() : Devices.get(name.strip());
  }
}
