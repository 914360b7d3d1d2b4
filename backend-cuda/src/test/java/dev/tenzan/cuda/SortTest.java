package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.fail;

import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Sorts on a simulated device against the platform's sort of positions, bit for bit: NaNs keep their bits, and equal elements their order.
 * Lengths stand around those at which the kernels do something else: a warp, a tile, several tiles, many more tiles than blocks.
 */
class SortTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);

  /** Elements behind the output that nothing may write. */
  private static final int GUARD = 64;

  private static final byte UNTOUCHED = 0x5a;

  private static CudaBackend cuda;

  private final Random random = new Random(SEED);

  @BeforeAll
  static void open() {
    System.out.println("seed " + SEED);
    cuda = new CudaBackend(new SimulatedDriver(1), SimulatedCudaProvider.NAME, null);
  }

  @AfterAll
  static void close() {
    cuda.close();
  }

  /** What the elements are like. */
  private enum Pattern {
    /** Any bits: all digits, and of floats NaNs of both signs with any payload. */
    BITS,
    /** Few values, among them the special ones. */
    FEW,
    /** All the same. */
    EQUAL,
    /** Rising already. */
    SORTED,
    /** All but one digit are the same. */
    ONE_DIGIT
  }

  /** The elements of a tile: {@code TILE} in sort.cu. */
  private static int tile(DType t) {
    return t.byteSize() == 8 ? 3072 : 4096;
  }

  private static long[] special(DType t) {
    return switch (t) {
      case F64 -> new long[] {
        0, Long.MIN_VALUE, 1, Long.MIN_VALUE | 1, 0x7ff0L << 48, 0xfff0L << 48, 0x7ff8L << 48, 0xfff8L << 48, (0x7ff0L << 48) + 1, -1,
        Double.doubleToRawLongBits(1), Double.doubleToRawLongBits(-1), Double.doubleToRawLongBits(Double.MAX_VALUE)
      };
      case F32 -> new long[] {
        0, 0x8000_0000L, 1, 0x8000_0001L, 0x7f80_0000L, 0xff80_0000L, 0x7fc0_0000L, 0xffc0_0000L, 0x7f80_0001L, 0xffff_ffffL, 0x3f80_0000L,
        0xbf80_0000L, 0x7f7f_ffffL
      };
      case F16 -> new long[] {0, 0x8000, 1, 0x8001, 0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7c01, 0xffff, 0x3c00, 0xbc00, 0x7bff};
      case BF16 -> new long[] {0, 0x8000, 1, 0x8001, 0x7f80, 0xff80, 0x7fc0, 0xffc0, 0x7f81, 0xffff, 0x3f80, 0xbf80, 0x7f7f};
      case BOOL -> new long[] {0, 1};
      case I64, I32, I16, I8, U8 -> new long[] {0, 1, -1, 127, 128, Long.MIN_VALUE >> 64 - 8 * t.byteSize(), Long.MAX_VALUE >> 64 - 8 * t.byteSize()};
    };
  }

  private long[] elements(DType t, Pattern pattern, int n) {
    long[] special = special(t);
    int shift = 8 * random.nextInt(t.byteSize());
    long fixed = random.nextLong();
    long[] e = new long[n];
    for (int i = 0; i < n; i++) {
      e[i] = switch (pattern) {
        case BITS -> random.nextInt(8) == 0 ? special[random.nextInt(special.length)] : random.nextLong();
        case FEW -> special[random.nextInt(special.length)];
        case EQUAL -> fixed;
        case SORTED -> i;
        case ONE_DIGIT -> fixed & ~(0xffL << shift) | (long) random.nextInt(256) << shift;
      };
      e[i] = t == DType.BOOL ? e[i] & 1 : e[i] << 64 - 8 * t.byteSize() >>> 64 - 8 * t.byteSize();
    }
    return e;
  }

  /** By the numbers that the bits mean. {@link Double#compare} has this order: -0 below +0, NaNs equal and above everything. */
  private static Comparator<Long> order(DType t) {
    return switch (t) {
      case F64 -> (a, b) -> Double.compare(Double.longBitsToDouble(a), Double.longBitsToDouble(b));
      case F32 -> (a, b) -> Float.compare(Float.intBitsToFloat(a.intValue()), Float.intBitsToFloat(b.intValue()));
      case F16 -> (a, b) -> Float.compare(Float.float16ToFloat(a.shortValue()), Float.float16ToFloat(b.shortValue()));
      case BF16 -> (a, b) -> Float.compare(Float.intBitsToFloat(a.intValue() << 16), Float.intBitsToFloat(b.intValue() << 16));
      case U8, BOOL -> Comparator.naturalOrder();
      case I64, I32, I16, I8 -> Comparator.comparing(a -> a << 64 - 8 * t.byteSize() >> 64 - 8 * t.byteSize());
    };
  }

  private static ByteBuffer bytes(int n, int size) {
    return ByteBuffer.allocate(n * size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void put(ByteBuffer to, int i, int size, long v) {
    switch (size) {
      case 1 -> to.put(i, (byte) v);
      case 2 -> to.putShort(i * 2, (short) v);
      case 4 -> to.putInt(i * 4, (int) v);
      default -> to.putLong(i * 8, v);
    }
  }

  private static byte[] run(SortKernel k, ByteBuffer in, int results) {
    byte[] out = new byte[results];
    Arrays.fill(out, UNTOUCHED);
    Buffer from = cuda.allocate(0, in.capacity());
    Buffer to = cuda.allocate(0, results);
    try {
      cuda.copyIn(MemorySegment.ofArray(in.array()), from, 0);
      cuda.copyIn(MemorySegment.ofArray(out), to, 0);
      cuda.launch(cuda.compile(0, k), List.of(from, to));
      cuda.copyOut(to, 0, MemorySegment.ofArray(out));
      return out;
    } finally {
      cuda.free(from);
      cuda.free(to);
    }
  }

  private void check(DType t, Pattern pattern, boolean descending, boolean indices, int outer, int length, int inner, int count) {
    SortKernel k = new SortKernel(t, descending, indices, outer, length, inner, count);
    long[] e = elements(t, pattern, outer * length * inner);
    int size = k.outputs().getFirst().byteSize();
    int results = outer * count * inner;
    ByteBuffer in = bytes(e.length, t.byteSize());
    for (int i = 0; i < e.length; i++) {
      put(in, i, t.byteSize(), e[i]);
    }
    ByteBuffer expected = bytes(results + GUARD, size);
    Arrays.fill(expected.array(), UNTOUCHED);
    Comparator<Long> order = descending ? order(t).reversed() : order(t);
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < inner; i++) {
        int start = o * length * inner + i;
        int[] sorted =
            IntStream.range(0, length)
                .boxed()
                .sorted((a, b) -> order.compare(e[start + a * inner], e[start + b * inner]))
                .mapToInt(Integer::intValue)
                .toArray();
        for (int p = 0; p < count; p++) {
          put(expected, (o * count + p) * inner + i, size, indices ? sorted[p] : e[start + sorted[p] * inner]);
        }
      }
    }
    byte[] actual = run(k, in, expected.capacity());
    int wrong = Arrays.mismatch(expected.array(), actual);
    if (wrong >= 0) {
      fail(k + " of " + pattern + ", seed " + SEED + ": element " + wrong / size + " of " + results + " differs");
    }
  }

  /** Values and positions, rising and falling. */
  private void check(DType t, Pattern pattern, int outer, int length, int inner, int count) {
    for (boolean descending : new boolean[] {false, true}) {
      check(t, pattern, descending, false, outer, length, inner, count);
      check(t, pattern, descending, true, outer, length, inner, count);
    }
  }

  @Test
  void linesWithinATile() {
    for (int length : new int[] {0, 1, 2, 3, 16, 31, 32, 33, 127, 128, 129, 1000}) {
      check(DType.F32, Pattern.BITS, 1, length, 1, length);
      check(DType.F32, Pattern.FEW, 7, length, 1, length);
      check(DType.I64, Pattern.BITS, 2, length, 3, length);
    }
    check(DType.F32, Pattern.BITS, 0, 5, 3, 5);
    check(DType.F32, Pattern.BITS, 3, 5, 0, 5);
  }

  @Test
  void linesOfATile() {
    for (DType t : List.of(DType.F32, DType.F64)) {
      for (int length : new int[] {tile(t) / 2, tile(t) - 1, tile(t)}) {
        check(t, Pattern.BITS, 1, length, 1, length);
      }
    }
  }

  @Test
  void severalLinesOfATile() {
    check(DType.F32, Pattern.BITS, 5000, 2, 1, 2); // as many lines as a digit has values
    check(DType.I16, Pattern.FEW, 2100, 1, 1, 1);
    check(DType.F32, Pattern.BITS, 2100, 3, 1, 2);
    check(DType.F32, Pattern.FEW, 40, 100, 1, 100);
    check(DType.BF16, Pattern.BITS, 9, 37, 10, 37);
    check(DType.F64, Pattern.BITS, 2, 5, 300, 3); // more lines side by side than a block takes
    check(DType.I8, Pattern.BITS, 3, 9, 255, 9);
    check(DType.U8, Pattern.BITS, 3, 9, 257, 4);
    check(DType.F32, Pattern.BITS, 70, 6, 17, 6);
  }

  @Test
  void everyDtype() {
    for (DType t : DType.values()) {
      for (Pattern p : Pattern.values()) {
        check(t, p, 3, 150, 2, 150);
      }
      check(t, Pattern.BITS, 1, tile(t) + 1, 1, tile(t) + 1);
      check(t, Pattern.FEW, 1, 2 * tile(t) + 77, 1, 2 * tile(t) + 77);
    }
  }

  @Test
  void patternsOfLongLines() {
    for (DType t : List.of(DType.F32, DType.I32, DType.F16)) {
      int length = 2 * tile(t) + 300;
      for (Pattern p : Pattern.values()) {
        check(t, p, 1, length, 1, length);
      }
    }
  }

  @Test
  void severalTiles() {
    for (int length : new int[] {2 * tile(DType.F32) - 1, 2 * tile(DType.F32), 11 * tile(DType.F32) + 5}) {
      check(DType.F32, Pattern.BITS, 1, length, 1, length);
    }
    check(DType.U8, Pattern.BITS, true, false, 1, 90 * tile(DType.U8), 1, 90 * tile(DType.U8)); // more tiles than a launch has blocks
    check(DType.I16, Pattern.BITS, false, true, 1, 70 * tile(DType.I16) + 1, 1, 70 * tile(DType.I16) + 1);
  }

  @Test
  void severalLongLines() {
    check(DType.F32, Pattern.BITS, 2, 5000, 3, 5000);
    check(DType.I16, Pattern.FEW, 1, 9000, 5, 9000);
    check(DType.BOOL, Pattern.BITS, 3, 9000, 2, 9000);
    check(DType.F64, Pattern.FEW, 3, 3100, 1, 3100);
  }

  @Test
  void beginnings() {
    for (int count : new int[] {0, 1, 5, 100}) {
      check(DType.F32, Pattern.BITS, 3, 100, 2, count);
      check(DType.F32, Pattern.BITS, 2, 5000, 2, count);
      check(DType.I8, Pattern.BITS, 1, 9000, 1, count);
    }
    check(DType.BF16, Pattern.FEW, 1, 9000, 1, 8999);
    check(DType.F32, Pattern.FEW, 1, 9000, 1, 4097);
  }
}
