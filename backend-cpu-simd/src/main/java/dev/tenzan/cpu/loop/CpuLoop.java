package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import java.lang.foreign.MemorySegment;

/** A loop kernel made ready to run: over the whole space, on the pool's threads. */
public sealed interface CpuLoop permits MapLoop, ReduceLoop, EmptyLoop {
  /** Runs the kernel on its buffers, inputs first; the caller has checked their sizes. */
  void run(MemorySegment[] segments);

  /** Makes a kernel ready. */
  static CpuLoop of(LoopKernel kernel, LoopCompiler compiler) {
    return of(kernel, compiler, compiler.streams(bytes(kernel)));
  }

  private static long bytes(LoopKernel kernel) {
    return kernel.outputs().stream().mapToLong(t -> t.byteSize() * kernel.space().size()).sum();
  }

  /**
   * Makes a kernel ready.
   *
   * @param streams whether its results are part of so many that they pass the caches by
   */
  static CpuLoop of(LoopKernel kernel, LoopCompiler compiler, boolean streams) {
    if (kernel.space().isEmpty()) {
      return new EmptyLoop();
    }
    if (kernel.reduction() == null) {
      return new MapLoop(kernel, compiler, streams);
    }
    LoopKernel written = ShortReduction.written(kernel);
    return written == null ? new ReduceLoop(kernel, compiler) : new MapLoop(written, compiler, streams);
  }
}
