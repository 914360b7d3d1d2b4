package dev.tenzan.spi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeFileTest {
  @TempDir Path folder;
  @TempDir Path elsewhere;

  private final byte[] content = new byte[3_000_000];
  private URL library;
  private Path file;

  @BeforeEach
  void pack() throws IOException {
    new Random(1).nextBytes(content);
    Path jar = elsewhere.resolve("natives.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      out.putNextEntry(new JarEntry("lib/it.so"));
      out.write(content);
    }
    library = URI.create("jar:" + jar.toUri() + "!/lib/it.so").toURL();
    file = folder.resolve("it.so");
  }

  private List<Path> all() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void aPartIsReplacedAndAWholeFileKept() throws IOException {
    NativeFile.provide(library, file);
    assertArrayEquals(content, Files.readAllBytes(file));
    Files.write(file, new byte[] {0x7f, 'E', 'L', 'F'});
    NativeFile.provide(library, file);
    assertArrayEquals(content, Files.readAllBytes(file));
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
    NativeFile.provide(library, file);
    assertEquals(FileTime.fromMillis(1_000_000), Files.getLastModifiedTime(file));
    assertEquals(List.of(file), all());
  }

  /** Whoever sees the file sees all of it. */
  @Test
  void severalAtOnce() throws Exception {
    for (int round = 0; round < 20; round++) {
      List<Callable<Long>> tasks = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        tasks.add(
            () -> {
              NativeFile.provide(library, file);
              return Files.size(file);
            });
      }
      try (var pool = Executors.newFixedThreadPool(4)) {
        for (Future<Long> f : pool.invokeAll(tasks)) {
          assertEquals(content.length, f.get());
        }
      }
      assertEquals(List.of(file), all());
      Files.delete(file);
    }
  }

  @Test
  void whatCannotBeWrittenIsLeft() {
    NativeFile.provide(null, "it.so");
    NativeFile.provide(library, "no/such/folder/it.so");
  }
}
