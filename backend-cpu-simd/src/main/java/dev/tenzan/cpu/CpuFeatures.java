package dev.tenzan.cpu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What this JVM and processor offer to kernels.
 *
 * @param vectorModule whether the module {@code jdk.incubator.vector} is there
 * @param c2 whether the optimising compiler runs; without it vector code is far slower than scalar code
 * @param model the processor's name
 * @param memoryBytes the memory that buffers can take at most
 */
record CpuFeatures(boolean vectorModule, boolean c2, String model, long memoryBytes) {
  private static final String DIRECT_FLAG = "-XX:MaxDirectMemorySize=";

  /** Looks at the JVM; touches no vector class. */
  static CpuFeatures detect() {
    boolean module = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    return new CpuFeatures(module, detectC2(), detectModel(), detectMemory());
  }

  /** Whether vector code may run. */
  boolean useVectors() {
    return vectorModule && c2;
  }

  private static boolean detectC2() {
    // "interpreted mode" is -Xint, "emulated-client" is -XX:TieredStopAtLevel=1.
    String info = System.getProperty("java.vm.info", "");
    if (info.contains("interpreted") || info.contains("emulated-client")) {
      return false;
    }
    return jvmArguments().noneMatch(a -> a.matches("-XX:TieredStopAtLevel=[0-3]"));
  }

  /** The JVM's arguments as far as the system shows them. */
  private static Stream<String> jvmArguments() {
    String[] line = ProcessHandle.current().info().arguments().orElse(new String[0]);
    String variables =
        System.getenv().getOrDefault("JDK_JAVA_OPTIONS", "")
            + " "
            + System.getenv().getOrDefault("JAVA_TOOL_OPTIONS", "");
    return Stream.concat(Stream.of(variables.trim().split("\\s+")), Stream.of(line));
  }

  private static String detectModel() {
    String name =
        lines(Path.of("/proc/cpuinfo"))
            .filter(l -> l.startsWith("model name"))
            .map(l -> l.substring(l.indexOf(':') + 1).trim())
            .findFirst()
            .orElse("");
    return name.isEmpty() ? System.getProperty("os.arch", "cpu") : name;
  }

  private static long detectMemory() {
    long physical =
        lines(Path.of("/proc/meminfo"))
            .filter(l -> l.startsWith("MemTotal:"))
            .map(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024)
            .findFirst()
            .orElse(Long.MAX_VALUE);
    // The JVM holds its own off-heap memory to this flag, and without it to the greatest heap size.
    long direct =
        jvmArguments()
            .filter(a -> a.startsWith(DIRECT_FLAG))
            .map(a -> parseSize(a.substring(DIRECT_FLAG.length())))
            .reduce(0L, (first, last) -> last);
    return Math.min(physical, direct > 0 ? direct : Runtime.getRuntime().maxMemory());
  }

  /** A size as JVM flags write it, such as 512m; 0 where it is none. */
  static long parseSize(String text) {
    String t = text.trim().toLowerCase(Locale.ROOT);
    if (!t.matches("\\d{1,15}[kmgt]?")) {
      return 0;
    }
    int scale = "kmgt".indexOf(t.charAt(t.length() - 1)) + 1;
    long number = Long.parseLong(scale == 0 ? t : t.substring(0, t.length() - 1));
    return number << (10 * scale);
  }

  /** The lines of a system file; none where there is no such file. */
  private static Stream<String> lines(Path file) {
    if (!Files.isReadable(file)) {
      return Stream.empty();
    }
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      return lines.stream();
    } catch (IOException e) {
      return Stream.empty(); // only the description is poorer
    }
  }
}
