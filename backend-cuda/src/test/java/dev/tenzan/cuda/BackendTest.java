package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.spi.Availability;
import dev.tenzan.spi.BinaryCache;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the backend promises beside right results: errors, caches, what it says of devices. */
class BackendTest {
  @TempDir Path folder;

  private static CudaBackend fake() {
    return new CudaBackend(new FakeDriver(), "cuda", null);
  }

  private static void assertSays(Throwable e, String... parts) {
    for (String part : parts) {
      assertTrue(String.valueOf(e.getMessage()).contains(part), "'" + part + "' is not in: " + e.getMessage());
    }
  }

  @Test
  void buffersAreChecked() {
    try (CudaBackend a = fake();
        CudaBackend b = fake()) {
      Buffer mine = a.allocate(0, 400);
      Buffer foreign = b.allocate(0, 400);
      Executable k = a.compile(0, SampleKernels.twicePlusOne(100));
      assertSays(assertThrows(DeviceException.class, () -> a.launch(k, List.of(mine, foreign))), "another backend");
      assertSays(assertThrows(DeviceException.class, () -> b.launch(k, List.of(foreign, foreign))), "compiled by another");
      assertSays(assertThrows(DeviceException.class, () -> a.launch(k, List.of(mine))), "1 buffers; pass 2");
      Buffer small = a.allocate(0, 399);
      assertSays(assertThrows(ShapeException.class, () -> a.launch(k, List.of(mine, small))), "399 bytes", "400");
      assertSays(
          assertThrows(ShapeException.class, () -> a.copyIn(MemorySegment.ofArray(new byte[8]), small, 392)), "do not fit");
      a.free(small);
      assertThrows(ClosedException.class, () -> a.launch(k, List.of(mine, small)));
      assertSays(assertThrows(DeviceException.class, () -> a.free(small)), "freed before");
      assertSays(assertThrows(DeviceException.class, () -> a.allocate(3, 8)), "cuda has no device 3; it has 1");
      a.close();
      assertThrows(ClosedException.class, () -> a.allocate(0, 8));
      assertThrows(TenzanException.class, () -> a.launch(k, List.of(mine, mine)));
    }
  }

  @Test
  void buffersOfTwoDevicesDoNotMix() {
    FakeDriver driver = new FakeDriver();
    driver.devices = List.of(FakeDriver.facts("one", 8, 0, true), FakeDriver.facts("two", 9, 0, true));
    try (CudaBackend b = new CudaBackend(driver, "cuda", null)) {
      Buffer first = b.allocate(0, 400);
      Buffer second = b.allocate(1, 400);
      Executable k = b.compile(1, SampleKernels.twicePlusOne(100));
      assertSays(
          assertThrows(DeviceException.class, () -> b.launch(k, List.of(first, second))), "buffer 0 is on cuda:0, the kernel on cuda:1");
    }
  }

  @Test
  void buffersAreCopiedWithinADeviceAndBetweenTwo() {
    try (CudaBackend b = new CudaBackend(new SimulatedDriver(2), "cuda:sim", null)) {
      Buffer first = b.allocate(0, 100);
      Buffer same = b.allocate(0, 100);
      Buffer other = b.allocate(1, 50);
      byte[] data = new byte[100];
      new Random(1).nextBytes(data);
      b.copyIn(MemorySegment.ofArray(data), first, 0);
      b.copy(first, 10, same, 20, 70);
      b.copy(same, 20, other, 5, 40);
      byte[] back = new byte[40];
      b.copyOut(other, 5, MemorySegment.ofArray(back));
      assertArrayEquals(Arrays.copyOfRange(data, 10, 50), back);
      assertSays(assertThrows(ShapeException.class, () -> b.copy(first, 0, other, 0, 51)), "do not fit");
    }
  }

  @Test
  void aCopyBetweenDevicesWaitsForBothAndLetsBothWait() {
    FakeDriver driver = new FakeDriver();
    driver.devices = List.of(FakeDriver.facts("one", 8, 0, true), FakeDriver.facts("two", 9, 0, true));
    List<String> calls = new ArrayList<>();
    CudaDriver noting =
        (CudaDriver)
            Proxy.newProxyInstance(
                BackendTest.class.getClassLoader(), new Class<?>[] {CudaDriver.class}, (_, method, args) -> {
                  calls.add(method.getName());
                  return method.invoke(driver, args);
                });
    try (CudaBackend b = new CudaBackend(noting, "cuda", null)) {
      Buffer first = b.allocate(0, 400);
      Buffer second = b.allocate(1, 400);
      calls.clear();
      b.copy(second, 0, first, 0, 400);
      assertEquals(
          List.of("createEvent", "record", "await", "copyPeer", "release", "createEvent", "record", "await", "release"), calls);
    }
    assertEquals(driver.created, driver.released);
  }

  private static FakeDriver hardware() {
    FakeDriver driver = new FakeDriver();
    driver.devices = List.of(FakeDriver.facts("GPU", 7, 5, false));
    return driver;
  }

  @Test
  void aKernelIsAssembledOnceAndKept() throws IOException {
    BinaryCache cache = new BinaryCache(folder, 1 << 20, "tenzan.cuda.cache");
    FakeDriver first = hardware();
    try (CudaBackend b = new CudaBackend(first, "cuda", cache)) {
      b.compile(0, SampleKernels.twicePlusOne(100));
      b.compile(0, SampleKernels.twicePlusOne(100));
      b.compile(0, SampleKernels.twicePlusOne(104)); // another shape, the same text
    }
    assertEquals(List.of(false), first.loadedText, "what is loaded is a binary");
    byte[] kept;
    Path entry;
    try (Stream<Path> files = Files.list(folder)) {
      entry = files.findFirst().orElseThrow();
      kept = Files.readAllBytes(entry);
    }
    Files.write(entry, new byte[] {1, 2, 3}); // damaged: assembled again, to the same bytes
    try (CudaBackend b = new CudaBackend(hardware(), "cuda", cache)) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    assertEquals(-1, MemorySegment.ofArray(kept).mismatch(MemorySegment.ofArray(Files.readAllBytes(entry))));
    FailingDriver refuses = new FailingDriver(hardware());
    refuses.failOnce("load", ErrorCodes.NO_BINARY_FOR_GPU, ""); // whole, but not what the driver takes
    try (CudaBackend b = new CudaBackend(refuses.driver(), "cuda", cache)) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
  }

  @Test
  void anArchitectureYoungerThanTheAssemblerIsLeftToTheDriver() {
    FakeDriver driver = new FakeDriver();
    driver.devices = List.of(FakeDriver.facts("GPU", 12, 0, false));
    try (CudaBackend b = new CudaBackend(driver, "cuda", null)) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    assertEquals(List.of(true), driver.loadedText, "what is loaded is PTX");
  }

  private static void assertMissing(Availability a, String missing, String remedy) {
    assertFalse(a.available());
    assertTrue(a.missing().contains(missing), a.toString());
    assertTrue(a.remedy().contains(remedy), a.toString());
  }

  @Test
  void availabilitySaysWhatIsMissing() {
    assertTrue(CudaProvider.availability(new FakeDriver()).available());
    FakeDriver none = new FakeDriver();
    none.devices = List.of();
    assertMissing(CudaProvider.availability(none), "finds no device", "nvidia-smi");
    FakeDriver old = new FakeDriver();
    old.version = 11_040;
    assertMissing(CudaProvider.availability(old), "supports CUDA 11.4, and 12.6 is needed", "560");
    FakeDriver volta = new FakeDriver();
    volta.devices = List.of(FakeDriver.facts("Tesla V100", 7, 0, false));
    assertMissing(CudaProvider.availability(volta), "Tesla V100 (sm_70), and sm_75", "opencl");
    FailingDriver dead = new FailingDriver(new FakeDriver());
    dead.failAfter(0, ErrorCodes.NO_DEVICE);
    assertMissing(CudaProvider.availability(dead.driver()), "CUDA_ERROR_NO_DEVICE", "CUDA_VISIBLE_DEVICES");
  }

  @Test
  void aLibraryThatDoesNotLoadIsNamed() {
    String head = "Error while loading native library \"JCudaDriver-12.6.0-linux-x86_64\"\njava.lang.UnsatisfiedLinkError: no JCudaDriver\n";
    assertMissing(
        CudaProvider.missing(
            new UnsatisfiedLinkError(head + "java.lang.UnsatisfiedLinkError: lib/x.so: libcuda.so.1: cannot open shared object file")),
        "no NVIDIA driver: libcuda.so.1 is not there", "install NVIDIA's driver, version 560");
    assertMissing(
        CudaProvider.missing(
            new UnsatisfiedLinkError(head + "java.lang.UnsatisfiedLinkError: lib/x.so: undefined symbol: cuGraphNew")),
        "older than CUDA 12.6", "update");
    assertMissing(
        CudaProvider.missing(new UnsatisfiedLinkError(head + "java.lang.UnsatisfiedLinkError: lib/x.so: wrong ELF class")),
        "lib/x.so: wrong ELF class", "jcuda-natives");
    assertMissing(
        CudaProvider.missing(
            new UnsatisfiedLinkError("cuLaunchKernel of libcuda.so.1 cannot be linked: java.lang.IllegalCallerException: Illegal native access")),
        "Java denies native access", "start java with --enable-native-access=ALL-UNNAMED");
  }

  @Test
  void devicesThatAreTooOldAreLeftOut() {
    FakeDriver driver = new FakeDriver();
    driver.devices = List.of(FakeDriver.facts("old", 6, 1, true), FakeDriver.facts("new", 8, 6, true));
    try (CudaBackend b = new CudaBackend(driver, "cuda", null)) {
      assertEquals(List.of("new"), b.devices().stream().map(d -> d.description()).toList());
      assertEquals("sm_86", b.devices().getFirst().properties().get("architecture"));
    }
  }

  @Test
  void sizesAreRoundedUpALittle() {
    for (long bytes = 0; bytes < 100_000; bytes += 7) {
      long size = BufferPool.blockBytes(bytes);
      assertTrue(size >= bytes && size < Math.max(bytes + 257, bytes * 5 / 4 + 1), bytes + " in " + size);
      assertEquals(size, BufferPool.blockBytes(size));
    }
  }
}
