package dev.tenzan.cuda.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.type.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The PTX that ships is that of the sources beside it; the compiler is not needed to know. */
class ShippedKernelsTest {
  private static final Path SOURCES = Path.of("src", "main", "cuda");
  private static final Path SHIPPED = Path.of("src", "main", "resources", "dev", "tenzan", "cuda");
  private static final Pattern FLAGS = Pattern.compile("(?m)^flags='([^']*)'$");
  private static final Pattern SUM = Pattern.compile("(?m)^// source: ([0-9a-f]{64})$");
  private static final Pattern SOURCE = Pattern.compile("^// (\\w+)\\.cu with ");
  private static final Pattern TARGET = Pattern.compile("(?m)^\\.target sm_(\\w+)");

  /** The sources of products and convolutions in the fast mode. */
  private static final Set<String> FAST = Set.of("matmul_mma", "convolution_mma", "matmul_wgmma");

  private static List<Path> files(String ending) throws IOException {
    try (Stream<Path> files = Files.list(ending.equals(".ptx") ? SHIPPED : SOURCES)) {
      return files.filter(f -> f.getFileName().toString().endsWith(ending)).sorted().toList();
    }
  }

  /** What the build script writes into the head of each module: of the source, all that may be included, and the compiler's flags. */
  private static String sum(String source, String architecture) throws IOException {
    Matcher flags = FLAGS.matcher(Files.readString(SOURCES.resolve("build")));
    assertTrue(flags.find(), "the build script has no flags");
    StringBuilder all = new StringBuilder(Files.readString(SOURCES.resolve(source + ".cu")));
    for (Path header : files(".cuh")) {
      all.append(Files.readString(header));
    }
    return KernelSource.sha256(all + flags.group(1) + " -arch=compute_" + architecture + "\n");
  }

  /** The names of all modules. */
  static List<String> modules() throws IOException {
    return files(".ptx").stream().map(f -> f.getFileName().toString().replace(".ptx", "")).toList();
  }

  /** The source that a module was compiled from. */
  static String sourceOf(String module) {
    return find(SOURCE, module);
  }

  /** The architecture that a module is written for, such as 75 or 90a. */
  static String architectureOf(String module) {
    return find(TARGET, module);
  }

  private static String find(Pattern pattern, String module) {
    Matcher m = pattern.matcher(Shipped.named(module).code());
    assertTrue(m.find(), module + " does not say " + pattern);
    return m.group(1);
  }

  @Test
  void everyModuleIsOfItsSource() throws IOException {
    Set<String> sources = new TreeSet<>();
    for (String module : modules()) {
      String source = sourceOf(module);
      sources.add(source);
      assertEquals(
          sum(source, architectureOf(module)), find(SUM, module), module + " is older than its source; run backend-cuda/src/main/cuda/build");
    }
    assertEquals(
        files(".cu").stream().map(f -> f.getFileName().toString().replace(".cu", "")).toList(), List.copyOf(sources),
        "every source has modules");
    for (DType dtype : DType.values()) {
      Shipped.module("axis", dtype);
      Shipped.module("sort", dtype);
      if (dtype != DType.BOOL) {
        Shipped.module("matmul", dtype);
        Shipped.module("convolution", dtype);
      }
    }
  }

  @Test
  void noInstructionMayBeContractedOrFlushed() throws IOException {
    Pattern loose = Pattern.compile("\\b(add|sub|mul|mad|div|sqrt)\\.f(32|64)\\b|\\.ftz\\b|\\.approx\\b|\\.full\\b");
    for (String module : modules()) {
      if (FAST.contains(sourceOf(module))) {
        continue; // their bits are free
      }
      Matcher m = loose.matcher(Shipped.named(module).code());
      assertFalse(m.find(), module + " has an instruction without .rn, or an approximation");
    }
  }

  @Test
  void modulesForOneArchitectureAloneAreAssembledForIt() {
    assertEquals("sm_90a", Shipped.named("matmul_wgmma_bf16_256nn").target("sm_90"));
    assertEquals("sm_86", Shipped.named("matmul_mma_bf16_nn").target("sm_86"));
    assertEquals("sm_90", Shipped.module("axis", DType.F32).target("sm_90"));
  }
}
