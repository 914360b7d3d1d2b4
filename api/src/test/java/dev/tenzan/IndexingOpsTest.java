package dev.tenzan;

import static dev.tenzan.Checks.D;
import static dev.tenzan.Checks.fails;
import static dev.tenzan.Checks.range;
import static dev.tenzan.Checks.same;
import static dev.tenzan.Checks.shape;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.IndexException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import org.junit.jupiter.api.Test;

/** Indexing by tensors, scattering, sorting and what has data-dependent shapes. */
class IndexingOpsTest {
  private static final double NAN = Double.NaN;
  private final Tensor x = range(2, 3, 4);

  private static Tensor at(int... indices) {
    return D.of(indices);
  }

  @Test
  void gathers() {
    same(x.take(at(3, 0), -1).get(1, 0), shape(2), 15, 12);
    same(x.take(at(1, 0, 0, 1).reshape(2, 2), 1).narrow(-1, 0, 1).get(0), shape(2, 2, 1), 4, 0, 0, 4);
    same(x.take(D.zeros(DType.I64, 0), 0), shape(0, 3, 4));
    same(x.takeAlongAxis(at(2, 0).reshape(1, 2, 1), 1), shape(2, 2, 4), 8, 9, 10, 11, 0, 1, 2, 3, 20, 21, 22,
        23, 12, 13, 14, 15);
    same(x.takeAlongAxis(x.argsort(0, true), 0).get(0), shape(3, 4), x.get(1).toDoubles());
    same(x.mT().takeAlongAxis(D.zeros(DType.U8, 2, 4, 1), -1).get(1), shape(4, 1), 12, 13, 14, 15);
    same(x.index(at(1, 0), at(2, 1)), shape(2, 4), 20, 21, 22, 23, 4, 5, 6, 7);
    same(x.index(at(1, 0).reshape(2, 1), at(2, 1), at(0)), shape(2, 2), 20, 16, 8, 4);
    same(D.of(new int[] {2, 0}).oneHot(3, DType.F32), shape(2, 3), 0, 0, 1, 1, 0, 0);
  }

  @Test
  void indicesOutsideFailWhenEvaluated() {
    fails(IndexException.class, "", () -> x.take(at(3), 1).eval());
    fails(IndexException.class, "", () -> x.take(at(-1), 1).eval());
    fails(IndexException.class, "", () -> x.takeAlongAxis(at(4).reshape(1, 1, 1), 2).eval());
    fails(IndexException.class, "", () -> x.index(at(0), at(3)).eval());
    fails(IndexException.class, "", () -> x.index(at(0), at(-1), at(3)).eval());
    fails(DTypeException.class, "index tensor has dtype f64", () -> x.index(range(1)));
    fails(ShapeException.class, "ranks must be equal", () -> x.takeAlongAxis(at(0), 0));
    fails(ShapeException.class, "do not broadcast", () -> x.takeAlongAxis(D.zeros(DType.I64, 2, 5, 4), 0));
    fails(ShapeException.class, "4 index tensors", () -> x.index(at(0), at(0), at(0), at(0)));
  }

  @Test
  void scatters() {
    Tensor base = D.of(new int[] {5, 5, 5});
    same(base.scatterAdd(0, at(1, 1), at(1, 2)), shape(3), 5, 8, 5);
    same(base.scatterMin(0, at(0, 0), at(7, 3)), shape(3), 3, 5, 5);
    same(base.scatterMax(-1, at(2), at(7)), shape(3), 5, 5, 7);
    same(base.scatter(0, at(0, 0), at(1, 2)), shape(3), 2, 5, 5);
    same(D.zeros(DType.F32, 2, 2).scatter(1, at(1), D.ones(DType.F32, 2, 1)), shape(2, 2), 0, 1, 0, 1);
    fails(ShapeException.class, "scatter: updates have shape [1]", () -> base.scatter(0, at(0, 1), at(1)));
    fails(DTypeException.class, "scatter: dtypes differ", () -> base.scatter(0, at(0), range(1)));
    Tensor bit = D.ones(DType.BOOL, 1);
    fails(DTypeException.class, "bool", () -> bit.scatterAdd(0, at(0), bit));
  }

  @Test
  void sorting() {
    Tensor v = D.of(new double[] {2, NAN, -0.0, 0, -5, 2});
    same(v.sort(), shape(6), -5, -0.0, 0, 2, 2, NAN);
    same(v.sort(0, true), shape(6), NAN, 2, 2, 0, -0.0, -5);
    same(v.argsort(0, false), shape(6), 4, 2, 3, 0, 5, 1);
    same(v.argsort(0, true), shape(6), 1, 0, 5, 3, 2, 4);
    TopK top = x.topk(1, 0);
    same(top.values().get(0, 0), shape(4), 12, 13, 14, 15);
    same(DType.I64, top.indices().get(0, 0), shape(4), 1, 1, 1, 1);
    same(x.topk(0, 2).values(), shape(2, 3, 0));
    same(DType.I64, v.topk(6, 0).indices(), shape(6), 1, 0, 5, 3, 2, 4);
    same(DType.I64, v.topk(3, -1).indices(), shape(3), 1, 0, 5);
    same(v.topk(3, -1).values(), shape(3), NAN, 2, 2);
    fails(ShapeException.class, "k = -1", () -> x.topk(-1, 2));
    fails(ShapeException.class, "k = 5", () -> x.topk(5, 2));
    fails(ShapeException.class, "sort", () -> D.scalar(1L).sort());
  }

  @Test
  void dataDependentShapes() {
    Tensor mask = D.of(new boolean[] {true, false, true});
    same(range(2, 3).maskedSelect(mask), shape(4), 0, 2, 3, 5);
    same(range(3).maskedSelect(D.zeros(DType.BOOL, 3)), shape(0));
    same(DType.I64, D.of(new double[] {0, 3, NAN, 0}, 2, 2).nonzero(), shape(2, 2), 0, 1, 1, 0);
    same(D.scalar(DType.F32, 2).nonzero(), shape(1, 0));
    same(D.of(new double[] {2, NAN, 1, NAN, 2, -0.0, 0}).unique(), shape(5), -0.0, 1, 2, NAN, NAN);
    same(D.zeros(DType.F32, 0).unique(), shape(0));
    fails(DTypeException.class, "the mask has dtype i32", () -> x.maskedSelect(at(1)));
    fails(ShapeException.class, "broadcast", () -> x.maskedSelect(mask));
  }
}
