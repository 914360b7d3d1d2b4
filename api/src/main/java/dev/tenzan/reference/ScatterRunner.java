package dev.tenzan.reference;

import dev.tenzan.error.IndexException;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Runs a {@link ScatterKernel}: copies the base, then applies the updates in order. */
final class ScatterRunner implements Runner {
  private final ScatterKernel kernel;

  ScatterRunner(ScatterKernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public List<Access> accesses() {
    DType dtype = kernel.dtype();
    long rows = kernel.outer() * kernel.inner();
    return List.of(
        Access.dense(0, dtype, rows * kernel.extent()),
        Access.dense(1, DType.I64, kernel.count()),
        Access.dense(2, dtype, rows * kernel.count()),
        Access.dense(3, dtype, rows * kernel.extent()));
  }

  @Override
  public void run(List<MemorySegment> inputs, List<MemorySegment> outputs) {
    MemorySegment indices = inputs.get(1);
    checkIndices(indices);
    MemorySegment updates = inputs.get(2);
    MemorySegment out = outputs.get(0);
    long bytes = kernel.outer() * kernel.extent() * kernel.inner() * kernel.dtype().byteSize();
    MemorySegment.copy(inputs.get(0), 0, out, 0, bytes);
    for (long o = 0; o < kernel.outer(); o++) {
      for (long j = 0; j < kernel.count(); j++) {
        long row = (o * kernel.extent() + Elements.read(DType.I64, indices, j)) * kernel.inner();
        long update = (o * kernel.count() + j) * kernel.inner();
        for (long i = 0; i < kernel.inner(); i++) {
          apply(out, row + i, updates, update + i);
        }
      }
    }
  }

  private void apply(MemorySegment out, long target, MemorySegment updates, long update) {
    DType dtype = kernel.dtype();
    ReduceOp combine = kernel.combine();
    long bits = Elements.read(dtype, updates, update);
    if (combine != null) {
      long old = Elements.read(dtype, out, target);
      bits = ScalarEval.binary(combine.combine(), dtype.compute(), old, bits);
    }
    Elements.write(dtype, out, target, bits);
  }

  private void checkIndices(MemorySegment indices) {
    for (long j = 0; j < kernel.count(); j++) {
      long index = Elements.read(DType.I64, indices, j);
      if (index < 0 || index >= kernel.extent()) {
        throw IndexException.ofScatter(index, j, kernel.extent());
      }
    }
  }
}
