package dev.tenzan.io;

import dev.tenzan.Tensor;
import dev.tenzan.error.FormatException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.type.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.UUID;

/** What the file formats share: mapping and writing files, checked sizes, byte order. */
final class FileData {
  /** A ByteBuffer holds at most 2^31-1 bytes, so larger segments are handed on in pieces. */
  private static final long PIECE = 1L << 24;

  private FileData() {}

  /** Writes the contents of a file. */
  interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  /** A file as read-only memory: nothing is read or allocated until it is looked at. */
  static MemorySegment map(String op, Path file, Arena arena) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (IOException e) {
      throw unreadable(op, file, e);
    }
  }

  static TenzanException unreadable(String op, Path file, IOException e) {
    return new TenzanException(op + ": cannot read " + file + ": " + reason(e) + "; check the path and its permissions", e);
  }

  private static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "there is no such file";
      case NotDirectoryException _ -> "its folder is not a folder";
      case FileAlreadyExistsException _ -> "it exists already";
      default -> String.valueOf(e.getMessage());
    };
  }

  /** Writes a file whole or not at all: the contents go to a file beside it, which then takes its place. */
  static void write(String op, Path file, Content content) {
    try {
      Path target = Files.isSymbolicLink(file) ? file.toRealPath() : file.toAbsolutePath();
      Path part = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
      try {
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
          content.writeTo(channel);
          channel.force(true);
        }
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new TenzanException(
          op + ": cannot write " + file + ": " + reason(e) + "; check the folder, its permissions and the free space", e);
    }
  }

  static void writeAll(WritableByteChannel channel, MemorySegment data) throws IOException {
    for (long at = 0; at < data.byteSize(); at += PIECE) {
      var piece = data.asSlice(at, Math.min(PIECE, data.byteSize() - at)).asByteBuffer();
      while (piece.hasRemaining()) {
        channel.write(piece);
      }
    }
  }

  /** A tensor's elements in row-major order and native byte order. */
  static MemorySegment elements(String op, Tensor t, Arena arena) {
    long size = t.dtype().byteSize();
    if (t.size() > Long.MAX_VALUE / size) {
      throw new ShapeException(op + ": " + t.dtype() + t.shape() + " has more than 2^63-1 bytes; write a slice");
    }
    MemorySegment data = arena.allocate(t.size() * size, 64);
    t.copyTo(data);
    return data;
  }

  /**
   * The number of bytes of an array, before anything is allocated for it.
   *
   * @param what the format, the file and the array, for messages
   */
  static long byteSize(String what, DType dtype, long[] dims) {
    boolean empty = Arrays.stream(dims).anyMatch(d -> d == 0);
    long bytes = dtype.byteSize();
    for (long d : dims) {
      if (d < 0) {
        throw new FormatException(
            what + ": shape " + Arrays.toString(dims) + " has a negative extent; the file is damaged");
      }
      if (!empty && (Math.multiplyHigh(bytes, d) != 0 || bytes * d < 0)) {
        throw new FormatException(
            what + ": shape " + Arrays.toString(dims) + " claims more than 2^63-1 bytes; the file is damaged");
      }
      bytes *= empty ? 1 : d;
    }
    return empty ? 0 : bytes;
  }

  /** The elements in native byte order: the same segment, or a copy with the bytes of each element reversed. */
  static MemorySegment toNative(MemorySegment data, DType dtype, ByteOrder order, Arena arena) {
    if (order == ByteOrder.nativeOrder() || dtype.byteSize() == 1 || data.byteSize() == 0) {
      return data;
    }
    MemorySegment copy = arena.allocate(data.byteSize(), 64);
    long n = data.byteSize();
    switch (dtype.byteSize()) {
      case 2 -> {
        for (long i = 0; i < n; i += 2) {
          copy.set(ValueLayout.JAVA_SHORT, i, Short.reverseBytes(data.get(ValueLayout.JAVA_SHORT_UNALIGNED, i)));
        }
      }
      case 4 -> {
        for (long i = 0; i < n; i += 4) {
          copy.set(ValueLayout.JAVA_INT, i, Integer.reverseBytes(data.get(ValueLayout.JAVA_INT_UNALIGNED, i)));
        }
      }
      case 8 -> {
        for (long i = 0; i < n; i += 8) {
          copy.set(ValueLayout.JAVA_LONG, i, Long.reverseBytes(data.get(ValueLayout.JAVA_LONG_UNALIGNED, i)));
        }
      }
      default -> throw new IllegalArgumentException("element size of " + dtype);
    }
    return copy;
  }

  /** Refuses bools that are neither 0 nor 1. */
  static void checkBools(String what, DType dtype, MemorySegment data) {
    for (long i = 0; dtype == DType.BOOL && i < data.byteSize(); i++) {
      byte v = data.get(ValueLayout.JAVA_BYTE, i);
      if ((v & ~1) != 0) {
        throw new FormatException(
            what + ": bool element " + i + " has the byte " + (v & 0xff) + "; only 0 and 1 are bools, save it as u8");
      }
    }
  }

  static void closeAll(Collection<Tensor> tensors) {
    tensors.forEach(Tensor::close);
  }
}
