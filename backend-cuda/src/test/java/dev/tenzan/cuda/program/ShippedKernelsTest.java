package dev.tenzan.cuda.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.type.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  /** What the build script writes into the head of each module: of the source, what it includes, and the compiler's flags. */
  private static String sum(String source) throws IOException {
    Matcher flags = FLAGS.matcher(Files.readString(SOURCES.resolve("build")));
    assertTrue(flags.find(), "the build script has no flags");
    StringBuilder all = new StringBuilder();
    for (String file : List.of(source + ".cu", "product.cuh", "types.cuh")) {
      all.append(Files.readString(SOURCES.resolve(file)));
    }
    return KernelSource.sha256(all + flags.group(1) + "\n");
  }

  static List<String> sources() throws IOException {
    try (Stream<Path> files = Files.list(SOURCES)) {
      return files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".cu")).map(f -> f.replace(".cu", "")).sorted().toList();
    }
  }

  @Test
  void everyModuleIsOfItsSource() throws IOException {
    List<String> expected = new ArrayList<>();
    for (String source : sources()) {
      String sum = sum(source);
      for (DType dtype : DType.values()) {
        if (dtype == DType.BOOL && !source.equals("axis")) {
          continue;
        }
        expected.add(source + "_" + dtype.label() + ".ptx");
        Matcher m = SUM.matcher(Shipped.module(source, dtype).code());
        assertTrue(m.find(), source + " for " + dtype + " does not say what it was compiled from");
        assertEquals(sum, m.group(1), source + " for " + dtype + " is older than its source; run backend-cuda/src/main/cuda/build");
      }
    }
    assertTrue(expected.size() >= 28, expected.toString());
    try (Stream<Path> files = Files.list(SHIPPED)) {
      assertEquals(expected.stream().sorted().toList(), files.map(f -> f.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void noInstructionMayBeContractedOrFlushed() throws IOException {
    Pattern loose = Pattern.compile("\\b(add|sub|mul|mad|div|sqrt)\\.f(32|64)\\b|\\.ftz\\b|\\.approx\\b|\\.full\\b");
    for (String source : sources()) {
      for (DType dtype : DType.values()) {
        if (dtype != DType.BOOL || source.equals("axis")) {
          Matcher m = loose.matcher(Shipped.module(source, dtype).code());
          assertFalse(m.find(), source + " for " + dtype + " has an instruction without .rn, or an approximation");
        }
      }
    }
  }
}
