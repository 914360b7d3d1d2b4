package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.error.DeviceException;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Planner;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.plan.Tile;
import dev.tenzan.spi.BinaryCache;
import dev.tenzan.type.Numerics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tiles of products: how they are named, remembered and measured. */
class TilesTest {
  @TempDir Path folder;

  private static DeviceFacts facts() {
    OpenClDriver driver = new FakeDriver(true, 64 << 20);
    OpenClDriver.Platform p = driver.platforms().getFirst();
    return driver.facts(p, driver.devices(p).getFirst());
  }

  @Test
  void namesAreRead() {
    assertEquals(new Tile(6, 2, 8, 0), Tile.parse(" 6x2x8x0\n"));
    assertEquals("4x1x4x16", new Tile(4, 1, 4, 16).toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "6x2x8", "6x2x8x0x1", "0x2x8x0", "17x2x8x0", "6x2x3x0", "6x2x8x-1", "6x2x8x65", "axbxcxd", "6x2x32x0"})
  void whatIsNoTileIsATypedError(String text) {
    DeviceException e = assertThrows(DeviceException.class, () -> Tile.parse(text));
    assertTrue(String.valueOf(e.getMessage()).contains("such as 6x2x8x0"), e.getMessage());
  }

  @Test
  void aTileIsRememberedForADeviceAndItsDriver() throws IOException {
    DeviceFacts f = facts();
    BinaryCache cache = new BinaryCache(folder, 1 << 20, ProgramSettings.CACHE_PROPERTY);
    ProgramSettings settings = ProgramSettings.compiling(cache);
    Tile own = settings.style(f).shape().tile();
    Tile other = new Tile(3, 3, 4, 0);
    assertNotEquals(own, other);
    Path file = new Tuner(new FakeDriver(true, 64 << 20), settings, 0).remember(other);
    assertEquals(other, settings.style(f).shape().tile());
    assertEquals(new Tile(2, 2, 2, 0), settings.with(new Tile(2, 2, 2, 0)).style(f).shape().tile(), "what is asked for comes first");
    DeviceFacts updated =
        new DeviceFacts(
            f.platform(), f.name(), f.vendor(), f.version(), "another driver", f.type(), f.computeUnits(), f.memoryBytes(),
            f.maxAllocation(), f.localBytes(), f.maxGroup(), f.floatWidth(), f.floatBits(), f.doubleBits(), f.argumentBytes(),
            f.sharesMemory(), f.compiler());
    assertEquals(own, settings.style(updated).shape().tile());
    for (String damaged : List.of("", "6x2", "\0\0\0", "9".repeat(1000))) {
      Files.writeString(file, damaged);
      assertEquals(own, settings.style(f).shape().tile());
    }
  }

  @Test
  void anFpgaHasNoTile() {
    Style.Shape shape = new Style.Shape(Style.Kind.FPGA, 8, 1024, Style.Pe.DEFAULT);
    assertEquals(shape, shape.with(new Tile(6, 2, 8, 0)));
  }

  @Test
  void whereThereIsNothingToTuneThatIsSaid() {
    FakeDriver driver = new FakeDriver(true, 64 << 20);
    ProgramSettings bundles = new ProgramSettings(null, false, List.of(), null);
    assertTrue(assertThrows(DeviceException.class, () -> new Tuner(driver, bundles, 0)).getMessage().contains("compiles nothing"));
    Tuner tuner = new Tuner(driver, ProgramSettings.compiling(null), 0);
    assertTrue(
        assertThrows(DeviceException.class, () -> tuner.remember(new Tile(6, 2, 8, 0))).getMessage().contains("no place to remember"));
    assertTrue(assertThrows(DeviceException.class, () -> new Tuner(driver, bundles, 7)).getMessage().contains("no device 7"));
  }

  /** A driver that computes nothing gives wrong bits with every tile. */
  @Test
  void aWrongResultIsNoSpeed() {
    Tuner tuner = new Tuner(new FakeDriver(true, 64 << 20), ProgramSettings.compiling(null), 0);
    List<Tuner.Result> results = tuner.measure(16, (_, _) -> {});
    assertEquals(tuner.candidates().size(), results.size());
    for (Tuner.Result r : results) {
      assertTrue(String.valueOf(r.failure()).contains("the element (0, 0) is 0.0"), r.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "gpu"})
  void everyTileGivesTheBitsOfTheChain(String kind) {
    Runtimes.assumeAvailable();
    OpenClDriver driver = kind.equals("gpu") ? SeenAs.with(new JoclDriver(), SeenAs::gpu) : new JoclDriver();
    Tuner tuner = new Tuner(driver, ProgramSettings.compiling(null), 0);
    List<Tuner.Result> results = tuner.measure(64, (_, _) -> {});
    assertTrue(results.size() > 5);
    assertEquals(results.size(), new HashSet<>(results.stream().map(Tuner.Result::tile).toList()).size());
    for (Tuner.Result r : results) {
      assertEquals(null, r.failure(), r.toString());
      assertTrue(r.gflops() > 0, r.toString());
    }
    assertEquals(kind.equals("gpu"), results.stream().anyMatch(r -> r.tile().depth() > 0));
  }

  /** Several groups, and groups with tiles of two batches, have the bits of work-items that share nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"4x1x4x16", "8x2x4x7", "1x1x2x64"})
  void localMemoryChangesNoBits(String tile) {
    Runtimes.assumeAvailable();
    OpenClDriver gpu = SeenAs.with(new JoclDriver(), SeenAs::gpu);
    ProgramSettings settings = ProgramSettings.compiling(null);
    try (OpenClBackend plain = OpenClBackend.open(new JoclDriver(), settings);
        OpenClBackend local = OpenClBackend.open(gpu, settings.with(Tile.parse(tile)))) {
      for (KernelSpec k : SampleKernels.severalGroups()) {
        assertArrayEquals(BundleDeviceTest.run(plain, k).getFirst(), BundleDeviceTest.run(local, k).getFirst(), k.toString());
      }
    }
  }

  /** So a kernel bundle serves both. */
  @Test
  void bothNumericsHaveTheSamePrograms() {
    Style style = Style.of(SeenAs.gpu(facts()));
    MatMulKernel plain = SampleKernels.matmul(70, 65, 33);
    MatMulKernel fast =
        new MatMulKernel(
            plain.input(), plain.output(), plain.batch(), plain.m(), plain.n(), plain.k(), plain.a(), plain.b(), Numerics.FAST);
    assertEquals(
        Planner.plan(plain, style).steps().getLast().source().hash(), Planner.plan(fast, style).steps().getLast().source().hash());
  }

  @Test
  void aGroupUsesLocalMemoryWhereTheTileHasADepth() {
    DeviceFacts gpu = SeenAs.gpu(facts());
    Style style = Style.of(gpu);
    assertTrue(Planner.plan(SampleKernels.matmul(70, 65, 33), style).steps().getLast().entry().equals("tz_product_local"));
    Style flat = style.with(new Tile(4, 1, 4, 0));
    assertFalse(Planner.plan(SampleKernels.matmul(70, 65, 33), flat).steps().getLast().source().code().contains("#define DEPTH"));
  }
}
