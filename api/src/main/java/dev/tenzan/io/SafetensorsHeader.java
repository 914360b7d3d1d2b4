package dev.tenzan.io;

import dev.tenzan.error.FormatException;
import dev.tenzan.type.DType;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header of a safetensors file.
 *
 * @param entries the tensors by name, in the file's order
 * @param metadata the texts under {@code __metadata__}
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {
  static final String METADATA = "__metadata__";

  /** As in npy files, so that what is read can be written there. */
  private static final int MAX_RANK = 64;

  /**
   * Where one tensor lies.
   *
   * @param dtype the element type
   * @param dims the extents
   * @param begin its first byte behind the header
   * @param end the byte behind its last
   */
  record Entry(DType dtype, long[] dims, long begin, long end) {}

  /** Parses a header and checks that the tensors cover the {@code dataBytes} behind it, without gap or overlap. */
  static SafetensorsHeader parse(String what, byte[] json, long dataBytes) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException(what + ": the header is not UTF-8; the file is damaged", e);
    }
    SafetensorsHeader header = new SafetensorsHeader(new LinkedHashMap<>(), new LinkedHashMap<>());
    JsonCursor in = new JsonCursor(what, text);
    in.each('{', '}', () -> header.member(what, in));
    in.end();
    header.checkOffsets(what, dataBytes);
    return header;
  }

  private void member(String what, JsonCursor in) {
    String name = in.key();
    if (name.equals(METADATA)) {
      if (!metadata.isEmpty()) {
        throw in.bad("a second " + METADATA);
      }
      in.each(
          '{',
          '}',
          () -> {
            if (metadata.put(in.key(), in.string()) != null) {
              throw in.bad("a metadata key twice");
            }
          });
    } else if (entries.put(name, entry(what + ": " + name, in)) != null) {
      throw in.bad("the name '" + name + "' twice");
    }
  }

  /** Collects the three members of a tensor. */
  private static final class Parts {
    @Nullable DType dtype;
    @Nullable List<Long> shape;
    @Nullable List<Long> offsets;
  }

  private static Entry entry(String what, JsonCursor in) {
    Parts p = new Parts();
    in.each(
        '{',
        '}',
        () -> {
          String key = in.key();
          switch (key) {
            case "dtype" -> p.dtype = once(in, p.dtype, dtype(what, in.string()));
            case "shape" -> p.shape = once(in, p.shape, integers(in));
            case "data_offsets" -> p.offsets = once(in, p.offsets, integers(in));
            default -> throw in.bad("key '" + key + "' is not one of dtype, shape, data_offsets");
          }
        });
    DType dtype = p.dtype;
    List<Long> shape = p.shape;
    List<Long> offsets = p.offsets;
    if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
      throw in.bad("a tensor without dtype, shape and two data_offsets");
    }
    long[] dims = shape.stream().mapToLong(Long::longValue).toArray();
    long bytes = FileData.byteSize(what, dtype, dims);
    long begin = offsets.get(0);
    long end = offsets.get(1);
    if (end - begin != bytes) {
      throw new FormatException(
          what + ": " + dtype + Arrays.toString(dims) + " needs " + bytes + " bytes, data_offsets " + offsets + " give "
              + (end - begin) + "; the file is damaged");
    }
    return new Entry(dtype, dims, begin, end);
  }

  private static <T> T once(JsonCursor in, @Nullable T before, T value) {
    if (before != null) {
      throw in.bad("a key twice");
    }
    return value;
  }

  private static List<Long> integers(JsonCursor in) {
    List<Long> list = new ArrayList<>();
    in.each(
        '[',
        ']',
        () -> {
          if (list.size() == MAX_RANK) {
            throw in.bad("more than " + MAX_RANK + " axes");
          }
          list.add(in.integer());
        });
    return list;
  }

  private static DType dtype(String what, String label) {
    return switch (label) {
      case "F64" -> DType.F64;
      case "F32" -> DType.F32;
      case "F16" -> DType.F16;
      case "BF16" -> DType.BF16;
      case "I64" -> DType.I64;
      case "I32" -> DType.I32;
      case "I16" -> DType.I16;
      case "I8" -> DType.I8;
      case "U8" -> DType.U8;
      case "BOOL" -> DType.BOOL;
      default ->
          throw new FormatException(
              what + ": dtype '" + label + "' has no counterpart; convert the tensor to one of F64, F32, F16, BF16, I64, I32, "
                  + "I16, I8, U8, BOOL before saving");
    };
  }

  private void checkOffsets(String what, long dataBytes) {
    List<Map.Entry<String, Entry>> sorted = new ArrayList<>(entries.entrySet());
    sorted.sort(
        Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    long covered = 0;
    for (Map.Entry<String, Entry> e : sorted) {
      Entry t = e.getValue();
      if (t.begin() != covered || t.end() > dataBytes) {
        throw new FormatException(
            what + ": " + e.getKey() + ": data_offsets [" + t.begin() + ", " + t.end() + "] must begin at " + covered
                + " and end within the " + dataBytes + " bytes of data; the file is truncated or damaged");
      }
      covered = t.end();
    }
    if (covered != dataBytes) {
      throw new FormatException(
          what + ": the tensors take " + covered + " bytes, " + dataBytes + " follow the header; the file is damaged");
    }
  }
}
