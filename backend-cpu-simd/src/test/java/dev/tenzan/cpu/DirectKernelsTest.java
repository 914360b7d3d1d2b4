package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.tenzan.conformance.StoredElements;
import dev.tenzan.cpu.machine.MachineCode;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Thin matrix products and convolutions of single channels, which have code of their own, against the reference backend, bit for bit. */
class DirectKernelsTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);
  private static final int CASES = 60;
  private static final int PRODUCTS = 300;

  /** Numbers between -1 and 1: among many of any bits there is a NaN. */
  private static final long PLAIN = Long.MIN_VALUE;

  /** Elements behind a result, which have to stay as they are. */
  private static final int GUARD = 40;

  @Test
  void thinProducts() {
    System.out.println("seeds " + SEED + " to " + (SEED + CASES - 1));
    try (Backend scalar = Backends.scalar(2); Backend vector = Backends.vector(2)) {
      for (int c = 0; c < CASES; c++) {
        Random random = random(SEED + c);
        List<DType> types = List.of(DType.F32, DType.F64, DType.BF16, DType.F16);
        DType type = types.get(random.nextInt(types.size()));
        DType output = random.nextBoolean() ? type.compute() : type;
        long m = 1 + random.nextInt(4);
        long n = 250 + random.nextInt(c % 10 == 0 ? 5000 : 400);
        long k = c % 3 == 0 ? 8 + random.nextInt(900) : 8 + random.nextInt(60);
        long pad = random.nextInt(3);
        boolean turned = random.nextBoolean();
        Affine a = turned ? new Affine(pad, 1, m) : new Affine(pad, k + pad, 1);
        MatMulKernel product = new MatMulKernel(type, output, Shape.of(), m, n, k, a, new Affine(pad, n + pad, 1));
        check("seed " + (SEED + c) + ", " + product, product, new long[] {(m + 1) * (k + 4), k * (n + 4) + 4, m * n}, List.of(scalar, vector), random);
      }
    }
  }

  /** Few rows or few columns, the large matrix row-major or turned, in batches that may share it, with each set of vectors. */
  @Test
  void fewRowsInMachineCode() {
    System.out.println("seeds " + SEED + " to " + (SEED + PRODUCTS - 1));
    List<Backend> machines = new ArrayList<>(Backends.machines(2));
    assumeFalse(machines.isEmpty(), "this machine runs no machine code");
    machines.add(Backends.machine(1));
    try {
      for (int c = 0; c < PRODUCTS; c++) {
        Random random = random(SEED + c);
        DType type = List.of(DType.F32, DType.F64, DType.BF16, DType.F16).get(random.nextInt(4));
        DType output = random.nextInt(4) == 0 ? type.compute() : type;
        long few = 1 + random.nextInt(c % 4 == 0 ? 17 : 8);
        long many = c % 5 == 0 ? 500 + random.nextInt(2000) : 1 + random.nextInt(150);
        long k = c % 5 == 0 ? 1 + random.nextInt(100) : c % 5 == 1 ? 250 + random.nextInt(900) : 1 + random.nextInt(70);
        boolean swapped = random.nextInt(3) == 0;
        long m = swapped ? many : few;
        long n = swapped ? few : many;
        long batch = random.nextInt(3) == 0 ? 2 + random.nextInt(3) : 1;
        MatMulKernel product =
            new MatMulKernel(
                type, output, Shape.of(batch), m, n, k, matrix(random, batch, m, k), matrix(random, batch, k, n));
        long[] sizes = {
          product.a().max(Shape.of(batch, m, k)) + 1, product.b().max(Shape.of(batch, k, n)) + 1, batch * m * n + GUARD
        };
        check("seed " + (SEED + c) + ", " + product, product, sizes, machines, random);
      }
      // So many steps that tasks share them, or make several calls.
      for (long[] size : new long[][] {{1, 20, 6000}, {3, 37, 5003}, {1, 70, 17_000}, {9, 85, 8700}, {2, 700, 600}, {5, 530, 520}, {9, 1100, 1000}}) {
        for (boolean turned : new boolean[] {true, false}) {
          long m = size[0];
          long n = size[1];
          long k = size[2];
          DType type = turned && m < 3 ? DType.F64 : DType.F32;
          Affine x = m == 9 ? new Affine(0, 1, m) : new Affine(0, k, 1);
          Affine y = turned ? new Affine(1, 1, k + 1) : new Affine(1, n + 1, 1);
          MatMulKernel product = new MatMulKernel(type, type, Shape.of(), m, n, k, x, y);
          check(product.toString(), product, new long[] {m * k, (k + 1) * (n + 1), m * n + GUARD}, machines, random(SEED), PLAIN);
          if (n > 1000) {
            MatMulKernel swapped = new MatMulKernel(type, type, Shape.of(), n, m, k, new Affine(1, k + 1, 1), new Affine(0, 1, k));
            check(swapped.toString(), swapped, new long[] {(k + 1) * (n + 1), m * k, m * n + GUARD}, machines, random(SEED), PLAIN);
          }
        }
      }
    } finally {
      machines.forEach(Backend::close);
    }
  }

  /** The address of a batch of matrices: rows or columns side by side, with gaps, backwards, far apart, or one matrix for all. */
  private static Affine matrix(Random random, long batch, long rows, long columns) {
    long gap = random.nextInt(3);
    boolean turned = random.nextBoolean();
    boolean sparse = random.nextInt(8) == 0;
    long step = sparse ? 2 : 1;
    long row = turned ? step : step * (columns + gap);
    long column = turned ? step * (rows + gap) : step;
    long matrix = step * (rows + gap) * (columns + gap);
    long offset = random.nextInt(3);
    if (random.nextInt(6) == 0) {
      offset += row * (rows - 1);
      row = -row;
    }
    return new Affine(offset, batch > 1 && random.nextInt(3) == 0 ? 0 : matrix, row, column);
  }

  /** Bytes at the ends of their ranges too, and sums that f32 would round were they not cut; with dot-product instructions and without. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void byteProducts(boolean dots) {
    System.setProperty(MachineCode.PROPERTY, Boolean.toString(dots));
    try {
      byteProducts();
    } finally {
      System.clearProperty(MachineCode.PROPERTY);
    }
  }

  private static void byteProducts() {
    System.out.println("seeds " + SEED + " to " + (SEED + 8));
    try (Backend scalar = Backends.scalar(2); Backend vector = Backends.vector(2)) {
      for (int c = 0; c < 9; c++) {
        Random random = random(SEED + c);
        DType type = c % 2 == 0 ? DType.I8 : DType.U8;
        long m = 16 + random.nextInt(40);
        long n = 16 + random.nextInt(40);
        long k = c < 6 ? 300 + random.nextInt(1200) : new long[] {2048, 1025, 9000}[c - 6];
        long batch = 1 + random.nextInt(2);
        long pad = random.nextInt(3);
        Affine a = random.nextBoolean() ? new Affine(pad, m * k, 1, m) : new Affine(pad, m * (k + pad), k + pad, 1);
        Affine b = random.nextBoolean() ? new Affine(pad, 0, 1, k) : new Affine(pad, k * n, n, 1);
        MatMulKernel product = new MatMulKernel(type, DType.I32, Shape.of(batch), m, n, k, a, b);
        long[] sizes = {batch * m * (k + 3) + 3, batch * k * n + 3, batch * m * n};
        for (long fill : new long[] {0, type == DType.I8 ? -128 : 255, 1}) {
          check("seed " + (SEED + c) + ", " + product, product, sizes, List.of(scalar, vector), random, fill);
        }
      }
    }
  }

  @Test
  void channels() {
    System.out.println("seeds " + SEED + " to " + (SEED + CASES - 1));
    try (Backend scalar = Backends.scalar(2); Backend vector = Backends.vector(2)) {
      for (int c = 0; c < CASES; c++) {
        Random random = random(SEED + c);
        ConvolutionKernel convolution = convolution(random, 1 + random.nextInt(3));
        Shape x = Shape.of(convolution.batch(), convolution.inChannels()).concat(convolution.spatial());
        Shape w = Shape.of(convolution.outChannels(), 1).concat(convolution.window());
        Shape out = Shape.of(convolution.batch(), convolution.outChannels()).concat(convolution.outSpatial());
        long[] sizes = {convolution.x().max(x) + 1, convolution.w().max(w) + 1, out.size()};
        check("seed " + (SEED + c) + ", " + convolution, convolution, sizes, List.of(scalar, vector), random);
      }
    }
  }

  /** Strides that leap over all of the input, and padding that the windows leap over. */
  @Test
  void farStrides() {
    try (Backend scalar = Backends.scalar(2); Backend vector = Backends.vector(2)) {
      for (long stride : new long[] {50, 1L << 20, 1L << 40}) {
        for (long pad : new long[] {0, stride}) {
          long out = pad == 0 ? 1 : 2;
          ConvolutionKernel k =
              new ConvolutionKernel(
                  DType.F32, 1, 2, 2, 2, Shape.of(40), Shape.of(3), Shape.of(out), List.of(stride), List.of(pad), List.of(1L), List.of(1L),
                  new Affine(0, 80, 40, 1), new Affine(0, 3, 3, 1));
          check("stride " + stride + ", pad " + pad, k, new long[] {80, 6, 2 * out}, List.of(scalar, vector), new Random(SEED));
        }
      }
    }
  }

  private static ConvolutionKernel convolution(Random random, int rank) {
    long channels = 1 + random.nextInt(3);
    long each = 1 + random.nextInt(2);
    long[] spatial = new long[rank];
    long[] window = new long[rank];
    long[] out = new long[rank];
    List<Long> stride = new ArrayList<>();
    List<Long> pad = new ArrayList<>();
    List<Long> dilation = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      spatial[d] = 1 + random.nextInt(d == rank - 1 ? 70 : 7);
      window[d] = 1 + random.nextInt(rank == 1 ? 7 : 3);
      stride.add(1L + random.nextInt(3));
      pad.add((long) random.nextInt(4) - 1);
      dilation.add(1L + random.nextInt(2));
      long reach = (window[d] - 1) * dilation.get(d) + 1;
      long padded = Math.max(reach, spatial[d] + pad.get(d) + random.nextInt(3));
      out[d] = (padded - reach) / stride.get(d) + 1;
    }
    Shape x = Shape.of(2, channels).concat(Shape.of(spatial));
    Shape w = Shape.of(channels * each, 1).concat(Shape.of(window));
    DType type = random.nextBoolean() ? DType.F32 : DType.F64;
    return new ConvolutionKernel(
        type, 2, channels, channels * each, channels, Shape.of(spatial), Shape.of(window), Shape.of(out), stride, pad,
        Collections.nCopies(rank, 1L), dilation, address(x, random), address(w, random));
  }

  /** Row-major, or with the last dimension's elements apart, or backwards in memory order. */
  private static Affine address(Shape shape, Random random) {
    long[] strides = shape.rowMajorStrides();
    if (random.nextInt(3) == 0) {
      for (int d = 0; d < strides.length; d++) {
        strides[d] *= 2;
      }
    } else if (random.nextInt(3) == 0) {
      long next = 1;
      for (int d = 0; d < strides.length; d++) {
        strides[d] = next;
        next *= shape.dim(d);
      }
    }
    return new Affine(random.nextInt(3), strides);
  }

  private static void check(String name, KernelSpec kernel, long[] sizes, List<Backend> backends, Random random) {
    check(name, kernel, sizes, backends, random, 0);
  }

  /** Compares with the reference; all inputs are {@code fill} where that is not 0, or {@link #PLAIN}. */
  private static void check(String name, KernelSpec kernel, long[] sizes, List<Backend> backends, Random random, long fill) {
    List<DType> types = List.of(kernel.inputs().get(0), kernel.inputs().get(1), kernel.outputs().getFirst());
    try (Arena arena = Arena.ofConfined(); Backend reference = new ReferenceBackend()) {
      List<MemorySegment> hosts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        MemorySegment host = arena.allocate(sizes[i] * types.get(i).byteSize(), 8);
        boolean plain = types.get(i).isFloat() && (fill == PLAIN || random.nextInt(4) > 0);
        for (int e = 0; e < sizes[i]; e++) {
          StoredElements.write(types.get(i), host, e, fill != 0 && fill != PLAIN ? fill : plain ? plain(types.get(i), random) : StoredElements.random(types.get(i), random));
        }
        hosts.add(host);
      }
      MemorySegment expected = run(kernel, hosts, reference, arena);
      for (Backend backend : backends) {
        for (int repeat = 0; repeat < 2; repeat++) {
          MemorySegment found = run(kernel, hosts, backend, arena);
          for (int e = 0; e < sizes[2]; e++) {
            long want = StoredElements.read(types.get(2), expected, e);
            long have = StoredElements.read(types.get(2), found, e);
            if (!StoredElements.same(types.get(2), want, have)) {
              fail(name + ": element " + e + " has bits " + Long.toHexString(have) + ", not " + Long.toHexString(want));
            }
          }
        }
      }
    }
  }

  /** Numbers from a seed; those that {@link Random} gives first for neighbouring seeds are alike. */
  private static Random random(long seed) {
    return new Random(new SplittableRandom(seed).nextLong());
  }

  private static long plain(DType type, Random random) {
    double v = random.nextDouble() * 2 - 1;
    return type == DType.F64 ? Double.doubleToRawLongBits(v) : Float.floatToRawIntBits((float) v);
  }

  private static MemorySegment run(KernelSpec kernel, List<MemorySegment> hosts, Backend backend, Arena arena) {
    List<Buffer> buffers = new ArrayList<>();
    for (MemorySegment host : hosts) {
      Buffer b = backend.allocate(0, host.byteSize());
      backend.copyIn(host, b, 0);
      buffers.add(b);
    }
    backend.launch(backend.compile(0, kernel), buffers);
    MemorySegment result = arena.allocate(hosts.get(2).byteSize(), 8);
    backend.copyOut(buffers.get(2), 0, result);
    buffers.forEach(backend::free);
    return result;
  }
}
