package dev.tenzan.io;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.error.TenzanException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/** What the tests of the file formats share; everything runs on the reference device. */
final class IoChecks {
  static final Device D = Devices.get("reference");

  private IoChecks() {}

  static void fails(Class<? extends TenzanException> type, String part, Supplier<?> action) {
    String message = String.valueOf(assertThrows(type, action::get).getMessage());
    assertTrue(message.contains(part), message);
  }

  static byte[] bytes(Tensor t) {
    byte[] out = new byte[(int) t.size() * t.dtype().byteSize()];
    t.copyTo(MemorySegment.ofArray(out));
    return out;
  }

  static byte[] join(byte[]... parts) {
    int n = 0;
    for (byte[] p : parts) {
      n += p.length;
    }
    ByteBuffer all = ByteBuffer.allocate(n);
    for (byte[] p : parts) {
      all.put(p);
    }
    return all.array();
  }

  static byte[] ascii(String s) {
    return s.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** An npy file of format 1.0 as NumPy writes it: the header is padded to a multiple of 64 bytes. */
  static byte[] npy(String dictionary, byte[] data) {
    String text = dictionary + " ".repeat(Math.floorMod(-(10 + dictionary.length() + 1), 64)) + "\n";
    byte[] start = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length(), (byte) (text.length() >> 8)};
    return join(start, ascii(text), data);
  }

  static String dictionary(String descr, boolean fortran, String shape) {
    return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
  }
}
