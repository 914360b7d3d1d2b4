package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The {@link InPlaceKernel}s of one type, one vector width and one layout of A. Like all vector code they run a thousand times slower until
 * C2 has compiled them, which a thread of their own sees to; until then products take another way to the same bits.
 */
final class InPlaceKernels {
  private static final int ROUNDS = 5;
  private static final long QUICK_NANOS = 4_000;
  private static final int STEPS = 16;
  private static final int SHORT_CALLS = 300;

  /** The kernel for most rows, and the one for those that are left over; of equal width. */
  record Pair(InPlaceKernel full, InPlaceKernel edge) {}

  private final DType type;
  private final Pair wide;
  private final Pair narrow;
  private final boolean adjacentSteps;
  private volatile boolean ready;
  private boolean started;

  private InPlaceKernels(DType type, Pair wide, Pair narrow, boolean adjacentSteps, boolean ready) {
    this.type = type;
    this.wide = wide;
    this.narrow = narrow;
    this.adjacentSteps = adjacentSteps;
    this.ready = ready;
  }

  /**
   * The kernels of all types and layouts, each loaded when the first product asks for it.
   *
   * @param bits the width of the vectors
   * @param manyRegisters whether there are 32 vector registers
   * @param atOnce whether they are used before they are compiled
   */
  record Store(int bits, boolean manyRegisters, boolean atOnce, Map<Key, InPlaceKernels> loaded) {
    Store(int bits, boolean manyRegisters, boolean atOnce) {
      this(bits, manyRegisters, atOnce, new ConcurrentHashMap<>());
    }

    /** The kernels of F32 or F64 for one layout of A. */
    InPlaceKernels of(DType type, PanelLayout layout) {
      return loaded.computeIfAbsent(new Key(type, layout), k -> load(k.type, k.layout, bits, manyRegisters, atOnce));
    }
  }

  /** What kernels are loaded for. */
  record Key(DType type, PanelLayout layout) {}

  private static InPlaceKernels load(DType type, PanelLayout layout, int bits, boolean manyRegisters, boolean atOnce) {
    Pair narrow = pair(type, "x2", bits, layout);
    Pair wide = manyRegisters ? pair(type, "x4", bits, layout) : narrow;
    return new InPlaceKernels(type, wide, narrow, layout == PanelLayout.LANE_MAJOR, atOnce);
  }

  private static Pair pair(DType type, String vectors, int bits, PanelLayout layout) {
    return new Pair(
        SpecializedClasses.load(InPlaceKernel.class, type.name() + "InPlace6" + vectors, bits, layout),
        SpecializedClasses.load(InPlaceKernel.class, type.name() + "InPlace4" + vectors, bits, layout));
  }

  /** The kernels for many columns. */
  Pair wide() {
    return wide;
  }

  /** The kernels for few columns, of two vectors; the same as the wide ones where there are few registers. */
  Pair narrow() {
    return narrow;
  }

  /** Whether they are to be used now; the first call starts the warm-up, which that of the packed products follows. */
  boolean areReady(Gemm gemm) {
    if (!ready) {
      start(gemm);
    }
    return ready;
  }

  private synchronized void start(Gemm gemm) {
    if (!started) {
      started = true;
      Thread.ofPlatform().daemon().name("tenzan-cpu-warmup-in-place").start(() -> warm(gemm));
    }
  }

  private void warm(Gemm gemm) {
    try (Arena arena = Arena.ofShared()) {
      long side = Math.max((long) STEPS, wide.full().columns()) * type.byteSize();
      MemorySegment x = arena.allocate(side * STEPS, 64);
      MemorySegment y = arena.allocate(side * wide.full().rows(), 64);
      QuickCalls.warmUp(
          () -> {
            for (int call = 0; call < SHORT_CALLS; call++) { // from a profile of short calls C2 makes the faster loop, too
              all(1, x, y, side);
            }
          },
          () -> all(STEPS, x, y, side),
          ROUNDS,
          QUICK_NANOS);
    } finally {
      ready = true;
      gemm.kernels(type); // a program with small products may have large ones too
    }
  }

  private void all(int depth, MemorySegment x, MemorySegment y, long side) {
    both(narrow, depth, x, y, side);
    if (!wide.equals(narrow)) {
      both(wide, depth, x, y, side);
    }
  }

  private void both(Pair pair, int depth, MemorySegment x, MemorySegment y, long side) {
    long aStride = adjacentSteps ? depth * (long) type.byteSize() : side;
    long second = pair.full().columns() / 2 * (long) type.byteSize();
    pair.full().run(depth, x, 0, aStride, x, 0, side, second, y, 0, side);
    pair.edge().run(depth, x, 0, aStride, x, 0, side, second, y, 0, side);
  }
}
