package dev.tenzan.nn.data;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.error.FormatException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A reader of IDX files, the format of the MNIST family: two zero bytes, an element type, the number of axes,
 * their extents as big-endian 32-bit integers, and the big-endian elements. Files may be packed with gzip. A
 * header that claims more than the file can hold is refused before memory is set aside for it.
 */
public final class Idx {
  /** No gzip stream unpacks to more than this many times its size: the limit of the deflate format. */
  private static final long MAX_EXPANSION = 1032;

  private Idx() {}

  /**
   * The contents of an IDX file.
   *
   * @param dtype the element type
   * @param shape the extents
   * @param bytes the elements in row-major order and native byte order
   */
  public record Contents(DType dtype, Shape shape, byte[] bytes) {
    /** The contents as a tensor. */
    public Tensor tensor(Device device) {
      return device.of(dtype, MemorySegment.ofArray(bytes), shape.dims());
    }
  }

  /**
   * Reads a file, packed or plain.
   *
   * @throws FormatException where it is no IDX file, or its size is not what its header says
   * @throws UncheckedIOException where it cannot be read
   */
  public static Contents read(Path file) {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file))) {
      long size = Files.size(file);
      raw.mark(2);
      boolean packed = raw.read() == 0x1f && raw.read() == 0x8b;
      raw.reset();
      try (InputStream in = packed ? new GZIPInputStream(raw) : raw) {
        return parse(in, file, packed ? Math.multiplyExact(size, MAX_EXPANSION) : size);
      }
    } catch (NoSuchFileException e) {
      throw new UncheckedIOException("idx: " + file + " is not there; check the path", e);
    } catch (EOFException e) {
      throw new FormatException("idx: " + file + " ends too early; it is damaged, fetch it again", e);
    } catch (ZipException e) {
      throw new FormatException("idx: " + file + " is a damaged gzip file: " + e.getMessage()
          + "; fetch it again", e);
    } catch (IOException e) {
      throw new UncheckedIOException("idx: " + file + " cannot be read", e);
    }
  }

  private static Contents parse(InputStream in, Path file, long limit) throws IOException {
    byte[] magic = exactly(in, 4, file);
    if (magic[0] != 0 || magic[1] != 0) {
      throw new FormatException("idx: " + file + " is no IDX file: it does not begin with two zero bytes");
    }
    DType dtype = dtype(magic[2] & 0xff, file);
    int rank = magic[3] & 0xff;
    ByteBuffer header = ByteBuffer.wrap(exactly(in, 4 * rank, file));
    long[] dims = new long[rank];
    long bytes = dtype.byteSize();
    for (int i = 0; i < rank; i++) {
      dims[i] = Integer.toUnsignedLong(header.getInt());
      bytes =
          Math.multiplyHigh(bytes, dims[i]) == 0 && bytes * dims[i] >= 0 ? bytes * dims[i] : Long.MAX_VALUE;
    }
    String claim = "idx: " + file + " claims " + dtype + Arrays.toString(dims);
    if (bytes > Integer.MAX_VALUE - 8 || bytes > limit) {
      throw new FormatException(claim + ", more than its " + Files.size(file)
          + " bytes can hold; it is damaged");
    }
    // Grows with what is read, so a packed file that claims too much costs no more than it holds.
    byte[] elements = in.readNBytes((int) bytes);
    if (elements.length < bytes) {
      throw new FormatException(claim + " but holds only " + elements.length + " of " + bytes
          + " bytes; it is damaged");
    }
    if (in.read() >= 0) {
      throw new FormatException(claim + " but goes on behind these " + bytes + " bytes; it is damaged");
    }
    return new Contents(dtype, Shape.of(dims), nativeOrder(elements, dtype.byteSize()));
  }

  private static byte[] exactly(InputStream in, int count, Path file) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new FormatException("idx: " + file + " ends within its header; it is no IDX file, or damaged");
    }
    return bytes;
  }

  private static DType dtype(int code, Path file) {
    return switch (code) {
      case 0x08 -> DType.U8;
      case 0x09 -> DType.I8;
      case 0x0b -> DType.I16;
      case 0x0c -> DType.I32;
      case 0x0d -> DType.F32;
      case 0x0e -> DType.F64;
      default ->
          throw new FormatException(
              "idx: " + file + " has element type 0x" + Integer.toHexString(code)
                  + "; IDX knows 0x8, 0x9 and 0xb to 0xe");
    };
  }

  private static byte[] nativeOrder(byte[] bytes, int size) {
    if (size > 1 && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      for (int i = 0; i < bytes.length; i += size) {
        for (int a = i, b = i + size - 1; a < b; a++, b--) {
          byte swapped = bytes[a];
          bytes[a] = bytes[b];
          bytes[b] = swapped;
        }
      }
    }
    return bytes;
  }
}
