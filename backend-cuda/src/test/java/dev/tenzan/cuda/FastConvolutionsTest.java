package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cuda.Convolutions.Geometry;
import dev.tenzan.cuda.Convolutions.Kind;
import dev.tenzan.cuda.vendor.DnnLibrary;
import dev.tenzan.cuda.vendor.Found;
import dev.tenzan.cuda.vendor.Libraries;
import dev.tenzan.cuda.vendor.StandIn;
import dev.tenzan.error.DeviceException;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Convolutions in the fast mode of a backend: those of a library in NVIDIA's place, and what it leaves to our own kernels. */
class FastConvolutionsTest {
  private static final long STREAM = 4711;

  @TempDir static Path folder;

  private static FakeDriver ampere(long stream) {
    FakeDriver driver = new FakeDriver();
    driver.devices = List.of(FakeDriver.facts("fake", 8, 0, true));
    driver.streamHandle = stream;
    return driver;
  }

  private static CudaBackend backend(FakeDriver driver, Supplier<Found<DnnLibrary>> search) {
    return new CudaBackend(driver, "cuda", null, new Libraries(Libraries.NONE.products(), search));
  }

  private static Geometry geometry(long outputs) {
    return new Geometry(2, 3, outputs, 1, List.of(new long[] {9, 3, 2, 1, 1, 1}, new long[] {8, 2, 1, 0, 1, 2}));
  }

  private static ConvolutionKernel kernel(Kind kind, DType t, long outputs) {
    return geometry(outputs).kernel(kind, t, Numerics.FAST, new Random(5));
  }

  @Test
  void theLibraryConvolves() throws IOException, InterruptedException {
    Found<DnnLibrary> found = StandIn.foundCudnn(folder);
    FakeDriver driver = ampere(STREAM);
    try (CudaBackend b = backend(driver, () -> found)) {
      assertEquals(found.text(), b.devices().getFirst().properties().get("cuDNN"));
      for (DType t : List.of(DType.F32, DType.F16, DType.BF16)) {
        for (Kind kind : List.of(Kind.FORWARD, Kind.BY_INPUT)) {
          ConvolutionKernel k = kernel(kind, t, 4);
          List<byte[]> operands = Convolutions.operands(k);
          assertArrayEquals(Convolutions.expected(k, operands), Convolutions.run(b, k, operands), k.toString());
        }
      }
      assertEquals(List.of(), driver.loadedText, "no kernels of our own");
    }
    assertEquals(driver.created, driver.released);
  }

  /** The gradient by the weights comes with its first axes exchanged, in memory of its own; one launch puts it in order. */
  @Test
  void aGradientByWeightsIsPutInOrder() throws IOException, InterruptedException {
    Found<DnnLibrary> found = StandIn.foundCudnn(folder);
    FakeDriver driver = ampere(STREAM);
    ConvolutionKernel k = kernel(Kind.BY_WEIGHTS, DType.F32, 4);
    List<byte[]> operands = Convolutions.operands(k);
    byte[] expected = Convolutions.expected(k, operands);
    int line = Math.toIntExact(k.outSpatial().size() * 4);
    try (CudaBackend b = backend(driver, () -> found)) {
      Convolutions.run(b, k, operands);
      assertEquals(1, driver.launched.size());
      long from = driver.launched.getFirst()[0];
      MemorySegment given = MemorySegment.ofAddress(from).reinterpret(expected.length);
      for (int i = 0; i < k.batch() * k.outChannels(); i++) {
        int j = i % (int) k.outChannels() * (int) k.batch() + i / (int) k.outChannels();
        assertArrayEquals(
            MemorySegment.ofArray(expected).asSlice((long) i * line, line).toArray(ValueLayout.JAVA_BYTE),
            given.asSlice((long) j * line, line).toArray(ValueLayout.JAVA_BYTE), "line " + i);
      }
    }
    assertEquals(driver.created, driver.released);
  }

  @Test
  void ourOwnKernelsDoWhatTheLibraryDeclines() throws IOException, InterruptedException {
    Found<DnnLibrary> found = StandIn.foundCudnn(folder);
    FakeDriver driver = ampere(STREAM);
    try (CudaBackend b = backend(driver, () -> found)) {
      ConvolutionKernel k = kernel(Kind.FORWARD, DType.F32, 77);
      Convolutions.run(b, k, Convolutions.operands(k));
      Convolutions.run(b, k, Convolutions.operands(k));
      assertTrue(driver.launched.size() >= 2, "launches of our own");
    }
  }

  /** The library's plan needs no scratch buffers, ours on tensor cores does, and the default mode's does not. */
  @Test
  void whatTheLibraryDeclinesMayLackMemoryBesides() throws IOException, InterruptedException {
    Found<DnnLibrary> found = StandIn.foundCudnn(folder);
    FailingDriver failing = new FailingDriver(ampere(STREAM));
    try (CudaBackend b = new CudaBackend(failing.driver(), "cuda", null, new Libraries(Libraries.NONE.products(), () -> found))) {
      long[] axis = {30, 3, 1, 1, 1, 1};
      ConvolutionKernel k = new Geometry(4, 40, 77, 1, List.of(axis, axis)).kernel(Kind.FORWARD, DType.F32, Numerics.FAST, new Random(5));
      Executable kernel = b.compile(0, k);
      List<Buffer> buffers = new ArrayList<>();
      Convolutions.operands(k).forEach(o -> buffers.add(b.allocate(0, o.length)));
      buffers.add(b.allocate(0, Convolutions.resultBytes(k)));
      failing.refuseOver(60_000);
      assertDoesNotThrow(() -> b.launch(kernel, buffers));
      assertTrue(failing.refused() > 0, "there was memory");
    }
  }

  @Test
  void errorsOfTheLibrarySayHowToLeaveItOut() throws IOException, InterruptedException {
    Found<DnnLibrary> found = StandIn.foundCudnn(folder);
    try (CudaBackend b = backend(ampere(0), () -> found)) {
      ConvolutionKernel k = kernel(Kind.FORWARD, DType.F32, 4);
      DeviceException e = assertThrows(DeviceException.class, () -> Convolutions.run(b, k, Convolutions.operands(k)));
      assertEquals(
          "convolution: cudnnBackendExecute failed with CUDNN_STATUS_EXECUTION_FAILED (5000) on cuda:0; "
              + "-Dtenzan.cuda.cudnn=off leaves cuDNN out",
          e.getMessage());
    }
  }

  @Test
  void theLibraryIsLookedForWhenItIsNeeded() {
    List<String> asked = new ArrayList<>();
    Supplier<Found<DnnLibrary>> search =
        () -> {
          asked.add("once");
          return new Found<>(null, "no cuDNN");
        };
    try (CudaBackend b = backend(ampere(STREAM), search)) {
      ConvolutionKernel k = kernel(Kind.FORWARD, DType.F32, 4);
      b.compile(0, Convolutions.reproducible(k));
      b.compile(0, kernel(Kind.FORWARD, DType.F64, 4));
      assertEquals(List.of("once"), asked, "by the floats of the fast mode alone");
      b.compile(0, k);
      assertEquals(List.of("once"), asked);
      assertEquals("no cuDNN", b.devices().getFirst().properties().get("cuDNN"));
    }
  }
}
