package dev.tenzan.cpu.gemm;

import java.lang.foreign.MemorySegment;

/** A matrix kernel made ready to run, any number of times and by any thread. */
@FunctionalInterface
public interface MatrixProgram {
  /**
   * Runs the kernel and returns when the output is written.
   *
   * @param left the first input, off-heap: A, or a convolution's x
   * @param right the second input, off-heap: B, or a convolution's weights
   * @param output the output, off-heap; it overlaps no input
   */
  void run(MemorySegment left, MemorySegment right, MemorySegment output);
}
