package dev.tenzan.cuda.vendor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cuda.vendor.LtShape.Side;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of a library of C that stands in for NVIDIA's ({@code libcublaslt.c}) and works on the host's memory. */
class CublasLtTest {
  private static final long WORKSPACE = 4096;
  private static final long STREAM = 4711;
  private static final Arena ARENA = Arena.ofShared();

  @TempDir static Path folder;
  private static LtLibrary library;
  private static SymbolLookup symbols;

  @BeforeAll
  static void load() throws IOException, InterruptedException {
    Path file = StandIn.cublasLt(folder);
    Found<LtLibrary> found = LtLibrary.SEARCH.search(file.toString(), LibrarySearch.folders());
    library = Objects.requireNonNull(found.library(), found.text());
    symbols = SymbolLookup.libraryLookup(file, Arena.global());
  }

  @AfterAll
  static void free() {
    ARENA.close();
  }

  private static int count(String name) {
    return symbols.findOrThrow(name).reinterpret(4).get(ValueLayout.JAVA_INT, 0);
  }

  private static double get(MemorySegment s, DType t, long i) {
    return switch (t) {
      case F32 -> s.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      case F64 -> s.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
      case F16 -> Float.float16ToFloat(s.getAtIndex(ValueLayout.JAVA_SHORT, i));
      default -> Float.intBitsToFloat(s.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
    };
  }

  private static void set(MemorySegment s, DType t, long i, float v) {
    switch (t) {
      case F32 -> s.setAtIndex(ValueLayout.JAVA_FLOAT, i, v);
      case F64 -> s.setAtIndex(ValueLayout.JAVA_DOUBLE, i, v);
      case F16 -> s.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(v));
      default -> s.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToIntBits(v) >> 16));
    }
  }

  /** Small integers, so that products are exact in every type. */
  private static MemorySegment numbers(Arena arena, Random random, DType t, long size) {
    MemorySegment s = arena.allocate(size * t.byteSize(), 256);
    for (long i = 0; i < size; i++) {
      set(s, t, i, random.nextInt(-3, 4));
    }
    return s;
  }

  /** Addresses of matrices by rows or by columns, with gaps, one for all products or one for each. */
  private static Affine affine(Random random, Shape batch, long rows, long columns) {
    boolean transposed = random.nextBoolean();
    long ld = (transposed ? rows : columns) + random.nextInt(3);
    long stride = random.nextInt(4) == 0 ? 0 : ld * (transposed ? columns : rows) + random.nextInt(2) * 5;
    long[] strides = new long[batch.rank() + 2];
    for (int d = batch.rank() - 1; d >= 0; d--) {
      strides[d] = stride;
      stride *= batch.dim(d);
    }
    strides[batch.rank()] = transposed ? 1 : ld;
    strides[batch.rank() + 1] = transposed ? ld : 1;
    return new Affine(random.nextInt(4), strides);
  }

  private static void check(CublasLt lt, Random random, DType t, Shape batch, String what) {
    long m = random.nextInt(1, 9);
    long n = random.nextInt(1, 9);
    long k = random.nextInt(1, 9);
    Affine a = affine(random, batch, m, k);
    Affine b = affine(random, batch, k, n);
    MatMulKernel kernel = new MatMulKernel(t, t, batch, m, n, k, a, b);
    LtShape shape = LtShape.of(kernel).orElseThrow();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = numbers(arena, random, t, a.max(batch.concat(Shape.of(m, k))) + 1);
      MemorySegment y = numbers(arena, random, t, b.max(batch.concat(Shape.of(k, n))) + 1);
      MemorySegment d = numbers(arena, random, t, batch.size() * m * n + 1);
      set(d, t, batch.size() * m * n, 99);
      long bytes = t.byteSize();
      assertTrue(lt.matmul(shape, x.address() + a.offset() * bytes, y.address() + b.offset() * bytes, d.address(), STREAM));
      long[] firstA = a.values(batch);
      long[] firstB = b.values(batch);
      for (int p = 0; p < firstA.length; p++) {
        for (long i = 0; i < m; i++) {
          for (long j = 0; j < n; j++) {
            double sum = 0;
            for (long l = 0; l < k; l++) {
              sum +=
                  get(x, t, firstA[p] + i * a.stride(batch.rank()) + l * a.stride(batch.rank() + 1))
                      * get(y, t, firstB[p] + l * b.stride(batch.rank()) + j * b.stride(batch.rank() + 1));
            }
            assertEquals(sum, get(d, t, (p * m + i) * n + j), what + " " + kernel + " at " + p + ", " + i + ", " + j);
          }
        }
      }
      assertEquals(99, get(d, t, batch.size() * m * n), "beyond the end");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F64", "F16", "BF16"})
  void multipliesMatricesOfAnyLayout(DType t) {
    Shape[] batches = {Shape.of(), Shape.of(3), Shape.of(2, 1, 3)};
    try (CublasLt lt = new CublasLt(library, WORKSPACE)) {
      for (int seed = 0; seed < 300; seed++) {
        check(lt, new Random(seed), t, batches[seed % batches.length], "seed " + seed);
      }
    }
    assertEquals(0, count("live"));
  }

  private static LtShape square(long n) {
    return new LtShape(DType.F32, n, n, n, 1, new Side(false, n, 0), new Side(false, n, 0));
  }

  private static final MemorySegment MATRIX = ARENA.allocate(4 * 80 * 80 + 256, 256);

  private static boolean square(CublasLt lt, long n, long shift) {
    return lt.matmul(square(n), MATRIX.address() + shift, MATRIX.address(), MATRIX.address(), STREAM);
  }

  @Test
  void asksOnceForAShapeAndAlignment() {
    try (CublasLt lt = new CublasLt(library, WORKSPACE)) {
      int before = count("heuristics");
      for (int i = 0; i < 3; i++) {
        assertTrue(square(lt, 4, 0));
        assertTrue(square(lt, 5, 0));
      }
      assertEquals(2, count("heuristics") - before);
      assertTrue(square(lt, 5, 16));
      assertEquals(3, count("heuristics") - before);
      assertTrue(square(lt, 5, 48)); // as aligned as 16
      assertEquals(3, count("heuristics") - before);
    }
  }

  @Test
  void keepsTheLatestPlansOnly() {
    try (CublasLt lt = new CublasLt(library, WORKSPACE, 3)) {
      int before = count("heuristics");
      for (int n = 1; n <= 9; n++) {
        assertTrue(square(lt, n, 0));
        assertTrue(square(lt, 1, 0));
      }
      assertEquals(9, count("heuristics") - before);
      assertEquals(1 + 3 * 4, count("live"), "the handle, and four descriptors for each of three plans");
      assertTrue(square(lt, 2, 0));
      assertEquals(10, count("heuristics") - before);
    }
    assertEquals(0, count("live"));
  }

  @Test
  void saysWhereTheLibraryHasNoAlgorithm() {
    try (CublasLt lt = new CublasLt(library, WORKSPACE)) {
      int before = count("heuristics");
      assertFalse(square(lt, 77, 0));
      assertFalse(square(lt, 78, 0));
      assertFalse(square(lt, 77, 0));
      assertEquals(2, count("heuristics") - before);
      assertEquals(1, count("live"), "nothing but the handle");
      assertTrue(square(lt, 79, 0));
    }
  }

  @Test
  void namesTheCallThatFailed() {
    CublasLt lt = new CublasLt(library, WORKSPACE);
    long at = MATRIX.address();
    LibraryError e = assertThrows(LibraryError.class, () -> lt.matmul(square(4), at, at, at, 0));
    assertEquals("cublasLtMatmul failed with CUBLAS_STATUS_EXECUTION_FAILED (13)", e.getMessage());
    assertEquals("cublasLtMatmul", e.call());
    assertEquals(13, e.status());
    LtShape overlapping = new LtShape(DType.F32, 4, 4, 4, 1, new Side(false, 3, 0), new Side(false, 4, 0));
    e = assertThrows(LibraryError.class, () -> lt.matmul(overlapping, at, at, at, STREAM));
    assertEquals("cublasLtMatmulAlgoGetHeuristic failed with CUBLAS_STATUS_INVALID_VALUE (7)", e.getMessage());
    assertEquals(1 + 4, count("live"), "what the failed call made is destroyed");
    lt.close();
    lt.close();
    assertEquals(0, count("live"));
    assertThrows(IllegalStateException.class, () -> square(lt, 4, 0));
  }
}
