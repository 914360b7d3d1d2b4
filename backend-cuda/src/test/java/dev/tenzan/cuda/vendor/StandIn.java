package dev.tenzan.cuda.vendor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Compiles libraries of C that stand in for NVIDIA's; tests are skipped where there is no compiler. */
public final class StandIn {
  private StandIn() {}

  /** The library of {@code libcublaslt.c}. */
  static Path cublasLt(Path folder) throws IOException, InterruptedException {
    return compiled(Path.of("src", "test", "resources", "dev", "tenzan", "cuda", "libcublaslt.c"), folder.resolve("libcublasLt.so.12"));
  }

  /** The same, loaded. */
  public static Found<LtLibrary> found(Path folder) throws IOException, InterruptedException {
    return LtLibrary.SEARCH.search(cublasLt(folder).toString(), LibrarySearch.folders());
  }

  /** The library of {@code libcudnn.c}. */
  static Path cudnn(Path folder) throws IOException, InterruptedException {
    return compiled(Path.of("src", "test", "resources", "dev", "tenzan", "cuda", "libcudnn.c"), folder.resolve("libcudnn.so.9"));
  }

  /** The same, loaded. */
  public static Found<DnnLibrary> foundCudnn(Path folder) throws IOException, InterruptedException {
    return DnnLibrary.SEARCH.search(cudnn(folder).toString(), LibrarySearch.folders());
  }

  static Path compiled(Path source, Path library) throws IOException, InterruptedException {
    assumeTrue(System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux"), "the library is built for Linux alone");
    List<String> command =
        List.of("cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library.toString(), source.toString(), "-lm");
    Process p;
    try {
      p = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      p = abort("there is no C compiler on the PATH: " + e.getMessage());
    }
    String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, p.waitFor(), out);
    return library;
  }
}
