package dev.tenzan;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.IndexException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The operations of {@link Tensor} that index by tensors, and sorting. Index tensors are integers and count
 * from 0; an index outside its axis is a {@link dev.tenzan.error.IndexException} when the result is
 * evaluated.
 */
public sealed interface IndexingOps permits Tensor {
  /** The tensor that the operations apply to. */
  Tensor self();

  private static Tensor indices(String op, Tensor t) {
    if (!t.dtype().isInt()) {
      throw new DTypeException(op + ": the index tensor has dtype " + t.dtype() + "; it must be an integer");
    }
    return t.cast(DType.I64);
  }

  /** Whether an index lies outside an axis: a flattened index cannot tell. */
  private static Tensor outside(Tensor index, long extent) {
    return index.less(0).or(index.greaterEqual((double) extent));
  }

  /** The slices along an axis at the given indices, whose axes replace that axis. */
  default Tensor take(Tensor indices, int axis) {
    int a = ShapeInference.normalizeAxis("take", axis, self().rank());
    return Nodes.composite(() -> Tensor.apply(new Op.Gather(a), self(), indices("take", indices)));
  }

  /**
   * The elements at the given positions along an axis. The indices' other axes broadcast with this tensor's.
   *
   * @throws ShapeException where ranks differ or the other axes do not broadcast
   */
  default Tensor takeAlongAxis(Tensor indices, int axis) {
    int a = ShapeInference.normalizeAxis("takeAlongAxis", axis, self().rank());
    Shape s = self().shape();
    if (indices.rank() != s.rank()) {
      throw new ShapeException(
          "takeAlongAxis: indices " + indices.shape() + " for shape " + s + "; ranks must be equal");
    }
    Shape asked = indices.shape().withDim(a, 1);
    Shape free = ShapeInference.broadcastShape("takeAlongAxis", s.withDim(a, 1), asked);
    Shape out = free.withDim(a, indices.shape().dim(a));
    long[] strides = s.rowMajorStrides();
    return Nodes.composite(
        () -> {
          Tensor index = indices("takeAlongAxis", indices);
          Tensor linear = index.mul((double) strides[a]).broadcastTo(out.dims());
          for (int i = 0; i < s.rank(); i++) {
            if (i != a && s.dim(i) > 1) {
              linear = linear.add(Nodes.iota(self().device(), out, i).mul((double) strides[i]));
            }
          }
          Tensor checked = ElementwiseOps.where(outside(index, s.dim(a)), self().device().scalar(IndexException.OUTSIDE), linear);
          return self().flatten().take(checked, 0);
        });
  }

  /**
   * Elements by coordinates: one index tensor for each leading axis; they broadcast, and their shape comes
   * first in the result.
   */
  default Tensor index(Tensor... coordinates) {
    Shape s = self().shape();
    int n = coordinates.length;
    if (n == 0 || n > s.rank()) {
      throw new ShapeException(
          "index: " + n + " index tensors for shape " + s + "; give one for each leading axis");
    }
    Shape rows = Shape.of(s.subShape(0, n).size()).concat(s.subShape(n, s.rank()));
    return Nodes.composite(
        () -> {
          Tensor linear = indices("index", coordinates[0]);
          Tensor bad = outside(linear, s.dim(0));
          for (int i = 1; i < n; i++) {
            Tensor c = indices("index", coordinates[i]);
            bad = bad.or(outside(c, s.dim(i)));
            linear = linear.mul((double) s.dim(i)).add(c);
          }
          Tensor checked = n == 1 ? linear : ElementwiseOps.where(bad, self().device().scalar(IndexException.OUTSIDE), linear);
          return self().reshape(rows.dims()).take(checked, 0);
        });
  }

  private Tensor scatter(@Nullable ReduceOp op, int axis, Tensor indices, Tensor updates) {
    int a = ShapeInference.normalizeAxis("scatter", axis, self().rank());
    if (op == ReduceOp.SUM && self().dtype() == DType.BOOL) {
      throw new DTypeException("scatterAdd: dtype bool is not supported; use scatterMax, or cast(DType.I32)");
    }
    return Nodes.composite(
        () -> Tensor.apply(new Op.Scatter(op, a), self(), indices("scatter", indices), updates));
  }

  /**
   * This tensor with slices along an axis replaced, in order; {@code updates} has as many slices as there are
   * indices.
   */
  default Tensor scatter(int axis, Tensor indices, Tensor updates) {
    return scatter(null, axis, indices, updates);
  }

  /** This tensor with updates added to slices along an axis, in order. */
  default Tensor scatterAdd(int axis, Tensor indices, Tensor updates) {
    return scatter(ReduceOp.SUM, axis, indices, updates);
  }

  /** This tensor with slices along an axis lowered to updates. */
  default Tensor scatterMin(int axis, Tensor indices, Tensor updates) {
    return scatter(ReduceOp.MIN, axis, indices, updates);
  }

  /** This tensor with slices along an axis raised to updates. */
  default Tensor scatterMax(int axis, Tensor indices, Tensor updates) {
    return scatter(ReduceOp.MAX, axis, indices, updates);
  }

  /**
   * Ones at the positions that the elements name, on a new last axis; an element outside {@code 0..classes-1}
   * gives zeros.
   */
  default Tensor oneHot(long classes, DType dtype) {
    if (classes < 0) {
      throw new ShapeException("oneHot: " + classes + " classes; give 0 or more");
    }
    return Nodes.composite(
        () -> {
          Tensor i = indices("oneHot", self()).expandDims(-1);
          return i.equal(self().device().arange(DType.I64, classes)).cast(dtype);
        });
  }

  /**
   * The positions of the elements that are not zero in row-major order, as i64 [count, rank]. Evaluates the
   * tensor.
   */
  default Tensor nonzero() {
    boolean[] mask = HostData.truth(self());
    int count = 0;
    for (boolean b : mask) {
      count += b ? 1 : 0;
    }
    Shape s = self().shape();
    int rank = s.rank();
    long[] strides = s.rowMajorStrides();
    long[] out = new long[Math.multiplyExact(count, rank)];
    int n = 0;
    for (int i = 0; i < mask.length; i++) {
      for (int d = 0; mask[i] && d < rank; d++) {
        out[n++] = i / strides[d] % s.dim(d);
      }
    }
    return self().device().of(out, count, rank);
  }

  /**
   * The elements where a bool mask of this tensor's shape holds, in row-major order, on one axis. Evaluates
   * the mask.
   */
  default Tensor maskedSelect(Tensor mask) {
    if (mask.dtype() != DType.BOOL) {
      throw new DTypeException("maskedSelect: the mask has dtype " + mask.dtype() + "; it must be bool");
    }
    boolean[] m = HostData.truth(mask, self().shape());
    long[] out = new long[m.length];
    int n = 0;
    for (int i = 0; i < m.length; i++) {
      if (m[i]) {
        out[n++] = i;
      }
    }
    long[] taken = Arrays.copyOf(out, n);
    return Nodes.composite(() -> self().flatten().take(self().device().of(taken, taken.length), 0));
  }

  private Tensor sort(int axis, boolean descending, boolean indices) {
    int a = ShapeInference.normalizeAxis(indices ? "argsort" : "sort", axis, self().rank());
    return Tensor.apply(new Op.Sort(a, descending, indices, self().shape().dim(a)), self());
  }

  /** The elements in rising order along the last axis; stable, NaN last. */
  default Tensor sort() {
    return sort(-1, false);
  }

  /** The elements in order along an axis; stable; NaN is the greatest. */
  default Tensor sort(int axis, boolean descending) {
    return sort(axis, descending, false);
  }

  /** The positions, as i64, that sort the elements along an axis; stable. */
  default Tensor argsort(int axis, boolean descending) {
    return sort(axis, descending, true);
  }

  /** The {@code k} greatest elements along an axis, greatest first. */
  default TopK topk(long k, int axis) {
    int a = ShapeInference.normalizeAxis("topk", axis, self().rank());
    if (k < 0 || k > self().shape().dim(a)) {
      throw new ShapeException("topk: k = " + k + " for axis " + axis + " of shape " + self().shape());
    }
    Tensor order = Tensor.apply(new Op.Sort(a, true, true, k), self());
    return new TopK(takeAlongAxis(order, a), order);
  }

  /** The distinct elements in rising order, on one axis; NaNs are all distinct. Evaluates the tensor. */
  default Tensor unique() {
    return Nodes.composite(
        () -> {
          Tensor sorted = self().flatten().sort();
          long n = sorted.size();
          if (n < 2) {
            return sorted;
          }
          Tensor fresh = sorted.narrow(0, 1, n - 1).notEqual(sorted.narrow(0, 0, n - 1));
          Tensor first = self().device().ones(DType.BOOL, 1);
          return sorted.maskedSelect(MovementOps.concat(0, List.of(first, fresh)));
        });
  }
}
