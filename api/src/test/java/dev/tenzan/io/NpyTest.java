package dev.tenzan.io;

import static dev.tenzan.io.IoChecks.D;
import static dev.tenzan.io.IoChecks.ascii;
import static dev.tenzan.io.IoChecks.bytes;
import static dev.tenzan.io.IoChecks.dictionary;
import static dev.tenzan.io.IoChecks.fails;
import static dev.tenzan.io.IoChecks.join;
import static dev.tenzan.io.IoChecks.npy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Tensor;
import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.FormatException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyTest {
  @TempDir Path dir;

  private Path file(byte[] content) {
    try {
      return Files.write(dir.resolve("a.npy"), content);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Tensor read(byte[] content) {
    return Npy.read(file(content), D);
  }

  private static byte[] floats(ByteOrder order, float... v) {
    ByteBuffer b = ByteBuffer.allocate(4 * v.length).order(order);
    for (float x : v) {
      b.putFloat(x);
    }
    return b.array();
  }

  @Test
  void readsWhatNumPyWrites() {
    byte[] data = floats(ByteOrder.LITTLE_ENDIAN, 0, 1, 2, 3, 4, 5);
    Tensor t = read(npy(dictionary("<f4", false, "(2, 3)"), data));
    assertEquals(DType.F32, t.dtype());
    assertEquals(Shape.of(2, 3), t.shape());
    assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, t.toFloats());
  }

  @Test
  void readsBigEndianAndFortranOrder() {
    byte[] data = floats(ByteOrder.BIG_ENDIAN, 0, 3, 1, 4, 2, 5);
    Tensor t = read(npy(dictionary(">f4", true, "(2, 3)"), data));
    assertEquals(Shape.of(2, 3), t.shape());
    assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, t.toFloats());
  }

  @Test
  void readsEveryDType() {
    assertArrayEquals(new long[] {-2}, read(npy(dictionary(">i2", false, "(1,)"), new byte[] {-1, -2})).toLongs());
    assertArrayEquals(
        new long[] {258}, read(npy(dictionary("<i8", false, "()"), new byte[] {2, 1, 0, 0, 0, 0, 0, 0})).toLongs());
    assertArrayEquals(new long[] {258}, read(npy(dictionary(">i4", false, "(1,)"), new byte[] {0, 0, 1, 2})).toLongs());
    assertArrayEquals(new long[] {-1}, read(npy(dictionary("|i1", false, "(1,)"), new byte[] {-1})).toLongs());
    assertArrayEquals(new long[] {255}, read(npy(dictionary("|u1", false, "(1,)"), new byte[] {-1})).toLongs());
    assertArrayEquals(
        new boolean[] {true, false}, read(npy(dictionary("|b1", false, "(2,)"), new byte[] {1, 0})).toBooleans());
    assertArrayEquals(new double[] {1.5}, read(npy(dictionary(">f2", false, "(1,)"), new byte[] {0x3e, 0})).toDoubles());
    assertArrayEquals(
        new double[] {-2},
        read(npy(dictionary(">f8", false, "(1,)"), new byte[] {(byte) 0xc0, 0, 0, 0, 0, 0, 0, 0})).toDoubles());
  }

  @Test
  void readsFormatsTwoAndThree() {
    byte[] text = ascii(dictionary("<f4", false, "(1,)") + "\n");
    for (byte major = 2; major <= 3; major++) {
      byte[] start = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', major, 0, (byte) text.length, 0, 0, 0};
      assertEquals(7, read(join(start, text, floats(ByteOrder.LITTLE_ENDIAN, 7))).item());
    }
  }

  @Test
  void writesWhatNumPyReads() throws IOException {
    Path file = dir.resolve("b.npy");
    Npy.write(file, D.of(new float[] {1, 2}));
    byte[] written = Files.readAllBytes(file);
    if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      assertArrayEquals(npy(dictionary("<f4", false, "(2,)"), floats(ByteOrder.LITTLE_ENDIAN, 1, 2)), written);
    }
    assertEquals(0, (written.length - 8) % 64);
  }

  @Test
  void roundTripsBitsOfEveryDType() {
    for (DType dtype : DType.values()) {
      if (dtype == DType.BF16) {
        continue;
      }
      for (long[] dims : new long[][] {{}, {0}, {3, 0, 2}, {7}, {2, 3, 5}}) {
        Tensor t = D.randomInt(DType.I32, 11, 0, 2, dims).cast(dtype);
        Path file = dir.resolve(dtype + ".npy");
        Npy.write(file, t);
        Tensor back = Npy.read(file, D);
        assertEquals(dtype, back.dtype());
        assertEquals(t.shape(), back.shape());
        assertArrayEquals(bytes(t), bytes(back));
      }
    }
  }

  @Test
  void roundTripsSpecialValuesAndViews() {
    float[] v = {Float.NaN, Float.POSITIVE_INFINITY, -0f, Float.MIN_VALUE, -Float.MAX_VALUE, 1};
    Tensor t = D.of(v, 2, 3).transpose();
    Path file = dir.resolve("v.npy");
    Npy.write(file, t);
    Tensor back = Npy.read(file, D);
    assertEquals(Shape.of(3, 2), back.shape());
    assertArrayEquals(bytes(t), bytes(back));
  }

  @Test
  void refusesLyingShapes() {
    byte[] four = new byte[4];
    fails(FormatException.class, "1152921504606846976", () -> read(npy(dictionary("|i1", false, "(1152921504606846976,)"), four)));
    fails(FormatException.class, "2^63-1", () -> read(npy(dictionary("<f8", false, "(1152921504606846976,)"), four)));
    fails(FormatException.class, "2^63-1", () -> read(npy(dictionary("<f4", false, "(4294967296, 4294967296)"), four)));
    fails(FormatException.class, "negative", () -> read(npy(dictionary("<f4", false, "(-1,)"), four)));
    fails(FormatException.class, "negative", () -> read(npy(dictionary("<f4", false, "(-1, -1)"), four)));
    fails(FormatException.class, "negative", () -> read(npy(dictionary("<f4", false, "(0, -1)"), four)));
    fails(FormatException.class, "64-bit", () -> read(npy(dictionary("<f4", false, "(99999999999999999999,)"), four)));
    fails(FormatException.class, "not a tuple", () -> read(npy(dictionary("<f4", false, "(1)"), four)));
    fails(FormatException.class, "64 axes", () -> read(npy(dictionary("<f4", false, "(" + "1, ".repeat(65) + ")"), four)));
  }

  @Test
  void refusesOtherSizesThanTheFileHas() {
    fails(FormatException.class, "truncated", () -> read(npy(dictionary("<f4", false, "(2,)"), new byte[7])));
    fails(FormatException.class, "several arrays", () -> read(npy(dictionary("<f4", false, "(2,)"), new byte[9])));
  }

  @Test
  void refusesBadHeaders() {
    byte[] good = npy(dictionary("<f4", false, "(1,)"), new byte[4]);
    for (int n = 0; n < good.length; n++) {
      byte[] cut = Arrays.copyOf(good, n);
      fails(FormatException.class, "a.npy", () -> read(cut));
    }
    fails(FormatException.class, "not begin", () -> read(new byte[100]));
    fails(FormatException.class, "4.0", () -> read(join(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 4, 0}, new byte[100])));
    byte[] huge = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, -1, -1, -1, -1};
    fails(FormatException.class, "4294967295", () -> read(join(huge, new byte[100])));
    String[] bad = {
      "", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
      dictionary("<f4", false, "(1,)") + "x", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': True, 'shape': (1,)}",
      "{'x': 1}", "{'descr': '', 'fortran_order': True, 'shape': (1,)}", dictionary("<f4", false, "(1,,)"),
      dictionary("<f4", false, "(1 1)"), dictionary("<f4", false, "(x,)"),
    };
    for (String b : bad) {
      fails(FormatException.class, "bad npy header", () -> read(npy(b, new byte[4])));
    }
  }

  @Test
  void refusesDTypesWithoutCounterpart() {
    for (String descr : new String[] {"<u4", "<c8", "<U3", "|O", "|S5", "<M8[ns]", "|V2", "<f16", "f4", "é"}) {
      fails(FormatException.class, "dtype " + descr, () -> read(npy(dictionary(descr, false, "(1,)"), new byte[4])));
    }
    String structured = "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }";
    fails(FormatException.class, "structured", () -> read(npy(structured, new byte[4])));
    fails(FormatException.class, "bool element 1", () -> read(npy(dictionary("|b1", false, "(2,)"), new byte[] {1, 2})));
    fails(DTypeException.class, "bf16", () -> write(dir.resolve("x.npy"), D.zeros(DType.BF16, 2)));
  }

  private static Path write(Path file, Tensor t) {
    Npy.write(file, t);
    return file;
  }

  @Test
  void garbageNeverEscapesAsAnotherError() {
    long seed = 20240611;
    Random random = new Random(seed);
    byte[] good = npy(dictionary("<f4", false, "(2, 3)"), new byte[24]);
    for (int i = 0; i < 2000; i++) {
      byte[] b = good.clone();
      for (int j = random.nextInt(4); j >= 0; j--) {
        b[random.nextInt(b.length)] = (byte) random.nextInt();
      }
      try {
        read(b).close();
      } catch (FormatException expected) {
        assertTrue(String.valueOf(expected.getMessage()).startsWith("npy: "), "seed " + seed + ", round " + i);
      }
    }
  }

  @Test
  void failedWritesLeaveTheFileAlone() throws IOException {
    Path file = file(ascii("keep"));
    Tensor closed = D.of(new float[] {1});
    closed.close();
    fails(ClosedException.class, "closed", () -> write(file, closed));
    assertEquals("keep", Files.readString(file));
    fails(TenzanException.class, "cannot write", () -> write(dir.resolve("no/such/x.npy"), D.zeros(DType.F32)));
    try (Stream<Path> all = Files.list(dir)) {
      assertEquals(1, all.count());
    }
    Npy.write(file, D.of(new float[] {3}));
    assertEquals(3, Npy.read(file, D).item());
  }

  @Test
  void namesFilesThatCannotBeRead() {
    fails(TenzanException.class, "no such file", () -> Npy.read(dir.resolve("none.npy"), D));
    fails(TenzanException.class, "cannot read", () -> Npy.read(dir, D));
  }
}
