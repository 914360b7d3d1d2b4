package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.fail;

import dev.tenzan.conformance.StoredElements;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Sorts of which the first elements are wanted, which have code of their own, against the reference backend, bit for bit. */
class SelectionTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);
  private static final int CASES = 300;

  /** What the lines of a case hold. */
  private enum Content {
    RANDOM,
    BITS,
    FEW,
    SAME,
    RISING,
    FALLING,
    PERIODIC
  }

  @Test
  void anyShape() {
    System.out.println("seeds " + SEED + " to " + (SEED + CASES - 1));
    try (Backend one = Backends.scalar(1); Backend three = Backends.vector(3)) {
      for (int c = 0; c < CASES; c++) {
        Random random = new Random(SEED + c);
        DType type = DType.values()[random.nextInt(DType.values().length)];
        int length = 1 + random.nextInt(random.nextBoolean() ? 3000 : 120);
        int most = random.nextInt(4) == 0 ? length : length / 16;
        long outer = 1 + random.nextInt(3);
        long inner = random.nextBoolean() ? 1 : 1 + random.nextInt(random.nextInt(4) == 0 ? 70 : 5);
        check("seed " + (SEED + c), kernel(type, random, outer, length, inner, random.nextInt(most + 1)), List.of(one, three), random);
      }
    }
  }

  /** Lines that several threads share, and some beside the sizes at which something else begins. */
  @Test
  void longLines() {
    try (Backend two = Backends.vector(2); Backend four = Backends.vector(4)) {
      Random random = new Random(SEED);
      for (int length : new int[] {1023, 1024, 1025, 4096, 65_535, 65_536, 70_001}) {
        for (DType type : new DType[] {DType.F32, DType.F64, DType.F16, DType.U8}) {
          for (int count : new int[] {1, 50, length / 16, length / 16 + 1, length}) {
            check("length " + length, kernel(type, random, 1, length, 1, count), List.of(two, four), random);
          }
        }
      }
      check("two columns", kernel(DType.F32, random, 1, 66_000, 2, 7), List.of(two, four), random);
      check("wide panels", kernel(DType.I64, random, 1, 4096, 65, 10), List.of(two, four), random);
    }
  }

  private static SortKernel kernel(DType type, Random random, long outer, long length, long inner, long count) {
    return new SortKernel(type, random.nextBoolean(), random.nextBoolean(), outer, length, inner, count);
  }

  private static long bits(DType type, Content content, int i, int n, Random random) {
    return switch (content) {
      case RANDOM -> StoredElements.random(type, random);
      // Every pattern, so NaNs of both signs with any payload.
      case BITS -> type == DType.BOOL ? random.nextInt(2) : random.nextLong();
      case FEW -> number(type, random.nextInt(3) - 1);
      case SAME -> number(type, 1);
      case RISING -> number(type, i);
      case FALLING -> number(type, n - i);
      case PERIODIC -> number(type, i % 64);
    };
  }

  private static long number(DType type, int v) {
    return switch (type) {
      case F64 -> Double.doubleToRawLongBits(v == -1 ? -0.0 : v);
      case F32, F16, BF16 -> Float.floatToRawIntBits(v == -1 ? -0f : v);
      case BOOL -> v & 1;
      case I64, I32, I16, I8, U8 -> v;
    };
  }

  private static void raw(DType type, MemorySegment s, int i, long bits) {
    switch (type.byteSize()) {
      case 8 -> s.setAtIndex(ValueLayout.JAVA_LONG, i, bits);
      case 4 -> s.setAtIndex(ValueLayout.JAVA_INT, i, (int) bits);
      case 2 -> s.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) bits);
      default -> s.setAtIndex(ValueLayout.JAVA_BYTE, i, (byte) bits);
    }
  }

  private static void check(String name, SortKernel kernel, List<Backend> backends, Random random) {
    Content content = Content.values()[random.nextInt(Content.values().length)];
    int lines = (int) (kernel.outer() * kernel.inner());
    int elements = (int) (lines * kernel.length());
    try (Arena arena = Arena.ofConfined(); Backend reference = new ReferenceBackend()) {
      MemorySegment host = arena.allocate((long) elements * kernel.dtype().byteSize(), 8);
      for (int i = 0; i < elements; i++) {
        long bits = bits(kernel.dtype(), content, i, elements, random);
        if (content == Content.BITS) {
          raw(kernel.dtype(), host, i, bits);
        } else {
          StoredElements.write(kernel.dtype(), host, i, bits);
        }
      }
      DType type = kernel.outputs().getFirst();
      MemorySegment expected = run(kernel, host, reference, arena);
      for (Backend backend : backends) {
        MemorySegment found = run(kernel, host, backend, arena);
        for (int e = 0; e < lines * kernel.count(); e++) {
          long want = StoredElements.read(type, expected, e);
          long have = StoredElements.read(type, found, e);
          if (!StoredElements.same(type, want, have)) {
            fail(
                name + ", " + content + ", " + kernel + ": element " + e + " has bits " + Long.toHexString(have) + ", not "
                    + Long.toHexString(want));
          }
        }
      }
    }
  }

  private static MemorySegment run(SortKernel kernel, MemorySegment host, Backend backend, Arena arena) {
    long bytes = kernel.outer() * kernel.count() * kernel.inner() * kernel.outputs().getFirst().byteSize();
    Buffer in = backend.allocate(0, host.byteSize());
    Buffer out = backend.allocate(0, bytes);
    backend.copyIn(host, in, 0);
    backend.launch(backend.compile(0, kernel), List.of(in, out));
    MemorySegment result = arena.allocate(bytes, 8);
    backend.copyOut(out, 0, result);
    backend.free(in);
    backend.free(out);
    return result;
  }
}
