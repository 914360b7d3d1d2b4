package dev.tenzan.cpu.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The processor's maker, and its features as Linux names them in /proc/cpuinfo; it leaves out those whose registers it does not save. */
final class ProcessorFlags {
  private static final Path FILE = Path.of("/proc/cpuinfo");
  private static final List<String> LINES = read();
  private static final Set<String> HERE = Set.copyOf(Arrays.asList(value("flags").split("\\s+")));
  private static final boolean IS_AMD = value("vendor_id").equals("AuthenticAMD");

  private ProcessorFlags() {}

  /** The lines of the first processor; none where the file cannot be read, which is as good as a processor without features. */
  private static List<String> read() {
    try (Stream<String> lines = Files.lines(FILE, StandardCharsets.UTF_8)) {
      return lines.takeWhile(line -> !line.isBlank()).toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  /** What stands in a line of that name; nothing where there is none. */
  private static String value(String name) {
    String line = LINES.stream().filter(l -> l.startsWith(name)).findFirst().orElse("");
    return line.substring(line.indexOf(':') + 1).strip();
  }

  /** Whether AMD made the processor. */
  static boolean isAmd() {
    return IS_AMD;
  }

  static boolean has(String feature) {
    return HERE.contains(feature);
  }

  static boolean hasAll(Set<String> features) {
    return HERE.containsAll(features);
  }
}
