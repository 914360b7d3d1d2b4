package dev.tenzan.cuda.program;

import dev.tenzan.type.DType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The PTX that comes with the backend: kernels written in CUDA C ({@code src/main/cuda}), one module for each source and dtype, and for each
 * form of those that an assembler takes long for.
 */
public final class Shipped {
  private static final Map<String, KernelSource> MODULES = new ConcurrentHashMap<>();

  private Shipped() {}

  /** The kernels of a source for a dtype. */
  public static KernelSource module(String source, DType dtype) {
    return named(source + "_" + dtype.label());
  }

  /** The kernels of a source for a dtype in one of several forms. */
  public static KernelSource module(String source, DType dtype, String form) {
    return named(source + "_" + dtype.label() + "_" + form);
  }

  /** The module of a name. */
  static KernelSource named(String name) {
    return MODULES.computeIfAbsent(name, Shipped::read);
  }

  private static KernelSource read(String name) {
    try (InputStream in = Shipped.class.getResourceAsStream("/dev/tenzan/cuda/" + name + ".ptx")) {
      if (in == null) {
        throw new IllegalStateException("cuda: the jar lacks dev/tenzan/cuda/" + name + ".ptx");
      }
      return new KernelSource(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
