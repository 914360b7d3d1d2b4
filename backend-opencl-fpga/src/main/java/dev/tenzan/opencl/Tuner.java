package dev.tenzan.opencl;

import dev.tenzan.error.DeviceException;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.plan.Tile;
import dev.tenzan.spi.BinaryCache;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/** Finds the tile with which a device multiplies {@code f32} matrices fastest. Whatever the tile, the bits of a product are the same. */
public final class Tuner {
  private static final long SEED = 20_260_101;

  /** Each tile is run so often at least, and for so long. */
  private static final int RUNS = 5;

  private static final long NANOS = 300_000_000;

  private final OpenClDriver driver;
  private final ProgramSettings settings;
  private final int device;
  private final DeviceFacts facts;

  /**
   * What came of a tile.
   *
   * @param tile the tile
   * @param gflops the median speed in GFLOP/s; NaN where it failed
   * @param failure why it failed; else null
   */
  public record Result(Tile tile, double gflops, @Nullable String failure) {}

  /**
   * A search on one device.
   *
   * @param device the number of the device
   * @throws DeviceException where there is none, or it has no tiles to choose from
   */
  public Tuner(OpenClDriver driver, ProgramSettings settings, int device) {
    this.driver = driver;
    this.settings = settings;
    this.device = device;
    try (OpenClBackend b = OpenClBackend.open(driver, settings)) {
      this.facts = b.facts(device);
    }
    if (!settings.compiler() || !facts.compiler()) {
      throw new DeviceException(
          "tune: opencl:" + device + " compiles nothing, and kernels of a bundle have the bundle's tile; tune where the bundle is recorded");
    }
    if (Style.of(facts).shape().kind() == Style.Kind.FPGA) {
      throw new DeviceException("tune: kernels for FPGAs have an array instead of a tile; set it with fpga export --pe");
    }
  }

  /**
   * Checks and measures every tile.
   *
   * @param n rows and columns of the matrices that are measured
   * @param progress is told the tile that is next and its number
   * @return the results, the device's present tile first
   */
  public List<Result> measure(int n, ObjIntConsumer<Tile> progress) {
    List<Tile> tiles = candidates();
    List<Result> results = new ArrayList<>();
    for (Tile t : tiles) {
      progress.accept(t, results.size());
      try (OpenClBackend b = OpenClBackend.open(driver, settings.with(t))) {
        check(b, t);
        results.add(new Result(t, speed(b, n), null));
      } catch (DeviceException e) {
        results.add(new Result(t, Double.NaN, e.getMessage())); // such as one with too many registers for this device
      }
    }
    return results;
  }

  /** The tiles to measure. */
  public List<Tile> candidates() {
    List<Tile> all = new ArrayList<>(Tile.candidates(facts));
    Tile present = settings.style(facts).shape().tile();
    all.remove(present);
    all.addFirst(present);
    return all;
  }

  /**
   * Remembers a tile for this device and driver, beside the compiled programs.
   *
   * @return the file
   * @throws DeviceException where there is no place for it
   */
  public Path remember(Tile tile) {
    BinaryCache cache = settings.cache();
    if (cache == null) {
      throw new DeviceException("tune: -D" + ProgramSettings.CACHE_PROPERTY + "=off leaves no place to remember the tile; name a folder");
    }
    return Tiles.remember(cache.folder(), facts, tile);
  }

  private static MatMulKernel kernel(int m, int n, int k) {
    return new MatMulKernel(DType.F32, DType.F32, Shape.SCALAR, m, n, k, new Affine(0, k, 1), new Affine(0, n, 1));
  }

  private static float[] random(SplittableRandom random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (2 * random.nextDouble() - 1);
    }
    return values;
  }

  /** Compares the bits of a product with edges of every kind with those of the chain that defines it. */
  private void check(OpenClBackend b, Tile tile) {
    int m = 83;
    int n = 101;
    int k = MatMulKernel.K_BLOCK + 47;
    SplittableRandom random = new SplittableRandom(SEED);
    float[] x = random(random, m * k);
    float[] y = random(random, k * n);
    float[] found = new float[m * n];
    try (Product p = new Product(b, kernel(m, n, k), x, y)) {
      p.run();
      p.result(found);
    }
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float total = 0;
        for (int k0 = 0; k0 < k; k0 += MatMulKernel.K_BLOCK) {
          float chain = 0;
          for (int c = k0; c < Math.min(k, k0 + MatMulKernel.K_BLOCK); c++) {
            chain = Math.fma(x[i * k + c], y[c * n + j], chain);
          }
          total = k0 == 0 ? chain : total + chain;
        }
        if (Float.floatToRawIntBits(total) != Float.floatToRawIntBits(found[i * n + j])) {
          throw new DeviceException(
              "tune: with tile " + tile + " the element (" + i + ", " + j + ") is " + found[i * n + j] + ", not " + total
                  + "; its compiler or its arithmetic is at fault");
        }
      }
    }
  }

  private double speed(OpenClBackend b, int n) {
    SplittableRandom random = new SplittableRandom(SEED);
    try (Product p = new Product(b, kernel(n, n, n), random(random, n * n), random(random, n * n))) {
      p.run();
      List<Long> times = new ArrayList<>();
      long begin = System.nanoTime();
      while (times.size() < RUNS || System.nanoTime() - begin < NANOS) {
        long start = System.nanoTime();
        p.run();
        times.add(System.nanoTime() - start);
      }
      long[] sorted = times.stream().mapToLong(Long::longValue).sorted().toArray();
      return 2.0 * n * n * n / sorted[sorted.length / 2];
    }
  }

  /** A product whose operands are on the device. */
  private final class Product implements AutoCloseable {
    private final OpenClBackend backend;
    private final Executable executable;
    private final List<Buffer> buffers = new ArrayList<>();

    Product(OpenClBackend backend, MatMulKernel kernel, float[] x, float[] y) {
      this.backend = backend;
      this.executable = backend.compile(device, kernel);
      long outputs = 4L * kernel.m() * kernel.n();
      for (float[] values : Arrays.asList(x, y)) {
        Buffer buffer = backend.allocate(device, 4L * values.length);
        buffers.add(buffer);
        backend.copyIn(MemorySegment.ofArray(values), buffer, 0);
      }
      buffers.add(backend.allocate(device, outputs));
    }

    void run() {
      backend.launch(executable, buffers);
      backend.synchronize(device);
    }

    void result(float[] to) {
      backend.copyOut(buffers.getLast(), 0, MemorySegment.ofArray(to));
    }

    @Override
    public void close() {
      buffers.forEach(backend::free);
    }
  }
}
