package dev.tenzan.bench.measure;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The machine and the JVM that a result was measured on.
 *
 * @param cpu the processor's product name
 * @param cores the hardware threads that this process may use
 * @param memoryBytes the physical memory, or the container's limit
 * @param caches the processor's caches, for example {@code L1d 48 KiB, L2 1 MiB}; empty where unknown
 * @param os the operating system with its version and architecture
 * @param jvm the Java runtime with its version
 * @param jvmArguments the options that the JVM was started with
 */
public record Machine(
    String cpu, int cores, long memoryBytes, String caches, String os, String jvm, List<String> jvmArguments) {
  private static final int FIRST_CPU_CACHES = 8;

  /** Looks at the machine. */
  public static Machine detect() {
    String os = System.getProperty("os.name") + " " + System.getProperty("os.version");
    return new Machine(
        cpuName(),
        Runtime.getRuntime().availableProcessors(),
        physicalMemory(),
        findCaches(),
        os + " " + System.getProperty("os.arch"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version")
            + " (" + System.getProperty("java.vendor") + ")",
        ManagementFactory.getRuntimeMXBean().getInputArguments());
  }

  /** The fields in display order, for JSON. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("cpu", cpu);
    map.put("cores", cores);
    map.put("memory_bytes", memoryBytes);
    map.put("caches", caches);
    map.put("os", os);
    map.put("jvm", jvm);
    map.put("jvm_arguments", jvmArguments);
    return map;
  }

  /** Whether the JVM may use the Vector API. */
  public static boolean hasVectorApi() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  /** The share of the processor that other programs use during the next second; 0 where the system does not tell. */
  public static double loadOfOthers() {
    if (!(ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os)) {
      return 0;
    }
    double ignored = os.getCpuLoad() + os.getProcessCpuLoad(); // each call tells of the time since the last one
    try {
      Thread.sleep(1000);
    } catch (InterruptedException e) {
      throw new IllegalStateException("measuring was interrupted at a load of " + ignored, e);
    }
    return Math.max(0, os.getCpuLoad() - Math.max(0, os.getProcessCpuLoad()));
  }

  /** The time that all threads of this process have run so far, in nanoseconds, to a hundredth of a second; 0 where the system does not tell. */
  static long processNanos() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
        ? Math.max(0, os.getProcessCpuTime())
        : 0;
  }

  private static String cpuName() {
    Path info = Path.of("/proc/cpuinfo");
    try {
      if (Files.isReadable(info)) {
        for (String key : List.of("model name", "Model", "cpu model")) {
          for (String line : Files.readAllLines(info)) {
            if (line.startsWith(key) && line.indexOf(':') > 0) {
              return line.substring(line.indexOf(':') + 1).strip();
            }
          }
        }
      }
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
    return output(null, "sysctl", "-n", "machdep.cpu.brand_string").orElse(System.getProperty("os.arch"));
  }

  private static long physicalMemory() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
        ? os.getTotalMemorySize()
        : Runtime.getRuntime().maxMemory();
  }

  private static String findCaches() {
    StringBuilder text = new StringBuilder();
    try {
      for (int i = 0; i < FIRST_CPU_CACHES; i++) {
        Path folder = Path.of("/sys/devices/system/cpu/cpu0/cache/index" + i);
        if (!Files.isReadable(folder.resolve("size"))) {
          break;
        }
        String type = Files.readString(folder.resolve("type")).strip();
        if (!type.equals("Instruction")) {
          String level = "L" + Files.readString(folder.resolve("level")).strip() + (type.equals("Data") ? "d" : "");
          String size = Files.readString(folder.resolve("size")).strip().replace("K", " KiB");
          text.append(text.isEmpty() ? "" : ", ").append(level).append(' ').append(size);
        }
      }
    } catch (IOException e) {
      return "";
    }
    return text.toString();
  }

  /** The commit that this program was built from, as {@code git describe} names it; empty outside a clone. */
  public static Optional<String> gitCommit() {
    try {
      var source = Machine.class.getProtectionDomain().getCodeSource();
      if (source == null) {
        return Optional.empty();
      }
      Path folder = Path.of(source.getLocation().toURI());
      while (folder != null && !Files.exists(folder.resolve("benchmarks").resolve("pom.xml"))) {
        folder = folder.getParent();
      }
      return folder == null
          ? Optional.empty()
          : output(folder, "git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*");
    } catch (java.net.URISyntaxException | java.nio.file.FileSystemNotFoundException e) {
      return Optional.empty();
    }
  }

  /** The first line that a program prints; empty where it is not installed, fails, or takes longer than two seconds. */
  private static Optional<String> output(@org.jspecify.annotations.Nullable Path folder, String... command) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
      if (folder != null) {
        builder.directory(folder.toFile());
      }
      Process process = builder.start();
      process.getOutputStream().close();
      if (!process.waitFor(2, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return Optional.empty();
      }
      String text = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      return process.exitValue() == 0 ? text.lines().findFirst().filter(s -> !s.isBlank()) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
