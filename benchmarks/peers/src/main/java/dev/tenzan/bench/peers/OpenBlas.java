package dev.tenzan.bench.peers;

import static dev.tenzan.bench.measure.Natives.call;

import dev.tenzan.bench.compare.HostArray;
import dev.tenzan.bench.compare.Library;
import dev.tenzan.bench.compare.MatMul;
import dev.tenzan.bench.compare.Task;
import dev.tenzan.bench.compare.Transpose;
import dev.tenzan.bench.compare.Work;
import dev.tenzan.bench.measure.Natives;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * OpenBLAS, called through the Foreign Function and Memory API. Its functions write into arrays of the caller's, so the result's
 * memory is allocated once, and its runs are spared what the others' runs do.
 */
public final class OpenBlas implements Library {
  private static final String LIBRARY = "OpenBLAS";
  private static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;
  private static final int TRANSPOSE = 112;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE;
  private static final MemoryLayout POINTER = ValueLayout.ADDRESS;
  private static final long CACHE_LINE = 64;

  /** Below about this many multiplications, version 0.3.31's function for batches crashes. */
  private static final long SMALL_BATCHED = 1_000_000;

  private @Nullable SymbolLookup library;

  @Override
  public String name() {
    return LIBRARY;
  }

  /** Loads the library. */
  static SymbolLookup load() {
    dev.tenzan.bench.measure.OpenBlas.setAsideHandicaps();
    return SymbolLookup.libraryLookup(file(), Arena.global());
  }

  @Override
  public String start(int threads) {
    SymbolLookup found = load();
    library = found;
    MethodHandle setThreads = Natives.function(found, "openblas_set_num_threads", FunctionDescriptor.ofVoid(INT));
    MethodHandle getThreads = Natives.function(found, "openblas_get_num_threads", FunctionDescriptor.of(INT));
    int inEffect =
        call(LIBRARY, () -> {
          setThreads.invokeExact(threads);
          return (int) getThreads.invokeExact();
        });
    String setAside = dev.tenzan.bench.measure.OpenBlas.setAside();
    return text(found, "openblas_get_config") + " on " + text(found, "openblas_get_corename") + ", " + inEffect
        + (inEffect == 1 ? " thread" : " threads")
        + (setAside.isEmpty() ? "" : "; set aside, because it slows it down: " + setAside);
  }

  private static String text(SymbolLookup library, String name) {
    MethodHandle function = Natives.function(library, name, FunctionDescriptor.of(ValueLayout.ADDRESS));
    return call(LIBRARY, () -> ((MemorySegment) function.invokeExact()).reinterpret(256).getString(0).strip());
  }

  /** The build puts the library into a folder beside the jar or the classes. */
  private static Path file() {
    try {
      Path classes = Path.of(OpenBlas.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path file = classes.resolveSibling("natives").resolve("libopenblas.so.0");
      if (!Files.exists(file)) {
        throw new IllegalStateException("there is no file " + file + "; build with -Ppeers");
      }
      return file;
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Optional<String> firstProgram() {
    return Optional.of(OpenBlasFirst.class.getName());
  }

  @Override
  public Optional<Task> open(Work work, List<HostArray> inputs) {
    SymbolLookup l = Objects.requireNonNull(library, "not started");
    return switch (work) {
      case MatMul w when w.batch() > 1 && (long) w.m() * w.k() * w.n() < SMALL_BATCHED -> Optional.empty();
      case MatMul w when w.dtype() == DType.F32 || w.dtype() == DType.F64 -> Optional.of(new Product(l, w, inputs));
      case Transpose w -> Optional.of(new TransposedCopy(l, w, inputs));
      default -> Optional.empty();
    };
  }

  /** A call with its operands outside the heap. */
  private abstract static class Call implements Task {
    private final Arena arena = Arena.ofShared();
    private final boolean wide;
    private final int size;
    final List<MemorySegment> operands = new ArrayList<>();
    final MemorySegment result;

    Call(List<HostArray> inputs, int size) {
      this.size = size;
      this.wide = inputs.getFirst().dtype() == DType.F64;
      for (HostArray a : inputs) {
        MemorySegment from = wide ? MemorySegment.ofArray(a.doubles()) : MemorySegment.ofArray(a.floats());
        operands.add(arena.allocate(from.byteSize(), CACHE_LINE).copyFrom(from));
      }
      this.result = arena.allocate((wide ? 8L : 4L) * size, CACHE_LINE);
    }

    @Override
    public double[] result() {
      run();
      double[] values = new double[size];
      for (int i = 0; i < size; i++) {
        values[i] = wide ? result.getAtIndex(DOUBLE, i) : result.getAtIndex(FLOAT, i);
      }
      return values;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /** A product of matrices; of a row and a matrix, by the function for that; of a batch, by the one for that. */
  private static final class Product extends Call {
    private final MatMul w;
    private final boolean wide;
    private final MethodHandle function;

    Product(SymbolLookup library, MatMul w, List<HostArray> inputs) {
      super(inputs, w.batch() * w.m() * w.n());
      this.w = w;
      this.wide = w.dtype() == DType.F64;
      ValueLayout real = wide ? DOUBLE : FLOAT;
      String prefix = wide ? "cblas_d" : "cblas_s";
      if (w.batch() > 1) {
        function =
            Natives.function(
                library, prefix + "gemm_batch_strided",
                FunctionDescriptor.ofVoid(
                    INT, INT, INT, INT, INT, INT, real, POINTER, INT, INT, POINTER, INT, INT, real, POINTER, INT, INT,
                    INT));
      } else if (isRow()) {
        function =
            Natives.function(
                library, prefix + "gemv",
                FunctionDescriptor.ofVoid(INT, INT, INT, INT, real, POINTER, INT, POINTER, INT, real, POINTER, INT));
      } else {
        function =
            Natives.function(
                library, prefix + "gemm",
                FunctionDescriptor.ofVoid(
                    INT, INT, INT, INT, INT, INT, real, POINTER, INT, POINTER, INT, real, POINTER, INT));
      }
    }

    private boolean isRow() {
      return w.m() == 1 && !w.transposeB();
    }

    @Override
    public void run() {
      int _ = call(LIBRARY, () -> {
        if (wide) {
          inDoubles();
        } else {
          inFloats();
        }
        return 0;
      });
    }

    private void inFloats() throws Throwable {
      MemorySegment a = operands.get(0);
      MemorySegment b = operands.get(1);
      int transposeA = w.transposeA() ? TRANSPOSE : NO_TRANSPOSE;
      int transposeB = w.transposeB() ? TRANSPOSE : NO_TRANSPOSE;
      int m = w.m();
      int k = w.k();
      int n = w.n();
      int strideA = w.transposeA() ? m : k;
      int strideB = w.transposeB() ? k : n;
      if (w.batch() > 1) {
        function.invokeExact(
            ROW_MAJOR, transposeA, transposeB, m, n, k, 1f, a, strideA, m * k, b, strideB, k * n, 0f, result, n,
            m * n, w.batch());
      } else if (isRow()) {
        function.invokeExact(ROW_MAJOR, TRANSPOSE, k, n, 1f, b, n, a, 1, 0f, result, 1);
      } else {
        function.invokeExact(
            ROW_MAJOR, transposeA, transposeB, m, n, k, 1f, a, strideA, b, strideB, 0f, result, n);
      }
    }

    private void inDoubles() throws Throwable {
      if (w.batch() > 1 || isRow() || w.transposeA() || w.transposeB()) {
        throw new UnsupportedOperationException("only plain products in f64");
      }
      function.invokeExact(
          ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, w.m(), w.n(), w.k(), 1.0, operands.get(0), w.k(), operands.get(1), w.n(), 0.0,
          result, w.n());
    }
  }

  private static final class TransposedCopy extends Call {
    private final Transpose w;
    private final MethodHandle function;

    TransposedCopy(SymbolLookup library, Transpose w, List<HostArray> inputs) {
      super(inputs, w.rows() * w.columns());
      this.w = w;
      this.function =
          Natives.function(
              library, "cblas_somatcopy", FunctionDescriptor.ofVoid(INT, INT, INT, INT, FLOAT, POINTER, INT, POINTER, INT));
    }

    @Override
    public void run() {
      int _ = call(LIBRARY, () -> {
        function.invokeExact(
            ROW_MAJOR, TRANSPOSE, w.rows(), w.columns(), 1f, operands.getFirst(), w.columns(), result, w.rows());
        return 0;
      });
    }
  }
}
