package dev.tenzan.cpu;

import dev.tenzan.cpu.loop.VectorIsa;
import jdk.incubator.vector.VectorShape;
import org.jspecify.annotations.Nullable;

/** Asks the Vector API for this machine's vectors; loaded only where its module is present. */
final class CpuVectors {
  private CpuVectors() {}

  /** What the vectors can do, or null where they are too narrow to be of use. */
  static @Nullable VectorIsa detect() {
    int bits = Math.min(512, VectorShape.preferredShape().vectorBitSize());
    return bits < 128 ? null : VectorIsa.ofBits(bits);
  }
}
