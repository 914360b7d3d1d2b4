package dev.tenzan.cpu;

import dev.tenzan.cpu.loop.VectorUse;
import dev.tenzan.cpu.machine.VectorSet;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The backends that tests compare. */
final class Backends {
  private static final CpuFeatures VECTORS = new CpuFeatures(true, true, "test", 1L << 32);

  private Backends() {}

  /** A backend without vector code. */
  static CpuBackend scalar(int threads) {
    return new CpuBackend(threads, new CpuFeatures(false, true, "test", 1L << 32), VectorUse.ALWAYS, null, Long.MAX_VALUE);
  }

  /** A backend that uses vector code of the Vector API wherever a row is wide enough, warm or not. */
  static CpuBackend vector(int threads) {
    return withVectors(threads, null, Long.MAX_VALUE);
  }

  /** A backend that uses machine code where it does what a loop does, and vector code elsewhere. */
  static CpuBackend machine(int threads) {
    return withVectors(threads, CpuBackend.machineVectors(VECTORS), Long.MAX_VALUE);
  }

  /** The same, where all results pass the caches by. */
  static CpuBackend streaming(int threads) {
    return withVectors(threads, CpuBackend.machineVectors(VECTORS), 0);
  }

  /** Backends with each set of vectors that machine code can use here. */
  static List<CpuBackend> machines(int threads) {
    return Arrays.stream(VectorSet.values()).filter(VectorSet::canRun).map(set -> withVectors(threads, set, Long.MAX_VALUE)).toList();
  }

  /** All ways in which loops run: scalar code, vectors of the Vector API, and machine code with each set of vectors. */
  static List<CpuBackend> all(int threads) {
    return Stream.concat(Stream.of(scalar(1), vector(threads)), machines(threads).stream()).toList();
  }

  /** A backend with vectors. */
  static CpuBackend withVectors(int threads, @Nullable VectorSet machine, long streamed) {
    return new CpuBackend(threads, VECTORS, VectorUse.ALWAYS, machine, streamed);
  }
}
