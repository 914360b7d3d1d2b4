package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.IndexException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.ErrorCodes;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Abilities;
import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.spi.Availability;
import dev.tenzan.spi.BinaryCache;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.Support;
import dev.tenzan.type.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the backend promises beside right results: errors, caches, what it says of devices. */
class BackendTest {
  private static final long MEMORY = 64 << 20;

  @TempDir Path folder;

  private static OpenClBackend fake() {
    return new OpenClBackend(new FakeDriver(true, MEMORY), null);
  }

  private static void assertSays(Throwable e, String... parts) {
    for (String part : parts) {
      assertTrue(String.valueOf(e.getMessage()).contains(part), "'" + part + "' is not in: " + e.getMessage());
    }
  }

  @Test
  void aProfileHasTheDevicesTimes(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("profile.csv");
    System.setProperty(Profile.PROPERTY, file.toString());
    FakeDriver driver = new FakeDriver(true, 64 << 20);
    try (OpenClBackend b = new OpenClBackend(driver, null)) {
      Executable k = b.compile(0, SampleKernels.twicePlusOne(100));
      List<Buffer> buffers = List.of(b.allocate(0, 400), b.allocate(0, 400));
      for (int i = 0; i < 300; i++) {
        b.launch(k, buffers);
      }
    } finally {
      System.clearProperty(Profile.PROPERTY);
    }
    List<String> lines = Files.readAllLines(file);
    assertEquals("kernel,launches,total_ms,mean_us", lines.getFirst());
    assertTrue(lines.get(1).matches("loop tz_map [0-9a-f]{8},300,0.300,1.000"), lines.get(1));
    assertEquals(2, lines.size());
    assertEquals(driver.created, driver.released);
  }

  @Test
  void buffersAreChecked() {
    try (OpenClBackend a = fake();
        OpenClBackend b = fake()) {
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
      assertSays(assertThrows(DeviceException.class, () -> a.allocate(3, 8)), "no device 3");
      a.close();
      assertThrows(ClosedException.class, () -> a.allocate(0, 8));
      assertThrows(TenzanException.class, () -> a.launch(k, List.of(mine, mine)));
    }
  }

  @Test
  void aProgramIsBuiltOnceAndKept() throws IOException {
    BinaryCache cache = new BinaryCache(folder, 1 << 20, "tenzan.opencl.cache");
    FakeDriver first = new FakeDriver(true, MEMORY);
    try (OpenClBackend b = new OpenClBackend(first, cache)) {
      b.compile(0, SampleKernels.twicePlusOne(100));
      b.compile(0, SampleKernels.twicePlusOne(100));
      b.compile(0, SampleKernels.twicePlusOne(101)); // another shape, the same program
    }
    assertEquals(1, first.built);
    FakeDriver second = new FakeDriver(true, MEMORY);
    try (OpenClBackend b = new OpenClBackend(second, cache)) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    assertEquals(0, second.built);
    assertEquals(1, second.loaded);
    for (boolean whole : new boolean[] {false, true}) { // damaged; whole, but not one that the device takes
      Path entry;
      try (Stream<Path> files = Files.list(folder)) {
        entry = files.findFirst().orElseThrow();
      }
      if (whole) {
        String name = entry.getFileName().toString();
        cache.write(name.substring(0, name.indexOf('.')), new byte[] {1, 2, 3});
      } else {
        Files.write(entry, new byte[] {1, 2, 3});
      }
      FakeDriver again = new FakeDriver(true, MEMORY);
      try (OpenClBackend b = new OpenClBackend(again, cache)) {
        b.compile(0, SampleKernels.twicePlusOne(100));
      }
      assertEquals(1, again.built, "whole: " + whole);
      FakeDriver healed = new FakeDriver(true, MEMORY);
      try (OpenClBackend b = new OpenClBackend(healed, cache)) {
        b.compile(0, SampleKernels.twicePlusOne(100));
      }
      assertEquals(1, healed.loaded, "whole: " + whole);
    }
  }

  @Test
  void aRealBinaryIsFoundAgain() throws IOException {
    Runtimes.assumeAvailable();
    float[] expected = run(new BinaryCache(folder, 1 << 20, "tenzan.opencl.cache"));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
    assertArrayEquals(expected, run(new BinaryCache(folder, 1 << 20, "tenzan.opencl.cache")));
  }

  private static float[] run(BinaryCache cache) {
    try (OpenClBackend b = new OpenClBackend(new JoclDriver(), cache)) {
      float[] x = {1, 2, 3, Float.MIN_VALUE, -0f};
      Buffer in = b.allocate(0, 20);
      Buffer out = b.allocate(0, 20);
      b.copyIn(MemorySegment.ofArray(x), in, 0);
      b.launch(b.compile(0, SampleKernels.twicePlusOne(5)), List.of(in, out));
      float[] y = new float[5];
      b.copyOut(out, 0, MemorySegment.ofArray(y));
      assertArrayEquals(new float[] {3, 5, 7, 1, 1}, y);
      return y;
    }
  }

  @Test
  void anIndexOutOfRangeIsATypedErrorAndTheDeviceGoesOn() {
    Runtimes.assumeAvailable();
    try (OpenClBackend b = new OpenClBackend(new JoclDriver(), null)) {
      Buffer x = b.allocate(0, 16);
      Buffer index = b.allocate(0, 16);
      Buffer out = b.allocate(0, 8);
      b.copyIn(MemorySegment.ofArray(new float[] {1, 2, 3, 4}), x, 0);
      Executable k = b.compile(0, SampleKernels.gather(2, 4));
      for (long bad : new long[] {4, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
        b.copyIn(MemorySegment.ofArray(new long[] {1, bad}), index, 0);
        IndexException e = assertThrows(IndexException.class, () -> b.launch(k, List.of(x, index, out)));
        assertEquals(IndexException.ofGather(bad, 4).getMessage(), e.getMessage());
      }
      b.copyIn(MemorySegment.ofArray(new long[] {3, 0}), index, 0);
      b.launch(k, List.of(x, index, out));
      float[] y = new float[2];
      b.copyOut(out, 0, MemorySegment.ofArray(y));
      assertArrayEquals(new float[] {4, 1}, y);
    }
  }

  @Test
  void aProgramThatDoesNotCompileShowsTheLog() {
    Runtimes.assumeAvailable();
    OpenClDriver driver = new JoclDriver();
    OpenClDriver.Platform platform = driver.platforms().stream().filter(p -> !driver.devices(p).isEmpty()).findFirst().orElseThrow();
    OpenClDriver.DeviceId device = driver.devices(platform).getFirst();
    OpenClDriver.Context context = driver.createContext(platform, device);
    DriverError e =
        assertThrows(
            DriverError.class,
            () -> driver.buildSource(context, device, "__kernel void f() { no_such_name(); }", KernelSource.OPTIONS));
    assertSays(Failures.typed("map", "opencl:0", e), "map: clBuildProgram", "CL_BUILD_PROGRAM_FAILURE", "no_such_name");
    driver.release(context);
  }

  @Test
  void availabilitySaysWhatIsMissing() {
    assertTrue(OpenClProvider.availability(new FakeDriver(true, MEMORY)).available());
    FailingDriver dead = new FailingDriver(new FakeDriver(true, MEMORY));
    dead.failAfter(0, ErrorCodes.OUT_OF_HOST_MEMORY);
    Availability a = OpenClProvider.availability(dead.driver());
    assertFalse(a.available());
    assertTrue(a.missing().contains("CL_OUT_OF_HOST_MEMORY") && a.remedy().contains("clinfo"), a.toString());
  }

  @Test
  void devicesThatCannotGiveTheBitsSaySo() {
    long all = ~0L;
    DeviceFacts exact = FakeDriver.facts(true, MEMORY, all, all);
    assertEquals("yes", Abilities.exactness(exact));
    assertTrue(Abilities.supports(exact, SampleKernels.twicePlusOne(3)).supported());
    DeviceFacts flushes = FakeDriver.facts(true, MEMORY, all & ~DeviceFacts.DENORM & ~DeviceFacts.CORRECT_DIVIDE_SQRT, 0);
    Support no = Abilities.supports(flushes, SampleKernels.twicePlusOne(3));
    assertFalse(no.supported());
    assertTrue(no.reason().contains("flushes subnormals") && no.reason().contains("up to 3 ULP"), no.reason());
    assertTrue(no.reason().contains("-Dtenzan.opencl.inexact=true"), no.reason());
    assertTrue(Abilities.supports(flushes, new dev.tenzan.kernel.SortKernel(DType.I32, false, false, 1, 3, 1)).supported());
    Support noDoubles =
        Abilities.supports(
            FakeDriver.facts(true, MEMORY, all, 0), new dev.tenzan.kernel.SortKernel(DType.F64, false, false, 1, 3, 1));
    assertTrue(noDoubles.reason().contains("no f64"), noDoubles.reason());
  }

  @Test
  void sizeClassesHoldWhatIsAskedForAndLittleMore() {
    for (long bytes = 0; bytes < 100_000; bytes += 7) {
      long size = BufferPool.classBytes(BufferPool.sizeClass(bytes));
      assertTrue(size >= bytes && size <= Math.max(256, bytes * 5 / 4 + 1), bytes + " in " + size);
    }
  }
}
