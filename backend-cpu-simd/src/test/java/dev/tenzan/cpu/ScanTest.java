package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.tenzan.conformance.StoredElements;
import dev.tenzan.cpu.machine.ScanBlocks;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Scans along neighbouring elements, in machine code and without, against the reference backend, bit for bit. */
class ScanTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);

  /** Elements behind the results, which have to stay as they are. */
  private static final int GUARD = 80;

  private static final double[] SPECIAL = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e30, -1e30};

  /** What the elements are, but for one special number in each line of the last kind. */
  private enum Numbers {
    PLAIN,
    ZEROS_AND_SUBNORMAL,
    WITH_SPECIAL
  }

  private static long bits(DType type, double value) {
    return switch (type) {
      case F32 -> Float.floatToRawIntBits((float) value);
      case F64 -> Double.doubleToRawLongBits(value);
      default -> StoredElements.random(type, new Random(Double.doubleToLongBits(value)));
    };
  }

  private static double number(Numbers numbers, ReduceOp op, Random random) {
    return switch (numbers) {
      case PLAIN, WITH_SPECIAL -> op == ReduceOp.PROD ? Math.exp(random.nextGaussian() / 8) * (random.nextInt(5) - 2 < 0 ? -1 : 1) : random.nextGaussian();
      case ZEROS_AND_SUBNORMAL -> switch (random.nextInt(4)) {
        case 0 -> 0.0;
        case 1 -> random.nextInt(30) == 0 ? 1 : -0.0;
        default -> (random.nextBoolean() ? -0.0 : Float.MIN_VALUE);
      };
    };
  }

  private static MemorySegment elements(ScanKernel k, Numbers numbers, Arena arena, Random random) {
    long n = k.outer() * k.length();
    MemorySegment host = arena.allocate(Math.max(1, n * k.dtype().byteSize()), 8);
    for (long i = 0; i < n; i++) {
      StoredElements.write(k.dtype(), host, i, bits(k.dtype(), number(numbers, k.op(), random)));
    }
    for (long line = 0; line < k.outer() && numbers == Numbers.WITH_SPECIAL; line++) {
      long at = line * k.length() + random.nextLong(k.length());
      StoredElements.write(k.dtype(), host, at, bits(k.dtype(), SPECIAL[random.nextInt(SPECIAL.length)]));
    }
    return host;
  }

  private static void check(ScanKernel k, List<Backend> backends) {
    long n = k.outer() * k.length();
    try (Backend reference = new ReferenceBackend()) {
      for (Numbers numbers : Numbers.values()) {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment host = elements(k, numbers, arena, new Random(SEED));
          MemorySegment expected = run(k, host, reference, arena);
          for (Backend backend : backends) {
            MemorySegment found = run(k, host, backend, arena);
            for (long i = 0; i < n + GUARD; i++) {
              long want = StoredElements.read(k.dtype(), expected, i);
              long have = StoredElements.read(k.dtype(), found, i);
              if (!StoredElements.same(k.dtype(), want, have)) {
                fail("%s of %s, seed %d: element %d has bits %x, not %x".formatted(k, numbers, SEED, i, have, want));
              }
            }
          }
        }
      }
    }
  }

  private static MemorySegment run(ScanKernel k, MemorySegment host, Backend backend, Arena arena) {
    Buffer in = backend.allocate(0, host.byteSize());
    MemorySegment result = arena.allocate((k.outer() * k.length() + GUARD) * k.dtype().byteSize(), 8);
    Buffer out = backend.allocate(0, result.byteSize());
    backend.copyIn(host, in, 0);
    backend.copyIn(result.fill((byte) 7), out, 0);
    backend.launch(backend.compile(0, k), List.of(in, out));
    backend.copyOut(out, 0, result);
    backend.free(in);
    backend.free(out);
    return result;
  }

  private static void checkAll(long outer, long length, List<Backend> backends) {
    for (DType type : List.of(DType.F32, DType.F64, DType.I32, DType.I64)) {
      for (ReduceOp op : List.of(ReduceOp.SUM, ReduceOp.PROD)) {
        check(new ScanKernel(op, type, outer, length, 1), backends);
      }
    }
  }

  private static List<Backend> backends() {
    List<Backend> all = new ArrayList<>(List.of(Backends.scalar(2)));
    for (VectorSet set : VectorSet.values()) {
      if (set.canRun()) {
        all.add(Backends.withVectors(1, set, Long.MAX_VALUE));
        all.add(Backends.withVectors(3, set, Long.MAX_VALUE));
        all.add(Backends.withVectors(2, set, 0));
      }
    }
    return all;
  }

  /** Blocks, groups of them, pieces and all the rest of a line. */
  @Test
  void lines() {
    List<Backend> backends = backends();
    for (long length : new long[] {1, 63, 64, 65, 128, 192, 512, 960, 1024, 1088, 2047, 2048, 2049, 4096, 5000, 8192, 8256, 20_000}) {
      for (long outer : new long[] {1, 2, 7, 17}) {
        checkAll(outer, length, backends);
      }
    }
    backends.forEach(Backend::close);
  }

  /** More lines than one task takes. */
  @Test
  void manyLines() {
    List<Backend> backends = backends();
    checkAll(1111, 64, backends);
    checkAll(300, 320, backends);
    checkAll(90, 2100, backends);
    backends.forEach(Backend::close);
  }

  /** Lines that all threads share: whole pieces, a little less and a little more. */
  @Test
  void longLines() {
    List<Backend> backends = backends();
    for (long length : new long[] {65_536, 65_472, 65_537, 131_072 + 960, 300_003}) {
      checkAll(1, length, backends);
      checkAll(2, length, backends);
    }
    backends.forEach(Backend::close);
  }

  @Test
  void thereIsCodeForTheSameNumbersAlone() {
    for (DType type : DType.values()) {
      for (ReduceOp op : ReduceOp.values()) {
        boolean serves = List.of(DType.F32, DType.F64, DType.I32, DType.I64).contains(type) && (op == ReduceOp.SUM || op == ReduceOp.PROD);
        for (VectorSet set : VectorSet.values()) {
          boolean multiplies = set == VectorSet.AVX512 || type != DType.I64 || op != ReduceOp.PROD;
          assertEquals(serves && multiplies && set.canRun(), ScanBlocks.of(set, type, op) != null, set + " " + type + " " + op);
        }
      }
    }
  }
}
