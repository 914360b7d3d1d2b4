package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.VectorSet;
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

  private static final Tiling SMALL = new Tiling(Tiling.Resident.A, 12 << 10, 24, 64, 8, 16, 0, 3, 64, 0);
  private static final Tiling SHARED = new Tiling(Tiling.Resident.B, 12 << 10, 24, 256, 8, 16, 1 << 20, 3, 64, 0);
  private static final Tiling IN_PLACE = new Tiling(Tiling.Resident.A, 12 << 10, 24, 64, 8, 16, 0, 3, 64, 1 << 20);

  private Engines() {}

  static List<Named> all(CpuPool one, CpuPool two) {
    Halves.warm(); // otherwise scalars would convert them for a while
    List<Named> engines = new ArrayList<>();
    KernelSet scalar = KernelSet.scalar();
    engines.add(new Named("scalar", new MatrixEngine(one, scalar, scalar.tiling())));
    engines.add(new Named("scalar, small tasks", new MatrixEngine(two, scalar, SMALL)));
    engines.add(new Named("as created", MatrixEngine.create(two)));
    int widest = VectorShape.preferredShape().vectorBitSize();
    for (int bits = 128; bits <= Math.min(512, widest); bits *= 2) {
      // 128 bits stand for NEON here, which has as many registers as AVX-512.
      boolean many = bits != 256;
      KernelSet kernels = KernelSet.vector(bits, many, null);
      engines.add(new Named(bits + " bits", new MatrixEngine(one, kernels, kernels.tiling())));
      engines.add(new Named(bits + " bits, small tasks", new MatrixEngine(two, kernels, SMALL)));
      engines.add(new Named(bits + " bits, in place", new MatrixEngine(two, kernels, IN_PLACE)));
      engines.add(new Named(bits + " bits, shared B", new MatrixEngine(two, kernels, SHARED)));
    }
    for (VectorSet set : VectorSet.values()) {
      if (set.canRun() && widest >= set.bits()) {
        KernelSet machine = KernelSet.vector(set.bits(), set == VectorSet.AVX512, set);
        KernelSet meanwhile = KernelSet.meanwhile(set);
        String name = "machine code with " + set;
        engines.add(new Named(name, new MatrixEngine(two, machine, null, machine.tiling(), set)));
        engines.add(new Named(name + ", small tasks", new MatrixEngine(two, machine, SMALL)));
        engines.add(new Named(name + ", in place", new MatrixEngine(two, machine, IN_PLACE)));
        engines.add(new Named(name + ", scalar packing", new MatrixEngine(two, meanwhile, SHARED)));
      }
    }
    return engines;
  }
}
