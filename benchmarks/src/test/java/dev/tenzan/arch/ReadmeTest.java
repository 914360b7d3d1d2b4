package dev.tenzan.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles and runs the program of the README, and compares what it prints with what the README shows behind it. */
class ReadmeTest {
  private static final Pattern EXAMPLE = Pattern.compile("(?ms)^```java$(.*?)^```$.*?^```text$\\R(.*?)^```$");

  @Test
  void exampleRuns(@TempDir Path folder) throws IOException, ReflectiveOperationException {
    Matcher m = EXAMPLE.matcher(Repository.read(Repository.ROOT.resolve("README.md")));
    assertTrue(m.find(), "README.md has a java block and a text block with its output");
    Path source = folder.resolve("Example.java");
    Files.writeString(source, m.group(1));
    String classPath = System.getProperty("java.class.path");
    String[] options = {"-proc:none", "-cp", classPath, "-d", folder.toString(), source.toString()};
    assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, options), "javac on the README's example");
    assertEquals(m.group(2), output(folder));
  }

  private static String output(Path classes) throws IOException, ReflectiveOperationException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream before = System.out;
    try (PrintStream captured = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, ReadmeTest.class.getClassLoader())) {
      System.setOut(captured);
      loader.loadClass("Example").getMethod("main", String[].class).invoke(null, (Object) new String[0]);
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
  }
}
