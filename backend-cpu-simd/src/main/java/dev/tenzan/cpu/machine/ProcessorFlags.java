package dev.tenzan.cpu.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;

/** The processor's maker, and its features as Linux names them in /proc/cpuinfo; it leaves out those whose registers it does not save. */
final class ProcessorFlags {
  private static final Path FILE = Path.of("/proc/cpuinfo");
  private static final Set<String> HERE = Set.copyOf(Arrays.asList(read("flags").split("\\s+")));
  private static final boolean IS_AMD = read("vendor_id").equals("AuthenticAMD");

  private ProcessorFlags() {}

  /** What stands in the first line of a name; nothing where there is none, which is as good as a processor without features. */
  private static String read(String name) {
    try (Stream<String> lines = Files.lines(FILE, StandardCharsets.UTF_8)) {
      String line = lines.filter(l -> l.startsWith(name)).findFirst().orElse("");
      return line.substring(line.indexOf(':') + 1).strip();
    } catch (IOException | UncheckedIOException e) {
      return "";
    }
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
