package dev.tenzan.bench.measure;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The system's OpenBLAS, called through the Foreign Function and Memory API, as the peer of the matmul rows. */
public final class OpenBlas {
  /** What to tell where it is not installed. */
  public static final String REMEDY =
      "OpenBLAS was not found, so the matmul rows stand alone; to compare, install it (Debian: apt-get install"
          + " libopenblas0-pthread)";

  private static final List<String> NAMES =
      List.of("libopenblas.so.0", "libopenblas.so", "libopenblas.0.dylib", "libopenblas.dylib", "libopenblas.dll");
  /** Variables that make the library choose other kernels than those made for this processor. */
  private static final List<String> HANDICAPS = List.of("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE");

  private static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;

  private final MethodHandle sgemm;
  private final MethodHandle dgemm;
  private final MethodHandle setThreads;
  private final MethodHandle getThreads;
  private final String config;

  private OpenBlas(SymbolLookup library) throws Throwable {
    this.sgemm = gemm(library, "cblas_sgemm", ValueLayout.JAVA_FLOAT);
    this.dgemm = gemm(library, "cblas_dgemm", ValueLayout.JAVA_DOUBLE);
    this.setThreads =
        handle(library, "openblas_set_num_threads", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
    this.getThreads = handle(library, "openblas_get_num_threads", FunctionDescriptor.of(ValueLayout.JAVA_INT));
    this.config = text(library, "openblas_get_config") + " on " + text(library, "openblas_get_corename");
  }

  /**
   * Loads the library, at its best: variables of the environment that choose slower kernels are set aside. Empty where it is not
   * installed or lacks a function.
   */
  public static Optional<OpenBlas> load() {
    setAsideHandicaps();
    for (String name : NAMES) {
      try {
        return Optional.of(new OpenBlas(SymbolLookup.libraryLookup(name, Arena.global())));
      } catch (VirtualMachineError e) {
        throw e;
      } catch (Throwable e) {
        // Not under this name: the next one may be there.
        continue;
      }
    }
    return Optional.empty();
  }

  /** What of the environment was set aside, for example {@code OPENBLAS_CORETYPE=Haswell}; empty where nothing was. */
  public static String setAside() {
    return HANDICAPS.stream()
        .filter(v -> System.getenv(v) != null)
        .map(v -> v + "=" + System.getenv(v))
        .collect(Collectors.joining(" "));
  }

  /** The library reads the C environment when it is loaded; Java's own copy of it stays as it was. */
  private static void setAsideHandicaps() {
    Optional<MemorySegment> unsetenv = Linker.nativeLinker().defaultLookup().find("unsetenv");
    if (unsetenv.isPresent() && !setAside().isEmpty()) {
      var signature = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
      MethodHandle function = Linker.nativeLinker().downcallHandle(unsetenv.get(), signature);
      try (Arena arena = Arena.ofConfined()) {
        for (String variable : HANDICAPS) {
          int _ = (int) function.invokeExact(arena.allocateFrom(variable));
        }
      } catch (Throwable e) {
        throw failed(e);
      }
    }
  }

  /** The library's own description of its build and of the processor that it chose kernels for. */
  public String config() {
    return config;
  }

  /** Sets the number of threads and returns the number in effect: 1 for a build without threads. */
  public int threads(int n) {
    try {
      setThreads.invokeExact(n);
      return (int) getThreads.invokeExact();
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** c = a b for square row-major f32 matrices of n rows. */
  public void sgemm(int n, MemorySegment a, MemorySegment b, MemorySegment c) {
    try {
      sgemm.invokeExact(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, n, n, n, 1.0f, a, n, b, n, 0.0f, c, n);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** c = a b for square row-major f64 matrices of n rows. */
  public void dgemm(int n, MemorySegment a, MemorySegment b, MemorySegment c) {
    try {
      dgemm.invokeExact(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, n, n, n, 1.0, a, n, b, n, 0.0, c, n);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  private static IllegalStateException failed(Throwable e) {
    return new IllegalStateException("openblas: the call failed: " + e, e);
  }

  private static MethodHandle gemm(SymbolLookup library, String name, ValueLayout scalar) {
    ValueLayout i = ValueLayout.JAVA_INT;
    ValueLayout p = ValueLayout.ADDRESS;
    return handle(library, name, FunctionDescriptor.ofVoid(i, i, i, i, i, i, scalar, p, i, p, i, scalar, p, i));
  }

  private static MethodHandle handle(SymbolLookup library, String name, FunctionDescriptor signature) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), signature);
  }

  private static String text(SymbolLookup library, String name) throws Throwable {
    MethodHandle function = handle(library, name, FunctionDescriptor.of(ValueLayout.ADDRESS));
    return ((MemorySegment) function.invokeExact()).reinterpret(256).getString(0).strip();
  }
}
