package dev.tenzan.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What reaches the driver's library, seen by a library of C that stands in for it ({@code libcuda.c}). */
class JCudaDriverTest {
  @TempDir Path folder;

  private record Run(int code, String out) {}

  private static Run run(Path libraries, List<String> command) throws IOException, InterruptedException {
    ProcessBuilder b = new ProcessBuilder(command).redirectErrorStream(true);
    b.environment().put("LD_LIBRARY_PATH", libraries.toString());
    Process p = b.start();
    String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(p.waitFor(), out);
  }

  @Test
  void everyCallReachesTheLibrary() throws IOException, InterruptedException {
    assumeTrue(System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux"), "the library is built for Linux alone");
    Path source = Path.of("src", "test", "resources", "dev", "tenzan", "cuda", "libcuda.c");
    Path library = folder.resolve("libcuda.so.1");
    Run compiled;
    try {
      compiled = run(folder, List.of("cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library.toString(), source.toString()));
    } catch (IOException e) {
      compiled = abort("there is no C compiler on the PATH: " + e.getMessage());
    }
    assertEquals(0, compiled.code(), compiled.out());
    assertTrue(Files.exists(library));
    Run r =
        run(
            folder,
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), JCudaDriverMain.class.getName()));
    assertEquals(0, r.code(), r.out());
    assertTrue(r.out().contains("every call arrived"), r.out());
  }
}
