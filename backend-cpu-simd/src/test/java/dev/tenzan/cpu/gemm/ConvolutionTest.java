package dev.tenzan.cpu.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.SystemMemory;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import jdk.incubator.vector.VectorShape;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Compares every engine with the unrolled definition of a convolution, bit by bit. */
final class ConvolutionTest {
  private static final CpuPool ONE = new CpuPool(1);
  private static final CpuPool TWO = new CpuPool(2);
  private static final List<Engines.Named> ENGINES = Engines.all(ONE, TWO);
  private static final KernelSet KERNELS = KernelSet.vector(128, true, null);

  /** Tiles in machine code. */
  private record MachineStrips(KernelSet kernels, Strips strips) {
    /** Of each set of vectors that the processor has, where the system lets machine code run and the JVM uses vectors as long. */
    static final Map<VectorSet, MachineStrips> ALL = new EnumMap<>(VectorSet.class);

    static {
      for (VectorSet set : VectorSet.values()) {
        if (set.canRun() && VectorShape.preferredShape().vectorBitSize() >= set.bits()) {
          boolean many = set == VectorSet.AVX512;
          ALL.put(set, new MachineStrips(KernelSet.vector(set.bits(), many, set), Strips.load(set.bits(), many, true, set)));
        }
      }
    }
  }

  private static final Strips STRIPS = Strips.load(128, true, true, null);

  @AfterAll
  static void close() {
    ONE.close();
    TWO.close();
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "BOOL")
  void randomConvolutions(DType type) {
    int cases = type == DType.F32 ? 40 : 6;
    for (long seed = 1; seed <= cases; seed++) {
      SplittableRandom random = new SplittableRandom(seed * 17 + type.ordinal());
      int rank = 1 + (int) (seed % 3);
      List<long[]> dims = new ArrayList<>();
      for (int d = 0; d < rank; d++) {
        dims.add(dimension(random, rank));
      }
      long groups = random.nextInt(1, 3);
      long inputs = groups * random.nextInt(1, rank == 3 ? 4 : 8);
      long outputs = groups * random.nextInt(1, 7);
      check(type, random, random.nextInt(1, 3), inputs, outputs, groups, dims,
          Operands.Values.values()[(int) (seed % 3)], seed);
    }
  }

  /** Pointwise windows and long rows take ways of their own. */
  @Test
  void pointwiseAndLongRows() {
    SplittableRandom random = new SplittableRandom(7);
    List<long[]> pointwise = List.of(new long[] {5, 1, 1, 0, 0, 1, 1}, new long[] {9, 1, 1, 0, 0, 1, 1});
    List<long[]> rows = List.of(new long[] {4, 3, 1, 1, 1, 1, 1}, new long[] {70, 3, 1, 1, 1, 1, 1});
    List<long[]> twice = List.of(new long[] {90, 5, 2, 2, 2, 1, 1});
    for (Operands.Values values : Operands.Values.values()) {
      check(DType.F32, random, 3, 20, 13, 1, pointwise, values, 1000);
      check(DType.F32, random, 2, 40, 13, 1, rows, values, 1001);
      check(DType.F64, random, 2, 10, 5, 1, rows, values, 1002);
      check(DType.F32, random, 1, 60, 5, 1, twice, values, 1003);
    }
  }

  /** Outputs that see one channel each, and strides that divide the rows or do not, where the padded input is sorted by remainders. */
  @Test
  void channelsAndStrides() {
    SplittableRandom random = new SplittableRandom(9);
    List<long[]> plain = List.of(new long[] {13, 3, 1, 1, 1, 1, 1}, new long[] {18, 3, 1, 1, 1, 1, 1});
    List<long[]> even = List.of(new long[] {12, 3, 2, 1, 1, 1, 1}, new long[] {56, 3, 2, 1, 1, 1, 1});
    List<long[]> odd = List.of(new long[] {13, 3, 2, 1, 0, 1, 1}, new long[] {39, 5, 2, 2, 2, 1, 2});
    List<long[]> thirds = List.of(new long[] {70, 4, 3, 1, 2, 1, 1});
    List<long[]> pointwise = List.of(new long[] {11, 1, 2, 0, 0, 1, 1}, new long[] {40, 1, 2, 0, 0, 1, 1});
    List<long[]> cropped = List.of(new long[] {9, 3, 1, -1, -2, 1, 1}, new long[] {44, 3, 2, -2, 1, 1, 1});
    for (Operands.Values values : Operands.Values.values()) {
      for (List<long[]> dims : List.of(plain, even, odd, thirds, pointwise, cropped)) {
        check(DType.F32, random, 2, 5, 5, 5, dims, values, 3000);
        check(DType.F32, random, 1, 3, 6, 3, dims, values, 3001);
        check(DType.F64, random, 1, 3, 3, 3, dims, values, 3002);
        check(DType.F32, random, 2, 3, 17, 1, dims, values, 3003);
      }
    }
  }

  /** Rows of every number of lanes in their last vector, and of several pieces; the rows of one to three dimensions; some to a group of rows and some left. */
  @Test
  void singleChannels() {
    SplittableRandom random = new SplittableRandom(12);
    Operands.Values[] values = Operands.Values.values();
    long seed = 8000;
    for (long length : new long[] {1, 2, 7, 14, 15, 16, 17, 28, 31, 32, 33, 48, 56, 63, 64, 65, 100, 112, 130, 200}) {
      long[] row = {length, 3, 1, 1, 1, 1, 1};
      long[] twice = {2 * length, 3, 2, 1, 0, 1, 1};
      long[] apart = {length + 6, 3, 1, 1, -1, 1, 3};
      Operands.Values v = values[(int) (seed % values.length)];
      check(DType.F32, random, 1, 3, 3, 3, List.of(row), v, seed++);
      check(DType.F32, random, 2, 2, 4, 2, List.of(new long[] {5, 3, 1, 1, 1, 1, 1}, row), v, seed++);
      check(DType.F32, random, 1, 2, 2, 2, List.of(new long[] {17, 5, 2, 2, 2, 1, 1}, twice), v, seed++);
      check(DType.F32, random, 1, 2, 6, 2, List.of(new long[] {6, 2, 1, 0, 1, 1, 2}, apart), v, seed++);
      if (length < 40) {
        check(DType.F32, random, 1, 2, 2, 2, List.of(new long[] {3, 2, 1, 1, 0, 1, 1}, new long[] {9, 3, 2, 1, 1, 1, 1}, row), v, seed++);
      }
    }
    check(DType.F32, random, 1, 2, 2, 2, List.of(new long[] {9, 7, 1, 3, 3, 1, 1}, new long[] {40, 7, 1, 3, 3, 1, 1}), values[0], seed++);
    // So many rows that one call has not all of them.
    check(DType.F32, random, 1, 1, 1, 1, List.of(new long[] {301, 11, 1, 5, 5, 1, 1}, new long[] {100, 11, 1, 5, 5, 1, 1}), values[0], seed);
  }

  /** Planes of every width and of rows that are apart or in reverse, with strides and windows whose ends lie far beside them. */
  @Test
  void singleChannelsInPlace() {
    SplittableRandom random = new SplittableRandom(13);
    Operands.Values[] values = Operands.Values.values();
    System.out.println("singleChannelsInPlace: seed 13");
    for (int c = 0; c < 150; c++) {
      List<long[]> dims = new ArrayList<>();
      for (int d = random.nextInt(2); d < 2; d++) {
        long stride = d == 1 ? random.nextInt(1, 3) : random.nextInt(1, 5);
        dims.add(new long[] {
          random.nextInt(1, d == 1 ? 71 : 14), random.nextInt(1, 6), stride, random.nextInt(-2, 20), random.nextInt(-2, 20),
          d == 1 && stride == 2 ? 1 : random.nextInt(1, 3),
          random.nextInt(1, 4)
        });
      }
      if (dims.stream().allMatch(d -> outExtent(d) > 0)) {
        long inputs = random.nextInt(1, 4);
        check(DType.F32, random, random.nextInt(1, 3), inputs, inputs * random.nextInt(1, 4), inputs, dims, values[c % values.length], 9000 + c);
      }
    }
    // So many channels that one call has not all of a task's.
    check(DType.F32, random, 1, 1400, 1400, 1400, List.of(new long[] {60, 7, 1, 3, 3, 1, 1}, new long[] {1, 1, 1, 0, 0, 1, 1}), values[0], 9200);
  }

  /** Gradients of single channels' weights: vectors of groups that are whole or not, blocks of k that end within rows, planes of several bands, more outputs than registers. */
  @Test
  void gradientsOfSingleChannels() {
    SplittableRandom random = new SplittableRandom(15);
    Operands.Values[] values = Operands.Values.values();
    System.out.println("gradientsOfSingleChannels: seed 15");
    long seed = 9500;
    for (long groups : new long[] {8, 16, 19, 33}) {
      for (long images = 1; images <= 4; images++) {
        Operands.Values v = values[(int) (seed % values.length)];
        // Forward: 3 x 3 on 9 x 20, with stride 2 on 9 x 21, with dilation 2 on 7 x 40, of 2 x 2 with crops, 7 x 7 on 8 x 8; and lines.
        check(DType.F32, random, 1, groups * images, groups, groups, List.of(gradient(9, 9, 1, 1, 1, 1), gradient(20, 20, 1, 1, 1, 1)), v, seed++);
        check(DType.F32, random, 1, groups * images, groups, groups, List.of(gradient(9, 5, 1, 1, 1, 2), gradient(21, 11, 1, 1, 1, 2)), v, seed++);
        check(DType.F32, random, 1, groups * images, groups, groups, List.of(gradient(7, 5, 2, 1, 1, 1), gradient(40, 38, 2, 1, 1, 1)), v, seed++);
        check(DType.F32, random, 1, groups * images, groups, groups, List.of(gradient(9, 6, 1, -1, -1, 1), gradient(9, 7, 1, -2, 1, 1)), v, seed++);
        check(DType.F32, random, 1, groups * images, groups, groups, List.of(gradient(8, 8, 1, 3, 3, 1), gradient(8, 8, 1, 3, 3, 1)), v, seed++);
        check(DType.F32, random, 1, groups * images, groups, groups, List.of(gradient(300, 299, 1, 1, 0, 1)), v, seed++);
      }
    }
    check(DType.F32, random, 1, 16, 16, 16, List.of(gradient(60, 60, 1, 1, 1, 1), gradient(70, 70, 1, 1, 1, 1)), values[0], seed++);
    check(DType.F32, random, 1, 48, 16, 16, List.of(gradient(61, 31, 1, 1, 1, 2), gradient(81, 42, 1, 3, 2, 2)), values[2], seed++);
    // All of the first row's windows lie in the padding.
    check(DType.F32, random, 1, 16, 16, 16, List.of(gradient(6, 17, 1, 9, 4, 1), gradient(7, 22, 1, 9, 8, 1)), values[2], seed);
  }

  /** Products that all underflow to -0 add up to -0, over blocks of k too. */
  @Test
  void gradientsThatUnderflow() {
    for (VectorSet set : MachineStrips.ALL.keySet()) {
      long groups = set.bits() / Float.SIZE;
      ConvolutionKernel kernel =
          new ConvolutionKernel(
              DType.F32, 1, groups, groups, groups, Shape.of(21, 21), Shape.of(20, 20), Shape.of(2, 2), List.of(1L, 1L), List.of(0L, 0L),
              List.of(1L, 1L), List.of(1L, 1L), Operands.dense(1, groups, 21, 21), Operands.dense(groups, 1, 20, 20));
      try (Arena arena = Arena.ofShared()) {
        MemorySegment x = arena.allocateFrom(ValueLayout.JAVA_FLOAT, all(groups * 21 * 21, 1e-30f));
        MemorySegment w = arena.allocateFrom(ValueLayout.JAVA_FLOAT, all(groups * 20 * 20, -1e-30f));
        MemorySegment c = arena.allocate(groups * 4 * Float.BYTES, 64);
        Objects.requireNonNull(ChannelGradients.of(kernel, TWO, set)).run(x, w, c);
        assertBits(kernel, expected(kernel, x, w), c, "products that underflow with " + set);
        assertEquals(Float.floatToRawIntBits(-0.0f), c.get(ValueLayout.JAVA_INT, 0));
      }
    }
  }

  private static float[] all(long count, float value) {
    float[] values = new float[Math.toIntExact(count)];
    Arrays.fill(values, value);
    return values;
  }

  /** A dimension of the convolution that is a gradient: the forward one's outputs are the window, its window's dilation the stride, and its stride the window's dilation. */
  private static long[] gradient(long extent, long outputs, long dilation, long low, long high, long stride) {
    return new long[] {extent, outputs, dilation, low, high, 1, stride};
  }

  /** A plane between pages that are not there: what is read beside it ends the process. */
  @Test
  void nothingIsReadBesideAPlane() {
    SplittableRandom random = new SplittableRandom(14);
    long page = 4096;
    for (VectorSet set : MachineStrips.ALL.keySet()) {
      for (long width : new long[] {1, 5, 14, 28, 33}) {
        for (long stride = 1; stride <= 2; stride++) {
          long height = 9;
          long bytes = width * height * Float.BYTES;
          ConvolutionKernel kernel = ofOneChannel(height, width, stride);
          // Made first: what is mapped for its code must not come to lie where the pages were.
          ChannelsInPlace single = ChannelsInPlace.of(kernel, ONE, set);
          assertNotNull(single);
          long memory = SystemMemory.map(3 * page, SystemMemory.PROT_READ | SystemMemory.PROT_WRITE);
          SystemMemory.unmap(memory, page);
          SystemMemory.unmap(memory + 2 * page, page);
          try (Arena arena = Arena.ofShared()) {
            MemorySegment weights = Operands.filled(arena, random, DType.F32, Operands.Values.PLAIN, kernel.w(), 1, 1, 3, 3);
            for (long at : new long[] {memory + page, memory + 2 * page - bytes}) {
              MemorySegment plane = MemorySegment.ofAddress(at).reinterpret(bytes);
              plane.copyFrom(Operands.filled(arena, random, DType.F32, Operands.Values.PLAIN, kernel.x(), 1, 1, height, width));
              MemorySegment c = arena.allocate(kernel.outSpatial().size() * Float.BYTES, 64);
              single.run(plane, weights, c);
              assertBits(kernel, expected(kernel, plane, weights), c, "plane at an edge of memory with " + set + ", seed 14");
            }
          } finally {
            SystemMemory.unmap(memory + page, page);
          }
        }
      }
    }
  }

  private static ConvolutionKernel ofOneChannel(long height, long width, long stride) {
    long[] rows = {height, 3, stride, 1, 1, 1, 1};
    long[] columns = {width, 3, stride, 1, 1, 1, 1};
    return new ConvolutionKernel(
        DType.F32, 1, 1, 1, 1, Shape.of(height, width), Shape.of(3, 3), Shape.of(outExtent(rows), outExtent(columns)), List.of(stride, stride),
        List.of(1L, 1L), List.of(1L, 1L), List.of(1L, 1L), Operands.dense(1, 1, height, width), Operands.dense(1, 1, 3, 3));
  }

  /** The last tile of a group's channels is whole, a half, or less than that; places fill runs or do not, and k has one block or two. */
  @Test
  void fewOutputChannels() {
    SplittableRandom random = new SplittableRandom(11);
    Operands.Values[] values = Operands.Values.values();
    long seed = 6000;
    for (int channels : new int[] {1, 5, 8, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49}) {
      List<long[]> places = List.of(new long[] {5, 3, 1, 1, 1, 1, 1}, new long[] {7 + channels % 3, 3, 1, 1, 1, 1, 1});
      Operands.Values v = values[(int) (seed % values.length)];
      check(DType.F32, random, 2, 16, channels, 1, places, v, seed++);
      check(DType.F32, random, 1, 80, 2 * channels, 2, places, v, seed++);
    }
  }

  /** So many weights that each task packs some, for all images or for several; the last tile of a group's channels is not whole. */
  @Test
  void manyWeights() {
    SplittableRandom random = new SplittableRandom(10);
    List<long[]> small = List.of(new long[] {7, 3, 1, 1, 1, 1, 1}, new long[] {7, 3, 1, 1, 1, 1, 1});
    List<long[]> large = List.of(new long[] {18, 3, 1, 1, 1, 1, 1}, new long[] {18, 3, 1, 1, 1, 1, 1});
    for (Operands.Values values : Operands.Values.values()) {
      check(DType.F32, random, 2, 80, 104, 1, small, values, 4000);
    }
    check(DType.F32, random, 5, 160, 208, 2, small, Operands.Values.values()[0], 4001);
    check(DType.F32, random, 6, 80, 200, 1, large, Operands.Values.values()[0], 4002);
  }

  /**
   * Vectors across output channels: rows that are whole runs or not, with something between them or nothing; runs that are cut within an
   * image; images that threads share or have for themselves; channels that do not fill a panel.
   */
  @Test
  void pixels() {
    SplittableRandom random = new SplittableRandom(11);
    List<long[]> small = List.of(new long[] {7, 3, 1, 1, 1, 1, 1}, new long[] {7, 3, 1, 1, 1, 1, 1});
    List<long[]> odd = List.of(new long[] {9, 3, 1, 1, 1, 1, 1}, new long[] {13, 3, 1, 1, 1, 1, 1});
    List<long[]> strided = List.of(new long[] {14, 3, 2, 1, 1, 1, 1}, new long[] {14, 3, 2, 1, 1, 1, 1});
    List<long[]> pointwise = List.of(new long[] {7, 1, 1, 0, 0, 1, 1}, new long[] {7, 1, 1, 0, 0, 1, 1});
    List<long[]> skipping = List.of(new long[] {14, 1, 2, 0, 0, 1, 1}, new long[] {14, 1, 2, 0, 0, 1, 1});
    List<long[]> solid = List.of(new long[] {3, 2, 1, 0, 0, 1, 1}, new long[] {5, 3, 1, 1, 1, 1, 1}, new long[] {14, 3, 1, 1, 1, 1, 2});
    List<long[]> line = List.of(new long[] {70, 5, 1, 2, 2, 1, 1});
    List<long[]> large = List.of(new long[] {35, 3, 1, 1, 1, 1, 1}, new long[] {35, 3, 1, 1, 1, 1, 1});
    for (Operands.Values values : Operands.Values.values()) {
      for (boolean outputsInside : new boolean[] {true, false}) {
        check(DType.F32, random, 5, 30, 64, 1, small, outputsInside, values, 5000);
        check(DType.F32, random, 1, 48, 34, 1, odd, outputsInside, values, 5001);
        check(DType.F32, random, 3, 60, 64, 2, strided, outputsInside, values, 5002);
        check(DType.F32, random, 6, 300, 29, 1, pointwise, outputsInside, values, 5003);
        check(DType.F32, random, 2, 130, 32, 1, skipping, outputsInside, values, 5004);
        check(DType.F32, random, 2, 9, 16, 1, solid, outputsInside, values, 5005);
        check(DType.F32, random, 2, 56, 32, 2, line, outputsInside, values, 5006);
      }
      check(DType.F32, random, 2, 15, 8, 1, large, values, 5007);
    }
  }

  /** A window longer than the output's rows, as in the gradient of the weights, is packed along its own rows. */
  @Test
  void longWindows() {
    SplittableRandom random = new SplittableRandom(8);
    List<long[]> padded = List.of(new long[] {9, 9, 1, 1, 1, 1, 1}, new long[] {11, 11, 1, 2, 1, 1, 1});
    List<long[]> strided = List.of(new long[] {6, 3, 2, 0, 0, 1, 1}, new long[] {30, 11, 3, 4, 2, 1, 2});
    List<long[]> cropped = List.of(new long[] {40, 20, 1, -3, -4, 1, 1});
    List<long[]> solid = List.of(new long[] {3, 2, 1, 1, 0, 2, 1}, new long[] {6, 5, 1, 1, 1, 1, 1},
        new long[] {7, 7, 1, 1, 1, 1, 1});
    for (Operands.Values values : Operands.Values.values()) {
      for (boolean outputsInside : new boolean[] {true, false}) {
        check(DType.F32, random, 5, 7, 13, 1, padded, outputsInside, values, 2000);
        check(DType.BF16, random, 2, 5, 6, 1, padded, outputsInside, values, 2001);
        check(DType.F64, random, 2, 10, 8, 2, strided, outputsInside, values, 2002);
        check(DType.F32, random, 3, 9, 25, 1, cropped, outputsInside, values, 2003);
        check(DType.I8, random, 1, 4, 7, 1, solid, outputsInside, values, 2004);
      }
    }
  }

  /** Gradients of weights, with the strides and dilations of their convolutions: few outputs, and a k that runs over many images. */
  @Test
  void gradientsOfWeights() {
    SplittableRandom random = new SplittableRandom(10);
    List<long[]> padded = List.of(new long[] {7, 7, 1, 1, 1, 1, 1}, new long[] {9, 9, 1, 1, 1, 1, 1});
    List<long[]> strided = List.of(new long[] {11, 5, 1, 1, 1, 1, 2}, new long[] {12, 6, 1, 1, 0, 1, 2});
    List<long[]> line = List.of(new long[] {130, 131, 1, 2, 1, 1, 1});
    List<long[]> solid = List.of(new long[] {4, 3, 1, 0, 0, 1, 1}, new long[] {5, 4, 1, 0, 0, 1, 1}, new long[] {6, 6, 1, 1, 1, 1, 1});
    List<long[]> manyPlaces = List.of(new long[] {12, 7, 1, 0, 0, 1, 1}, new long[] {23, 17, 1, 0, 0, 1, 1});
    List<long[]> onePlace = List.of(new long[] {7, 7, 1, 0, 0, 1, 1}, new long[] {9, 9, 1, 0, 0, 1, 1});
    for (Operands.Values values : Operands.Values.values()) {
      for (boolean outputsInside : new boolean[] {true, false}) {
        check(DType.F32, random, 3, 23, 5, 1, padded, outputsInside, values, 4000);
        check(DType.F32, random, 1, 26, 67, 1, padded, outputsInside, values, 4001);
        check(DType.F32, random, 4, 40, 18, 2, strided, outputsInside, values, 4002);
        check(DType.F32, random, 2, 9, 7, 1, line, outputsInside, values, 4003);
        check(DType.F32, random, 2, 9, 7, 1, solid, outputsInside, values, 4004);
        check(DType.F32, random, 2, 8, 48, 1, manyPlaces, outputsInside, values, 4005);
        check(DType.F32, random, 19, 10, 16, 1, onePlace, outputsInside, values, 4006);
        check(DType.F32, random, 7, 12, 40, 1, padded, outputsInside, values, 4007);
      }
    }
  }

  /** Input extent, window, stride, padding before and after, input dilation, window dilation. */
  private static long[] dimension(SplittableRandom random, int rank) {
    long extent = random.nextInt(1, rank == 3 ? 5 : 12);
    long window = random.nextInt(1, 4);
    return new long[] {
      extent, window, random.nextInt(1, 4), random.nextInt(-1, 4), random.nextInt(0, 4), random.nextInt(1, 4),
      random.nextInt(1, 3)
    };
  }

  private static void check(
      DType type,
      SplittableRandom random,
      long batch,
      long inputs,
      long outputs,
      long groups,
      List<long[]> dims,
      Operands.Values values,
      long seed) {
    check(type, random, batch, inputs, outputs, groups, dims, false, values, seed);
  }

  /** With {@code outputsInside}, an input channel's windows for all outputs lie together, each dense. */
  private static void check(
      DType type,
      SplittableRandom random,
      long batch,
      long inputs,
      long outputs,
      long groups,
      List<long[]> dims,
      boolean outputsInside,
      Operands.Values values,
      long seed) {
    long[] spatial = dims.stream().mapToLong(d -> d[0]).toArray();
    long[] window = dims.stream().mapToLong(d -> d[1]).toArray();
    long[] out = dims.stream().mapToLong(ConvolutionTest::outExtent).toArray();
    long[] xExtents = Shape.of(batch, inputs).concat(Shape.of(spatial)).dims();
    long[] wExtents = Shape.of(outputs, inputs / groups).concat(Shape.of(window)).dims();
    boolean plain = random.nextBoolean();
    Affine others = random.nextBoolean() ? Operands.layout(random, true, xExtents) : Operands.rows(random, xExtents);
    Affine x = plain ? Operands.dense(xExtents) : others;
    Affine w = plain ? new Affine(seed % 3, Operands.dense(wExtents).strides()) : Operands.layout(random, true, wExtents);
    if (outputsInside) {
      long[] strides = Operands.dense(wExtents).strides();
      strides[0] = strides[1];
      strides[1] = strides[0] * outputs;
      w = new Affine(0, strides);
    }
    ConvolutionKernel kernel =
        new ConvolutionKernel(
            type, batch, inputs, outputs, groups, Shape.of(spatial), Shape.of(window), Shape.of(out),
            dims.stream().map(d -> d[2]).toList(), dims.stream().map(d -> d[3]).toList(),
            dims.stream().map(d -> d[5]).toList(), dims.stream().map(d -> d[6]).toList(), x, w);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment left = Operands.filled(arena, random, type, values, x, xExtents);
      MemorySegment right = Operands.filled(arena, random, type, values, kernel.w(), wExtents);
      long[] expected = expected(kernel, left, right);
      for (Engines.Named engine : ENGINES) {
        MemorySegment c = arena.allocate(expected.length * (long) type.byteSize(), 64).fill((byte) 0x7b);
        engine.engine().compile(kernel).run(left, right, c);
        assertBits(kernel, expected, c, engine + ", seed " + seed);
      }
      for (MachineStrips in : MachineStrips.ALL.values()) {
        DepthwiseStrips single = DepthwiseStrips.of(kernel, TWO, in.strips);
        long taps = kernel.window().size();
        if (single != null) {
          // With shorter vectors, long windows on long rows are too much code.
          assertTrue(single.isInMachineCode() || in.strips.machine() == VectorSet.AVX2 && taps > 100, kernel.toString());
          MemorySegment c = arena.allocate(expected.length * (long) type.byteSize() + 64, 64).fill((byte) 0x7b);
          single.run(left, right, c);
          assertBits(kernel, expected, c, "single channels in machine code with " + in.strips.machine() + ", seed " + seed);
          assertEquals(-1, c.asSlice(expected.length * (long) type.byteSize()).mismatch(arena.allocate(64).fill((byte) 0x7b)), "what lies behind");
        }
      }
      for (VectorSet set : MachineStrips.ALL.keySet()) {
        ChannelsInPlace single = ChannelsInPlace.of(kernel, TWO, set);
        assertTrue(single != null || !areChannelsInPlace(kernel), kernel.toString());
        if (single != null) {
          MemorySegment c = arena.allocate(expected.length * (long) type.byteSize() + 64, 64).fill((byte) 0x7b);
          single.run(left, right, c);
          assertBits(kernel, expected, c, "single channels in place with " + set + ", seed " + seed);
          assertEquals(-1, c.asSlice(expected.length * (long) type.byteSize()).mismatch(arena.allocate(64).fill((byte) 0x7b)), "what lies behind");
        }
      }
      for (VectorSet set : MachineStrips.ALL.keySet()) {
        ChannelGradients single = ChannelGradients.of(kernel, TWO, set);
        assertEquals(areChannelGradients(kernel, set), single != null, kernel.toString());
        if (single != null) {
          MemorySegment c = arena.allocate(expected.length * (long) type.byteSize() + 64, 64).fill((byte) 0x7b);
          single.run(left, right, c);
          assertBits(kernel, expected, c, "gradients of single channels with " + set + ", seed " + seed);
          assertEquals(-1, c.asSlice(expected.length * (long) type.byteSize()).mismatch(arena.allocate(64).fill((byte) 0x7b)), "what lies behind");
        }
      }
      for (long kept : new long[] {1, LongWindowConvolution.KEPT}) {
        for (MachineStrips in : MachineStrips.ALL.values()) {
          LongWindowConvolution machine = LongWindowConvolution.of(kernel, TWO, in.strips, () -> in.kernels, in.kernels, kept);
          if (machine != null) {
            assertTrue(machine.isInMachineCode(), kernel.toString());
            MemorySegment c = arena.allocate(expected.length * (long) type.byteSize(), 64).fill((byte) 0x7b);
            machine.run(left, right, c);
            assertBits(kernel, expected, c, "long window in machine code with " + in.strips.machine() + ", " + kept + " kept, seed " + seed);
          }
        }
      }
      LongWindowConvolution piecewise = LongWindowConvolution.of(kernel, TWO, STRIPS, () -> KERNELS, KERNELS, 1);
      if (piecewise != null) {
        MemorySegment c = arena.allocate(expected.length * (long) type.byteSize(), 64).fill((byte) 0x7b);
        piecewise.run(left, right, c);
        assertBits(kernel, expected, c, "long window, block by block, seed " + seed);
      }
      for (long together : new long[] {1, PixelConvolution.INPUTS}) {
        PixelConvolution pixels = PixelConvolution.of(kernel, TWO, STRIPS, () -> KERNELS, together);
        if (pixels != null) {
          MemorySegment c = arena.allocate(expected.length * (long) type.byteSize(), 64).fill((byte) 0x7b);
          pixels.run(left, right, c);
          assertBits(kernel, expected, c, "pixels, " + together + " inputs together, seed " + seed);
        }
        for (VectorSet set : VectorSet.values()) {
          MachineStrips in = MachineStrips.ALL.get(set);
          PixelConvolution machine = in == null ? null : PixelConvolution.of(kernel, TWO, in.strips, () -> in.kernels, together);
          if (machine != null) {
            MemorySegment c = arena.allocate(expected.length * (long) type.byteSize(), 64).fill((byte) 0x7b);
            machine.run(left, right, c);
            assertBits(kernel, expected, c, "pixels in machine code with " + set + ", " + together + " inputs together, seed " + seed);
          }
        }
      }
    }
  }

  /** Whether {@link ChannelsInPlace} has to take a convolution, of those here. */
  private static boolean areChannelsInPlace(ConvolutionKernel k) {
    int rank = k.spatial().rank();
    boolean isSimple = k.dtype() == DType.F32 && k.inChannels() == k.groups() && rank < 3 && k.inputDilation().stream().allMatch(d -> d <= 2);
    boolean areNeighbours = k.x().stride(1 + rank) == 1 || k.spatial().dim(rank - 1) == 1;
    // Large windows on long rows are too much code.
    boolean isShort = k.window().size() <= 100;
    return isSimple && areNeighbours && isShort && k.stride().get(rank - 1) * k.inputDilation().get(rank - 1) <= 2 && !k.outSpatial().isEmpty() && !k.spatial().isEmpty();
  }

  /** Whether {@link ChannelGradients} has to take a convolution, of those here. */
  private static boolean areChannelGradients(ConvolutionKernel k, VectorSet set) {
    int last = k.spatial().rank() - 1;
    boolean isSimple = k.dtype() == DType.F32 && k.batch() == 1 && k.outChannels() == k.groups() && last < 2;
    boolean areNeighbours =
        (k.x().stride(2 + last) == 1 || k.spatial().dim(last) == 1) && (k.w().stride(2 + last) == 1 || k.window().dim(last) == 1);
    boolean areThere = !k.outSpatial().isEmpty() && !k.spatial().isEmpty() && k.outSpatial().size() <= 128;
    boolean areSteps = k.inChannels() / k.groups() * k.window().size() >= 64;
    return isSimple && areNeighbours && areThere && areSteps && k.groups() >= set.bits() / Float.SIZE && k.inputDilation().stream().allMatch(d -> d == 1);
  }

  private static void assertBits(ConvolutionKernel kernel, long[] expected, MemorySegment c, String how) {
    for (int i = 0; i < expected.length; i++) {
      int at = i;
      assertEquals(expected[i], Operands.bits(kernel.dtype(), c, i), () -> how + ", element " + at + " of " + kernel);
    }
  }

  private static long outExtent(long[] d) {
    long dilated = d[0] == 0 ? 0 : (d[0] - 1) * d[5] + 1;
    long room = dilated + d[3] + d[4] - ((d[1] - 1) * d[6] + 1);
    return room < 0 ? 0 : room / d[2] + 1;
  }

  private static long[] expected(ConvolutionKernel kernel, MemorySegment left, MemorySegment right) {
    long positions = kernel.outSpatial().size();
    long[] result = new long[Math.toIntExact(kernel.batch() * kernel.outChannels() * positions)];
    int at = 0;
    for (long b = 0; b < kernel.batch(); b++) {
      for (long o = 0; o < kernel.outChannels(); o++) {
        for (long p = 0; p < positions; p++) {
          result[at++] = element(kernel, left, right, b, o, unravel(p, kernel.outSpatial()));
        }
      }
    }
    return result;
  }

  private static long[] unravel(long index, Shape shape) {
    long[] result = new long[shape.rank()];
    for (int d = shape.rank() - 1; d >= 0; d--) {
      result[d] = index % shape.dim(d);
      index /= shape.dim(d);
    }
    return result;
  }

  private static long element(
      ConvolutionKernel kernel, MemorySegment left, MemorySegment right, long b, long o, long[] position) {
    DType type = kernel.dtype();
    Oracle oracle = new Oracle(type, type);
    int rank = kernel.spatial().rank();
    long perGroup = kernel.inChannels() / kernel.groups();
    long group = o / (kernel.outChannels() / kernel.groups());
    long[] xIndex = new long[rank + 2];
    long[] wIndex = new long[rank + 2];
    for (long c = 0; c < perGroup; c++) {
      for (long t = 0; t < kernel.window().size(); t++) {
        long[] tap = unravel(t, kernel.window());
        boolean zero = false;
        for (int d = 0; d < rank; d++) {
          long place =
              position[d] * kernel.stride().get(d) + tap[d] * kernel.windowDilation().get(d)
                  - kernel.padLow().get(d);
          long apart = kernel.inputDilation().get(d);
          zero |= place < 0 || place % apart != 0 || place / apart >= kernel.spatial().dim(d);
          xIndex[2 + d] = zero ? 0 : place / apart;
          wIndex[2 + d] = tap[d];
        }
        xIndex[0] = b;
        xIndex[1] = group * perGroup + c;
        wIndex[0] = o;
        wIndex[1] = c;
        long x = kernel.x().at(xIndex);
        long w = kernel.w().at(wIndex);
        if (type.isFloat()) {
          oracle.add(Operands.real(type, right, w), zero ? 0.0 : Operands.real(type, left, x));
        } else {
          oracle.add(Operands.integer(type, right, w), zero ? 0 : Operands.integer(type, left, x));
        }
      }
    }
    return oracle.bits();
  }
}
