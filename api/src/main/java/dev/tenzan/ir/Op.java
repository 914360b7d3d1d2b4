package dev.tenzan.ir;

import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A primitive tensor operation as a value: its attributes without its operands. All else is a composite of these.
 *
 * <p>{@link ShapeInference} checks operands and gives dtype and shape of the result.
 */
public sealed interface Op {
  /** The operation's name in messages: that of the public method. */
  default String label() {
    String n = getClass().getSimpleName();
    return Character.toLowerCase(n.charAt(0)) + n.substring(1);
  }

  /** A tensor whose elements are in memory, or will be when the program runs. */
  record Input() implements Op {}

  /**
   * A scalar known when the graph is built.
   *
   * @param dtype its type
   * @param bits its bits in the compute type, as {@link dev.tenzan.scalar.Instr.Const} holds them
   */
  record Constant(DType dtype, long bits) implements Op {}

  /** The index along one axis, as i64. */
  record Iota(Shape shape, int axis) implements Op {}

  /**
   * Philox4x32-10 random bits, as i32: element i (in row-major order) is one of the four words of counter i. The operand is the
   * 64-bit key, an i64 scalar.
   *
   * @param shape the shape of the result
   * @param word which of the four words, 0 to 3
   */
  record RandomBits(Shape shape, int word) implements Op {}

  /** An elementwise operation of one operand. */
  record Unary(UnaryOp op) implements Op {
    @Override
    public String label() {
      return op.label();
    }
  }

  /** An elementwise operation of two operands of one dtype and shape. */
  record Binary(BinaryOp op) implements Op {
    @Override
    public String label() {
      return op.label();
    }
  }

  /** The second operand where the first (bool) holds, else the third. */
  record Where() implements Op {}

  /** {@code a * b + c} of floats with one rounding. */
  record Fma() implements Op {}

  /** A conversion to another dtype. */
  record Cast(DType dtype) implements Op {}

  /** The same bits seen as another dtype of the same size. */
  record Bitcast(DType dtype) implements Op {}

  /** A reduction over some axes, which vanish from the shape. Axes rise. */
  record Reduce(ReduceOp op, List<Integer> axes) implements Op {
    @Override
    public String label() {
      return switch (op) {
        case SUM -> "sum";
        case PROD -> "prod";
        case MIN -> "min";
        case MAX -> "max";
      };
    }
  }

  /**
   * The index of the first extreme element along an axis, or of the first NaN where there is one, as i64; the axis is dropped. It is scheduled as the
   * operations that it consists of.
   *
   * @param op MIN or MAX
   */
  record ArgReduce(ReduceOp op, int axis) implements Op {
    @Override
    public String label() {
      return op == ReduceOp.MIN ? "argmin" : "argmax";
    }
  }

  /** The running combination along an axis. */
  record Scan(ReduceOp op, int axis) implements Op {
    @Override
    public String label() {
      return switch (op) {
        case SUM -> "cumulativeSum";
        case PROD -> "cumulativeProd";
        case MIN -> "cumulativeMin";
        case MAX -> "cumulativeMax";
      };
    }
  }

  /** The same elements in row-major order under another shape. */
  record Reshape(Shape shape) implements Op {}

  /** Axis i of the result is axis {@code axes[i]} of the operand. */
  record Permute(List<Integer> axes) implements Op {
    @Override
    public String label() {
      return "permuteDims";
    }
  }

  /** Every {@code steps[i]}-th element from {@code starts[i]}, {@code shape[i]} of them; steps may be negative. */
  record Slice(List<Long> starts, List<Long> steps, Shape shape) implements Op {}

  /** Stretches axes of extent 1 and adds leading axes. */
  record Broadcast(Shape shape) implements Op {
    @Override
    public String label() {
      return "broadcastTo";
    }
  }

  /**
   * Sliding windows over the last {@code size.rank()} axes: these axes become window positions, and the window's own axes are
   * appended. Elements may appear in several windows.
   *
   * @param size the extents of a window
   * @param strides the distance of windows
   * @param dilations the distance of elements within a window
   */
  record Window(Shape size, List<Long> strides, List<Long> dilations) implements Op {}

  /**
   * Surrounds with (or, where negative, crops) and interleaves constants.
   *
   * @param low elements added before each axis
   * @param high elements added behind each axis
   * @param interior elements put between neighbours of each axis, at least 0
   * @param bits the constant, in the operand's compute type
   */
  record Pad(List<Long> low, List<Long> high, List<Long> interior, long bits) implements Op {}

  /** Joins operands along an axis. */
  record Concat(int axis) implements Op {}

  /** Takes the slices of the first operand along an axis at the second operand's i64 indices, whose axes replace that axis. */
  record Gather(int axis) implements Op {
    @Override
    public String label() {
      return "take";
    }
  }

  /**
   * Writes or combines slices along an axis: operands base, indices (i64, rank 1), updates (the base's shape with the axis'
   * extent replaced by the number of indices). Updates are applied in order.
   *
   * @param combine how an update meets the old value, or null to replace it
   */
  record Scatter(@Nullable ReduceOp combine, int axis) implements Op {}

  /**
   * A batch of matrix products: {@code [batch..., m, k] x [batch..., k, n]} with equal batch axes.
   *
   * @param output the dtype of the result
   * @param numerics what is promised about the bits
   */
  record MatMul(DType output, Numerics numerics) implements Op {
    /** A reproducible product. */
    public MatMul(DType output) {
      this(output, Numerics.REPRODUCIBLE);
    }

    @Override
    public String label() {
      return "matmul";
    }
  }

  /**
   * A grouped cross-correlation of {@code [batch, channels, spatial...]} with {@code [out, channels / groups, window...]}.
   * Padding and the gaps of a dilated input are zeros that take part in the sum.
   *
   * @param stride the distance of windows
   * @param padLow zeros before each spatial axis; negative crops
   * @param padHigh zeros behind each spatial axis; negative crops
   * @param inputDilation the distance of input elements
   * @param windowDilation the distance of window elements
   * @param groups the number of groups
   * @param numerics what is promised about the bits
   */
  record Convolution(
      List<Long> stride,
      List<Long> padLow,
      List<Long> padHigh,
      List<Long> inputDilation,
      List<Long> windowDilation,
      long groups,
      Numerics numerics)
      implements Op {
    /** A reproducible convolution. */
    public Convolution(
        List<Long> stride,
        List<Long> padLow,
        List<Long> padHigh,
        List<Long> inputDilation,
        List<Long> windowDilation,
        long groups) {
      this(stride, padLow, padHigh, inputDilation, windowDilation, groups, Numerics.REPRODUCIBLE);
    }

    @Override
    public String label() {
      return "conv";
    }
  }

  /**
   * A stable sort along an axis; gives values, or (with {@code indices}) i64 positions.
   *
   * @param axis the axis
   * @param descending greatest first
   * @param indices whether positions are asked for
   * @param count how many of the sorted elements are asked for, from the first: the axis' extent in the result
   */
  record Sort(int axis, boolean descending, boolean indices, long count) implements Op {
    @Override
    public String label() {
      return indices ? "argsort" : "sort";
    }
  }

  /** A user's own operation. */
  record Custom(String name, DType dtype, Shape shape, CustomBody body) implements Op {
    @Override
    public String label() {
      return name;
    }
  }
}
