package dev.tenzan.cpu.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.ProductInstructions;
import dev.tenzan.cpu.machine.ProductKernels;
import dev.tenzan.cpu.machine.TileShape;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Function;
import jdk.incubator.vector.VectorShape;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Compares every engine with the oracle, bit by bit. */
final class MatMulTest {
  private static final CpuPool ONE = new CpuPool(1);
  private static final CpuPool TWO = new CpuPool(2);

  /** So many pack A for each other. */
  private static final CpuPool FIVE = new CpuPool(5);

  private static final CpuPool SIXTEEN = new CpuPool(16);

  private static final List<Way> WAYS = Engines.all(ONE, TWO).stream().map(e -> new Way(e.name(), e.engine()::compile)).toList();
  private static final int CASES = 9;

  /** A way to compute products, and a name for messages. */
  private record Way(String name, Function<MatMulKernel, MatrixProgram> compile) {}

  @AfterAll
  static void close() {
    ONE.close();
    TWO.close();
    FIVE.close();
    SIXTEEN.close();
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "BOOL")
  void randomSizesAndLayouts(DType type) {
    for (long seed = 1; seed <= CASES; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      long m = random.nextInt(1, 40);
      long n = random.nextInt(1, 80);
      long k = switch ((int) (seed % 4)) {
        case 0 -> random.nextInt(250, 600);
        case 1 -> random.nextInt(0, 4);
        default -> random.nextInt(1, 70);
      };
      Shape batch = switch ((int) (seed % 3)) {
        case 0 -> Shape.of();
        case 1 -> Shape.of(random.nextInt(1, 4));
        default -> Shape.of(2, random.nextInt(1, 4));
      };
      check(type, batch, m, n, k, Operands.Values.values()[(int) (seed % 3)], seed);
    }
  }

  @Test
  void edgesOfTilesAndBlocks() {
    long seed = 100;
    for (long m : new long[] {1, 4, 5, 12, 13, 24, 31}) {
      for (long n : new long[] {1, 16, 32, 33}) {
        check(DType.F32, Shape.of(), m, n, 17, Operands.Values.TINY, seed++);
      }
    }
    for (long k : new long[] {0, 1, 255, 256, 257, 512, 513, 1000}) {
      check(DType.F32, Shape.of(), 7, 35, k, Operands.Values.PLAIN, seed++);
      check(DType.BF16, Shape.of(), 7, 35, k, Operands.Values.PLAIN, seed++);
    }
  }

  @Test
  void manyRowsOfPanelsAndTasks() {
    check(DType.F32, Shape.of(), 150, 170, 300, Operands.Values.PLAIN, 200);
    check(DType.F64, Shape.of(), 61, 130, 270, Operands.Values.PLAIN, 201);
    check(DType.BF16, Shape.of(), 150, 300, 257, Operands.Values.PLAIN, 202);
    check(DType.I8, Shape.of(), 70, 290, 300, Operands.Values.PLAIN, 203);
  }

  @Test
  void overlappingTilesOfProductsInPlace() {
    long seed = 400;
    int[] depths = {0, 1, 2, 17, 40, 256};
    for (long m : new long[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 30, 100}) {
      for (long n : new long[] {2, 4, 7, 8, 15, 16, 17, 31, 33, 48, 63, 64, 65, 97, 130}) {
        SplittableRandom random = new SplittableRandom(seed);
        long k = depths[random.nextInt(depths.length)];
        DType type = random.nextInt(3) == 0 ? DType.F64 : DType.F32;
        long[] strides = random.nextInt(4) == 0 ? new long[] {m * k, 1, m} : new long[] {m * k, k, 1};
        Affine a = new Affine(random.nextInt(2), strides);
        long apart = random.nextInt(4) == 0 ? 3 * n : n;
        Affine b = new Affine(random.nextInt(3), random.nextInt(4) == 0 ? 0 : k * apart, apart, 1);
        Operands.Values values = Operands.Values.values()[random.nextInt(3)];
        compare(new MatMulKernel(type, type, Shape.of(2), m, n, k, a, b), values, seed);
        seed++;
      }
    }
  }

  @Test
  void productsInMachineCode() {
    System.out.println("machine code: " + ProductInstructions.describe(VectorShape.preferredShape().vectorBitSize()));
    DType[] types = {DType.BF16, DType.I8, DType.U8, DType.F32, DType.F64};
    long seed = 500;
    for (long m : new long[] {1, 4, 5, 6, 7, 11, 12, 13, 30}) {
      for (long n : new long[] {2, 7, 8, 9, 15, 16, 17, 32, 33, 70}) {
        SplittableRandom random = new SplittableRandom(seed);
        DType type = types[random.nextInt(types.length)];
        long k = random.nextInt(4) == 0 ? random.nextInt(250, 1100) : random.nextInt(1, 40);
        boolean leftTurned = random.nextBoolean();
        boolean rightTurned = random.nextBoolean();
        long gap = random.nextInt(3);
        long[] left = leftTurned ? new long[] {k * (m + gap), 1, m + gap} : new long[] {m * (k + gap), k + gap, 1};
        long[] right = rightTurned ? new long[] {n * (k + gap), 1, k + gap} : new long[] {k * (n + gap), n + gap, 1};
        right[0] = random.nextInt(4) == 0 ? 0 : right[0];
        Affine a = new Affine(random.nextInt(3), left);
        Affine b = new Affine(random.nextInt(3), right);
        Operands.Values values = Operands.Values.values()[random.nextInt(3)];
        DType output = type.isFloat() || random.nextInt(3) == 0 ? type : DType.I32;
        compare(new MatMulKernel(type, output, Shape.of(random.nextInt(1, 6)), m, n, k, a, b), values, seed);
        seed++;
      }
    }
  }

  /** A small B and so many rows that a task makes several calls. */
  @Test
  void manyRowsOfSmallProducts() {
    long seed = 700;
    for (DType type : new DType[] {DType.F32, DType.F64}) {
      for (long k : new long[] {40, 300}) {
        MatMulKernel kernel = new MatMulKernel(type, type, Shape.of(), 1003, 70, k, new Affine(1, k, 1), new Affine(0, 70, 1));
        compare(kernel, Operands.Values.values()[(int) (seed % 3)], seed);
        seed++;
      }
    }
  }

  /**
   * Large ones, whose A is read as it lies, packed by each thread for itself, or for all before: in one go, and where it is too large for that. Some have so many rows that a thread has
   * tasks of other ones, for which it packs A again, and some so few columns that several tasks have the same ones, for which it packs B once.
   */
  @Test
  void largeProductsInMachineCode() {
    long seed = 600;
    System.out.println("seeds from " + seed);
    for (VectorSet set : VectorSet.values()) {
      for (TileShape shape : TileShape.values()) {
        for (DType type : new DType[] {DType.BF16, DType.I8, DType.U8, DType.F32, DType.F64}) {
          ProductKernels kernels = ProductInstructions.of(type, set, shape);
          if (kernels == null) {
            System.out.println("not tested for " + type + ", " + shape + " with " + set + ": " + ProductInstructions.describe(set.bits()));
            continue;
          }
          compareLarge(kernels, 131, 641, 530, seed++);
          compareLarge(kernels, 541, 641, 130, seed++);
          compareLarge(kernels, 1171, 91, 331, seed++);
          compareLarge(kernels, 203, 1290, 130, seed++);
        }
      }
    }
  }

  /** Tasks of 23 panels of rows take all of k at a time, those of 24 take two parts: what the same thread has packed of B before is not what the next task needs. */
  @Test
  void tasksOfDifferentParts() {
    ProductKernels kernels = ProductInstructions.of(DType.F32, VectorSet.AVX512, TileShape.TALL);
    if (kernels == null) {
      System.out.println("not tested: " + ProductInstructions.describe(VectorSet.AVX512.bits()));
      return;
    }
    MatMulKernel kernel = new MatMulKernel(DType.F32, DType.F32, Shape.of(), 560, 64, 600, new Affine(0, 600, 1), new Affine(0, 64, 1));
    MatMulProgram program = MatMulProgram.of(kernel, new Gemm(ONE, KernelSet.scalar(), null, KernelSet.scalar().tiling()));
    List<Way> ways = List.of(new Way("in parts", _ -> Objects.requireNonNull(MachineProduct.of(program, ONE, kernels, program, 860 << 10, 0))));
    compare(ways, kernel, Operands.Values.values()[0], 950);
  }

  /** Compares a product of about such a size. */
  private static void compareLarge(ProductKernels kernels, long rows, long columns, long steps, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    DType type = kernels.type();
    DType output = type == DType.I8 && seed % 2 == 0 ? DType.I32 : type;
    long batches = seed % 5 == 4 ? 2 : 1;
    long m = rows + random.nextInt(12);
    long n = columns + random.nextInt(32);
    long k = steps + random.nextInt(30);
    Affine left = random.nextInt(3) == 0 ? new Affine(0, m * k, 1, m) : new Affine(0, m * k, k, 1);
    Affine right = random.nextBoolean() ? new Affine(0, n * k, 1, k) : new Affine(0, n * k, n, 1);
    MatMulKernel kernel = new MatMulKernel(type, output, Shape.of(batches), m, n, k, left, right);
    MatMulProgram program = MatMulProgram.of(kernel, new Gemm(TWO, KernelSet.scalar(), null, KernelSet.scalar().tiling()));
    String shape = kernels.shape() + ", ";
    List<Way> ways =
        List.of(
            new Way(shape + "as they are used", _ -> Objects.requireNonNull(MachineProduct.of(program, TWO, kernels, program))),
            new Way(shape + "A packed by each", _ -> Objects.requireNonNull(MachineProduct.of(program, TWO, kernels, program, 16 << 20, 0))),
            new Way(shape + "A packed by each in parts", _ -> Objects.requireNonNull(MachineProduct.of(program, TWO, kernels, program, 320 << 10, 0))),
            new Way(shape + "as they are used by many", _ -> Objects.requireNonNull(MachineProduct.of(program, SIXTEEN, kernels, program))),
            new Way(shape + "A packed for all", _ -> Objects.requireNonNull(MachineProduct.of(program, FIVE, kernels, program, 16 << 20, 0))),
            new Way(shape + "A packed for all in parts", _ -> Objects.requireNonNull(MachineProduct.of(program, FIVE, kernels, program, 320 << 10, 0))));
    compare(ways, kernel, Operands.Values.values()[random.nextInt(3)], seed);
  }

  /** Tiles of both shapes, whichever this machine prefers, with rows, columns and steps left over. */
  @Test
  void tilesOfAllShapes() {
    Gemm gemm = new Gemm(TWO, KernelSet.scalar(), null, KernelSet.scalar().tiling());
    long seed = 900;
    System.out.println("seeds from " + seed);
    for (TileShape shape : TileShape.values()) {
      for (DType type : new DType[] {DType.F32, DType.F64}) {
        ProductKernels kernels = ProductInstructions.of(type, VectorSet.AVX512, shape);
        if (kernels == null) {
          System.out.println("not tested for " + type + ": " + ProductInstructions.describe(VectorSet.AVX512.bits()));
          continue;
        }
        for (int i = 0; i < 60; i++) {
          SplittableRandom random = new SplittableRandom(seed);
          long m = random.nextInt(4, 40);
          long n = random.nextInt(4, 200);
          long k = random.nextBoolean() ? random.nextInt(1, 140) : random.nextInt(250, 780);
          long gap = random.nextInt(2);
          Affine left = random.nextBoolean() ? new Affine(2, m * k, 1, m) : new Affine(1, m * (k + gap), k + gap, 1);
          Affine right = random.nextBoolean() ? new Affine(0, n * k, 1, k) : new Affine(3, k * (n + gap), n + gap, 1);
          MatMulKernel kernel = new MatMulKernel(type, type, Shape.of(random.nextInt(1, 3)), m, n, k, left, right);
          MatMulProgram program = MatMulProgram.of(kernel, gemm);
          List<Way> ways =
              List.of(
                  new Way(shape + ", in place", _ -> Objects.requireNonNull(MachineProduct.of(program, TWO, kernels, program))),
                  new Way(shape + ", packed", _ -> Objects.requireNonNull(MachineProduct.of(program, TWO, kernels, program, 64 << 10, 0))));
          compare(ways, kernel, Operands.Values.values()[random.nextInt(3)], seed);
          seed++;
        }
      }
    }
  }

  /**
   * Sums that cancel to one unit in the last place of a product, 129 * 129 - 130 * 128 = 1: the smallest normal number, the greatest power of
   * two below it, and others; and products of subnormal operands.
   */
  @Test
  void dotProductsAtTheEdgeOfSubnormalSums() {
    int[][] exponents = {{71, 71}, {71, 70}, {1, 141}, {1, 140}, {0, 200}, {200, 0}, {130, 12}, {130, 11}, {40, 60}};
    for (int[] e : exponents) {
      MatMulKernel kernel =
          new MatMulKernel(DType.BF16, DType.BF16, Shape.of(), 14, 40, 2, new Affine(0, 2, 1), new Affine(0, 40, 1));
      try (Arena arena = Arena.ofShared()) {
        MemorySegment left = arena.allocate(2L * 14 * 2, 64);
        MemorySegment right = arena.allocate(2L * 2 * 40, 64);
        for (int i = 0; i < 14; i++) {
          left.setAtIndex(ValueLayout.JAVA_SHORT, 2L * i, (short) (e[0] << 7 | 1));
          left.setAtIndex(ValueLayout.JAVA_SHORT, 2L * i + 1, (short) (1 << 15 | e[0] << 7 | 2));
        }
        for (int j = 0; j < 40; j++) {
          right.setAtIndex(ValueLayout.JAVA_SHORT, j, (short) (e[1] << 7 | 1));
          right.setAtIndex(ValueLayout.JAVA_SHORT, 40L + j, (short) (e[1] << 7));
        }
        compare(kernel, left, right, arena, "exponents " + e[0] + " and " + e[1]);
      }
    }
  }

  @Test
  void machineCodeOfManyTasks() {
    for (DType type : new DType[] {DType.BF16, DType.I8, DType.U8, DType.F32, DType.F64}) {
      DType output = type.isFloat() ? type : DType.I32;
      Affine a = new Affine(0, 601, 1);
      Affine b = new Affine(0, 400, 1);
      compare(new MatMulKernel(type, output, Shape.of(), 260, 389, 600, a, b), Operands.Values.PLAIN, 600);
      // Short sums, which are written along the rows of C.
      compare(new MatMulKernel(type, output, Shape.of(), 29, 389, 65, new Affine(0, 601, 1), b), Operands.Values.PLAIN, 601);
      compare(new MatMulKernel(type, output, Shape.of(), 600, 1100, 3, new Affine(0, 1, 600), new Affine(0, 1100, 1)), Operands.Values.PLAIN, 602);
    }
  }

  /** Few columns, of which several blocks of k are packed together, in each layout of B. */
  @Test
  void severalBlocksOfFewColumns() {
    long seed = 800;
    for (DType type : new DType[] {DType.F32, DType.F64, DType.BF16}) {
      for (long n : new long[] {2, 16, 17, 31, 33, 40, 64, 65, 100, 200, 330}) {
        for (long k : new long[] {257, 600, 1100}) {
          for (Affine b : List.of(new Affine(0, n, 1), new Affine(1, 1, k))) {
            compare(new MatMulKernel(type, type, Shape.of(), 20, n, k, new Affine(2, k, 1), b), Operands.Values.PLAIN, seed++);
          }
        }
      }
    }
  }

  /** Rows that overlap are few bytes, and what is left of them is packed some of k at a time. */
  @Test
  void rowsThatOverlap() {
    for (long k : new long[] {300, 1_200_000}) {
      compare(new MatMulKernel(DType.F32, DType.F32, Shape.of(), 17, 3, k, new Affine(1, 2, 1), new Affine(0, 3, 1)), Operands.Values.PLAIN, 710);
    }
  }

  /** The packed rows of one task are more than it keeps at a time: 264 rows of 16,000 steps are 17 MB. */
  @Test
  void longSumsOfManyRows() {
    compare(new MatMulKernel(DType.F32, DType.F32, Shape.of(), 516, 3, 16_000, new Affine(0, 16_000, 1), new Affine(0, 3, 1)), Operands.Values.PLAIN, 700);
  }

  @Test
  void emptyProductsWriteNothing() {
    check(DType.F32, Shape.of(), 0, 5, 3, Operands.Values.PLAIN, 300);
    check(DType.F32, Shape.of(), 5, 0, 3, Operands.Values.PLAIN, 301);
    check(DType.F32, Shape.of(0, 3), 5, 4, 3, Operands.Values.PLAIN, 302);
  }

  private static void check(
      DType type, Shape batch, long m, long n, long k, Operands.Values values, long seed) {
    SplittableRandom random = new SplittableRandom(seed * 31 + type.ordinal());
    long[] aExtents = batch.concat(Shape.of(m, k)).dims();
    long[] bExtents = batch.concat(Shape.of(k, n)).dims();
    boolean plain = random.nextInt(4) == 0;
    Affine a = plain ? Operands.dense(aExtents) : Operands.layout(random, true, aExtents);
    Affine b = plain ? Operands.dense(bExtents) : Operands.layout(random, true, bExtents);
    boolean small = type == DType.I8 || type == DType.U8 || type == DType.I16;
    DType output = small && random.nextBoolean() ? DType.I32 : type;
    compare(new MatMulKernel(type, output, batch, m, n, k, a, b), values, seed);
  }

  private static void compare(MatMulKernel kernel, Operands.Values values, long seed) {
    compare(WAYS, kernel, values, seed);
  }

  private static void compare(List<Way> ways, MatMulKernel kernel, Operands.Values values, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    DType type = kernel.input();
    long[] aExtents = kernel.batch().concat(Shape.of(kernel.m(), kernel.k())).dims();
    long[] bExtents = kernel.batch().concat(Shape.of(kernel.k(), kernel.n())).dims();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment left = Operands.filled(arena, random, type, values, kernel.a(), aExtents);
      MemorySegment right = Operands.filled(arena, random, type, values, kernel.b(), bExtents);
      compare(ways, kernel, left, right, arena, "seed " + seed);
    }
  }

  private static void compare(MatMulKernel kernel, MemorySegment left, MemorySegment right, Arena arena, String what) {
    compare(WAYS, kernel, left, right, arena, what);
  }

  private static void compare(
      List<Way> ways, MatMulKernel kernel, MemorySegment left, MemorySegment right, Arena arena, String what) {
    DType output = kernel.output();
    long[] expected = expected(kernel, left, right);
      for (Way way : ways) {
        MemorySegment c = arena.allocate(expected.length * (long) output.byteSize(), 64).fill((byte) 0x7b);
        way.compile().apply(kernel).run(left, right, c);
        for (int i = 0; i < expected.length; i++) {
          int at = i;
          assertEquals(
              expected[i], Operands.bits(output, c, i), () -> way.name() + ", " + what + ", element " + at
                  + " of " + kernel);
        }
      }
  }

  private static long[] expected(MatMulKernel kernel, MemorySegment left, MemorySegment right) {
    int rank = kernel.batch().rank();
    long batches = kernel.batch().size();
    long[] result = new long[Math.toIntExact(batches * kernel.m() * kernel.n())];
    long[] index = new long[rank + 2];
    int at = 0;
    for (long p = 0; p < batches; p++) {
      long rest = p;
      for (int d = rank - 1; d >= 0; d--) {
        index[d] = rest % kernel.batch().dim(d);
        rest /= kernel.batch().dim(d);
      }
      for (long i = 0; i < kernel.m(); i++) {
        for (long j = 0; j < kernel.n(); j++) {
          result[at++] = element(kernel, left, right, index, i, j);
        }
      }
    }
    return result;
  }

  private static long element(
      MatMulKernel kernel, MemorySegment left, MemorySegment right, long[] index, long i, long j) {
    DType type = kernel.input();
    Oracle oracle = new Oracle(type, kernel.output());
    int rank = kernel.batch().rank();
    for (long k = 0; k < kernel.k(); k++) {
      index[rank] = i;
      index[rank + 1] = k;
      long a = kernel.a().at(index);
      index[rank] = k;
      index[rank + 1] = j;
      long b = kernel.b().at(index);
      if (type.isFloat()) {
        oracle.add(Operands.real(type, left, a), Operands.real(type, right, b));
      } else {
        oracle.add(Operands.integer(type, left, a), Operands.integer(type, right, b));
      }
    }
    return oracle.bits();
  }
}
