package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenzan.conformance.SampleKernels;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Kernels of every kind under Oclgrind, which interprets OpenCL and finds accesses out of bounds, data races and the use of values
 * that were never written; the small cases of the conformance kit, a part of them, or with {@code -Dtenzan.conformance=full} all; and
 * planted bugs, to show that it would find them.
 */
class OclgrindTest {
  private static final Pattern FINDING =
      Pattern.compile("(?i)invalid (read|write)|data race|uninitiali[sz]ed|out of bounds|invalid memory|work-group divergence");

  private static final boolean FULL = System.getProperty("tenzan.conformance", "").equals("full");

  @TempDir Path folder;

  /** Oclgrind's runtime library beside the program on the path. */
  private static Optional<Path> library() throws IOException {
    for (String dir : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
      Path program = Path.of(dir, "oclgrind");
      if (Files.isExecutable(program)) {
        Path prefix = program.toRealPath().getParent().getParent().resolve("lib");
        try (Stream<Path> below = Files.find(prefix, 2, (p, _) -> p.getFileName().toString().startsWith("liboclgrind-rt-icd."))) {
          return below.findFirst();
        }
      }
    }
    return Optional.empty();
  }

  private String run(String... what) throws Exception {
    Optional<Path> library = library();
    assumeTrue(library.isPresent(), "needs Oclgrind (Debian: oclgrind)");
    Path vendors = Files.createDirectories(folder.resolve("vendors"));
    Files.writeString(vendors.resolve("oclgrind.icd"), library.get() + "\n");
    Path output = folder.resolve("output");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            java, "-Xmx1g", "--enable-native-access=ALL-UNNAMED", "-Dtenzan.opencl.inexact=true", "-Dtenzan.opencl.cache=off", "-cp",
            System.getProperty("java.class.path"), OclgrindMain.class.getName());
    builder.command().addAll(List.of(what));
    builder.environment().put("OCL_ICD_VENDORS", vendors.toString());
    builder.environment().put("OCLGRIND_DATA_RACES", "1");
    builder.environment().put("OCLGRIND_UNINITIALIZED", "1");
    // Its check of uninitialised values does not know all that LLVM's optimiser makes, which would also remove the planted bugs.
    builder.environment().put("OCLGRIND_BUILD_OPTIONS", "-cl-opt-disable");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    int minutes = FULL ? 120 : 5;
    if (!process.waitFor(minutes, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("Oclgrind takes longer than " + minutes + " minutes");
    }
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), text);
    assertTrue(text.contains("done"), text);
    return text;
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "gpu", "fpga"})
  void kernelsHaveNoFindings(String style) throws Exception {
    String text = run(style);
    assertTrue(text.contains("on Oclgrind"), text);
    assertTrue(!FINDING.matcher(text).find(), text);
    int kernels = SampleKernels.all().size() + (style.equals("gpu") ? SampleKernels.severalGroups().size() : 0);
    assertEquals(kernels, text.lines().filter(l -> l.startsWith("ran ")).count(), text);
  }

  /** Each style has another part of the kit, as the styles share the code of most operations. */
  @ParameterizedTest
  @CsvSource({"cpu, 7", "gpu, 27", "fpga, 47"})
  void theKitHasNoFindings(String style, int first) throws Exception {
    String text = FULL ? run("kit", style, "0", "1") : run("kit", style, Integer.toString(first), "60");
    assertTrue(text.contains("on Oclgrind"), text);
    assertTrue(!FINDING.matcher(text).find(), () -> text.lines().limit(200).collect(Collectors.joining("\n")));
    // It converts i64 to f32 by way of f64, so some results of the whole kit are not to be had from it.
    Matcher ran = Pattern.compile("ran (\\d+) checks, " + (FULL ? "\\d+" : "0") + " different").matcher(text);
    assertTrue(ran.find() && Integer.parseInt(ran.group(1)) > 200, text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bounds", "race", "uninitialized"})
  void plantedBugsAreFound(String bug) throws Exception {
    String text = run(bug);
    assertTrue(FINDING.matcher(text).find(), text);
  }

  @Test
  void theSearchForFindingsKnowsOrdinaryOutput() {
    assertTrue(!FINDING.matcher("on Oclgrind Simulator\nran matmul\ndone\n").find());
  }
}
