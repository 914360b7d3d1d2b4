package dev.tenzan.opencl.program;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The OpenCL C texts that come with the backend. */
public final class Texts {
  private static final Map<String, String> TEXTS = new ConcurrentHashMap<>();

  private Texts() {}

  /** The beginning of every program; {@code doubles} tells whether it computes in double. */
  public static String prelude(boolean doubles) {
    return "#define TZ_F64 " + (doubles ? 1 : 0) + "\n" + resource("prelude.cl");
  }

  /** A text of the folder {@code dev/tenzan/opencl}. */
  public static String resource(String name) {
    return TEXTS.computeIfAbsent(name, Texts::read);
  }

  private static String read(String name) {
    try (InputStream in = Texts.class.getResourceAsStream("/dev/tenzan/opencl/" + name)) {
      if (in == null) {
        throw new IllegalStateException("opencl: the jar lacks dev/tenzan/opencl/" + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
