package dev.tenzan.io;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.error.FormatException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * NumPy's npy files: one array in each. Formats 1.0 to 3.0 are read, of either byte order and either element order; arrays are
 * written in native byte order and row-major order.
 *
 * <p>The dtypes are f64, f32, f16, i64, i32, i16, i8, u8 and bool. A file that claims more than it holds is refused before anything
 * is allocated for it.
 */
public final class Npy {
  private Npy() {}

  /** Reads a file to the default device; see {@link #read(Path, Device)}. */
  public static Tensor read(Path file) {
    return read(file, Devices.current());
  }

  /**
   * Reads a file.
   *
   * @throws FormatException where the file is damaged, or has a dtype without counterpart
   * @throws dev.tenzan.error.TenzanException where the file cannot be read
   */
  public static Tensor read(Path file, Device device) {
    String what = "npy: " + file;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = FileData.map("npy", file, arena);
      NpyHeader header = NpyHeader.read(what, data.byteSize(), NpyHeader.of(data));
      requireSize(what, header, data.byteSize());
      return tensor(what, header, data.asSlice(header.offset()), device, arena);
    } catch (IOException e) {
      throw FileData.unreadable("npy", file, e);
    }
  }

  /** Checks the header's claim against the number of bytes that there are, header included. */
  static void requireSize(String what, NpyHeader header, long available) {
    long follow = available - header.offset();
    if (header.byteSize() != follow) {
      throw new FormatException(
          what + ": " + header.dtype() + Arrays.toString(header.dims()) + " needs " + header.byteSize()
              + " bytes, " + follow + " follow the header; the file is "
              + (follow < header.byteSize() ? "truncated" : "damaged or holds several arrays, save one in each file"));
    }
  }

  /** The tensor of a header and its elements. A column-major array is its transpose, seen transposed. */
  static Tensor tensor(String what, NpyHeader header, MemorySegment data, Device device, Arena arena) {
    MemorySegment elements = FileData.toNative(data, header.dtype(), header.order(), arena);
    FileData.checkBools(what, header.dtype(), elements);
    long[] dims = header.dims();
    if (!header.fortran()) {
      return device.of(header.dtype(), elements, dims);
    }
    long[] reversed = new long[dims.length];
    for (int i = 0; i < dims.length; i++) {
      reversed[i] = dims[dims.length - 1 - i];
    }
    try (Tensor transposed = device.of(header.dtype(), elements, reversed)) {
      return transposed.transpose();
    }
  }

  /**
   * Writes a tensor; a file that is there is replaced as a whole, or left as it is where writing fails.
   *
   * @throws dev.tenzan.error.DTypeException where the dtype is bf16, which npy does not have
   * @throws dev.tenzan.error.TenzanException where the file cannot be written
   */
  public static void write(Path file, Tensor tensor) {
    byte[] header = NpyHeader.write(tensor.dtype(), tensor.shape());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = FileData.elements("npy", tensor, arena);
      FileData.write(
          "npy",
          file,
          channel -> {
            FileData.writeAll(channel, MemorySegment.ofArray(header));
            FileData.writeAll(channel, data);
          });
    }
  }
}
