package dev.tenzan.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.error.FormatException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads good and bad files, and checks that shuffles are permutations that repeat. */
class DataTest {
  private static final Device REFERENCE = Devices.get("reference");

  @TempDir Path folder;

  private Path file(String name, int... bytes) throws IOException {
    byte[] content = new byte[bytes.length];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) bytes[i];
    }
    return Files.write(folder.resolve(name), content);
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream packed = new GZIPOutputStream(out)) {
      packed.write(content);
    }
    return out.toByteArray();
  }

  @Test
  void idxOfBytes() throws IOException {
    Path plain = file("a", 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255);
    Path packed = Files.write(folder.resolve("b"), gzip(Files.readAllBytes(plain)));
    for (Path path : List.of(plain, packed)) {
      Idx.Contents c = Idx.read(path);
      assertEquals(Shape.of(2, 3), c.shape());
      assertArrayEquals(new int[] {1, 2, 3, 4, 5, 255}, c.tensor(REFERENCE).toInts());
    }
  }

  @Test
  void idxIsBigEndian() throws IOException {
    assertArrayEquals(
        new int[] {258, -2},
        Idx.read(file("s", 0, 0, 0xb, 1, 0, 0, 0, 2, 1, 2, 255, 254)).tensor(REFERENCE).toInts());
    assertArrayEquals(
        new float[] {1.5f},
        Idx.read(file("f", 0, 0, 0xd, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0)).tensor(REFERENCE).toFloats());
    assertEquals(DType.F64, Idx.read(file("d", 0, 0, 0xe, 1, 0, 0, 0, 0)).dtype());
  }

  private static void assertBad(String expected, Path path) {
    var e = assertThrows(FormatException.class, () -> Idx.read(path));
    assertTrue(String.valueOf(e.getMessage()).contains(expected), e::getMessage);
  }

  @Test
  void badIdxFiles() throws IOException {
    assertBad("ends within its header", file("empty"));
    assertBad("ends within its header", file("short", 0, 0, 8, 3, 0, 0, 0));
    assertBad("two zero bytes", file("magic", 1, 0, 8, 1, 0, 0, 0, 0));
    assertBad("element type 0xa", file("type", 0, 0, 0xa, 1, 0, 0, 0, 0));
    assertBad("holds only 1 of 3 bytes", file("few", 0, 0, 8, 1, 0, 0, 0, 3, 7));
    assertBad("goes on behind", file("many", 0, 0, 8, 1, 0, 0, 0, 1, 7, 7));
    assertBad("more than its", file("huge", 0, 0, 8, 2, 0x7f, 0, 0, 0, 0, 0, 0, 0x10, 7));
    int[] overflow = {0, 0, 0xe, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    assertBad("more than its", file("overflow", overflow));
    byte[] liar = {0, 0, 8, 1, 0x40, 0, 0, 0, 1, 2};
    assertBad("more than its", Files.write(folder.resolve("liar.gz"), gzip(liar)));
    byte[] good = gzip(new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 1, 2});
    assertBad("too early", Files.write(folder.resolve("cut.gz"), Arrays.copyOf(good, good.length - 9)));
    byte[] broken = good.clone();
    broken[good.length - 6] ^= 1;
    assertBad("damaged gzip", Files.write(folder.resolve("crc.gz"), broken));
    assertThrows(UncheckedIOException.class, () -> Idx.read(folder.resolve("absent")));
  }

  @Test
  void digits() {
    try (Split split = Digits.load(REFERENCE)) {
      assertEquals(1500, split.train().size());
      assertEquals(297, split.test().size());
      assertEquals(Shape.of(1500, 1, 8, 8), split.train().samples().shape());
      assertArrayEquals(new long[] {0, 1, 2, 3}, split.train().labels().narrow(0, 0, 4).toLongs());
      float[] first = split.train().inputs(REFERENCE.of(new long[] {0})).toFloats();
      assertEquals(5 / 16f, first[2]);
      assertEquals(13 / 16f, first[3]);
      double brightest = split.test().samples().max().item();
      assertEquals(16, brightest);
      assertEquals(8, split.test().labels().narrow(0, 296, 1).itemLong());
    }
  }

  @Test
  void shufflesArePermutationsThatRepeat() {
    try (Split split = Digits.load(REFERENCE)) {
      List<long[]> batches = split.test().shuffledBatches(11, 50);
      assertEquals(6, batches.size());
      assertEquals(47, batches.getLast().length);
      long[] all = batches.stream().flatMapToLong(Arrays::stream).toArray();
      long[] sorted = all.clone();
      Arrays.sort(sorted);
      for (int i = 0; i < sorted.length; i++) {
        assertEquals(i, sorted[i]);
      }
      assertFalse(Arrays.equals(all, sorted));
      long[] again = split.test().shuffledBatches(11, 297).getFirst();
      assertArrayEquals(again, all);
      assertFalse(Arrays.equals(again, split.test().shuffledBatches(12, 297).getFirst()));
      assertThrows(ShapeException.class, () -> split.test().batches(0));
    }
  }

  @Test
  void fashionMnistFolders() throws IOException {
    Path absent = folder.resolve("absent");
    var e = assertThrows(UncheckedIOException.class, () -> FashionMnist.load(absent, REFERENCE));
    assertTrue(String.valueOf(e.getMessage()).contains("dataset-fashion-mnist"), e::getMessage);
    var f = assertThrows(UncheckedIOException.class, () -> FashionMnist.load(folder, REFERENCE));
    assertTrue(String.valueOf(f.getMessage()).contains("train-images-idx3-ubyte"), f::getMessage);
    images("train", 3, 1, 2, 3);
    images("t10k", 2, 4, 200);
    var g = assertThrows(FormatException.class, () -> FashionMnist.load(folder, REFERENCE));
    assertTrue(String.valueOf(g.getMessage()).contains("label 200 at 1"), g::getMessage);
    images("t10k", 3, 4, 5);
    assertThrows(FormatException.class, () -> FashionMnist.load(folder, REFERENCE));
    images("t10k", 2, 4, 5);
    try (Split split = FashionMnist.load(folder, REFERENCE)) {
      assertEquals(Shape.of(3, 1, 28, 28), split.train().samples().shape());
      assertArrayEquals(new long[] {4, 5}, split.test().labels().toLongs());
    }
  }

  private void images(String name, int count, int... labels) throws IOException {
    byte[] pixels = new byte[16 + 784 * count];
    pixels[2] = 8;
    pixels[3] = 3;
    pixels[7] = (byte) count;
    pixels[11] = 28;
    pixels[15] = 28;
    Files.write(folder.resolve(name + "-images-idx3-ubyte"), pixels);
    byte[] classes = new byte[8 + labels.length];
    classes[2] = 8;
    classes[3] = 1;
    classes[7] = (byte) labels.length;
    for (int i = 0; i < labels.length; i++) {
      classes[8 + i] = (byte) labels[i];
    }
    Files.write(folder.resolve(name + "-labels-idx1-ubyte.gz"), gzip(classes));
  }
}
