package dev.tenzan.io;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.error.FormatException;
import dev.tenzan.error.TenzanException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Safetensors files: named tensors of every dtype, with texts as metadata. The format is a little-endian 64-bit header length, a
 * JSON header, and the elements, row-major and little-endian.
 *
 * <p>The header is checked before anything is allocated: at most 100 MB and within the file, sizes that match the shapes, offsets
 * that cover the data without gap or overlap.
 */
public final class Safetensors {
  private static final long MAX_HEADER = 100_000_000;
  private static final int LENGTH_BYTES = 8;
  private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Safetensors() {}

  /** Reads a file to the default device; see {@link #read(Path, Device)}. */
  public static Map<String, Tensor> read(Path file) {
    return read(file, Devices.current());
  }

  /**
   * Reads all tensors of a file, in the header's order. Where one cannot be read, none is kept.
   *
   * @throws FormatException where the file is damaged, or has a dtype without counterpart
   * @throws TenzanException where the file cannot be read
   */
  public static Map<String, Tensor> read(Path file, Device device) {
    String what = "safetensors: " + file;
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    boolean done = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mapped = FileData.map("safetensors", file, arena);
      SafetensorsHeader header = header(what, mapped);
      MemorySegment data = mapped.asSlice(dataOffset(mapped));
      for (Map.Entry<String, SafetensorsHeader.Entry> e : header.entries().entrySet()) {
        SafetensorsHeader.Entry t = e.getValue();
        MemorySegment bytes = data.asSlice(t.begin(), t.end() - t.begin());
        FileData.checkBools(what + ": " + e.getKey(), t.dtype(), bytes);
        try (Arena copy = Arena.ofConfined()) {
          MemorySegment elements = FileData.toNative(bytes, t.dtype(), ByteOrder.LITTLE_ENDIAN, copy);
          tensors.put(e.getKey(), device.of(t.dtype(), elements, t.dims()));
        }
      }
      done = true;
      return Collections.unmodifiableMap(tensors);
    } finally {
      if (!done) {
        FileData.closeAll(tensors.values());
      }
    }
  }

  /** The texts under {@code __metadata__}; empty where there are none. The same errors as {@link #read(Path, Device)}. */
  public static Map<String, String> metadata(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mapped = FileData.map("safetensors", file, arena);
      return Collections.unmodifiableMap(header("safetensors: " + file, mapped).metadata());
    }
  }

  private static long dataOffset(MemorySegment file) {
    return LENGTH_BYTES + file.get(LENGTH, 0);
  }

  private static SafetensorsHeader header(String what, MemorySegment file) {
    if (file.byteSize() < LENGTH_BYTES) {
      throw new FormatException(what + ": " + file.byteSize() + " bytes are too few for a header; the file is truncated");
    }
    long length = file.get(LENGTH, 0);
    long behind = file.byteSize() - LENGTH_BYTES;
    if (length < 0 || length > MAX_HEADER || length > behind) {
      throw new FormatException(
          what + ": the header claims " + Long.toUnsignedString(length) + " bytes, " + behind + " follow and at most "
              + MAX_HEADER + " are read; the file is truncated or no safetensors file");
    }
    byte[] json = file.asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
    return SafetensorsHeader.parse(what, json, behind - length);
  }

  /** Writes tensors under their names, without metadata; see {@link #write(Path, Map, Map)}. */
  public static void write(Path file, Map<String, Tensor> tensors) {
    write(file, tensors, Map.of());
  }

  /**
   * Writes tensors under their names; a file that is there is replaced as a whole, or left as it is where writing fails. Wide
   * dtypes come first, then names in order, so elements are aligned and equal tensors give equal bytes.
   *
   * @throws FormatException where a tensor is named {@code __metadata__}, or the header exceeds 100 MB
   * @throws TenzanException where the file cannot be written
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
    if (tensors.containsKey(SafetensorsHeader.METADATA)) {
      throw new FormatException("safetensors: " + file + ": no tensor can be named __metadata__; rename it");
    }
    List<Map.Entry<String, Tensor>> sorted =
        new TreeMap<>(tensors)
            .entrySet().stream()
                .sorted(Comparator.comparingInt(e -> -e.getValue().dtype().byteSize()))
                .toList();
    byte[] json = headerText(sorted, metadata).getBytes(StandardCharsets.UTF_8);
    if (json.length > MAX_HEADER) {
      throw new FormatException(
          "safetensors: " + file + ": the header takes " + json.length + " bytes; at most " + MAX_HEADER + " are allowed");
    }
    FileData.write(
        "safetensors",
        file,
        channel -> {
          MemorySegment length = MemorySegment.ofArray(new byte[LENGTH_BYTES]);
          length.set(LENGTH, 0, json.length);
          FileData.writeAll(channel, length);
          FileData.writeAll(channel, MemorySegment.ofArray(json));
          for (Map.Entry<String, Tensor> e : sorted) {
            Tensor t = e.getValue();
            try (Arena arena = Arena.ofConfined()) {
              MemorySegment elements = FileData.elements("safetensors", t, arena);
              FileData.writeAll(channel, FileData.toNative(elements, t.dtype(), ByteOrder.LITTLE_ENDIAN, arena));
            }
          }
        });
  }

  private static String headerText(List<Map.Entry<String, Tensor>> tensors, Map<String, String> metadata) {
    StringBuilder s = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      JsonCursor.quote(s, SafetensorsHeader.METADATA);
      s.append(":{");
      new TreeMap<>(metadata)
          .forEach(
              (k, v) -> {
                JsonCursor.quote(s, k);
                s.append(':');
                JsonCursor.quote(s, v);
                s.append(',');
              });
      s.setCharAt(s.length() - 1, '}');
    }
    long at = 0;
    for (Map.Entry<String, Tensor> e : tensors) {
      Tensor t = e.getValue();
      s.append(s.length() > 1 ? "," : "");
      JsonCursor.quote(s, e.getKey());
      long end = Math.addExact(at, Math.multiplyExact(t.size(), (long) t.dtype().byteSize()));
      s.append(":{\"dtype\":\"").append(t.dtype().name()).append("\",\"shape\":");
      s.append(t.shape().toString().replace(" ", ""));
      s.append(",\"data_offsets\":[").append(at).append(',').append(end).append("]}");
      at = end;
    }
    s.append('}');
    int bytes = s.toString().getBytes(StandardCharsets.UTF_8).length;
    return s.append(" ".repeat(-bytes & 7)).toString();
  }
}
