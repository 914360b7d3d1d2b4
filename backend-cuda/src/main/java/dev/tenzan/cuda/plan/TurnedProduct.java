package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;

/**
 * A product of f32 matrices one or both of which are copied first, so that what a tile reads side by side lies side by side: large ones
 * take back more than the copies cost. No number changes.
 */
final class TurnedProduct {
  /** More memory is not taken for it. */
  private static final long MOST_BYTES = 1L << 30;

  private final MatMulKernel kernel;
  private final Style style;
  private final boolean a;
  private final boolean b;

  private TurnedProduct(MatMulKernel kernel, Style style, boolean a, boolean b) {
    this.kernel = kernel;
    this.style = style;
    this.a = a;
    this.b = b;
  }

  /** The plan of a product: that of {@code whole}, or one with copies where that is estimated to be faster. */
  static Plan plan(MatMulKernel kernel, AsyncProduct whole, Style style, List<Long> bytes) {
    AsyncProduct best = whole;
    TurnedProduct turned = null;
    double least = whole.cost();
    if (kernel.input() == DType.F32 && kernel.batch().size() == 1) {
      for (int which = 1; which <= 3; which++) {
        TurnedProduct t = new TurnedProduct(kernel, style, (which & 1) != 0, (which & 2) != 0);
        AsyncProduct product = t.copyBytes() > Math.min(MOST_BYTES, style.scratch()) ? null : AsyncProduct.of(t.product(), style).orElse(null);
        if (product != null && product.cost() + t.copyCost() < least) {
          best = product;
          turned = t;
          least = product.cost() + t.copyCost();
        }
      }
    }
    Plan plan = best.plan(bytes);
    return turned == null ? plan : turned.around(plan);
  }

  /** The product of the copies. */
  private MatMulKernel product() {
    int rank = kernel.batch().rank();
    Affine left = a ? lines(rank, 1, kernel.m()) : kernel.a();
    Affine right = b ? lines(rank, kernel.n(), 1) : kernel.b();
    return new MatMulKernel(
        kernel.input(), kernel.output(), kernel.batch(), kernel.m(), kernel.n(), kernel.k(), left, right, kernel.numerics());
  }

  /** A dense matrix behind a batch of one. */
  private static Affine lines(int rank, long row, long column) {
    long[] strides = new long[rank + 2];
    strides[rank] = row;
    strides[rank + 1] = column;
    return new Affine(0, strides);
  }

  private long copyBytes() {
    return (a ? bytes(kernel.m()) : 0) + (b ? bytes(kernel.n()) : 0);
  }

  private long bytes(long side) {
    return kernel.input().byteSize() * side * kernel.k();
  }

  private double copyCost() {
    return (a ? AsyncProduct.launchCost(2 * bytes(kernel.m())) : 0) + (b ? AsyncProduct.launchCost(2 * bytes(kernel.n())) : 0);
  }

  /** Puts the copies before the product, which reads them instead. */
  private Plan around(Plan product) {
    Sequence all = new Sequence(style);
    Arg left = new Arg.Slot(0);
    Arg right = new Arg.Slot(1);
    int rank = kernel.batch().rank();
    if (a) {
      left = copy(all, left, kernel.m(), new Affine(kernel.a().offset(), kernel.a().stride(rank + 1), kernel.a().stride(rank)));
    }
    if (b) {
      right = copy(all, right, kernel.n(), new Affine(kernel.b().offset(), kernel.b().stride(rank), kernel.b().stride(rank + 1)));
    }
    all.add(product, all.temps(), left, right, new Arg.Slot(2));
    return all.plan(product.bytes());
  }

  /** Adds the copy of an operand, a line for each product; {@code read} are its elements by product and row. */
  private Arg copy(Sequence all, Arg operand, long side, Affine read) {
    Arg to = all.temp(bytes(side));
    all.copy(Shape.of(kernel.k(), side), kernel.input(), operand, read, kernel.input(), to, new Affine(0, side, 1));
    return to;
  }
}
