package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import java.lang.foreign.MemorySegment;

/** A loop kernel made ready to run: over the whole space, on the pool's threads. */
public sealed interface CpuLoop permits MapLoop, ReduceLoop, EmptyLoop {
  /** Runs the kernel on its buffers, inputs first; the caller has checked their sizes. */
  void run(MemorySegment[] segments);

  /** Makes a kernel ready. */
  static CpuLoop of(LoopKernel kernel, LoopCompiler compiler) {
    if (kernel.space().isEmpty()) {
      return new EmptyLoop();
    }
    if (kernel.reduction() == null) {
      return new MapLoop(kernel, compiler);
    }
    LoopKernel written = ShortReduction.written(kernel);
    return written == null ? new ReduceLoop(kernel, compiler) : new MapLoop(written, compiler);
  }
}
