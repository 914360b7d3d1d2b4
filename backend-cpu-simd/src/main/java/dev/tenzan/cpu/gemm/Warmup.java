package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Brings the vector code to its compiled form on a thread of its own, while products are computed with
 * scalars.
 *
 * <p>Before C2 has compiled it, vector code runs a thousand times slower than scalar code, for every vector
 * is an object; a program's first large product would take seconds. Scalars give the same bits, so the change
 * in the midst of a program shows in nothing but the speed.
 */
final class Warmup {
  private static final int ROUNDS = 20;
  private static final long QUICK_NANOS = 1_000_000;
  private static final long GIVE_UP_NANOS = 20_000_000_000L;
  private static final int ROWS = 29;
  private static final int COLUMNS = 99;
  private static final int STEPS = 300;

  /** Short, and enough for every way to pack: a step more than a vector has lanes. */
  private static final int SHORT_STEPS = 17;

  private static final int SHORT_CALLS = 10;

  private final KernelSet vectors;
  private final KernelSet meanwhile;
  private final boolean hasMachineTiles;
  private final Set<DType> started = EnumSet.noneOf(DType.class);
  private final Map<DType, Ready> ready = new EnumMap<>(DType.class);

  /** Whether one compute type's code is compiled. */
  private static final class Ready {
    private volatile boolean set;
  }

  /** Warms up the kernels of a set when their types are first asked for. */
  Warmup(KernelSet vectors) {
    VectorSet machine = VectorSet.ofBits(vectors.bits());
    this.hasMachineTiles = machine != null;
    this.meanwhile = KernelSet.meanwhile(machine);
    this.vectors = vectors;
    for (DType type : KernelSet.COMPUTE_TYPES) {
      ready.put(type, new Ready());
    }
  }

  /** The kernels to use now for a compute type; the first call for a type starts its warm-up. */
  KernelSet kernels(DType type, Gemm gemm) {
    Ready flag = ready.get(type);
    if (flag == null || flag.set) {
      return vectors;
    }
    start(type, flag, gemm);
    return meanwhile;
  }

  /** The same, but no call starts the warm-up. */
  KernelSet kernelsNow(DType type) {
    Ready flag = ready.get(type);
    return flag == null || flag.set ? vectors : meanwhile;
  }

  private synchronized void start(DType type, Ready flag, Gemm gemm) {
    if (started.add(type)) {
      Thread.ofPlatform()
          .daemon()
          .name("tenzan-cpu-warmup-" + type.label())
          .start(
              () -> {
                try {
                  warm(type, gemm);
                } finally {
                  flag.set = true;
                }
              });
    }
  }

  /**
   * Computes small products with both ways to pack each side until some took no longer than compiled code
   * needs.
   */
  private void warm(DType type, Gemm gemm) {
    try (Arena arena = Arena.ofShared()) {
      long bytes = type.byteSize();
      MemorySegment a = arena.allocate(ROWS * STEPS * bytes, 64);
      MemorySegment b = arena.allocate(COLUMNS * STEPS * bytes, 64);
      MemorySegment c = arena.allocate(ROWS * COLUMNS * bytes, 64);
      long end = System.nanoTime() + GIVE_UP_NANOS;
      int quick = 0;
      while (quick < ROUNDS && System.nanoTime() < end) {
        // HotSpot counts calls as well as rounds of loops, and a short call is soon made.
        long start = System.nanoTime();
        for (int call = 0; call < SHORT_CALLS; call++) {
          multiply(type, gemm, a, b, c, SHORT_STEPS);
        }
        long shorts = System.nanoTime() - start;
        if (shorts < SHORT_CALLS * QUICK_NANOS) { // before that a long one would take as long as a hundred short ones
          start = System.nanoTime();
          multiply(type, gemm, a, b, c, STEPS);
          quick += System.nanoTime() - start < QUICK_NANOS ? 1 : 0;
        }
        if (hasMachineTiles && type == DType.F32) {
          QuickCalls.rest(shorts); // what is used meanwhile is nearly as fast
        }
      }
    }
  }

  /** Multiplies with both ways to pack each side. */
  private void multiply(DType type, Gemm gemm, MemorySegment a, MemorySegment b, MemorySegment c, int steps) {
    gemm.runInline(product(type, operand(type, a, 1, ROWS), operand(type, b, 1, COLUMNS), c, steps));
    gemm.runInline(product(type, operand(type, a, STEPS, 1), operand(type, b, STEPS, 1), c, steps));
  }

  private Operand operand(DType type, MemorySegment memory, long laneStride, long stepStride) {
    BatchOffsets single = new BatchOffsets(0, new long[0], new long[0]);
    return new MatrixOperand(vectors.packing(), type, memory, single, laneStride, stepStride);
  }

  private Product product(DType type, Operand a, Operand b, MemorySegment c, int steps) {
    return new Product(
        vectors, type, type, 1, ROWS, COLUMNS, steps, a, b, c, 0, COLUMNS, ROWS * COLUMNS);
  }
}
