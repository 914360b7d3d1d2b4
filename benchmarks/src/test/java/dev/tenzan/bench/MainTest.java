package dev.tenzan.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.bench.output.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
  @TempDir private Path folder;

  private record Run(int code, String out, String err) {}

  private static Run tenzan(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Terminal.PLAIN,
            args);
    return new Run(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                                          | name a command",
        "frobnicate                                | frobnicate",
        "bench --foo                               | --foo",
        "bench --suite huge                        | huge",
        "bench --device gpu                        | no device is named 'gpu'",
        "bench --device cpu,                       | no device is named ''",
        "bench --threads 0                         | --threads: 0 is out of range; give 1 to 1024",
        "bench --threads many                      | many",
        "bench --json /no/such/folder/x.json       | does not exist",
        "bench --jmh (                             | is no regular expression",
        "bench --peers                             | run ./tenzan bench --peers in a clone",
        "bench --peers --filter (                  | --filter: '(' is no regular expression",
        "bench --peers --filter nothing            | titles look like 'matmul f32 32x32x32'",
        "bench --peers --device reference          | --peers compares the device cpu only",
        "bench --fast --jmh MatMul                 | leave out --fast",
        "bench --fast --peers                      | leave out --fast",
        "bench --filter add                        | --filter: it chooses among the work of --peers",
        "train                                     | DATA",
        "train cats                                | choose digits or fashion-mnist",
        "train digits --device cuda:17             | cuda:17",
        "train digits --epochs 0                   | --epochs: 0 is out of range",
        "train digits --epochs 1e3                 | 1e3",
        "train digits --seed x                     | 'x'",
        "train digits --threads 1025               | --threads: 1025 is out of range",
        "train digits --data /tmp                  | leave out --data",
        "train fashion-mnist --data /no/such/dir   | there is no folder /no/such/dir",
        "devices --json /                          | is a folder",
        "conformance --device nowhere              | no device is named 'nowhere'",
        "math-error sine                           | no function is named 'sine'; choose from exp, ",
        "math-error --dtype f16                    | f16",
        "math-error --threads 0                    | --threads: 0 is out of range; give 1 to 1024",
        "math-error --json /no/such/folder/x.json  | does not exist",
        "soak --operations 0                       | --operations: 0 is out of range",
        "tune --size 0                             | --size: 0 is out of range; give 16 to 8192",
        "tune --device cpu                         | is no OpenCL device; give one such as opencl:0",
        "fpga                                      | name a command",
        "fpga pack /tmp --out /x --join 0          | --join: 0 is out of range; give 1 to 10000",
        "bench --fpga-report /no/such/report       | there is no file /no/such/report",
        "fpga export digits --target pocl          | --out",
        "fpga export cats --target pocl --out /x   | cats",
        "fpga export digits --target vhdl --out /x | vhdl",
        "fpga export digits --target pocl --out /x --pe 4   | is no array; give ROWSxCOLUMNS",
        "fpga export digits --target pocl --out /x --pe 0x4 | 0x4 elements; give 1x1 to 64x64",
        "fpga export digits --target pocl --out /  | is not empty; name another folder",
        "fpga pack /no/such/folder --out /no/such/bundle    | is no folder of recorded kernels",
        "fpga pack /tmp --out /tmp                 | --out: /tmp exists",
        "fpga pack /tmp --out /x --jobs 0          | --jobs: 0 is out of range; give 1 to 256",
        "fpga run digits --device nowhere          | no device is named 'nowhere'",
        "fpga report /no/such/report               | there is no file /no/such/report",
      })
  void aMistakeGivesOneLineAndExitCode2(String line, String expected) {
    Run r = tenzan(line == null ? new String[0] : line.strip().split(" +"));
    assertEquals(ExitCode.COULD_NOT_RUN, r.code(), r.err());
    assertEquals(1, r.err().lines().count(), r.err());
    assertTrue(r.err().startsWith("tenzan"), r.err());
    assertTrue(r.err().contains(expected), r.err());
    assertFalse(r.err().contains("Exception"), r.err());
    assertEquals("", r.out());
  }

  @Test
  void damagedDataIsAMistakeToo() throws IOException {
    for (String part : List.of("train", "t10k")) {
      Files.writeString(folder.resolve(part + "-images-idx3-ubyte"), "no images");
      Files.writeString(folder.resolve(part + "-labels-idx1-ubyte"), "no labels");
    }
    Run r = tenzan("train", "fashion-mnist", "--device", "reference", "--data", folder.toString());
    assertEquals(ExitCode.COULD_NOT_RUN, r.code());
    assertEquals(1, r.err().lines().count(), r.err());
    Path empty = Files.createDirectory(folder.resolve("empty"));
    r = tenzan("train", "fashion-mnist", "--device", "reference", "--data", empty.toString());
    assertEquals(ExitCode.COULD_NOT_RUN, r.code());
    assertEquals(1, r.err().lines().count(), r.err());
    assertFalse(r.err().contains("Exception"), r.err());
  }

  @Test
  void helpAndVersionSucceed() {
    Run help = tenzan("--help");
    assertEquals(ExitCode.OK, help.code());
    for (String command : List.of("devices", "doctor", "bench", "train", "conformance", "math-error", "soak", "tune", "fpga")) {
      assertTrue(help.out().contains("  " + command), command);
      assertEquals(ExitCode.OK, tenzan(command, "--help").code(), command);
    }
    assertTrue(tenzan("--version").out().startsWith("tenzan "));
  }

  @Test
  void devicesAreListedAndWritten() throws IOException {
    Path json = folder.resolve("devices.json");
    Run r = tenzan("devices", "--json", json.toString());
    assertEquals(ExitCode.OK, r.code(), r.err());
    assertTrue(r.out().contains("reference"), r.out());
    String text = Files.readString(json);
    assertTrue(text.contains("\"schema\": \"tenzan-devices\""), text);
    assertTrue(text.contains("\"name\": \"reference\""), text);
  }

  @Test
  void trainingPrintsAccuracyAndBits() throws IOException {
    Path json = folder.resolve("train.json");
    Run r = tenzan("train", "digits", "--device", "cpu", "--epochs", "1", "--seed", "3", "--json", json.toString());
    assertEquals(ExitCode.OK, r.code(), r.err());
    assertTrue(r.out().contains("epoch 1 of 1  loss "), r.out());
    assertTrue(r.out().contains("of 297 test images)"), r.out());
    String last = r.out().lines().toList().getLast();
    assertTrue(last.matches("final loss [0-9.]+ \\(bits 0x[0-9a-f]{8}\\)"), last);
    String text = Files.readString(json);
    assertTrue(text.contains("\"seed\": 3"), text);
    assertTrue(text.contains(last.replaceAll(".*bits (0x[0-9a-f]+).*", "$1")), text);
  }

  @Test
  void fastTrainingSaysSo() throws IOException {
    Path json = folder.resolve("fast.json");
    Run r = tenzan("train", "digits", "--device", "cpu", "--epochs", "1", "--fast", "--json", json.toString());
    assertEquals(ExitCode.OK, r.code(), r.err());
    assertTrue(r.out().contains("seed 42, numerics fast"), r.out());
    assertTrue(Files.readString(json).contains("\"numerics\": \"fast\""));
  }

  @Test
  void errorsOfFunctionsAreMeasured() throws IOException {
    Path json = folder.resolve("errors.json");
    Run r = tenzan("math-error", "--quick", "--dtype", "f32", "exp", "sin", "--json", json.toString());
    assertEquals(ExitCode.OK, r.code(), r.out() + r.err());
    assertEquals("", r.err());
    assertEquals(4, r.out().lines().count(), r.out());
    assertTrue(r.out().lines().toList().get(2).startsWith("exp       f32"), r.out());
    assertTrue(Files.readString(json).contains("\"function\": \"sin\""));
  }
}
