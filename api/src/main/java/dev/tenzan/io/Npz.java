package dev.tenzan.io;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.FormatException;
import dev.tenzan.error.TenzanException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * NumPy's npz files: named arrays in a zip archive, each as {@link Npy} has them. Stored and deflated entries are read; entries are
 * written as {@code numpy.savez} does, stored, in the order of their names, and equal tensors give equal bytes.
 */
public final class Npz {
  private static final String SUFFIX = ".npy";

  /** Deflate codes 258 bytes in two bits at best, so no entry unpacks to more than this many times its size. */
  private static final long MAX_EXPANSION = 1032;

  private static final int MAX_NAME_BYTES = 0xffff;

  private Npz() {}

  /** Reads a file to the default device; see {@link #read(Path, Device)}. */
  public static Map<String, Tensor> read(Path file) {
    return read(file, Devices.current());
  }

  /**
   * Reads all arrays of a file, in the file's order; names are without {@code .npy}. Where one cannot be read, none is kept.
   *
   * @throws FormatException where the file is damaged, or has a dtype without counterpart
   * @throws TenzanException where the file cannot be read
   */
  public static Map<String, Tensor> read(Path file, Device device) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    boolean done = false;
    try (ZipFile zip = open(file)) {
      long fileSize = Files.size(file);
      for (ZipEntry entry : Collections.list(zip.entries())) {
        String what = "npz: " + file + ": " + entry.getName();
        if (!entry.getName().endsWith(SUFFIX)) {
          throw new FormatException(what + ": only arrays, named *.npy, are expected; remove it from the archive");
        }
        String name = entry.getName().substring(0, entry.getName().length() - SUFFIX.length());
        if (tensors.containsKey(name)) {
          throw new FormatException(what + ": the name appears twice; the file is damaged");
        }
        tensors.put(name, read(what, zip, entry, fileSize, device));
      }
      done = true;
      return Collections.unmodifiableMap(tensors);
    } catch (ZipException | EOFException e) {
      throw new FormatException("npz: " + file + ": " + e.getMessage() + "; it is no zip archive or damaged", e);
    } catch (IOException e) {
      throw FileData.unreadable("npz", file, e);
    } finally {
      if (!done) {
        FileData.closeAll(tensors.values());
      }
    }
  }

  private static ZipFile open(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException("it is a folder");
    }
    return new ZipFile(file.toFile());
  }

  private static Tensor read(String what, ZipFile zip, ZipEntry entry, long fileSize, Device device) throws IOException {
    long packed = entry.getCompressedSize();
    long size = entry.getSize();
    boolean stored = entry.getMethod() == ZipEntry.STORED;
    if (packed < 0 || packed > fileSize || size < 0 || size / (stored ? 1 : MAX_EXPANSION) > packed) {
      throw new FormatException(
          what + ": " + packed + " packed bytes of a file of " + fileSize + " claim to unpack to " + size
              + "; the file is damaged");
    }
    try (InputStream in = zip.getInputStream(entry);
        Arena arena = Arena.ofConfined()) {
      NpyHeader header =
          NpyHeader.read(
              what,
              size,
              n -> {
                byte[] b = in.readNBytes(n);
                if (b.length < n) {
                  throw new EOFException("the entry ends early");
                }
                return b;
              });
      Npy.requireSize(what, header, size);
      MemorySegment data = arena.allocate(header.byteSize(), 64);
      fill(what, in, data);
      return Npy.tensor(what, header, data, device, arena);
    }
  }

  private static void fill(String what, InputStream in, MemorySegment data) throws IOException {
    byte[] piece = new byte[1 << 16];
    long at = 0;
    while (at < data.byteSize()) {
      int n = in.read(piece, 0, (int) Math.min(piece.length, data.byteSize() - at));
      if (n < 0) {
        throw new FormatException(
            what + ": the entry ends after " + at + " of " + data.byteSize() + " bytes of elements; the file is truncated");
      }
      MemorySegment.copy(piece, 0, data, ValueLayout.JAVA_BYTE, at, n);
      at += n;
    }
    if (in.read() >= 0) {
      throw new FormatException(what + ": the entry unpacks to more than it claims; the file is damaged");
    }
  }

  /**
   * Writes tensors under their names; a file that is there is replaced as a whole, or left as it is where writing fails.
   *
   * @throws DTypeException where a dtype is bf16, which npy does not have
   * @throws TenzanException where a name is empty or too long, or the file cannot be written
   */
  public static void write(Path file, Map<String, Tensor> tensors) {
    for (String name : tensors.keySet()) {
      if (name.isEmpty() || (name + SUFFIX).getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
        throw new FormatException(
            "npz: " + file + ": a name of " + name.length() + " characters; give 1 to 65531 bytes in UTF-8");
      }
    }
    FileData.write(
        "npz",
        file,
        channel -> {
          OutputStream out = Channels.newOutputStream(channel);
          ZipOutputStream zip = new ZipOutputStream(out);
          zip.setMethod(ZipOutputStream.STORED);
          for (Map.Entry<String, Tensor> e : new TreeMap<>(tensors).entrySet()) {
            write(zip, e.getKey(), e.getValue());
          }
          zip.finish();
          zip.flush();
        });
  }

  private static void write(ZipOutputStream zip, String name, Tensor tensor) throws IOException {
    byte[] header = NpyHeader.write(tensor.dtype(), tensor.shape());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = FileData.elements("npz", tensor, arena);
      CRC32 crc = new CRC32();
      crc.update(header);
      byte[] piece = new byte[1 << 16];
      for (long at = 0; at < data.byteSize(); at += piece.length) {
        crc.update(piece, 0, take(data, at, piece));
      }
      ZipEntry entry = new ZipEntry(name + SUFFIX);
      entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0));
      entry.setSize(header.length + data.byteSize());
      entry.setCompressedSize(header.length + data.byteSize());
      entry.setCrc(crc.getValue());
      zip.putNextEntry(entry);
      zip.write(header);
      for (long at = 0; at < data.byteSize(); at += piece.length) {
        zip.write(piece, 0, take(data, at, piece));
      }
      zip.closeEntry();
    }
  }

  private static int take(MemorySegment data, long at, byte[] piece) {
    int n = (int) Math.min(piece.length, data.byteSize() - at);
    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at, piece, 0, n);
    return n;
  }
}
