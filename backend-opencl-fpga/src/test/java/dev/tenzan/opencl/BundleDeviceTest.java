package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.opencl.bundle.MissingKernelException;
import dev.tenzan.opencl.bundle.OfflineCompiler;
import dev.tenzan.opencl.bundle.Packer;
import dev.tenzan.opencl.bundle.Part;
import dev.tenzan.opencl.bundle.PoclCompiler;
import dev.tenzan.opencl.bundle.Recording;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Devices that get their kernels from bundles. */
class BundleDeviceTest {
  private static final long MEMORY = 64 << 20;

  @TempDir Path folder;

  private static ProgramSettings bundles(Path... paths) {
    return new ProgramSettings(null, false, List.of(paths), null);
  }

  private static ProgramSettings recording(Path folder) {
    return new ProgramSettings(null, true, List.of(), folder);
  }

  private Path pack(String name, OfflineCompiler compiler) {
    Packer packer = new Packer(Recording.read(folder.resolve(name)), Part.MOST);
    packer.build(compiler, 2, (_, _) -> {});
    Path bundle = folder.resolve(name + ".zip");
    packer.pack(compiler.ending(), compiler.toolchain(), compiler.board(), bundle);
    return bundle;
  }

  /** Writes the same bytes for every source. */
  private record Constant(String binary) implements OfflineCompiler {
    @Override
    public String ending() {
      return ".constant";
    }

    @Override
    public String toolchain() {
      return "a constant";
    }

    @Override
    public String board() {
      return "another board";
    }

    @Override
    public byte[] compile(KernelSource source) {
      return binary.getBytes(StandardCharsets.UTF_8);
    }
  }

  @Test
  void kernelsComeFromTheBundleAlone() {
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), recording(folder.resolve("rec")))) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    Path bundle = pack("rec", new Constant("a fake binary"));
    FakeDriver driver = new FakeDriver(true, MEMORY);
    try (OpenClBackend b = OpenClBackend.open(driver, bundles(bundle))) {
      b.compile(0, SampleKernels.twicePlusOne(100));
      b.compile(0, SampleKernels.twicePlusOne(7)); // another shape, the same program
      assertEquals(0, driver.built);
      assertEquals(1, driver.loaded);
      MissingKernelException e =
          assertThrows(MissingKernelException.class, () -> b.compile(0, SampleKernels.sum(3, 20, false)));
      assertEquals("tz_reduce", e.kernel());
      for (String part : List.of("tz_reduce", e.hash(), bundle.toString(), "opencl:0 (fake device)", "-Dtenzan.opencl.record=DIR", "fpga pack")) {
        assertTrue(e.getMessage().contains(part), part + " is not in: " + e.getMessage());
      }
      assertEquals(0, driver.built);
    }
  }

  @Test
  void whatSharesABinaryIsLoadedOnce() {
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), recording(folder.resolve("rec")))) {
      b.compile(0, SampleKernels.twicePlusOne(100));
      b.compile(0, SampleKernels.sum(3, 20, false));
      b.compile(0, SampleKernels.matmul(20, 30, 40));
    }
    Path bundle = pack("rec", new Constant("a fake binary"));
    FakeDriver driver = new FakeDriver(true, MEMORY);
    try (OpenClBackend b = OpenClBackend.open(driver, bundles(bundle))) {
      b.compile(0, SampleKernels.matmul(20, 30, 40));
      b.compile(0, SampleKernels.sum(3, 20, false));
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    assertEquals(1, driver.loaded);
    assertEquals(5, driver.entries.size());
    driver.entries.forEach(e -> assertTrue(e.matches("tz_[a-z_]+_[0-9a-f]{16}"), e));
    assertEquals(driver.created, driver.released);
  }

  @Test
  void aMissingKernelIsRecordedToo() {
    Path rec = folder.resolve("rec");
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), recording(rec))) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    Path bundle = pack("rec", new Constant("a fake binary"));
    ProgramSettings both = new ProgramSettings(null, false, List.of(bundle), rec);
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), both)) {
      assertThrows(MissingKernelException.class, () -> b.compile(0, SampleKernels.sum(3, 20, false)));
    }
    assertEquals(2, Recording.read(rec).sources().size());
  }

  @Test
  void aBundleForAnotherBoardIsATypedError() {
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), recording(folder.resolve("rec")))) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    Path bundle = pack("rec", new Constant("for another board"));
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), bundles(bundle))) {
      DeviceException e = assertThrows(DeviceException.class, () -> b.compile(0, SampleKernels.twicePlusOne(100)));
      for (String part : List.of("built for another board by a constant", "CL_INVALID_BINARY", "build the bundle for this device")) {
        assertTrue(e.getMessage().contains(part), part + " is not in: " + e.getMessage());
      }
    }
  }

  @Test
  void withoutCompilerAndBundlesNothingIsSupported() {
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), bundles())) {
      assertFalse(b.supports(0, SampleKernels.twicePlusOne(100)).supported());
      UnsupportedKernelException e =
          assertThrows(UnsupportedKernelException.class, () -> b.compile(0, SampleKernels.twicePlusOne(100)));
      assertTrue(e.getMessage().contains("-Dtenzan.opencl.bundles=PATH"), e.getMessage());
    }
  }

  @Test
  void aDeviceWithoutCompilerUsesBundlesUnasked() {
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), recording(folder.resolve("rec")))) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    ProgramSettings settings =
        new ProgramSettings(null, true, List.of(pack("rec", new Constant("a fake binary"))), null);
    FakeDriver driver = new FakeDriver(true, MEMORY);
    try (OpenClBackend b = OpenClBackend.open(SeenAs.with(driver, f -> f.withCompiler(false)), settings)) {
      b.compile(0, SampleKernels.twicePlusOne(100));
    }
    assertEquals(0, driver.built);
    assertEquals(1, driver.loaded);
  }

  @Test
  void bundlesOfTwoStylesAreNotMixed() {
    List<Path> paths = new ArrayList<>();
    for (Style.Kind kind : List.of(Style.Kind.CPU, Style.Kind.GPU)) {
      Recording r =
          Recording.open(folder.resolve(kind.label()), new Style.Shape(kind, 8, 1024, Style.Pe.DEFAULT), "a device");
      r.add(new KernelSource("__kernel void tz_map() {}"));
      paths.add(pack(kind.label(), new Constant("a fake binary")));
    }
    try (OpenClBackend b = OpenClBackend.open(new FakeDriver(true, MEMORY), bundles(paths.get(0), paths.get(1)))) {
      DeviceException e = assertThrows(DeviceException.class, () -> b.compile(0, SampleKernels.twicePlusOne(100)));
      assertTrue(e.getMessage().contains("different styles"), e.getMessage());
    }
  }

  /** What a kernel writes to its outputs, for inputs of small numbers. */
  static List<byte[]> run(OpenClBackend b, KernelSpec kernel) {
    Executable k = b.compile(0, kernel);
    List<Long> sizes = ((OpenClKernel) k).plan().bytes();
    List<Buffer> buffers = new ArrayList<>();
    for (int i = 0; i < sizes.size(); i++) {
      byte[] bytes = new byte[Math.toIntExact(sizes.get(i))];
      boolean floats = i < kernel.inputs().size() && kernel.inputs().get(i) == dev.tenzan.type.DType.F32;
      MemorySegment m = MemorySegment.ofArray(bytes);
      for (int at = 0; floats && at < bytes.length / 4; at++) {
        m.set(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * at, (at * 7 % 13 - 6) / 3f);
      }
      Buffer buffer = b.allocate(0, bytes.length);
      b.copyIn(m, buffer, 0);
      buffers.add(buffer);
    }
    b.launch(k, buffers);
    List<byte[]> results = new ArrayList<>();
    for (int i = kernel.inputs().size(); i < sizes.size(); i++) {
      byte[] bytes = new byte[Math.toIntExact(sizes.get(i))];
      b.copyOut(buffers.get(i), 0, MemorySegment.ofArray(bytes));
      results.add(bytes);
    }
    buffers.forEach(b::free);
    return results;
  }

  @Test
  void whatPoclccBuiltGivesTheBitsOfTheCompiler() {
    Runtimes.assumeAvailable();
    assumeTrue(PoclCompiler.find().isPresent(), "needs poclcc (Debian: libpocl-dev)");
    assumeTrue(new JoclDriver().platforms().size() == 1, "needs PoCL as the only OpenCL platform");
    Path rec = folder.resolve("rec");
    List<List<byte[]>> expected = new ArrayList<>();
    try (OpenClBackend b = OpenClBackend.open(new JoclDriver(), recording(rec))) {
      for (KernelSpec k : SampleKernels.all()) {
        expected.add(run(b, k));
      }
    }
    Path bundle = pack("rec", PoclCompiler.open());
    CompilerCounter counter = new CompilerCounter();
    try (OpenClBackend b = OpenClBackend.open(counter.driver(new JoclDriver()), bundles(bundle))) {
      for (int i = 0; i < expected.size(); i++) {
        List<byte[]> found = run(b, SampleKernels.all().get(i));
        for (int o = 0; o < found.size(); o++) {
          assertArrayEquals(expected.get(i).get(o), found.get(o), "kernel " + i + ", output " + o);
        }
      }
    }
    assertEquals(0, counter.compiled);
  }

  /** Counts the programs that are compiled from source. */
  private static final class CompilerCounter {
    private int compiled;

    dev.tenzan.opencl.driver.OpenClDriver driver(JoclDriver inner) {
      return (dev.tenzan.opencl.driver.OpenClDriver)
          java.lang.reflect.Proxy.newProxyInstance(
              getClass().getClassLoader(), new Class<?>[] {dev.tenzan.opencl.driver.OpenClDriver.class}, (_, method, args) -> {
                compiled += method.getName().equals("buildSource") ? 1 : 0;
                try {
                  return method.invoke(inner, args);
                } catch (java.lang.reflect.InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }
}
