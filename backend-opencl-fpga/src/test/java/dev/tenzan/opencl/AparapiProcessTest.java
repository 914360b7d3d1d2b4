package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Aparapi is optional; and it finds each of several devices. */
class AparapiProcessTest {
  private static final List<String> JARS = List.of("aparapi-3.0.2.jar", "aparapi-jni-1.4.3.jar", "bcel-6.5.0.jar");

  @TempDir Path folder;

  private static String file(String path) {
    return path.substring(path.lastIndexOf(File.separatorChar) + 1);
  }

  private String run(String what, Predicate<String> jar, String devices) throws Exception {
    List<String> path = new ArrayList<>(Arrays.asList(System.getProperty("java.class.path").split(File.pathSeparator)));
    path.removeIf(p -> !jar.test(file(p)));
    Path output = folder.resolve("output");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                java, "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "-Dtenzan.opencl.cache=off", "-cp",
                String.join(File.pathSeparator, path), AparapiMain.class.getName(), what));
    builder.environment().put("POCL_DEVICES", devices);
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS));
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), text);
    assertTrue(text.contains("done"), text);
    return text;
  }

  @Test
  void theJarsOnThisClassPathAreThoseThatTheErrorsName() {
    List<String> files = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator)).map(p -> file(p)).toList();
    assertTrue(files.containsAll(JARS), files.toString());
    assertFalse(files.stream().anyMatch(f -> f.startsWith("scala")), files.toString());
  }

  @Test
  void withoutAparapiTheBackendWorksAndTheErrorNamesTheJars() throws Exception {
    String text = run("absent", f -> !JARS.contains(f), "pthread");
    assertTrue(
        text.contains("add com.aparapi:aparapi:3.0.2, com.aparapi:aparapi-jni:1.4.3, org.apache.bcel:bcel:6.5.0 to"), text);
    if (new OpenClProvider().availability().available()) {
      assertTrue(text.contains("computed on opencl:0"), text);
    }
  }

  @Test
  void aSingleMissingJarIsNamed() throws Exception {
    String text = run("absent", f -> !f.startsWith("bcel"), "pthread");
    assertTrue(text.contains("add org.apache.bcel:bcel:6.5.0 to"), text);
  }

  @Test
  void kernelsRunOnTheDeviceOfTheTensors() throws Exception {
    Runtimes.assumeAvailable();
    assumeTrue(Runtimes.hasPocl(), "needs PoCL, which shows one processor as two devices (Debian: pocl-opencl-icd)");
    run("devices", _ -> true, "pthread pthread");
  }
}
