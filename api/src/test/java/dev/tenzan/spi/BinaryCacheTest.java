package dev.tenzan.spi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BinaryCacheTest {
  @TempDir Path folder;

  private static byte[] bytes(int n, long seed) {
    byte[] b = new byte[n];
    new Random(seed).nextBytes(b);
    return b;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> s = Files.list(folder)) {
      return s.toList();
    }
  }

  @Test
  void keepsWhatWasWritten() {
    BinaryCache cache = new BinaryCache(folder, 1 << 20, "tenzan.test.cache");
    assertTrue(cache.read("a").isEmpty());
    cache.write("a", bytes(1000, 1));
    cache.write("b", new byte[0]);
    assertArrayEquals(bytes(1000, 1), new BinaryCache(folder, 1 << 20, "tenzan.test.cache").read("a").orElseThrow());
    assertArrayEquals(new byte[0], cache.read("b").orElseThrow());
  }

  @Test
  void aDamagedEntryIsAsIfItWereNotThere() throws IOException {
    BinaryCache cache = new BinaryCache(folder, 1 << 20, "tenzan.test.cache");
    cache.write("a", bytes(100, 1));
    byte[] whole = Files.readAllBytes(cache.entry("a"));
    for (int i = 0; i < whole.length; i++) {
      byte[] flipped = whole.clone();
      flipped[i] ^= 4;
      Files.write(cache.entry("a"), flipped);
      assertTrue(cache.read("a").isEmpty(), "byte " + i + " changed");
      assertFalse(Files.exists(cache.entry("a")), "the damaged entry stays");
      Files.write(cache.entry("a"), Arrays.copyOf(whole, i));
      assertTrue(cache.read("a").isEmpty(), "cut to " + i + " bytes");
    }
    Files.write(cache.entry("a"), Arrays.copyOf(whole, whole.length + 1));
    assertTrue(cache.read("a").isEmpty(), "a byte more");
    Files.write(cache.entry("a"), whole);
    assertArrayEquals(bytes(100, 1), cache.read("a").orElseThrow());
  }

  @Test
  void holdsNoMoreThanItsLimit() throws IOException {
    BinaryCache cache = new BinaryCache(folder, 10_000, "tenzan.test.cache");
    for (int i = 0; i < 30; i++) {
      cache.write("k" + i, bytes(1000, i));
      Files.setLastModifiedTime(cache.entry("k" + i), FileTime.from(Instant.now().minusSeconds(1000 - i)));
      cache.read("k0"); // what is used stays
    }
    cache.write("last", bytes(1000, 99));
    long total = 0;
    for (Path f : files()) {
      total += Files.size(f);
    }
    assertTrue(total <= 10_000 + 2 * 1100, "holds " + total);
    assertTrue(cache.read("k0").isPresent());
    assertTrue(cache.read("k1").isEmpty());
    assertTrue(cache.read("last").isPresent());
  }

  @Test
  void removesWhatADeadWriterLeft() throws IOException {
    Path old = Files.write(folder.resolve("x123.part"), new byte[10]);
    Path young = Files.write(folder.resolve("y123.part"), new byte[10]);
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    new BinaryCache(folder, 1 << 20, "tenzan.test.cache").write("a", bytes(10, 1));
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(young), "another process may be writing it");
  }

  @Test
  void aFolderThatCannotBeWrittenCostsNothingButTime() throws IOException {
    Path file = Files.write(folder.resolve("file"), new byte[1]);
    BinaryCache cache = new BinaryCache(file.resolve("below"), 1 << 20, "tenzan.test.cache");
    cache.write("a", bytes(10, 1));
    assertTrue(cache.read("a").isEmpty());
  }

  /** Writes entries without end; killed by the test below. */
  static final class Writer {
    private Writer() {}

    /** Writes into the folder of the first argument. */
    public static void main(String[] args) {
      BinaryCache cache = new BinaryCache(Path.of(args[0]), 1L << 30, "tenzan.test.cache");
      for (int i = 0; ; i++) {
        cache.write("k" + i % 50, bytes(300_000, i % 50));
        if (i == 0) {
          System.out.println("writing");
        }
      }
    }
  }

  @Test
  void killedWritersLeaveNoBadEntry() throws Exception {
    for (int round = 0; round < 3; round++) {
      Process first = start();
      Process second = start();
      first.getInputStream().read();
      second.getInputStream().read();
      Thread.sleep(200 + 37L * round);
      first.destroyForcibly();
      second.destroyForcibly();
      assertTrue(first.waitFor(20, TimeUnit.SECONDS) && second.waitFor(20, TimeUnit.SECONDS));
      BinaryCache cache = new BinaryCache(folder, 1L << 30, "tenzan.test.cache");
      int present = 0;
      for (int i = 0; i < 50; i++) {
        // Read before it is judged: a damaged entry would be removed, and must not be there at all.
        boolean exists = Files.exists(cache.entry("k" + i));
        var entry = cache.read("k" + i);
        assertEquals(exists, entry.isPresent(), "entry " + i + " is damaged");
        if (entry.isPresent()) {
          present++;
          assertArrayEquals(bytes(300_000, i), entry.get());
        }
      }
      assertTrue(present > 0, "the writers wrote nothing");
    }
  }

  private Process start() throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ProcessBuilder(
            java, "-Xmx64m", "-cp", System.getProperty("java.class.path"), Writer.class.getName(), folder.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
