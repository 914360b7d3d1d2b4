package dev.tenzan.bench.measure;

import static dev.tenzan.bench.measure.Natives.call;
import static dev.tenzan.bench.measure.Natives.function;
import static dev.tenzan.bench.measure.Natives.library;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The system's OpenBLAS, called through the Foreign Function and Memory API, as the peer of the matmul rows. */
public final class OpenBlas implements Gemm {
  /** What to tell where it is not installed. */
  public static final String REMEDY =
      "OpenBLAS was not found, so the matmul rows stand alone; to compare, install it (Debian: apt-get install"
          + " libopenblas0-pthread)";

  private static final String LIBRARY = "openblas";
  private static final List<String> NAMES =
      List.of("libopenblas.so.0", "libopenblas.so", "libopenblas.0.dylib", "libopenblas.dylib", "libopenblas.dll");
  private static final String CORE_TYPE = "OPENBLAS_CORETYPE";

  /** Variables that make the library choose other kernels than those made for this processor. */
  private static final List<String> HANDICAPS = List.of(CORE_TYPE, "OPENBLAS_L2_SIZE");

  /** Core types whose kernels have the vectors of AVX2. */
  private static final Set<String> WITH_AVX2 = Set.of("haswell", "zen");

  private static final int AVX2_BITS = 256;

  private static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;

  private final MethodHandle sgemm;
  private final MethodHandle dgemm;
  private final MethodHandle setThreads;
  private final MethodHandle getThreads;
  private final String config;

  private OpenBlas(SymbolLookup library) {
    this.sgemm = gemm(library, "cblas_sgemm", ValueLayout.JAVA_FLOAT);
    this.dgemm = gemm(library, "cblas_dgemm", ValueLayout.JAVA_DOUBLE);
    this.setThreads = function(library, "openblas_set_num_threads", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
    this.getThreads = function(library, "openblas_get_num_threads", FunctionDescriptor.of(ValueLayout.JAVA_INT));
    this.config = text(library, "openblas_get_config") + " on " + text(library, "openblas_get_corename");
  }

  /**
   * Loads the library, at its best: variables of the environment that choose slower kernels are {@linkplain #setAside set aside}. Empty
   * where it is not installed or lacks a function.
   */
  public static Optional<OpenBlas> load() {
    setAsideHandicaps();
    try {
      return library(NAMES).map(OpenBlas::new);
    } catch (NoSuchElementException e) {
      return Optional.empty(); // a library of this name, but without OpenBLAS's own functions
    }
  }

  /**
   * What of the environment was set aside, for example {@code OPENBLAS_CORETYPE=Haswell}; empty where nothing was. Where the JVM is held to AVX2
   * ({@code -XX:UseAVX=2}), the library may be held to it too.
   */
  public static String setAside() {
    return handicaps().map(v -> v + "=" + System.getenv(v)).collect(Collectors.joining(" "));
  }

  private static Stream<String> handicaps() {
    // Where no variable is set, a program that only wants a product does not load the Vector API.
    return HANDICAPS.stream()
        .filter(v -> System.getenv(v) != null)
        .filter(v -> isHandicap(v, System.getenv(v), Machine.hasVectorApi() ? FmaPeak.vectorBits() : 0));
  }

  /**
   * Whether a variable lets the library compute with less than Tenzan has.
   *
   * @param value its value
   * @param vectorBits the bits of the JVM's widest vector; 0 without the Vector API
   */
  static boolean isHandicap(String variable, String value, int vectorBits) {
    boolean asLong = variable.equals(CORE_TYPE) && WITH_AVX2.contains(value.toLowerCase(Locale.ROOT)) && vectorBits == AVX2_BITS;
    return !asLong;
  }

  /**
   * Removes the variables that choose slower kernels from the environment that libraries see when they are loaded; Java's own copy
   * of it stays as it was.
   */
  public static void setAsideHandicaps() {
    Optional<MemorySegment> unsetenv = Linker.nativeLinker().defaultLookup().find("unsetenv");
    List<String> found = handicaps().toList();
    if (unsetenv.isPresent() && !found.isEmpty()) {
      var signature = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
      MethodHandle function = Linker.nativeLinker().downcallHandle(unsetenv.get(), signature);
      try (Arena arena = Arena.ofConfined()) {
        for (String variable : found) {
          int _ = call(LIBRARY, () -> (int) function.invokeExact(arena.allocateFrom(variable)));
        }
      }
    }
  }

  /** The library's own description of its build and of the processor that it chose kernels for. */
  public String config() {
    return config;
  }

  /** Sets the number of threads and returns the number in effect: 1 for a build without threads. */
  public int threads(int n) {
    return call(
        LIBRARY,
        () -> {
          setThreads.invokeExact(n);
          return (int) getThreads.invokeExact();
        });
  }

  @Override
  public String name() {
    return "OpenBLAS";
  }

  @Override
  public String description() {
    int inEffect = call(LIBRARY, () -> (int) getThreads.invokeExact());
    return config + ", " + inEffect + (inEffect == 1 ? " thread" : " threads")
        + (setAside().isEmpty() ? "" : "; set aside, because it slows it down: " + setAside());
  }

  @Override
  public Product open(int n, boolean wide, MemorySegment a, MemorySegment b) {
    return new Multiplication(n, wide, a, b);
  }

  private final class Multiplication implements Product {
    private final Arena arena = Arena.ofShared();
    private final int n;
    private final boolean wide;
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment c;

    Multiplication(int n, boolean wide, MemorySegment a, MemorySegment b) {
      this.n = n;
      this.wide = wide;
      this.a = a;
      this.b = b;
      this.c = arena.allocate(a.byteSize(), 64);
    }

    @Override
    public void run() {
      int t = NO_TRANSPOSE;
      int _ =
          call(
              LIBRARY,
              () -> {
                if (wide) {
                  dgemm.invokeExact(ROW_MAJOR, t, t, n, n, n, 1.0, a, n, b, n, 0.0, c, n);
                } else {
                  sgemm.invokeExact(ROW_MAJOR, t, t, n, n, n, 1.0f, a, n, b, n, 0.0f, c, n);
                }
                return 0;
              });
    }

    @Override
    public MemorySegment result() {
      return c;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  private static MethodHandle gemm(SymbolLookup library, String name, ValueLayout scalar) {
    ValueLayout i = ValueLayout.JAVA_INT;
    ValueLayout p = ValueLayout.ADDRESS;
    return function(library, name, FunctionDescriptor.ofVoid(i, i, i, i, i, i, scalar, p, i, p, i, scalar, p, i));
  }

  private static String text(SymbolLookup library, String name) {
    MethodHandle function = function(library, name, FunctionDescriptor.of(ValueLayout.ADDRESS));
    return call(LIBRARY, () -> ((MemorySegment) function.invokeExact()).reinterpret(256).getString(0).strip());
  }
}
