package dev.tenzan.io;

import static dev.tenzan.io.IoChecks.D;
import static dev.tenzan.io.IoChecks.ascii;
import static dev.tenzan.io.IoChecks.bytes;
import static dev.tenzan.io.IoChecks.dictionary;
import static dev.tenzan.io.IoChecks.fails;
import static dev.tenzan.io.IoChecks.npy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.Tensor;
import dev.tenzan.error.FormatException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.type.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpzTest {
  @TempDir Path dir;

  private Path deflated(String name, byte[] content) {
    Path file = dir.resolve("d.npz");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry(name));
      zip.write(content);
      zip.closeEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  @Test
  void roundTrips() throws IOException {
    Path file = dir.resolve("a.npz");
    Tensor x = D.randomInt(DType.I64, 5, -100, 100, 3, 4);
    Map<String, Tensor> all = Map.of("x", x, "a/b", D.zeros(DType.F16, 0, 2), "s", D.scalar(DType.F64, 2.5));
    Npz.write(file, all);
    byte[] first = Files.readAllBytes(file);
    Map<String, Tensor> back = Npz.read(file, D);
    assertEquals(List.of("a/b", "s", "x"), List.copyOf(back.keySet()));
    all.forEach((k, v) -> assertArrayEquals(bytes(v), bytes(back.get(k))));
    assertEquals(D.zeros(DType.F16, 0, 2).shape(), back.get("a/b").shape());
    Npz.write(file, back);
    assertArrayEquals(first, Files.readAllBytes(file));
    Npz.write(file, Map.of());
    assertEquals(Map.of(), Npz.read(file, D));
  }

  @Test
  void readsDeflatedEntries() {
    byte[] big = new byte[4 << 20];
    Map<String, Tensor> t = Npz.read(deflated("z.npy", npy(dictionary("|i1", false, "(4194304,)"), big)), D);
    assertArrayEquals(big, bytes(t.get("z")));
  }

  @Test
  void refusesBadEntries() {
    fails(FormatException.class, "z.npy", () -> Npz.read(deflated("z.npy", ascii("nonsense and more")), D));
    fails(FormatException.class, "truncated", () -> Npz.read(deflated("z.npy", new byte[3]), D));
    fails(FormatException.class, "only arrays", () -> Npz.read(deflated("readme.txt", new byte[3]), D));
    fails(
        FormatException.class,
        "1152921504606846976",
        () -> Npz.read(deflated("z.npy", npy(dictionary("|i1", false, "(1152921504606846976,)"), new byte[8])), D));
  }

  @Test
  void garbageNeverEscapesAsAnotherError() throws IOException {
    Path file = deflated("z.npy", npy(dictionary("<f4", false, "(2,)"), new byte[8]));
    byte[] good = Files.readAllBytes(file);
    long seed = 42;
    Random random = new Random(seed);
    for (int i = 0; i < 1000; i++) {
      byte[] b = good.clone();
      for (int j = random.nextInt(4); j >= 0; j--) {
        b[random.nextInt(b.length)] = (byte) random.nextInt();
      }
      Files.write(file, b);
      try {
        Npz.read(file, D).values().forEach(Tensor::close);
      } catch (FormatException expected) {
        assertEquals("npz", String.valueOf(expected.getMessage()).substring(0, 3), "seed " + seed + ", round " + i);
      }
    }
    Files.write(file, new byte[0]);
    fails(FormatException.class, "zip", () -> Npz.read(file, D));
  }

  @Test
  void keepsNothingOfAFailedRead() throws IOException {
    Path file = dir.resolve("two.npz");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("a.npy"));
      zip.write(npy(dictionary("<f4", false, "(2,)"), new byte[8]));
      zip.putNextEntry(new ZipEntry("b.npy"));
      zip.write(npy(dictionary("<f4", false, "(2,)"), new byte[7]));
    }
    long before = D.memory().liveBytes();
    fails(FormatException.class, "b.npy", () -> Npz.read(file, D));
    assertEquals(before, D.memory().liveBytes());
    fails(TenzanException.class, "no such file", () -> Npz.read(dir.resolve("none.npz"), D));
  }
}
