package dev.tenzan.cuda.vendor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** NVIDIA's cuBLASLt, loaded: the functions that {@link CublasLt} calls. */
public final class LtLibrary {
  /** The system property with the library's file; {@code off} leaves it out. */
  public static final String PROPERTY = "tenzan.cuda.cublaslt";

  /** The versions whose calls and values are those of this class, the newest first. */
  static final List<String> NAMES = List.of("libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11", "libcublasLt.so");

  /**
   * What a search found.
   *
   * @param library the library; null where there is none
   * @param text the library's version and file, or why there is none and what was looked for
   */
  public record Found(@Nullable LtLibrary library, String text) {}

  private static final class Once {
    static final Found FOUND = search(System.getProperty(PROPERTY), NAMES, folders());
  }

  private static final int SUCCESS = CublasLtError.SUCCESS;

  private final String file;
  private final long version;
  final Call create;
  final Call destroy;
  final Call descCreate;
  final Call descSet;
  final Call descDestroy;
  final Call layoutCreate;
  final Call layoutSet;
  final Call layoutDestroy;
  final Call preferenceCreate;
  final Call preferenceSet;
  final Call preferenceDestroy;
  final Call heuristic;

  /** Called for every product, so by its exact type; the others are called once for a shape. */
  private final MethodHandle matmul;

  /** A function that gives a status. */
  record Call(String name, MethodHandle handle) {
    int status(Object... arguments) {
      try {
        return (int) handle.invokeWithArguments(arguments);
      } catch (Throwable e) {
        throw new AssertionError(name + " cannot be called", e);
      }
    }

    void checked(Object... arguments) {
      int status = status(arguments);
      if (status != SUCCESS) {
        throw new CublasLtError(name, status);
      }
    }
  }

  private LtLibrary(String file, SymbolLookup symbols) {
    this.file = file;
    this.version = version(symbols);
    this.create = call(symbols, "cublasLtCreate", ADDRESS);
    this.destroy = call(symbols, "cublasLtDestroy", ADDRESS);
    this.descCreate = call(symbols, "cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT);
    this.descSet = call(symbols, "cublasLtMatmulDescSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
    this.descDestroy = call(symbols, "cublasLtMatmulDescDestroy", ADDRESS);
    this.layoutCreate = call(symbols, "cublasLtMatrixLayoutCreate", ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    this.layoutSet = call(symbols, "cublasLtMatrixLayoutSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
    this.layoutDestroy = call(symbols, "cublasLtMatrixLayoutDestroy", ADDRESS);
    this.preferenceCreate = call(symbols, "cublasLtMatmulPreferenceCreate", ADDRESS);
    this.preferenceSet = call(symbols, "cublasLtMatmulPreferenceSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
    this.preferenceDestroy = call(symbols, "cublasLtMatmulPreferenceDestroy", ADDRESS);
    this.heuristic =
        call(
            symbols, "cublasLtMatmulAlgoGetHeuristic", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_INT,
            ADDRESS, ADDRESS);
    this.matmul =
        call(
                symbols, "cublasLtMatmul", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG,
                ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG)
            .handle;
  }

  private static Call call(SymbolLookup symbols, String name, MemoryLayout... parameters) {
    FunctionDescriptor type = FunctionDescriptor.of(JAVA_INT, parameters);
    return new Call(name, Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), type));
  }

  private static long version(SymbolLookup symbols) {
    FunctionDescriptor type = FunctionDescriptor.of(JAVA_LONG);
    try {
      return (long) Linker.nativeLinker().downcallHandle(symbols.findOrThrow("cublasLtGetVersion"), type).invokeExact();
    } catch (NoSuchElementException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("cublasLtGetVersion cannot be called", e);
    }
  }

  /** The library's version. */
  public String version() {
    long scale = version < 100_000 ? 1000 : 10_000; // 11401 is 11.4.1, 120304 is 12.3.4
    return version / scale + "." + version % scale / 100 + "." + version % 100;
  }

  /** The name that it was loaded by. */
  public String file() {
    return file;
  }

  /** {@code cublasLtMatmul} with host scalars; addresses of the device are plain numbers. */
  int matmul(
      MemorySegment handle, MemorySegment desc, MemorySegment alpha, long a, MemorySegment aLayout, long b, MemorySegment bLayout,
      MemorySegment beta, long d, MemorySegment dLayout, MemorySegment algorithm, long workspace, long workspaceBytes, long stream) {
    try {
      return (int)
          matmul.invokeExact(
              handle, desc, alpha, a, aLayout, b, bLayout, beta, d, dLayout, d, dLayout, algorithm, workspace, workspaceBytes,
              stream);
    } catch (Throwable e) {
      throw new AssertionError("cublasLtMatmul cannot be called", e);
    }
  }

  /** Looks for the library, the first time; it is never unloaded. A library that is missing is no error. */
  public static Found find() {
    return Once.FOUND;
  }

  static List<Path> folders() {
    return Stream.of(System.getenv("CUDA_HOME"), System.getenv("CUDA_PATH"), "/usr/local/cuda")
        .filter(root -> root != null && !root.isBlank())
        .distinct()
        .map(root -> Path.of(root, "lib64"))
        .toList();
  }

  /**
   * Looks for the library.
   *
   * @param property a file, {@code off}, or null to search
   * @param names the names to try, by the system's own search at first
   * @param folders where to look for these names then
   */
  static Found search(@Nullable String property, List<String> names, List<Path> folders) {
    String wanted = property == null ? "" : property.strip();
    if (wanted.toLowerCase(Locale.ROOT).equals("off")) {
      return new Found(null, "cuBLASLt is switched off by -D" + PROPERTY + "=off");
    }
    Module module = LtLibrary.class.getModule();
    if (!module.isNativeAccessEnabled()) {
      String name = module.isNamed() ? module.getName() : "ALL-UNNAMED";
      return new Found(null, "cuBLASLt needs native access: start java with --enable-native-access=" + name);
    }
    return wanted.isEmpty() ? search(names, folders) : named(wanted);
  }

  private static Found named(String file) {
    Found found = load(file, true);
    return found != null ? found : new Found(null, "-D" + PROPERTY + "=" + file + " names no file that loads as a library of this system");
  }

  private static Found search(List<String> names, List<Path> folders) {
    List<String> unusable = new ArrayList<>();
    List<String> files = new ArrayList<>(names);
    folders.forEach(folder -> names.forEach(name -> files.add(folder.resolve(name).toString())));
    for (int i = 0; i < files.size(); i++) {
      Found found = load(files.get(i), i >= names.size());
      if (found != null && found.library != null) {
        return found;
      }
      if (found != null) {
        unusable.add(found.text);
      }
    }
    String text =
        "no cuBLASLt: looked for " + String.join(", ", names) + " in the system's library path"
            + (folders.isEmpty() ? "" : " and in " + String.join(", ", folders.stream().map(Path::toString).toList()))
            + "; -D" + PROPERTY + "=FILE names one";
    return new Found(null, unusable.isEmpty() ? text : String.join("; ", unusable) + "; " + text);
  }

  /** Loads a library by its path, or by a name that the system looks up; null where it cannot be opened. */
  private static @Nullable Found load(String file, boolean path) {
    SymbolLookup symbols;
    try {
      symbols = path ? SymbolLookup.libraryLookup(Path.of(file), Arena.global()) : SymbolLookup.libraryLookup(file, Arena.global());
    } catch (IllegalArgumentException e) {
      return null;
    }
    try {
      LtLibrary library = new LtLibrary(file, symbols);
      return new Found(library, "cuBLASLt " + library.version() + " (" + file + ")");
    } catch (NoSuchElementException e) {
      return new Found(null, file + " is no cuBLASLt that can be used: " + e.getMessage());
    }
  }
}
