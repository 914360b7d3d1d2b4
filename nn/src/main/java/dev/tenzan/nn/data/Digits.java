package dev.tenzan.nn.data;

import dev.tenzan.Device;
import dev.tenzan.error.FormatException;
import dev.tenzan.type.DType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * The optical recognition of handwritten digits data set (Alpaydin and Kaynak, 1998; UCI, CC BY 4.0), which
 * ships with this module: 1797 grey images of 8 x 8 pixels from 0 to 16. The first 1500 are for training, the
 * last 297, by other writers, for testing.
 */
public final class Digits {
  /** The number of training samples. */
  public static final int TRAIN = 1500;

  private static final String RESOURCE = "/dev/tenzan/nn/data/digits.csv.gz";
  private static final int ROWS = 1797;
  private static final int PIXELS = 64;

  private Digits() {}

  /** Both parts, samples {@code [n, 1, 8, 8]}, u8. */
  public static Split load(Device device) {
    byte[] pixels = new byte[ROWS * PIXELS];
    long[] labels = new long[ROWS];
    read(pixels, labels);
    return new Split(part(device, pixels, labels, 0, TRAIN), part(device, pixels, labels, TRAIN, ROWS));
  }

  private static Dataset part(Device device, byte[] pixels, long[] labels, int from, int to) {
    long bytes = (to - from) * (long) PIXELS;
    MemorySegment samples = MemorySegment.ofArray(pixels).asSlice(from * (long) PIXELS, bytes);
    MemorySegment classes = MemorySegment.ofArray(labels).asSlice(from * 8L, (to - from) * 8L);
    return new Dataset(
        device.of(DType.U8, samples, to - from, 1, 8, 8), device.of(DType.I64, classes, to - from), 10, 16);
  }

  private static void read(byte[] pixels, long[] labels) {
    try (InputStream packed = Digits.class.getResourceAsStream(RESOURCE)) {
      if (packed == null) {
        throw new FormatException("digits: the resource " + RESOURCE
            + " is missing; the module's jar is incomplete");
      }
      InputStreamReader text = new InputStreamReader(new GZIPInputStream(packed), StandardCharsets.US_ASCII);
      List<String> lines = new BufferedReader(text).lines().toList();
      if (lines.size() != ROWS) {
        throw new FormatException("digits: " + lines.size() + " lines; the data set has " + ROWS);
      }
      for (int row = 0; row < ROWS; row++) {
        parse(lines.get(row), row, pixels, labels);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("digits: the resource " + RESOURCE + " cannot be read", e);
    }
  }

  private static void parse(String line, int row, byte[] pixels, long[] labels) {
    String[] fields = line.split(",", -1);
    if (fields.length != PIXELS + 1) {
      throw new FormatException("digits: line " + (row + 1) + " has " + fields.length + " fields, not "
          + (PIXELS + 1));
    }
    for (int i = 0; i < PIXELS; i++) {
      pixels[row * PIXELS + i] = (byte) number(fields[i], row, 16);
    }
    labels[row] = number(fields[PIXELS], row, 9);
  }

  private static int number(String field, int row, int greatest) {
    try {
      int value = Integer.parseInt(field.strip());
      if (value >= 0 && value <= greatest) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new FormatException("digits: line " + (row + 1) + " holds '" + field
          + "', which is no number", e);
    }
    throw new FormatException("digits: line " + (row + 1) + " holds " + field + "; it must be 0 to "
        + greatest);
  }
}
