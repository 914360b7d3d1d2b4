package dev.tenzan.cuda.vendor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tenzan.cuda.vendor.LibrarySearch.Call;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** NVIDIA's cuBLASLt, loaded: the functions that {@link CublasLt} calls. */
public final class LtLibrary {
  /** The system property with the library's file; {@code off} leaves it out. */
  public static final String PROPERTY = "tenzan.cuda.cublaslt";

  /** The versions whose calls and values are those of this class, the newest first. */
  static final LibrarySearch<LtLibrary> SEARCH =
      searchFor(List.of("libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11", "libcublasLt.so"));

  private static final class Once {
    static final Found<LtLibrary> FOUND = SEARCH.search(System.getProperty(PROPERTY), LibrarySearch.folders());
  }

  static final int SUCCESS = 0;
  static final int NOT_SUPPORTED = 15;

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

  private LtLibrary(String file, SymbolLookup symbols) {
    this.file = file;
    this.version = LibrarySearch.number(symbols, "cublasLtGetVersion");
    this.create = Call.of(symbols, "cublasLtCreate", ADDRESS);
    this.destroy = Call.of(symbols, "cublasLtDestroy", ADDRESS);
    this.descCreate = Call.of(symbols, "cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT);
    this.descSet = Call.of(symbols, "cublasLtMatmulDescSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
    this.descDestroy = Call.of(symbols, "cublasLtMatmulDescDestroy", ADDRESS);
    this.layoutCreate = Call.of(symbols, "cublasLtMatrixLayoutCreate", ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    this.layoutSet = Call.of(symbols, "cublasLtMatrixLayoutSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
    this.layoutDestroy = Call.of(symbols, "cublasLtMatrixLayoutDestroy", ADDRESS);
    this.preferenceCreate = Call.of(symbols, "cublasLtMatmulPreferenceCreate", ADDRESS);
    this.preferenceSet = Call.of(symbols, "cublasLtMatmulPreferenceSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
    this.preferenceDestroy = Call.of(symbols, "cublasLtMatmulPreferenceDestroy", ADDRESS);
    this.heuristic =
        Call.of(
            symbols, "cublasLtMatmulAlgoGetHeuristic", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_INT,
            ADDRESS, ADDRESS);
    this.matmul =
        Call.of(
                symbols, "cublasLtMatmul", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG,
                ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG)
            .handle();
  }

  static LibrarySearch<LtLibrary> searchFor(List<String> names) {
    return new LibrarySearch<>("cuBLASLt", PROPERTY, names, LtLibrary::new, l -> "cuBLASLt " + l.version() + " (" + l.file + ")");
  }

  /** Looks for the library, the first time. */
  public static Found<LtLibrary> find() {
    return Once.FOUND;
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

  /** Calls a function. */
  static void checked(Call call, Object... arguments) {
    int status = call.status(arguments);
    if (status != SUCCESS) {
      throw error(call.name(), status);
    }
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

  /** The error of a call that gave a {@code cublasStatus_t}. */
  static LibraryError error(String call, int status) {
    return new LibraryError(call, status, name(status), SEARCH.remedy());
  }

  private static String name(int status) {
    return switch (status) {
      case SUCCESS -> "CUBLAS_STATUS_SUCCESS";
      case 1 -> "CUBLAS_STATUS_NOT_INITIALIZED";
      case 3 -> "CUBLAS_STATUS_ALLOC_FAILED";
      case 7 -> "CUBLAS_STATUS_INVALID_VALUE";
      case 8 -> "CUBLAS_STATUS_ARCH_MISMATCH";
      case 11 -> "CUBLAS_STATUS_MAPPING_ERROR";
      case 13 -> "CUBLAS_STATUS_EXECUTION_FAILED";
      case 14 -> "CUBLAS_STATUS_INTERNAL_ERROR";
      case NOT_SUPPORTED -> "CUBLAS_STATUS_NOT_SUPPORTED";
      case 16 -> "CUBLAS_STATUS_LICENSE_ERROR";
      default -> "an unknown status";
    };
  }
}
