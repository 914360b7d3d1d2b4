package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.VectorShape;

/**
 * The engines that must all give the same bits: every vector width of this machine, and several ways to cut
 * C.
 */
final class Engines {
  /** An engine and a name for messages. */
  record Named(String name, MatrixEngine engine) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static final Tiling SMALL = new Tiling(12 << 10, 24, 64, 8, 16, 3, 64);

  private Engines() {}

  static List<Named> all(CpuPool one, CpuPool two) {
    List<Named> engines = new ArrayList<>();
    engines.add(new Named("scalar", new MatrixEngine(one, KernelSet.scalar(), Tiling.DEFAULT)));
    engines.add(new Named("scalar, small tasks", new MatrixEngine(two, KernelSet.scalar(), SMALL)));
    engines.add(new Named("as created", MatrixEngine.create(two)));
    int widest = VectorShape.preferredShape().vectorBitSize();
    for (int bits = 128; bits <= Math.min(512, widest); bits *= 2) {
      // 128 bits stand for NEON here, which has as many registers as AVX-512.
      boolean many = bits != 256;
      engines.add(
          new Named(bits + " bits", new MatrixEngine(one, KernelSet.vector(bits, many), Tiling.DEFAULT)));
      engines.add(
          new Named(bits + " bits, small tasks", new MatrixEngine(two, KernelSet.vector(bits, many), SMALL)));
    }
    return engines;
  }
}
