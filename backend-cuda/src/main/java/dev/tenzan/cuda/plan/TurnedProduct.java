package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.ptx.LoopPlanner;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

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
        AsyncProduct product = t.copyBytes() > MOST_BYTES ? null : AsyncProduct.of(t.product(), style).orElse(null);
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
    List<Step> steps = new ArrayList<>();
    List<Long> temps = new ArrayList<>(product.temps());
    Arg[] operands = {new Arg.Slot(0), new Arg.Slot(1)};
    int rank = kernel.batch().rank();
    if (a) {
      Affine from = new Affine(kernel.a().offset(), kernel.a().stride(rank + 1), kernel.a().stride(rank));
      operands[0] = copy(steps, temps, 0, kernel.m(), from);
    }
    if (b) {
      Affine from = new Affine(kernel.b().offset(), kernel.b().stride(rank), kernel.b().stride(rank + 1));
      operands[1] = copy(steps, temps, 1, kernel.n(), from);
    }
    for (Step s : product.steps()) {
      steps.add(s.with(arg -> arg instanceof Arg.Slot slot && slot.index() < 2 ? operands[slot.index()] : arg));
    }
    return new Plan(product.bytes(), temps, product.tables(), steps, product.checked());
  }

  /** Adds the copy of an operand, a line for each product; {@code from} are its elements by product and row. */
  private Arg copy(List<Step> steps, List<Long> temps, int operand, long side, Affine from) {
    Arg to = new Arg.Temp(temps.size());
    temps.add(bytes(side));
    ScalarProgram load = new ScalarProgram(List.of(new Instr.Load(kernel.input(), 0, from)));
    LoopKernel copy =
        new LoopKernel(
            Shape.of(kernel.k(), side), Shape.SCALAR, List.of(kernel.input()), List.of(kernel.input()), load, null, ScalarProgram.EMPTY,
            List.of(new LoopKernel.Store(0, new Affine(0, side, 1), 0)));
    UnaryOperator<Arg> mine =
        arg -> arg instanceof Arg.Slot slot ? slot.index() == 0 ? new Arg.Slot(operand) : to : arg;
    LoopPlanner.plan(copy, style).steps().forEach(s -> steps.add(s.with(mine)));
    return to;
  }
}
