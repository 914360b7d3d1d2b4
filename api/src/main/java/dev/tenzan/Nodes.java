package dev.tenzan;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * What the operation interfaces share. An operation's intermediate steps hold no tensor that stays open, so
 * closing its operands and its result gives their memory back at once.
 */
final class Nodes {
  private Nodes() {}

  /** Runs a composite operation: closes what it made on the way. */
  static Tensor composite(Supplier<Tensor> body) {
    try (TensorScope scope = TensorScope.open()) {
      return scope.keep(body.get());
    }
  }

  /**
   * The device of all operands, which must be open. Called before any node is made of them: a node that no tensor comes to hold
   * would hold its operands.
   */
  static Device device(String op, Tensor... operands) {
    if (operands.length == 0) {
      throw new ShapeException(op + ": no operands; give at least one tensor");
    }
    Device device = operands[0].device();
    for (Tensor t : operands) {
      t.node();
      if (t.device() != device) {
        throw new DeviceException(
            op + ": tensors are on different devices: " + device + " and " + t.device()
                + "; copy one with to(device)");
      }
    }
    return device;
  }

  static Node cast(Node n, DType dtype) {
    return n.dtype() == dtype ? n : Node.of(new Op.Cast(dtype), n);
  }

  static Node broadcast(Node n, Shape shape) {
    return n.shape().equals(shape) ? n : Node.of(new Op.Broadcast(shape), n);
  }

  static Node reshape(Node n, Shape shape) {
    return n.shape().equals(shape) ? n : Node.of(new Op.Reshape(shape), n);
  }

  /** An operand converted and stretched. */
  static Node fit(Tensor t, DType dtype, Shape shape) {
    return broadcast(cast(t.node(), dtype), shape);
  }

  /** A constant of a dtype, everywhere in a shape. */
  static Node constant(String op, DType dtype, double value, Shape shape) {
    return broadcast(Node.of(new Op.Constant(dtype, bits(op, dtype, value))), shape);
  }

  /**
   * The bits of a constant in its compute type, rounded once to the dtype.
   *
   * @throws DTypeException where an integer or bool dtype does not have the value
   */
  static long bits(String op, DType dtype, double value) {
    return switch (dtype) {
      case F64 -> Double.doubleToRawLongBits(value);
      case F32 -> Float.floatToRawIntBits((float) value);
      case F16, BF16 -> ScalarEval.narrow(dtype, Float.floatToRawIntBits(toOdd(value)));
      case I64, I32, I16, I8, U8, BOOL -> integer(op, dtype, value);
    };
  }

  private static long integer(String op, DType dtype, double value) {
    boolean unsigned = dtype == DType.U8 || dtype == DType.BOOL;
    double low = unsigned ? 0 : -Math.scalb(1.0, 8 * dtype.byteSize() - 1);
    double limit = dtype == DType.BOOL ? 2 : unsigned ? 256 : -low;
    if (value != Math.rint(value) || value < low || value >= limit) {
      throw new DTypeException(
          op + ": " + value + " is not a value of " + dtype + "; cast the tensor to a dtype that holds it");
    }
    return (long) value;
  }

  /**
   * A double as a float with the last bit set where it is inexact: rounding that again to fewer bits rounds
   * as if once.
   */
  static float toOdd(double value) {
    float f = (float) value;
    if (f == value || Double.isNaN(value) || (Float.floatToRawIntBits(f) & 1) == 1) {
      return f;
    }
    return f < value ? Math.nextUp(f) : Math.nextDown(f);
  }

  /** Applies a binary operation after promotion and broadcasting. */
  static Tensor binary(BinaryOp op, Tensor a, Tensor b) {
    Device device = device(op.label(), a, b);
    DType t = ShapeInference.promote(op.label(), a.dtype(), b.dtype());
    Shape s = ShapeInference.broadcastShape(op.label(), a.shape(), b.shape());
    return Tensor.ofNode(Node.of(new Op.Binary(op), fit(a, t, s), fit(b, t, s)), device);
  }

  /** Checks two operands in the words of a public method that hands them on to another operation, in another order. */
  static void checkPair(String op, Tensor a, Tensor b) {
    device(op, a, b);
    ShapeInference.promote(op, a.dtype(), b.dtype());
    ShapeInference.broadcastShape(op, a.shape(), b.shape());
  }

  /** Applies a binary operation with a scalar of the tensor's dtype on the right. */
  static Tensor binary(BinaryOp op, Tensor a, double b) {
    Node c = constant(op.label(), a.dtype(), b, a.shape());
    return Tensor.ofNode(Node.of(new Op.Binary(op), a.node(), c), a.device());
  }

  /** Applies a binary operation with a scalar of the tensor's dtype on the left. */
  static Tensor binary(BinaryOp op, double a, Tensor b) {
    return binary(op.label(), op, a, b);
  }

  /** The same for a public method whose name is not the operation's. */
  static Tensor binary(String label, BinaryOp op, double a, Tensor b) {
    Node c = constant(label, b.dtype(), a, b.shape());
    return Tensor.ofNode(Node.of(new Op.Binary(op), c, b.node()), b.device());
  }

  /** {@code f16} and {@code bf16} as f32: composites round once, at their end. */
  static Tensor wide(Tensor t) {
    return t.dtype().isFloat() ? t.cast(t.dtype().compute()) : t;
  }

  /** The mode of a product that is called now: that of the thread; products of integers have the same bits in any order. */
  static Numerics numerics(DType dtype) {
    return dtype.isFloat() ? Tenzan.numerics() : Numerics.REPRODUCIBLE;
  }

  /** The index along one axis of a shape, as i64. */
  static Tensor iota(Device device, Shape shape, int axis) {
    return Tensor.ofNode(Node.of(new Op.Iota(shape, axis)), device);
  }

  static void requireFloat(String op, Tensor t) {
    if (!t.dtype().isFloat()) {
      throw new DTypeException(
          op + ": dtype " + t.dtype() + " is not a float; cast first, for example cast(DType.F32)");
    }
  }

  static int[] identity(int rank) {
    int[] axes = new int[rank];
    Arrays.setAll(axes, i -> i);
    return axes;
  }

  static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  static List<Integer> list(int... values) {
    Integer[] boxed = new Integer[values.length];
    for (int i = 0; i < boxed.length; i++) {
      boxed[i] = values[i];
    }
    return List.of(boxed);
  }

  static List<Long> list(long... values) {
    return Arrays.stream(values).boxed().toList();
  }
}
