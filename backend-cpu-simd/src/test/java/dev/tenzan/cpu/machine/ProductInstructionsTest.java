package dev.tenzan.cpu.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cpu.OtherJvm;
import dev.tenzan.type.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Which instructions are used is what Linux says of the processor, and a dot product of bf16 numbers is a chain. */
final class ProductInstructionsTest {
  private static final int STEPS = 8;
  private static final int ROUNDS = 2000;
  private static final long SEED = 7;

  /** The processor's features, read another way than by the code under test. */
  private static List<String> flags() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("flags")) {
        return Arrays.asList(line.split(" "));
      }
    }
    return List.of();
  }

  private static boolean isLinuxOnX86() {
    return System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64");
  }

  @Test
  void usesWhatTheProcessorHas() throws IOException {
    System.out.println("machine code: " + ProductInstructions.describe(VectorSet.AVX512.bits()));
    if (!isLinuxOnX86()) {
      assertEquals("no: only on Linux on x86-64", ProductInstructions.describe(VectorSet.AVX512.bits()));
      assertNull(ProductInstructions.of(DType.I8, VectorSet.AVX512, TileShape.TALL));
      return;
    }
    boolean wide = flags().containsAll(List.of("avx512f", "avx512bw", "avx512vl"));
    assertEquals(wide && flags().contains("avx512_vnni"), ProductInstructions.of(DType.I8, VectorSet.AVX512, TileShape.TALL) != null);
    assertEquals(wide && flags().contains("avx512_vnni"), ProductInstructions.of(DType.U8, VectorSet.AVX512, TileShape.TALL) != null);
    assertEquals(wide && flags().contains("avx512_bf16"), ProductInstructions.of(DType.BF16, VectorSet.AVX512, TileShape.TALL) != null);
    assertEquals(wide, ProductInstructions.of(DType.F32, VectorSet.AVX512, TileShape.TALL) != null);
    assertEquals(wide, ProductInstructions.of(DType.F64, VectorSet.AVX512, TileShape.TALL) != null);
    assertEquals(wide, ProductInstructions.of(DType.F32, VectorSet.AVX512, TileShape.WIDE) != null);
    assertNull(ProductInstructions.of(DType.I8, VectorSet.AVX512, TileShape.WIDE));
    assertNull(ProductInstructions.of(DType.F32, VectorSet.AVX2, TileShape.WIDE));
    assertNull(ProductInstructions.of(DType.I16, VectorSet.AVX512, TileShape.TALL));
    boolean narrow = flags().containsAll(List.of("avx2", "fma", "f16c"));
    assertEquals(narrow, ProductInstructions.of(DType.F32, VectorSet.AVX2, TileShape.TALL) != null);
    assertEquals(narrow, ProductInstructions.of(DType.F64, VectorSet.AVX2, TileShape.TALL) != null);
    assertNull(ProductInstructions.of(DType.I8, VectorSet.AVX2, TileShape.TALL));
    assertNull(ProductInstructions.of(DType.BF16, VectorSet.AVX2, TileShape.TALL));
    assertEquals(narrow, ProductInstructions.describe(VectorSet.AVX2.bits()).equals("loops, f32, f64 (AVX2)"));
    assertTrue(ProductInstructions.describe(128).startsWith("no: vectors are of 128 bits"));
  }

  /** What the process of {@link #withoutNativeAccess} runs. */
  public static void main(String[] args) {
    System.out.println(ProductInstructions.describe(VectorSet.AVX512.bits()) + ", " + ProductInstructions.of(DType.I8, VectorSet.AVX512, TileShape.TALL));
  }

  @Test
  void withoutNativeAccess() throws IOException, InterruptedException {
    String output = OtherJvm.lastLine(ProductInstructionsTest.class, "--illegal-native-access=deny");
    String expected =
        isLinuxOnX86() ? "no: start java with --enable-native-access=ALL-UNNAMED, null" : "no: only on Linux on x86-64, null";
    assertEquals(expected, output);
  }

  @Test
  void canBeSwitchedOff() {
    System.setProperty(MachineCode.PROPERTY, "false");
    try {
      assertEquals("no: switched off by -Dtenzan.cpu.machine=false", ProductInstructions.describe(VectorSet.AVX512.bits()));
      assertNull(ProductInstructions.of(DType.I8, VectorSet.AVX512, TileShape.TALL));
    } finally {
      System.clearProperty(MachineCode.PROPERTY);
    }
  }

  @Test
  void halvesAreAddedAsAChain() {
    ProductKernels kernels = ProductInstructions.of(DType.BF16, VectorSet.AVX512, TileShape.TALL);
    if (kernels == null) {
      System.out.println("not tested: " + ProductInstructions.describe(VectorSet.AVX512.bits()));
      return;
    }
    assertNotNull(kernels);
    System.out.println("seed " + SEED);
    Random random = new Random(SEED);
    int groups = STEPS / 2;
    ProductKernels.Layout layout = kernels.bySteps();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(ProductKernels.BLOCK, 64);
      MemorySegment left = arena.allocate(kernels.panelBytes(), 64);
      MemorySegment right = arena.allocate((long) groups * kernels.columns() * kernels.groupBytes(), 64);
      MemorySegment result = arena.allocate((long) kernels.rows() * kernels.columns() * Float.BYTES, 64);
      block.set(ValueLayout.JAVA_LONG, ProductKernels.COUNT, groups);
      block.set(ValueLayout.JAVA_LONG, ProductKernels.SOURCE, left.address());
      block.set(ValueLayout.JAVA_LONG, ProductKernels.SECOND, right.address());
      block.set(ValueLayout.JAVA_LONG, ProductKernels.TARGET, result.address());
      block.set(ValueLayout.JAVA_LONG, ProductKernels.TARGET_STEP, (long) kernels.columns() * Float.BYTES);
      for (int round = 0; round < ROUNDS; round++) {
        // Products from 2^-80 to 2^80: no sum is subnormal, and many cancel or lose bits.
        int spread = 1 + round % 40;
        float[][] a = new float[STEPS][kernels.rows()];
        float[][] b = new float[STEPS][kernels.columns()];
        for (int k = 0; k < STEPS; k++) {
          fill(random, spread, a[k], k, left, layout.step());
          fill(random, spread, b[k], k, right, kernels.columns() * kernels.groupBytes());
        }
        block.set(ValueLayout.JAVA_LONG, ProductKernels.TILES, 1);
        kernels.tiles(layout).call(block);
        for (int i = 0; i < kernels.rows(); i++) {
          for (int j = 0; j < kernels.columns(); j++) {
            float expected = 0;
            for (int k = 0; k < STEPS; k++) {
              expected = Math.fma(a[k][i], b[k][j], expected);
            }
            float found = result.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * kernels.columns() + j);
            assertEquals(
                Float.floatToIntBits(expected), Float.floatToIntBits(found), "round " + round + ", row " + i + ", column " + j);
          }
        }
      }
    }
  }

  private static void fill(Random random, int spread, float[] values, int k, MemorySegment panel, long groupStep) {
    for (int lane = 0; lane < values.length; lane++) {
      int exponent = 127 + random.nextInt(2 * spread) - spread;
      int bits = random.nextInt(1 << 7) << 16 | exponent << 23 | (random.nextBoolean() ? 1 << 31 : 0);
      values[lane] = random.nextInt(20) == 0 ? 0f : Float.intBitsToFloat(bits);
      long at = k / 2 * groupStep + (long) lane * Integer.BYTES + (k % 2 == 0 ? 2 : 0);
      panel.set(ValueLayout.JAVA_SHORT, at, (short) (Float.floatToRawIntBits(values[lane]) >> 16));
    }
  }

  @Test
  void memoryIsNotWrittenAndRunAtOnce() throws IOException {
    if (!isLinuxOnX86()) {
      System.out.println("not tested: " + ProductInstructions.describe(VectorSet.AVX512.bits()));
      return;
    }
    assertEquals("", MachineCode.obstacle(), "the tests run with native access");
    Assembler a = new Assembler();
    a.returnFromVectors();
    MachineCode code = MachineCode.load(a.code());
    try (Arena arena = Arena.ofConfined()) {
      code.call(arena.allocate(ProductKernels.BLOCK));
    }
    for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
      boolean writtenAndRun = line.split(" ")[1].startsWith("rwx");
      // HotSpot's own code cache is such memory.
      assertTrue(!writtenAndRun || !line.startsWith(Long.toHexString(code.address()) + "-"), line);
    }
  }
}
