package dev.tenzan.conformance;

import static org.junit.jupiter.api.Assertions.fail;

import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Kernels with random values on a backend's first device and on the reference backend, bit for bit, with what lies around the outputs. */
public final class Differential {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);
  private static final int GUARD = 67;

  /** Stands for floats without special values, so that long sums keep their bits. */
  public static final long SMALL = -1;

  private Differential() {}

  /**
   * Runs random loop kernels, as many as the system property {@code tenzan.test.cases} says; the seeds are printed.
   *
   * @param mode what is tested, for messages
   * @param reduce whether kernels have a reduction
   * @param points the most points of a kernel
   * @param ops the most operations of a kernel
   * @param cases the number of kernels where the property is not set
   */
  public static void loops(Backend backend, String mode, boolean reduce, long points, int ops, int cases) {
    int count = Integer.getInteger("tenzan.test.cases", cases);
    try (ReferenceBackend reference = new ReferenceBackend()) {
      for (int c = 0; c < count; c++) {
        long seed = SEED + c;
        LoopKernel k = new RandomLoop(new Random(seed), points, ops).next(reduce);
        compare(mode + " seed " + seed, k, reference, backend, LoopFootprint.of(k).bytes(), seed, 0);
      }
    }
    System.out.println("seeds " + SEED + " to " + (SEED + count - 1) + ", " + mode);
  }

  /**
   * Runs one kernel.
   *
   * @param bytes the least size of each buffer, inputs first
   * @param bound where greater than 0, elements of I64 inputs lie below it and not below 0: they are indices; {@link #SMALL} for floats
   *     without special values
   */
  public static void check(Backend backend, KernelSpec k, List<Long> bytes, long bound) {
    try (ReferenceBackend reference = new ReferenceBackend()) {
      compare("seed " + SEED, k, reference, backend, bytes.stream().mapToLong(Long::longValue).toArray(), SEED, bound);
    }
  }

  /** A value whose sums do not end in an infinity or NaN, which would hide all other bits. */
  private static long small(DType type, Random random) {
    return switch (type.compute()) {
      case F64 -> Double.doubleToRawLongBits(random.nextGaussian());
      case F32 -> ScalarEval.narrow(type, Float.floatToRawIntBits((float) random.nextGaussian()));
      case I64, I32, F16, BF16, I16, I8, U8, BOOL -> StoredElements.random(type, random);
    };
  }

  private static List<byte[]> launch(Backend backend, KernelSpec k, long[] bytes, long seed, long bound) {
    Random random = new Random(seed);
    List<DType> types = new ArrayList<>(k.inputs());
    types.addAll(k.outputs());
    List<Buffer> buffers = new ArrayList<>();
    List<byte[]> results = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < types.size(); i++) {
        DType type = types.get(i);
        int n = (int) (bytes[i] / type.byteSize()) + (i < k.inputs().size() ? 0 : GUARD);
        MemorySegment host = arena.allocate(Math.max(1, (long) n * type.byteSize()), 8);
        for (int e = 0; e < n; e++) {
          long v = bound < 0 ? small(type, random) : StoredElements.random(type, random);
          StoredElements.write(type, host, e, bound > 0 && type == DType.I64 ? Math.floorMod(v, bound) : v);
        }
        Buffer b = backend.allocate(0, (long) n * type.byteSize());
        buffers.add(b);
        backend.copyIn(host.asSlice(0, b.byteSize()), b, 0);
      }
      backend.launch(backend.compile(0, k), buffers);
      for (Buffer b : buffers.subList(k.inputs().size(), buffers.size())) {
        byte[] out = new byte[(int) b.byteSize()];
        backend.copyOut(b, 0, MemorySegment.ofArray(out));
        results.add(out);
      }
      return results;
    } finally {
      buffers.forEach(backend::free);
    }
  }

  private static void compare(
      String name, KernelSpec k, Backend reference, Backend backend, long[] bytes, long seed, long bound) {
    List<byte[]> expected = launch(reference, k, bytes, seed, bound);
    List<byte[]> actual = launch(backend, k, bytes, seed, bound);
    for (int o = 0; o < expected.size(); o++) {
      DType type = k.outputs().get(o);
      MemorySegment e = MemorySegment.ofArray(expected.get(o));
      MemorySegment a = MemorySegment.ofArray(actual.get(o));
      for (long i = 0; i < e.byteSize() / type.byteSize(); i++) {
        long x = StoredElements.read(type, e, i);
        long y = StoredElements.read(type, a, i);
        if (!StoredElements.same(type, x, y)) {
          fail("%s: output %d (%s), element %d: expected %x, got %x%n%s".formatted(name, o, type, i, x, y, k));
        }
      }
    }
  }
}
