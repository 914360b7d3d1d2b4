package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.VectorSet;
import jdk.incubator.vector.VectorShape;

/** What the Vector API says about this machine; loaded only where its module is present. */
final class VectorMachine {
  private VectorMachine() {}

  /** The micro-kernels for the widest vectors this JVM uses. */
  static KernelSet kernels() {
    int bits = Math.min(512, VectorShape.preferredShape().vectorBitSize());
    if (bits < 128) {
      return KernelSet.scalar();
    }
    return KernelSet.vector(bits, bits == 512 || hasNeon(), VectorSet.ofBits(bits));
  }

  /** Whether vectors of 128 bits come in 32 registers; on x86 only AVX-512 has so many. */
  private static boolean hasNeon() {
    return System.getProperty("os.arch").equals("aarch64");
  }
}
