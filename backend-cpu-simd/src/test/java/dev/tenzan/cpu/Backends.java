package dev.tenzan.cpu;

import dev.tenzan.cpu.loop.VectorUse;

/** The backends that tests compare. */
final class Backends {
  private Backends() {}

  /** A backend without vector code. */
  static CpuBackend scalar(int threads) {
    return new CpuBackend(threads, new CpuFeatures(false, true, "test", 1L << 32), VectorUse.ALWAYS);
  }

  /** A backend that uses vector code wherever a row is wide enough, warm or not. */
  static CpuBackend vector(int threads) {
    return new CpuBackend(threads, new CpuFeatures(true, true, "test", 1L << 32), VectorUse.ALWAYS);
  }
}
