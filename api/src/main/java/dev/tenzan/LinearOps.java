package dev.tenzan;

import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The products of {@link Tensor}. Their bits are fixed, see {@link dev.tenzan.kernel.MatMulKernel}, save under {@link
 * dev.tenzan.type.Numerics#FAST}.
 */
public sealed interface LinearOps permits Tensor {
  /** The tensor that the operations apply to. */
  Tensor self();

  /**
   * The matrix product by the array API rules: the last two axes are matrices, the others broadcast; a vector
   * is a row on the left and a column on the right.
   *
   * @throws ShapeException where inner extents differ, or an operand is a scalar
   */
  default Tensor matmul(Tensor other) {
    return product(self(), other, ShapeInference.promote("matmul", self().dtype(), other.dtype()));
  }

  /** The matrix product of integers of at most 32 bits with i32 results. */
  default Tensor matmul(Tensor other, DType output) {
    return product(self(), other, output);
  }

  private static Tensor product(Tensor a, Tensor b, DType output) {
    Device device = Nodes.device("matmul", a, b);
    DType t = ShapeInference.promote("matmul", a.dtype(), b.dtype());
    if (a.rank() == 0 || b.rank() == 0) {
      throw new ShapeException("matmul: a scalar operand: " + a.shape() + " x " + b.shape() + "; use mul");
    }
    Op.MatMul op = new Op.MatMul(output, Nodes.numerics(t));
    if (a.rank() == 2 && b.rank() == 2) {
      return Tensor.ofNode(Node.of(op, Nodes.cast(a.node(), t), Nodes.cast(b.node(), t)), device);
    }
    Shape x = a.rank() == 1 ? Shape.of(1, a.size()) : a.shape();
    Shape y = b.rank() == 1 ? Shape.of(b.size(), 1) : b.shape();
    long k = x.dim(x.rank() - 1);
    long columns = y.dim(y.rank() - 1);
    if (k != y.dim(y.rank() - 2)) {
      throw new ShapeException("matmul: inner dimensions differ: " + a.shape() + " x " + b.shape());
    }
    Shape rows = x.subShape(0, x.rank() - 1);
    Shape batchX = rows.subShape(0, rows.rank() - 1);
    Shape batch = ShapeInference.broadcastShape("matmul", batchX, y.subShape(0, y.rank() - 2));
    Shape result = batch.concat(Shape.of(x.dim(x.rank() - 2), columns));
    Node left = Nodes.reshape(Nodes.cast(a.node(), t), x);
    Node right = Nodes.reshape(Nodes.cast(b.node(), t), y);
    if (y.rank() == 2) {
      left = Nodes.reshape(left, Shape.of(rows.size(), k));
    } else {
      left = Nodes.broadcast(left, result.withDim(result.rank() - 1, k));
      right = Nodes.broadcast(right, result.withDim(result.rank() - 2, k));
    }
    Shape squeezed = batch;
    if (a.rank() > 1) {
      squeezed = squeezed.concat(Shape.of(result.dim(result.rank() - 2)));
    }
    if (b.rank() > 1) {
      squeezed = squeezed.concat(Shape.of(columns));
    }
    return Tensor.ofNode(Nodes.reshape(Node.of(op, left, right), squeezed), device);
  }

  /** The sum of products of two vectors. */
  default Tensor dot(Tensor other) {
    if (self().rank() != 1 || other.rank() != 1) {
      throw new ShapeException(
          "dot: shapes " + self().shape() + " and " + other.shape() + "; it takes two vectors, use matmul");
    }
    return matmul(other);
  }

  /** All products of the elements of two vectors, as a matrix. */
  default Tensor outer(Tensor other) {
    if (self().rank() != 1 || other.rank() != 1) {
      throw new ShapeException(
          "outer: shapes " + self().shape() + " and " + other.shape() + "; it takes two vectors");
    }
    return Nodes.composite(() -> self().expandDims(1).mul(other));
  }

  /** Contracts the last {@code n} axes of this tensor with the first {@code n} of the other. */
  default Tensor tensordot(Tensor other, int n) {
    if (n < 0 || n > self().rank() || n > other.rank()) {
      throw new ShapeException("tensordot: " + n + " axes of " + self().shape() + " and " + other.shape());
    }
    int[] left = new int[n];
    Arrays.setAll(left, i -> self().rank() - n + i);
    return tensordot(other, left, Nodes.identity(n));
  }

  /** Contracts the named axes of this tensor with those of the other, pair by pair. */
  default Tensor tensordot(Tensor other, int[] axes, int[] otherAxes) {
    Shape a = self().shape();
    Shape b = other.shape();
    if (axes.length != otherAxes.length) {
      throw new ShapeException("tensordot: " + axes.length + " axes against " + otherAxes.length);
    }
    List<Integer> left = new ArrayList<>();
    List<Integer> right = new ArrayList<>();
    long inner = 1;
    for (int i = 0; i < axes.length; i++) {
      int x = ShapeInference.normalizeAxis("tensordot", axes[i], a.rank());
      int y = ShapeInference.normalizeAxis("tensordot", otherAxes[i], b.rank());
      if (a.dim(x) != b.dim(y) || left.contains(x) || right.contains(y)) {
        throw new ShapeException(
            "tensordot: axes " + x + " of " + a + " and " + y + " of " + b + " do not pair");
      }
      left.add(x);
      right.add(y);
      inner *= a.dim(x);
    }
    List<Integer> orderA = new ArrayList<>();
    List<Integer> orderB = new ArrayList<>(right);
    List<Long> out = new ArrayList<>();
    for (int i = 0; i < a.rank(); i++) {
      if (!left.contains(i)) {
        orderA.add(i);
        out.add(a.dim(i));
      }
    }
    orderA.addAll(left);
    for (int i = 0; i < b.rank(); i++) {
      if (!right.contains(i)) {
        orderB.add(i);
        out.add(b.dim(i));
      }
    }
    int free = a.rank() - left.size();
    long[] shapeA = {product(out.subList(0, free)), inner};
    long[] shapeB = {inner, product(out.subList(free, out.size()))};
    long[] shape = out.stream().mapToLong(Long::longValue).toArray();
    return Nodes.composite(
        () -> {
          Tensor x = self().permuteDims(Nodes.ints(orderA)).reshape(shapeA);
          return x.matmul(other.permuteDims(Nodes.ints(orderB)).reshape(shapeB)).reshape(shape);
        });
  }

  private static long product(List<Long> extents) {
    return extents.stream().mapToLong(Long::longValue).reduce(1, (p, q) -> p * q);
  }

  /**
   * The main diagonals of the last two axes, as the last axis.
   *
   * @throws ShapeException where the rank is below 2
   */
  default Tensor diagonal() {
    Shape s = self().shape();
    int r = s.rank();
    if (r < 2) {
      throw new ShapeException("diagonal: shape " + s + "; it takes matrices");
    }
    long step = s.dim(r - 1) + 1;
    long n = Math.min(s.dim(r - 1), s.dim(r - 2));
    Shape flat = s.subShape(0, r - 2).concat(Shape.of(s.dim(r - 2) * s.dim(r - 1)));
    List<Long> starts = Collections.nCopies(r - 1, 0L);
    List<Long> steps = new ArrayList<>(Collections.nCopies(r - 1, 1L));
    steps.set(r - 2, step);
    Op.Slice slice = new Op.Slice(starts, List.copyOf(steps), flat.withDim(r - 2, n));
    return Tensor.ofNode(Node.of(slice, Nodes.reshape(self().node(), flat)), self().device());
  }

  /** The sum of the main diagonal of the last two axes; integers and bools give i64. */
  default Tensor trace() {
    if (self().rank() < 2) {
      throw new ShapeException("trace: shape " + self().shape() + "; it takes matrices");
    }
    return Nodes.composite(() -> diagonal().sum(-1));
  }
}
