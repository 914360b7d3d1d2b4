package dev.tenzan.reference;

import dev.tenzan.kernel.SortKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Runs a {@link SortKernel}: a stable sort of each line's positions by value, of which the first are written. */
final class SortRunner implements Runner {
  private final SortKernel kernel;

  SortRunner(SortKernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public List<Access> accesses() {
    long lines = kernel.outer() * kernel.inner();
    return List.of(
        Access.dense(0, kernel.dtype(), lines * kernel.length()), Access.dense(1, kernel.outputs().get(0), lines * kernel.count()));
  }

  @Override
  public void run(List<MemorySegment> inputs, List<MemorySegment> outputs) {
    for (long o = 0; o < kernel.outer(); o++) {
      for (long i = 0; i < kernel.inner(); i++) {
        sortLine(
            inputs.get(0), o * kernel.length() * kernel.inner() + i, outputs.get(0), o * kernel.count() * kernel.inner() + i);
      }
    }
  }

  private void sortLine(MemorySegment in, long first, MemorySegment out, long start) {
    DType dtype = kernel.dtype();
    int length = Math.toIntExact(kernel.length());
    long[] values = new long[length];
    Integer[] positions = new Integer[length];
    for (int p = 0; p < length; p++) {
      values[p] = Elements.read(dtype, in, first + p * kernel.inner());
      positions[p] = p;
    }
    Comparator<Integer> rising = (p, q) -> compare(values[p], values[q]);
    Arrays.sort(positions, kernel.descending() ? rising.reversed() : rising);
    for (int p = 0; p < kernel.count(); p++) {
      long at = start + p * kernel.inner();
      if (kernel.indices()) {
        Elements.write(DType.I64, out, at, positions[p]);
      } else {
        Elements.write(dtype, out, at, values[positions[p]]);
      }
    }
  }

  /** The total order of the kernel; Java's own puts -0 below +0 and NaN above everything, too. */
  private int compare(long a, long b) {
    return switch (kernel.dtype()) {
      case F64 -> Double.compare(Double.longBitsToDouble(a), Double.longBitsToDouble(b));
      case F32, F16, BF16 -> Float.compare(Float.intBitsToFloat((int) a), Float.intBitsToFloat((int) b));
      case I64, I32, I16, I8, U8, BOOL -> Long.compare(a, b);
    };
  }
}
