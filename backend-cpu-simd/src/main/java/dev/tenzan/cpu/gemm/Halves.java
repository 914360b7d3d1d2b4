package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Says whether the vector code that widens F16 and BF16, and rounds to them, is compiled. Before that it runs a thousand times slower than
 * scalars, so a thread of its own sees to it.
 */
final class Halves {
  private static final int RUN = 512;
  private static final int SHORT_CALLS = 300;
  private static final int ROUNDS = 5;
  private static final long QUICK_NANOS = 20_000;

  private static final AtomicBoolean STARTED = new AtomicBoolean();
  private static volatile boolean ready;

  private Halves() {}

  /** Whether to use it now; the first call starts the warm-up. */
  static boolean areReady() {
    if (!ready && STARTED.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("tenzan-cpu-warmup-halves").start(Halves::warm);
    }
    return ready;
  }

  /** Runs it until it is quick. */
  static void warm() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment from = arena.allocate(RUN * 4L, 64);
      MemorySegment to = arena.allocate(RUN * 4L, 64);
      float[] panel = new float[RUN];
      QuickCalls.warmUp(
          () -> {
            for (int call = 0; call < SHORT_CALLS; call++) {
              all(VectorWidening.LANES, from, to, panel);
            }
          },
          () -> all(RUN, from, to, panel),
          ROUNDS,
          QUICK_NANOS);
    } finally {
      ready = true;
    }
  }

  private static void all(int count, MemorySegment from, MemorySegment to, float[] panel) {
    VectorWidening.widen(DType.BF16, from, 0, count, to, 0);
    VectorWidening.widen(DType.F16, from, 0, count, to, 0);
    VectorWidening.widenPairs(from, 0, 0, Math.max(1, count / (2 * VectorWidening.LANES)), panel, 0);
    VectorNarrowing.toBf16(from, 0, count, to, 0);
  }
}
