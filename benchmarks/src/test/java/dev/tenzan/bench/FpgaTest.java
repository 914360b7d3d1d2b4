package dev.tenzan.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.TensorScope;
import dev.tenzan.bench.fpga.FpgaProgram;
import dev.tenzan.nn.Context;
import dev.tenzan.nn.Recipe;
import dev.tenzan.opencl.bundle.PoclCompiler;
import dev.tenzan.opencl.fpga.Toolchain;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs from export to a run without a compiler. Each command is a process of its own, as system properties choose the devices. */
class FpgaTest {
  @TempDir private Path folder;

  private record Run(int code, String out) {}

  private Run run(List<String> command) throws IOException, InterruptedException {
    Path log = folder.resolve("log");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("POCL_CACHE_DIR", folder.resolve("pocl").toString());
    Process process = builder.start();
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(command + " takes longer than five minutes");
    }
    return new Run(process.exitValue(), Files.readString(log));
  }

  private Run tenzan(List<String> options, String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx1g", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
    command.add("-Dtenzan.opencl.cache=off");
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName(), "fpga"));
    command.addAll(List.of(args));
    return run(command);
  }

  private static List<String> results(Run run) {
    assertEquals(ExitCode.OK, run.code(), run.out());
    List<String> lines = run.out().lines().filter(l -> l.startsWith("result ")).toList();
    assertTrue(!lines.isEmpty(), run.out());
    return lines;
  }

  private Path export(FpgaProgram program, Toolchain target, String pe) throws IOException, InterruptedException {
    Path project = folder.resolve(program + "-" + target);
    Run r =
        tenzan(List.of(), "export", program.toString(), "--out", project.toString(), "--target", target.toString(), "--pe", pe);
    assertEquals(ExitCode.OK, r.code(), r.out());
    return project;
  }

  @ParameterizedTest
  @EnumSource
  void whatWasBuiltOfflineGivesTheBitsOfTheCpu(FpgaProgram program) throws IOException, InterruptedException {
    assumeTrue(PoclCompiler.find().isPresent(), "needs poclcc (Debian: libpocl-dev)");
    Path project = export(program, Toolchain.POCL, "3x4");
    Run built = run(List.of(project.resolve("build.sh").toString()));
    assertEquals(0, built.code(), built.out());
    try (Stream<Path> files = Files.list(project.resolve("kernels/build"))) {
      assertEquals(1, files.filter(p -> p.toString().endsWith(".poclbin")).count(), "a board holds one binary at a time");
    }
    Path bundle = folder.resolve("bundle");
    Run packed = tenzan(List.of(), "pack", project.resolve("kernels").toString(), "--out", bundle.toString());
    assertEquals(ExitCode.OK, packed.code(), packed.out());
    List<String> offline = List.of("-Dtenzan.opencl.compiler=off", "-Dtenzan.opencl.bundles=" + bundle);
    List<String> found = results(tenzan(offline, "run", program.toString(), "--device", "opencl:0"));
    assertEquals(results(tenzan(List.of(), "run", program.toString(), "--device", "cpu")), found);
    FpgaProgram other = program == FpgaProgram.MLP ? FpgaProgram.DIGITS : FpgaProgram.MLP;
    Run missing = tenzan(offline, "run", other.toString(), "--device", "opencl:0");
    assertEquals(ExitCode.COULD_NOT_RUN, missing.code(), missing.out());
    assertTrue(missing.out().contains("has the kernel tz_") && missing.out().contains("fpga pack"), missing.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"1x1", "8x8"})
  void aProjectHasAnArrayOfTheSizeAskedFor(String pe) throws IOException, InterruptedException {
    Path project = export(FpgaProgram.MATMUL, Toolchain.INTEL, pe);
    String rows = pe.substring(0, 1);
    int arrays = 0;
    try (Stream<Path> files = Files.list(project.resolve("kernels"))) {
      for (Path f : files.filter(p -> p.toString().endsWith(".cl")).toList()) {
        String text = Files.readString(f);
        assertTrue(!text.contains("get_global_id("), f.toString());
        assertTrue(text.contains("reqd_work_group_size(1, 1, 1)"), f.toString());
        arrays += text.contains("#define PE_ROWS " + rows + "\n#define PE_COLUMNS " + rows + "\n") ? 1 : 0;
      }
    }
    assertEquals(2, arrays, "f32 and i8");
    assertTrue(Files.readString(project.resolve("resources.md")).contains("| i8 | " + rows + " x " + rows + " |"));
    assertTrue(Files.readString(project.resolve("README.md")).contains("neither this script nor these kernels have met aoc"));
    Run early = tenzan(List.of(), "pack", project.resolve("kernels").toString(), "--target", "intel", "--board", "b", "--toolchain", "t",
        "--out", folder.resolve("bundle").toString());
    assertEquals(ExitCode.COULD_NOT_RUN, early.code(), early.out());
    assertTrue(early.out().contains("binaries are not there yet"), early.out());
  }

  @ParameterizedTest
  @EnumSource(names = {"INTEL", "AMD"})
  void aScriptSaysWhatItNeeds(Toolchain target) throws IOException, InterruptedException {
    Path project = export(FpgaProgram.MLP, target, "2x2");
    Run r = run(List.of("env", "-u", "BOARD", "-u", "PLATFORM", project.resolve("build.sh").toString()));
    assertTrue(r.code() != 0 && r.out().contains("set " + (target == Toolchain.INTEL ? "BOARD" : "PLATFORM") + " to a name"), r.out());
  }

  @Test
  void digitsIsTheNetworkOfTheRecipe() {
    Device cpu = Devices.get("cpu");
    try (TensorScope _ = TensorScope.open()) {
      Recipe recipe = Recipe.digits(cpu, 42, 1);
      var x = recipe.data().test().inputs(cpu.of(new long[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10));
      float[] expected = recipe.model().apply(x, Context.inference()).toFloats();
      ByteBuffer bytes = ByteBuffer.wrap(FpgaProgram.DIGITS.results(cpu).getFirst().bytes()).order(ByteOrder.nativeOrder());
      float[] found = new float[expected.length];
      bytes.asFloatBuffer().get(found);
      assertArrayEquals(expected, found);
    }
  }
}
