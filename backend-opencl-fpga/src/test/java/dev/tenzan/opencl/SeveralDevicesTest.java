package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two devices in one process: PoCL shows as many as it is asked for. */
class SeveralDevicesTest {
  @TempDir Path folder;

  @Test
  void tensorsMoveBetweenDevices() throws Exception {
    Runtimes.assumeAvailable();
    assumeTrue(Runtimes.hasPocl(), "needs PoCL, which shows one processor as two devices (Debian: pocl-opencl-icd)");
    Path output = folder.resolve("output");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                java, "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "-Dtenzan.opencl.cache=off", "-cp",
                System.getProperty("java.class.path"), SeveralDevicesMain.class.getName()));
    builder.environment().put("POCL_DEVICES", "pthread pthread");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS));
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), text);
    assertTrue(text.contains("done on 2 devices"), text);
  }
}
