package dev.tenzan.cuda.vendor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cuda.Convolutions;
import dev.tenzan.cuda.Convolutions.Geometry;
import dev.tenzan.cuda.Convolutions.Kind;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Convolutions of a library of C that stands in for NVIDIA's ({@code libcudnn.c}) and works on the host's memory. */
class CudnnTest {
  private static final long STREAM = 4711;
  private static final int CASES = 150;

  @TempDir static Path folder;
  private static DnnLibrary library;
  private static SymbolLookup symbols;

  @BeforeAll
  static void load() throws IOException, InterruptedException {
    Path file = StandIn.cudnn(folder);
    Found<DnnLibrary> found = DnnLibrary.SEARCH.search(file.toString(), LibrarySearch.folders());
    library = Objects.requireNonNull(found.library(), found.text());
    symbols = SymbolLookup.libraryLookup(file, Arena.global());
  }

  private static int count(String name) {
    return symbols.findOrThrow(name).reinterpret(4).get(ValueLayout.JAVA_INT, 0);
  }

  private static Cudnn open() {
    return new Cudnn(library, () -> {});
  }

  private static MemorySegment copy(Arena arena, byte[] bytes) {
    return arena.allocate(bytes.length + 1L, 256).copyFrom(MemorySegment.ofArray(bytes));
  }

  /** The results in the kernel's order. */
  private static byte[] ordered(DnnShape shape, ConvolutionKernel k, byte[] results) {
    if (!shape.exchanged()) {
      return results;
    }
    int line = Math.toIntExact(k.outSpatial().size() * k.dtype().byteSize());
    int batch = Math.toIntExact(k.batch());
    int outputs = Math.toIntExact(k.outChannels());
    byte[] all = new byte[results.length];
    for (int i = 0; i < batch * outputs; i++) {
      System.arraycopy(results, (i % outputs * batch + i / outputs) * line, all, i * line, line);
    }
    return all;
  }

  private static boolean check(Cudnn dnn, ConvolutionKernel k, String what) {
    Optional<DnnShape> of = DnnShape.of(k);
    if (of.isEmpty()) {
      return false;
    }
    DnnShape shape = of.get();
    List<byte[]> operands = Convolutions.operands(k);
    try (Arena arena = Arena.ofConfined()) {
      int size = k.dtype().byteSize();
      long x = copy(arena, operands.getFirst()).address() + shape.firstOffset() * size;
      long w = copy(arena, operands.getLast()).address() + shape.secondOffset() * size;
      byte[] result = new byte[Convolutions.resultBytes(k)];
      MemorySegment y = arena.allocate(result.length, 256);
      Cudnn.Plan plan = Objects.requireNonNull(dnn.plan(shape, x, w), what);
      plan.run(x, w, y.address(), arena.allocate(plan.workspace(), 256).address(), STREAM);
      MemorySegment.copy(y, 0, MemorySegment.ofArray(result), 0, result.length);
      assertArrayEquals(Convolutions.expected(k, operands), ordered(shape, k, result), what + " " + k + " as " + shape);
    }
    return true;
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void convolvesAndTakesGradients(DType t) {
    Map<Kind, Integer> done = new EnumMap<>(Kind.class);
    try (Cudnn dnn = open()) {
      for (int seed = 0; seed < CASES; seed++) {
        Random random = new Random(seed);
        Kind kind = Kind.values()[seed % 3];
        // The gradient by the input of several groups lies as one with a stride where each has one output or one channel.
        Geometry g = Geometry.random(random, kind == Kind.BY_WEIGHTS ? 1 : 3);
        Geometry taken = kind == Kind.BY_INPUT && g.groups() > 1 ? new Geometry(g.batch(), 1, 1, g.groups(), g.axes()) : g;
        if (check(dnn, taken.kernel(kind, t, Numerics.FAST, random), "seed " + seed)) {
          done.merge(kind, 1, Integer::sum);
        }
      }
    }
    for (Kind kind : Kind.values()) {
      assertTrue(done.get(kind) > CASES / 4, done.toString());
    }
    assertEquals(0, count("live"));
  }

  private static ConvolutionKernel square(long outputs, Affine x, Affine w, long padLow, long out) {
    return new ConvolutionKernel(
        DType.F32, 2, 3, outputs, 1, Shape.of(6, 6), Shape.of(3, 3), Shape.of(out, out), List.of(1L, 1L), List.of(padLow, padLow),
        List.of(1L, 1L), List.of(1L, 1L), x, w, Numerics.FAST);
  }

  private static ConvolutionKernel square(long outputs) {
    return square(
        outputs, Convolutions.dense(0, Shape.of(2, 3, 6, 6)), Convolutions.dense(0, Shape.of(outputs, 3, 3, 3)), 1, 6);
  }

  @Test
  void leavesWhatItCannotExpress() {
    Affine x = Convolutions.dense(0, Shape.of(2, 3, 6, 6));
    Affine w = Convolutions.dense(0, Shape.of(4, 3, 3, 3));
    assertTrue(DnnShape.of(square(4, x, w, 0, 4)).isPresent());
    assertTrue(DnnShape.of(square(4, new Affine(0, 1, 2, 36, 6), w, 0, 4)).isEmpty(), "channels last");
    assertTrue(DnnShape.of(square(4, new Affine(0, 216, 36, 6, 1), w, 0, 4)).isEmpty(), "a gap between inputs");
    assertTrue(DnnShape.of(square(4, x, new Affine(0, 0, 9, 3, 1), 0, 4)).isEmpty(), "shared weights");
    assertTrue(DnnShape.of(square(4, x, new Affine(2, 27, 9, 3, -1), 0, 4)).isEmpty(), "turned along one axis");
    assertTrue(DnnShape.of(square(4, x, w, 0, 6)).isPresent(), "zeros behind alone");
    assertTrue(DnnShape.of(square(4, x, w, -1, 2)).isEmpty(), "crops, so it has gaps");
    ConvolutionKernel k = square(4);
    ConvolutionKernel whole =
        new ConvolutionKernel(
            DType.F64, k.batch(), k.inChannels(), k.outChannels(), 1, k.spatial(), k.window(), k.outSpatial(), k.stride(), k.padLow(),
            k.inputDilation(), k.windowDilation(), k.x(), k.w(), Numerics.FAST);
    assertTrue(DnnShape.of(whole).isEmpty(), "f64");
  }

  /** Weights of one element whose channels have changed places are those of a gradient, which the library takes as they lie. */
  @Test
  void exchangedChannelsOfOneElementAreAGradient() {
    ConvolutionKernel k =
        new ConvolutionKernel(
            DType.F32, 2, 3, 4, 1, Shape.of(5, 5), Shape.of(1, 1), Shape.of(5, 5), List.of(1L, 1L), List.of(0L, 0L), List.of(1L, 1L),
            List.of(1L, 1L), Convolutions.dense(0, Shape.of(2, 3, 5, 5)), new Affine(0, 1, 4, 1, 1), Numerics.FAST);
    assertEquals(DnnShape.Kind.BY_INPUT, DnnShape.of(k).orElseThrow().kind());
    try (Cudnn dnn = open()) {
      assertTrue(check(dnn, k, "exchanged"));
    }
  }

  @Test
  void asksOnceForAShapeAndAlignment() {
    DnnShape shape = DnnShape.of(square(4)).orElseThrow();
    try (Cudnn dnn = open()) {
      int before = count("questions");
      Cudnn.Plan plan = dnn.plan(shape, 256, 512);
      assertEquals(plan, dnn.plan(shape, 16, 48));
      assertEquals(1, count("questions") - before);
      assertNotNull(dnn.plan(shape, 260, 512));
      assertEquals(2, count("questions") - before);
      assertEquals(1 + 2 * 2, count("live"), "the handle, and two descriptors for each plan");
    }
    assertEquals(0, count("live"));
  }

  @Test
  void keepsTheLatestPlansOnly() {
    int[] finished = {0};
    try (Cudnn dnn = new Cudnn(library, () -> finished[0]++, 3)) {
      for (int n = 1; n <= 9; n++) {
        assertNotNull(dnn.plan(DnnShape.of(square(n)).orElseThrow(), 256, 256));
      }
      assertEquals(1 + 3 * 2, count("live"));
      assertEquals(6, finished[0], "what runs is waited for before its plan goes");
    }
    assertEquals(0, count("live"));
  }

  @Test
  void saysWhereTheLibraryHasNoEngine() {
    try (Cudnn dnn = open()) {
      int before = count("questions");
      assertNull(dnn.plan(DnnShape.of(square(77)).orElseThrow(), 256, 256));
      assertNull(dnn.plan(DnnShape.of(square(77)).orElseThrow(), 256, 256));
      assertEquals(2, count("questions") - before, "the best guesses, and the last resort, once");
      assertNull(dnn.plan(DnnShape.of(square(78)).orElseThrow(), 256, 256), "a graph that it does not take");
      assertTrue(check(dnn, square(76), "the last resort"));
      assertEquals(1 + 2, count("live"));
    }
  }

  @Test
  void namesTheCallThatFailed() {
    Cudnn dnn = open();
    DnnShape shape = DnnShape.of(square(4)).orElseThrow();
    Cudnn.Plan plan = Objects.requireNonNull(dnn.plan(shape, 256, 256));
    LibraryError e = assertThrows(LibraryError.class, () -> plan.run(256, 256, 256, 256, 0));
    assertEquals("cudnnBackendExecute failed with CUDNN_STATUS_EXECUTION_FAILED (5000)", e.getMessage());
    assertEquals("cudnnBackendExecute", e.call());
    assertEquals(5000, e.status());
    assertEquals("-Dtenzan.cuda.cudnn=off leaves cuDNN out", e.remedy());
    DnnShape wrong =
        new DnnShape(
            shape.kind(), shape.dtype(), shape.first(), shape.second(), shape.result(), false, shape.stride(), shape.dilation(),
            List.of(0L, 0L), List.of(0L, 0L), 0, 0);
    e = assertThrows(LibraryError.class, () -> dnn.plan(wrong, 256, 256));
    assertEquals("cudnnBackendFinalize failed with CUDNN_STATUS_BAD_PARAM (2000)", e.getMessage());
    assertEquals(1 + 2, count("live"), "what the failed call made is destroyed");
    dnn.close();
    dnn.close();
    assertEquals(0, count("live"));
    assertThrows(IllegalStateException.class, () -> dnn.plan(shape, 256, 256));
  }

  @Test
  void isFoundAndLeftOut() {
    String file = folder.resolve("libcudnn.so.9").toString();
    assertEquals("cuDNN 9.19.0 (" + file + ")", DnnLibrary.SEARCH.search(file, List.of()).text());
    assertEquals("cuDNN is switched off by -Dtenzan.cuda.cudnn=off", DnnLibrary.SEARCH.search("off", List.of()).text());
    assertEquals(
        "no cuDNN: looked for libcudnn-none.so in the system's library path and in " + folder + "; -Dtenzan.cuda.cudnn=FILE names one",
        DnnLibrary.searchFor(List.of("libcudnn-none.so")).search(null, List.of(folder)).text());
    assertTrue(DnnLibrary.find().text().contains("cuDNN"));
  }
}
