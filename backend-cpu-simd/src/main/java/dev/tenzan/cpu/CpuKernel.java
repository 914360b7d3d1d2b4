package dev.tenzan.cpu;

import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Executable;
import java.lang.foreign.MemorySegment;

/**
 * A kernel made ready for the CPU.
 *
 * @param kernel what it runs
 * @param bytes the least size of each buffer in bytes, inputs first
 * @param code runs it on segments that are large enough
 */
record CpuKernel(KernelSpec kernel, long[] bytes, Code code) implements Executable {
  /** Runs a kernel on its buffers, inputs first. */
  @FunctionalInterface
  interface Code {
    /** Runs to the end; the sizes have been checked. */
    void run(MemorySegment[] segments);
  }
}
