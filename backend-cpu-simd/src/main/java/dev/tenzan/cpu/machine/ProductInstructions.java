package dev.tenzan.cpu.machine;

import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Which types' products run in machine code here, and why not the others. */
public final class ProductInstructions {
  private static final String BYTES = "avx512_vnni";
  private static final String HALVES = "avx512_bf16";

  private ProductInstructions() {}

  /** The code, assembled when the first product of a type asks for it; linking takes tens of milliseconds. */
  private static final Map<TileShape, Map<DType, PerSet<ProductKernels>>> KERNELS = new EnumMap<>(TileShape.class);

  static {
    for (TileShape shape : TileShape.values()) {
      Map<DType, PerSet<ProductKernels>> ofShape = new EnumMap<>(DType.class);
      for (DType type : DType.values()) {
        ofShape.put(type, new PerSet<>(set -> load(type, set, shape), "products of " + type + " go without machine code"));
      }
      KERNELS.put(shape, ofShape);
    }
  }

  private static ProductKernels load(DType type, VectorSet set, TileShape shape) {
    ProductKernels kernels = ProductKernels.load(type, set, shape);
    if (type == DType.BF16 && !isChain(kernels)) {
      throw new IllegalStateException("VDPBF16PS of this processor is no chain of multiply-adds");
    }
    return kernels;
  }

  /** The kernels for a type, or null where this machine has none: {@link #describe} says why. Wide tiles are for f32 and f64 with AVX-512. */
  public static @Nullable ProductKernels of(DType type, VectorSet set, TileShape shape) {
    boolean tall = shape == TileShape.TALL;
    boolean has =
        switch (type) {
          case I8, U8 -> tall && set == VectorSet.AVX512 && ProcessorFlags.has(BYTES);
          case BF16 -> tall && set == VectorSet.AVX512 && ProcessorFlags.has(HALVES);
          case F32, F64 -> tall || set == VectorSet.AVX512;
          case F16, I16, I32, I64, BOOL -> false;
        };
    return has ? Objects.requireNonNull(Objects.requireNonNull(KERNELS.get(shape)).get(type)).of(set) : null;
  }

  /** Whether wide tiles are faster here where both shapes fit a product: measured on an AMD processor alone, whose second cache gives a line in each cycle. */
  public static boolean areWideTilesFaster() {
    return ProcessorFlags.isAmd();
  }

  /**
   * For people: what runs in machine code, loops and the products of some types, or why nothing does.
   *
   * @param bits the width of the vectors that the JVM uses
   */
  public static String describe(int bits) {
    String obstacle = MachineCode.obstacle();
    if (!obstacle.isEmpty()) {
      return "no: " + obstacle;
    }
    VectorSet set = VectorSet.ofBits(bits);
    if (set == VectorSet.AVX2) {
      return "loops, f32, f64 (AVX2)";
    }
    if (set == null) {
      return "no: vectors are of " + bits + " bits, and the processor has no machine code for that: it needs AVX-512 (F, BW, DQ, VL) and BMI2, or AVX2, FMA, F16C, BMI2 and POPCNT";
    }
    boolean bytes = ProcessorFlags.has(BYTES);
    boolean halves = ProcessorFlags.has(HALVES);
    String missing = (bytes ? "" : " no AVX512_VNNI") + (halves ? "" : " no AVX512_BF16");
    return "loops, f32, f64" + (bytes ? ", i8, u8" : "") + (halves ? ", bf16" : "") + (missing.isEmpty() ? "" : " (" + missing.strip() + ")");
  }

  /**
   * Whether the instruction adds the upper halves' product first and rounds after each of the two, as the manual says. The numbers are
   * such that every other way, with one rounding or in the other order, gives another result.
   */
  private static boolean isChain(ProductKernels kernels) {
    float[][] cases = {
      // Upper a and b, then lower ones, behind a chain that has come to 1: the first product's loss decides the result.
      {0x1p-12f, 0x1p-12f, 0x1.02p-12f, 0x1p-12f},
      {0x1p12f, 0x1.02p12f, -0x1p12f, 0x1p12f},
      {0x1.7ep-1f, 0x1.02p-24f, 0x1.04p3f, 0x1.06p-27f}
    };
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(ProductKernels.BLOCK, 64);
      MemorySegment left = arena.allocate(kernels.panelBytes(), 64);
      MemorySegment right = arena.allocate(2L * kernels.columns() * kernels.groupBytes(), 64);
      MemorySegment result = arena.allocate((long) kernels.rows() * kernels.columns() * Float.BYTES, 64);
      block.set(ValueLayout.JAVA_LONG, ProductKernels.COUNT, 2);
      block.set(ValueLayout.JAVA_LONG, ProductKernels.SOURCE, left.address());
      block.set(ValueLayout.JAVA_LONG, ProductKernels.SECOND, right.address());
      block.set(ValueLayout.JAVA_LONG, ProductKernels.TARGET, result.address());
      block.set(ValueLayout.JAVA_LONG, ProductKernels.TARGET_STEP, (long) kernels.columns() * Float.BYTES);
      for (float[] c : cases) {
        put(left, 0, 1, 0);
        put(right, 0, 1, 0);
        put(left, kernels.bySteps().step(), c[0], c[2]);
        put(right, (long) kernels.columns() * kernels.groupBytes(), c[1], c[3]);
        block.set(ValueLayout.JAVA_LONG, ProductKernels.TILES, 1);
        kernels.tiles(kernels.bySteps()).call(block);
        float expected = Math.fma(c[2], c[3], Math.fma(c[0], c[1], 1f));
        if (result.get(ValueLayout.JAVA_FLOAT, 0) != expected) {
          return false;
        }
      }
      return true;
    }
  }

  private static void put(MemorySegment panel, long at, float upper, float lower) {
    panel.set(ValueLayout.JAVA_INT, at, Float.floatToRawIntBits(upper) | Float.floatToRawIntBits(lower) >>> 16);
  }
}
