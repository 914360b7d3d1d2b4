package dev.tenzan.io;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.FormatException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The header of an npy array, as NEP 1 and the {@code numpy.lib.format} documentation define it.
 *
 * @param dtype the element type
 * @param order the byte order of the elements
 * @param fortran whether the first axis varies fastest
 * @param dims the extents, checked
 * @param offset where the elements begin
 * @param byteSize the size of all elements
 */
record NpyHeader(DType dtype, ByteOrder order, boolean fortran, long[] dims, long offset, long byteSize) {
  /** NumPy itself refuses headers of more than 10,000 bytes unless told otherwise. */
  private static final int MAX_HEADER = 1 << 20;

  private static final int MAGIC_BYTES = 6;
  private static final int ALIGNMENT = 64;
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** Gives the next bytes of a file, exactly as many as asked for. */
  interface Source {
    byte[] next(int count) throws IOException;
  }

  /**
   * Reads the header.
   *
   * @param what the format and the file, for messages
   * @param available the number of bytes of the file, header included
   */
  static NpyHeader read(String what, long available, Source source) throws IOException {
    long prefix = MAGIC_BYTES + 2;
    if (available < prefix + 2) {
      throw new FormatException(what + ": " + available + " bytes are too few for an npy header; the file is truncated");
    }
    byte[] start = source.next((int) prefix);
    if (!Arrays.equals(start, 0, MAGIC_BYTES, MAGIC, 0, MAGIC_BYTES)) {
      throw new FormatException(what + ": it does not begin as npy files do; it is another format or damaged");
    }
    int major = start[MAGIC_BYTES] & 0xff;
    int minor = start[MAGIC_BYTES + 1] & 0xff;
    if (major < 1 || major > 3 || minor != 0) {
      throw new FormatException(what + ": npy format " + major + "." + minor + " is not known; save it as 1.0, 2.0 or 3.0");
    }
    int lengthBytes = major == 1 ? 2 : 4;
    prefix += lengthBytes;
    if (available < prefix) {
      throw new FormatException(what + ": " + available + " bytes are too few for an npy header; the file is truncated");
    }
    long length = 0;
    byte[] field = source.next(lengthBytes);
    for (int i = lengthBytes - 1; i >= 0; i--) {
      length = length << 8 | field[i] & 0xff;
    }
    if (length > available - prefix || length > MAX_HEADER) {
      throw new FormatException(
          what + ": the header claims " + length + " bytes, " + (available - prefix) + " follow and at most " + MAX_HEADER
              + " are read; the file is truncated or damaged");
    }
    byte[] text = source.next((int) length);
    var charset = major == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1;
    NpyDictionary d = NpyDictionary.parse(what, new String(text, charset));
    DType dtype = dtype(what, d.descr());
    return new NpyHeader(
        dtype,
        order(d.descr()),
        d.fortran(),
        d.dims(),
        prefix + length,
        FileData.byteSize(what, dtype, d.dims()));
  }

  /** A source over bytes that lie in memory. */
  static Source of(MemorySegment data) {
    long[] at = {0};
    return n -> {
      if (n > data.byteSize() - at[0]) {
        throw new EOFException("the header ends early");
      }
      byte[] b = data.asSlice(at[0], n).toArray(ValueLayout.JAVA_BYTE);
      at[0] += n;
      return b;
    };
  }

  private static ByteOrder order(String descr) {
    return switch (descr.charAt(0)) {
      case '>' -> ByteOrder.BIG_ENDIAN;
      case '<' -> ByteOrder.LITTLE_ENDIAN;
      default -> ByteOrder.nativeOrder();
    };
  }

  private static DType dtype(String what, String descr) {
    String type = descr.length() == 3 && "<>=|".indexOf(descr.charAt(0)) >= 0 ? descr.substring(1) : "";
    return switch (type) {
      case "f8" -> DType.F64;
      case "f4" -> DType.F32;
      case "f2" -> DType.F16;
      case "i8" -> DType.I64;
      case "i4" -> DType.I32;
      case "i2" -> DType.I16;
      case "i1" -> DType.I8;
      case "u1" -> DType.U8;
      case "b1" -> DType.BOOL;
      default ->
          throw new FormatException(
              what + ": dtype " + descr + " has no counterpart; convert it before saving, for example with "
                  + "a.astype('int64') or a.astype('float32')");
    };
  }

  private static String descr(DType dtype) {
    String order = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? "<" : ">";
    return switch (dtype) {
      case F64 -> order + "f8";
      case F32 -> order + "f4";
      case F16 -> order + "f2";
      case I64 -> order + "i8";
      case I32 -> order + "i4";
      case I16 -> order + "i2";
      case I8 -> "|i1";
      case U8 -> "|u1";
      case BOOL -> "|b1";
      case BF16 ->
          throw new DTypeException(
              "npy: dtype bf16 has no counterpart in npy files; cast(DType.F32) first, or write safetensors");
    };
  }

  /**
   * The bytes in front of the elements: format 1.0, or 2.0 where the header is too long for it, padded so that the elements are
   * aligned to 64 bytes.
   *
   * @throws DTypeException where npy has no such type
   */
  static byte[] write(DType dtype, Shape shape) {
    String dims = Arrays.stream(shape.dims()).mapToObj(Long::toString).collect(Collectors.joining(", "));
    String tuple = "(" + dims + (shape.rank() == 1 ? ",)" : ")");
    String text = "{'descr': '" + descr(dtype) + "', 'fortran_order': False, 'shape': " + tuple + ", }";
    int prefix = MAGIC_BYTES + 4;
    int length = padded(prefix, text.length());
    boolean two = length > 0xffff;
    if (two) {
      prefix += 2;
      length = padded(prefix, text.length());
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(prefix + length);
    out.writeBytes(MAGIC);
    out.write(two ? 2 : 1);
    out.write(0);
    for (int i = 0; i < prefix - MAGIC_BYTES - 2; i++) {
      out.write(length >>> 8 * i);
    }
    out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    out.writeBytes(" ".repeat(length - text.length() - 1).getBytes(StandardCharsets.ISO_8859_1));
    out.write('\n');
    return out.toByteArray();
  }

  private static int padded(int prefix, int text) {
    return Math.ceilDiv(prefix + text + 1, ALIGNMENT) * ALIGNMENT - prefix;
  }
}
