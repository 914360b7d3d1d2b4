package dev.tenzan.io;

import static dev.tenzan.io.IoChecks.D;
import static dev.tenzan.io.IoChecks.bytes;
import static dev.tenzan.io.IoChecks.fails;
import static dev.tenzan.io.IoChecks.join;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.Tensor;
import dev.tenzan.error.FormatException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  @TempDir Path dir;

  private static byte[] content(String json, byte... data) {
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    byte[] length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array();
    return join(length, header, data);
  }

  private Map<String, Tensor> read(byte[] content) {
    try {
      return Safetensors.read(Files.write(dir.resolve("m.safetensors"), content), D);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String entry(String name, String dtype, String shape, long begin, long end) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + ","
        + end + "]}";
  }

  @Test
  void readsHandMadeFiles() {
    String json = "{\"__metadata__\":{\"format\":\"pt\"}," + entry("b\\u00e9", "BF16", "[2]", 2, 6) + ", "
        + entry("a", "BOOL", "[1, 2]", 0, 2) + "}   ";
    Map<String, Tensor> t = read(content(json, (byte) 1, (byte) 0, (byte) 0x80, (byte) 0x3f, (byte) 0, (byte) 0xc0));
    assertArrayEquals(new double[] {1, -2}, t.get("bé").toDoubles());
    assertArrayEquals(new boolean[] {true, false}, t.get("a").toBooleans());
    assertEquals(Shape.of(1, 2), t.get("a").shape());
    assertEquals(Map.of("format", "pt"), Safetensors.metadata(dir.resolve("m.safetensors")));
  }

  @Test
  void roundTripsEveryDType() throws IOException {
    Map<String, Tensor> all = new HashMap<>();
    for (DType dtype : DType.values()) {
      all.put("t." + dtype, D.randomInt(DType.I32, 3, 0, 2, 3, 5).cast(dtype));
    }
    all.put("odd \"name\"\\ \n é 😀", D.zeros(DType.F32, 0, 4));
    all.put("scalar", D.scalar(DType.F64, Double.NaN));
    Path file = dir.resolve("r.safetensors");
    Safetensors.write(file, all, Map.of("k", "v\t1", "l", ""));
    byte[] first = Files.readAllBytes(file);
    Map<String, Tensor> back = Safetensors.read(file, D);
    assertEquals(all.keySet(), back.keySet());
    all.forEach(
        (k, v) -> {
          assertEquals(v.dtype(), back.get(k).dtype());
          assertEquals(v.shape(), back.get(k).shape());
          assertArrayEquals(bytes(v), bytes(back.get(k)));
        });
    assertEquals(Map.of("k", "v\t1", "l", ""), Safetensors.metadata(file));
    assertEquals(0, ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8);
    Safetensors.write(file, back, Map.of("l", "", "k", "v\t1"));
    assertArrayEquals(first, Files.readAllBytes(file));
    Safetensors.write(file, Map.of());
    assertEquals(Map.of(), Safetensors.read(file, D));
  }

  @Test
  void refusesLyingHeaders() {
    byte[] four = new byte[4];
    fails(FormatException.class, "needs", () -> read(content("{" + entry("a", "I8", "[1152921504606846976]", 0, 4) + "}", four)));
    fails(FormatException.class, "2^63-1", () -> read(content("{" + entry("a", "F64", "[1152921504606846976]", 0, 4) + "}", four)));
    fails(
        FormatException.class,
        "within the 4",
        () -> read(content("{" + entry("a", "I8", "[1152921504606846976]", 0, 1L << 60) + "}", four)));
    fails(FormatException.class, "needs 4", () -> read(content("{" + entry("a", "F32", "[1]", 4, 0) + "}", four)));
    fails(FormatException.class, "integer", () -> read(content("{" + entry("a", "F32", "[-1]", 0, 4) + "}", four)));
    fails(FormatException.class, "F8_E4M3", () -> read(content("{" + entry("a", "F8_E4M3", "[4]", 0, 4) + "}", four)));
    fails(FormatException.class, "take 2", () -> read(content("{" + entry("a", "I8", "[2]", 0, 2) + "}", four)));
    String overlap = "{" + entry("a", "I8", "[3]", 0, 3) + "," + entry("b", "I8", "[2]", 2, 4) + "}";
    fails(FormatException.class, "begin at 3", () -> read(content(overlap, four)));
    String gap = "{" + entry("a", "I8", "[1]", 0, 1) + "," + entry("b", "I8", "[2]", 2, 4) + "}";
    fails(FormatException.class, "begin at 1", () -> read(content(gap, four)));
    fails(FormatException.class, "bool element 0", () -> read(content("{" + entry("a", "BOOL", "[1]", 0, 1) + "}", (byte) 7)));
    fails(FormatException.class, "UTF-8", () -> read(join(new byte[] {1, 0, 0, 0, 0, 0, 0, 0}, new byte[] {-1})));
  }

  @Test
  void refusesBadLengths() {
    byte[] good = content("{" + entry("a", "I8", "[2]", 0, 2) + "}", (byte) 1, (byte) 2);
    for (int n = 0; n < good.length; n++) {
      byte[] cut = Arrays.copyOf(good, n);
      fails(FormatException.class, "m.safetensors", () -> read(cut));
    }
    byte[] most = new byte[64];
    Arrays.fill(most, (byte) 0xff);
    fails(FormatException.class, "18446744073709551615", () -> read(most));
  }

  @Test
  void refusesBadJson() {
    String[] bad = {
      "", "[]", "{", "{}x", "{\"a\":1}", "{\"a\":{}}", "{\"a\":null}", "{a:1}", "{\"a\":{\"dtype\":\"I8\"}}", "{,}",
      "{" + entry("a", "I8", "[01]", 0, 1) + "}", "{" + entry("a", "I8", "[1,]", 0, 1) + "}",
      "{" + entry("a", "I8", "[1.0]", 0, 1) + "}", "{" + entry("a", "I8", "[99999999999999999999]", 0, 1) + "}",
      "{" + entry("a", "I8", "[0]", 0, 0) + "," + entry("a", "I8", "[0]", 0, 0) + "}", "{\"\\x\":1}", "{\"\\u12g4\":1}",
      "{\"a\n\":1}", "{\"__metadata__\":{\"a\":1}}", "{" + entry("a", "I8", "[]", 0, 1) + "\0}",
      "{\"a\":" + "[".repeat(100_000), "{" + entry("a", "I8", "[" + "1,".repeat(64) + "1]", 0, 1) + "}",
    };
    for (String b : bad) {
      fails(FormatException.class, "bad header", () -> read(content(b, (byte) 0)));
    }
  }

  @Test
  void garbageNeverEscapesAsAnotherError() {
    byte[] good = content("{" + entry("a", "I8", "[2]", 0, 2) + "," + entry("b", "F32", "[1]", 2, 6) + "}", new byte[6]);
    long seed = 7;
    Random random = new Random(seed);
    for (int i = 0; i < 2000; i++) {
      byte[] b = good.clone();
      for (int j = random.nextInt(4); j >= 0; j--) {
        b[random.nextInt(b.length)] = (byte) random.nextInt();
      }
      try {
        read(b).values().forEach(Tensor::close);
      } catch (FormatException expected) {
        String m = String.valueOf(expected.getMessage());
        assertEquals("safetensors: ", m.substring(0, 13), "seed " + seed + ", round " + i);
      }
    }
  }

  @Test
  void refusesToWriteWhatCannotBeRead() {
    Path file = dir.resolve("w.safetensors");
    Map<String, Tensor> reserved = Map.of("__metadata__", D.zeros(DType.F32, 1));
    fails(FormatException.class, "rename", () -> write(file, reserved));
    fails(TenzanException.class, "no such file", () -> Safetensors.read(file, D));
    fails(TenzanException.class, "cannot write", () -> write(dir.resolve("no/w.safetensors"), Map.of()));
  }

  private static Path write(Path file, Map<String, Tensor> tensors) {
    Safetensors.write(file, tensors);
    return file;
  }
}
