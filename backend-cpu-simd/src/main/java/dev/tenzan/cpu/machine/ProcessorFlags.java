package dev.tenzan.cpu.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;

/** The processor's features as Linux names them in /proc/cpuinfo; it leaves out those whose registers it does not save. */
final class ProcessorFlags {
  private static final Set<String> HERE = read(Path.of("/proc/cpuinfo"));

  private ProcessorFlags() {}

  private static Set<String> read(Path file) {
    try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
      String line = lines.filter(l -> l.startsWith("flags")).findFirst().orElse("");
      return Set.copyOf(Arrays.asList(line.substring(line.indexOf(':') + 1).strip().split("\\s+")));
    } catch (IOException | UncheckedIOException e) {
      return Set.of(); // as good as a processor without them
    }
  }

  static boolean has(String feature) {
    return HERE.contains(feature);
  }

  static boolean hasAll(Set<String> features) {
    return HERE.containsAll(features);
  }
}
