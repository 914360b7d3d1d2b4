package dev.tenzan.reference;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Runs a {@link MatMulKernel}: for every element of C one chain of products along k. */
final class MatMulRunner implements Runner {
  private final MatMulKernel kernel;
  private final int rowAxis;
  private final int columnAxis;

  MatMulRunner(MatMulKernel kernel) {
    this.kernel = kernel;
    this.rowAxis = kernel.batch().rank();
    this.columnAxis = rowAxis + 1;
  }

  @Override
  public List<Access> accesses() {
    Shape batch = kernel.batch();
    long elements = batch.size() * kernel.m() * kernel.n();
    // Without an output element nothing is read.
    long k = elements == 0 ? 0 : kernel.k();
    return List.of(
        Access.affine(0, kernel.input(), kernel.a(), batch.concat(Shape.of(kernel.m(), k))),
        Access.affine(1, kernel.input(), kernel.b(), batch.concat(Shape.of(k, kernel.n()))),
        Access.dense(2, kernel.output(), elements));
  }

  @Override
  public void run(List<MemorySegment> inputs, List<MemorySegment> outputs) {
    MemorySegment a = inputs.get(0);
    MemorySegment b = inputs.get(1);
    MemorySegment c = outputs.get(0);
    Odometer batch = new Odometer(kernel.batch(), List.of(kernel.a(), kernel.b()));
    ProductChain chain = new ProductChain(kernel.input().compute());
    boolean floats = kernel.input().compute() == DType.F32;
    long batches = kernel.batch().size();
    long element = 0;
    for (long p = 0; p < batches; p++) {
      for (long i = 0; i < kernel.m(); i++) {
        long row = batch.values()[0] + i * kernel.a().stride(rowAxis);
        for (long j = 0; j < kernel.n(); j++) {
          long column = batch.values()[1] + j * kernel.b().stride(columnAxis);
          long bits = floats ? dotF32(a, row, b, column) : dot(chain, a, row, b, column);
          Elements.write(kernel.output(), c, element++, bits);
        }
      }
      batch.next();
    }
  }

  /** One element of C, for any type. */
  private long dot(ProductChain chain, MemorySegment a, long row, MemorySegment b, long column) {
    DType storage = kernel.input();
    long aStep = kernel.a().stride(columnAxis);
    long bStep = kernel.b().stride(rowAxis);
    for (long k = 0; k < kernel.k(); k++) {
      chain.add(Elements.read(storage, a, row + k * aStep), Elements.read(storage, b, column + k * bStep));
    }
    return chain.finish();
  }

  /** The same as {@link #dot} for types computed in F32, with the chain in a local variable for speed. */
  private long dotF32(MemorySegment a, long row, MemorySegment b, long column) {
    DType storage = kernel.input();
    long aStep = kernel.a().stride(columnAxis);
    long bStep = kernel.b().stride(rowAxis);
    float sum = 0;
    for (long from = 0; from < kernel.k(); from += MatMulKernel.K_BLOCK) {
      long to = Math.min(kernel.k(), from + MatMulKernel.K_BLOCK);
      float block = 0;
      for (long k = from; k < to; k++) {
        float x = Elements.readFloat(storage, a, row + k * aStep);
        float y = Elements.readFloat(storage, b, column + k * bStep);
        block = Math.fma(x, y, block);
      }
      sum = from == 0 ? block : sum + block;
    }
    return Float.floatToRawIntBits(sum);
  }
}
