package dev.tenzan.cpu;

import dev.tenzan.cpu.loop.VectorUse;

/** The backends that tests compare. */
final class Backends {
  private Backends() {}

  /** A backend without vector code. */
  static CpuBackend scalar(int threads) {
    return new CpuBackend(threads, new CpuFeatures(false, true, "test", 1L << 32), VectorUse.ALWAYS, false, Long.MAX_VALUE);
  }

  /** A backend that uses vector code of the Vector API wherever a row is wide enough, warm or not. */
  static CpuBackend vector(int threads) {
    return new CpuBackend(threads, new CpuFeatures(true, true, "test", 1L << 32), VectorUse.ALWAYS, false, Long.MAX_VALUE);
  }

  /** A backend that uses machine code where it does what a loop does, and vector code elsewhere. */
  static CpuBackend machine(int threads) {
    return new CpuBackend(threads, new CpuFeatures(true, true, "test", 1L << 32), VectorUse.ALWAYS, true, Long.MAX_VALUE);
  }

  /** The same, where all results pass the caches by. */
  static CpuBackend streaming(int threads) {
    return new CpuBackend(threads, new CpuFeatures(true, true, "test", 1L << 32), VectorUse.ALWAYS, true, 0);
  }
}
