package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.cuda.vendor.Found;
import dev.tenzan.cuda.vendor.Libraries;
import dev.tenzan.cuda.vendor.LtLibrary;
import dev.tenzan.cuda.vendor.StandIn;
import dev.tenzan.error.DeviceException;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Products in the fast mode of a backend: those of the simulated device, of a library in NVIDIA's place, and what a launch is given. */
class FastProductsTest {
  @TempDir static Path folder;

  private static MatMulKernel product(DType t, Shape batch, long m, long n, long k, Affine a, Affine b) {
    return new MatMulKernel(t, t, batch, m, n, k, a, b, Numerics.FAST);
  }

  private static MatMulKernel square(DType t, long n) {
    return product(t, Shape.SCALAR, n, n, n, new Affine(0, n, 1), new Affine(0, n, 1));
  }

  private static List<byte[]> operands(MatMulKernel k) {
    Random random = new Random(k.hashCode());
    Shape a = k.batch().concat(Shape.of(k.m(), k.k()));
    Shape b = k.batch().concat(Shape.of(k.k(), k.n()));
    return List.of(
        KernelRuns.numbers(random, k.input(), k.a().max(a) + 1), KernelRuns.numbers(random, k.input(), k.b().max(b) + 1));
  }

  private static byte[] run(Backend backend, MatMulKernel k, List<byte[]> operands) {
    return KernelRuns.run(backend, k, operands, Math.toIntExact(k.batch().size() * k.m() * k.n() * k.output().byteSize()));
  }

  private static void check(Backend backend, MatMulKernel k) {
    List<byte[]> operands = operands(k);
    MatMulKernel plain = new MatMulKernel(k.input(), k.output(), k.batch(), k.m(), k.n(), k.k(), k.a(), k.b());
    try (ReferenceBackend reference = new ReferenceBackend()) {
      assertArrayEquals(run(reference, plain, operands), run(backend, k, operands), k.toString());
    }
  }

  private static Affine affine(boolean transposed, long offset, long stride, long pitch) {
    return transposed ? new Affine(offset, stride, 1, pitch) : new Affine(offset, stride, pitch, 1);
  }

  @Test
  void mmaOnTheSimulatedDevice() {
    long[][] sizes = {{1, 40, 50, 20}, {1, 130, 70, 33}, {2, 33, 135, 100}, {1, 9, 9, 300}, {3, 64, 32, 8}, {1, 150, 120, 1}};
    try (CudaBackend sim = new CudaBackend(new SimulatedDriver(1), "cuda:sim", null)) {
      for (DType t : List.of(DType.F32, DType.F16, DType.BF16)) {
        for (int i = 0; i < sizes.length * 4; i++) {
          long[] s = sizes[i / 4];
          boolean ta = (i & 1) != 0;
          boolean tb = (i & 2) != 0;
          long lineA = ((ta ? s[1] : s[3]) + 15) / 8 * 8;
          long lineB = ((tb ? s[3] : s[2]) + 7) / 8 * 8;
          Affine a = affine(ta, 16, i % 3 == 0 ? 0 : lineA * (ta ? s[3] : s[1]), lineA);
          Affine b = affine(tb, 8, lineB * (tb ? s[2] : s[3]), lineB);
          check(sim, product(t, Shape.of(s[0]), s[1], s[2], s[3], a, b));
        }
      }
    }
  }

  private static FakeDriver hopper() {
    FakeDriver driver = new FakeDriver();
    driver.devices = List.of(FakeDriver.facts("fake", 9, 0, true));
    driver.tensorMaps = true;
    return driver;
  }

  @Test
  void tensorMapsAreWrittenWhereAddressesChange() {
    FakeDriver driver = hopper();
    MatMulKernel k = product(DType.BF16, Shape.SCALAR, 64, 64, 64, new Affine(8, 72, 1), new Affine(0, 64, 1));
    try (CudaBackend b = new CudaBackend(driver, "cuda", null)) {
      Executable e = b.compile(0, k);
      Buffer x = b.allocate(0, 64 * 72 * 2 + 16);
      Buffer y = b.allocate(0, 64 * 64 * 2);
      Buffer other = b.allocate(0, 64 * 64 * 2);
      Buffer out = b.allocate(0, 64 * 64 * 2);
      b.launch(e, List.of(x, y, out));
      b.launch(e, List.of(x, y, other));
      assertEquals(2, driver.encoded.size());
      assertTrue(driver.encoded.getFirst().endsWith(" at " + (((CudaBuffer) x).address + 16)), driver.encoded.getFirst());
      b.launch(e, List.of(x, other, out));
      assertEquals(3, driver.encoded.size());
      assertTrue(driver.encoded.getLast().endsWith(" at " + ((CudaBuffer) other).address), driver.encoded.getLast());
      assertEquals(3, driver.mapped.size());
      byte[] last = driver.mapped.getLast();
      assertEquals(256, last.length);
      assertEquals(1, last[127]);
      assertEquals(3, last[128]);
    }
  }

  /** One whose launches in {@code stream} the library of the tests accepts. */
  private static FakeDriver ampere(long stream) {
    FakeDriver driver = new FakeDriver();
    driver.devices = List.of(FakeDriver.facts("fake", 8, 0, true));
    driver.streamHandle = stream;
    return driver;
  }

  private static final long STREAM = 4711;

  private static Libraries products(Supplier<Found<LtLibrary>> search) {
    return new Libraries(search, Libraries.NONE.convolutions());
  }

  @Test
  void theLibraryMultiplies() throws IOException, InterruptedException {
    Found<LtLibrary> found = StandIn.found(folder);
    FakeDriver driver = ampere(STREAM);
    try (CudaBackend b = new CudaBackend(driver, "cuda", null, products(() -> found))) {
      assertEquals(found.text(), b.devices().getFirst().properties().get("cuBLASLt"));
      for (DType t : List.of(DType.F32, DType.F16, DType.BF16)) {
        check(b, square(t, 30));
        check(b, product(t, Shape.of(2), 20, 70, 90, new Affine(3, 2000, 1, 21), new Affine(5, 7000, 1, 95)));
      }
      assertEquals(List.of(), driver.loadedText, "no kernels of our own");
    }
    assertEquals(driver.created, driver.released);
  }

  @Test
  void ourOwnKernelsDoWhatTheLibraryDeclines() throws IOException, InterruptedException {
    Found<LtLibrary> found = StandIn.found(folder);
    FakeDriver driver = ampere(STREAM);
    try (CudaBackend b = new CudaBackend(driver, "cuda", null, products(() -> found))) {
      MatMulKernel k = square(DType.F16, 77);
      run(b, k, operands(k));
      run(b, k, operands(k));
      assertEquals(List.of(true), driver.loadedText, "the module of the own kernel, loaded once");
    }
  }

  @Test
  void errorsOfTheLibrarySayHowToLeaveItOut() throws IOException, InterruptedException {
    Found<LtLibrary> found = StandIn.found(folder);
    try (CudaBackend b = new CudaBackend(ampere(0), "cuda", null, products(() -> found))) {
      MatMulKernel k = square(DType.F32, 40);
      DeviceException e = assertThrows(DeviceException.class, () -> run(b, k, operands(k)));
      assertEquals(
          "matmul: cublasLtMatmul failed with CUBLAS_STATUS_EXECUTION_FAILED (13) on cuda:0; -Dtenzan.cuda.cublaslt=off leaves cuBLASLt out",
          e.getMessage());
    }
  }

  @Test
  void theLibraryIsLookedForWhenItIsNeeded() {
    List<String> asked = new ArrayList<>();
    CudaDriver driver = ampere(STREAM);
    try (CudaBackend b =
        new CudaBackend(driver, "cuda", null, products(() -> {
          asked.add("once");
          return new Found<>(null, "no cuBLASLt");
        }))) {
      MatMulKernel fast = square(DType.F32, 40);
      b.compile(0, new MatMulKernel(DType.F32, DType.F32, Shape.SCALAR, 40, 40, 40, fast.a(), fast.b()));
      assertEquals(List.of(), asked);
      b.compile(0, fast);
      b.compile(0, square(DType.F32, 44));
      assertEquals(List.of("once"), asked);
      assertEquals("no cuBLASLt", b.devices().getFirst().properties().get("cuBLASLt"));
      assertEquals(2, asked.size());
    }
    try (CudaBackend sim = new CudaBackend(new SimulatedDriver(1), "cuda:sim", null)) {
      assertFalse(sim.devices().getFirst().properties().containsKey("cuBLASLt"));
    }
  }
}
