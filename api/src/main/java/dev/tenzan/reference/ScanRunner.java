package dev.tenzan.reference;

import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Runs a {@link ScanKernel}: one pass along the axis for every line. */
final class ScanRunner implements Runner {
  private final ScanKernel kernel;

  ScanRunner(ScanKernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public List<Access> accesses() {
    long elements = kernel.outer() * kernel.length() * kernel.inner();
    return List.of(Access.dense(0, kernel.dtype(), elements), Access.dense(1, kernel.dtype(), elements));
  }

  @Override
  public void run(List<MemorySegment> inputs, List<MemorySegment> outputs) {
    for (long o = 0; o < kernel.outer(); o++) {
      for (long i = 0; i < kernel.inner(); i++) {
        scanLine(inputs.get(0), outputs.get(0), o * kernel.length() * kernel.inner() + i);
      }
    }
  }

  private void scanLine(MemorySegment in, MemorySegment out, long start) {
    DType dtype = kernel.dtype();
    long carry = 0;
    long local = 0;
    long result = 0;
    for (long p = 0; p < kernel.length(); p++) {
      long at = start + p * kernel.inner();
      long x = Elements.read(dtype, in, at);
      if (p % ScanKernel.BLOCK == 0) {
        carry = result;
        local = x;
      } else {
        local = combine(local, x);
      }
      result = p < ScanKernel.BLOCK ? local : combine(carry, local);
      Elements.write(dtype, out, at, result);
    }
  }

  private long combine(long a, long b) {
    return ScalarEval.binary(kernel.op().combine(), kernel.dtype().compute(), a, b);
  }
}
