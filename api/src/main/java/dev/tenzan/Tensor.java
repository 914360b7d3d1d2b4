package dev.tenzan;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;

/**
 * An immutable n-dimensional array on a {@link Device}.
 *
 * <p>An operation checks shapes, dtypes and devices at once and throws at the caller's line; the work is deferred until the
 * elements are read ({@link #toFloats}, {@link #item}, {@link #toString}), or asked for with {@link #eval}. Chains of operations
 * then run as few fused kernels. Results have the same bits on every device.
 *
 * <p>Operations follow the names and rules of the Python array API standard: operands broadcast, and dtypes of one kind promote;
 * mixing kinds (an integer and a float) is an error that names the cast to write. A {@code double} operand takes the tensor's
 * dtype.
 *
 * <p>Device memory is freed when the tensor is closed, when its {@link TensorScope} ends, or after it became unreachable. Tensors
 * may be used by several threads.
 */
public final class Tensor
    implements AutoCloseable, ElementwiseOps, MovementOps, ReductionOps, LinearOps, IndexingOps, ActivationOps, WindowOps {
  private static final VarHandle CLOSED;

  static {
    try {
      CLOSED = MethodHandles.lookup().findVarHandle(Tensor.class, "closed", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Node node;
  private final Device device;
  private volatile boolean closed;

  private Tensor(Node node, Device device) {
    this.node = node;
    this.device = device;
    node.retain();
    TensorScope.register(this);
  }

  /** The tensor of a graph node: for libraries that build or rewrite graphs, such as automatic differentiation. */
  public static Tensor ofNode(Node node, Device device) {
    Tensor t = new Tensor(node, device);
    try {
      device.engine().limit(node);
    } catch (RuntimeException | Error e) {
      t.close();
      throw e;
    }
    return t;
  }

  /** A tensor on the default device from row-major elements; see {@link CreationOps#of(float[], long...)}. */
  public static Tensor of(float[] data, long... shape) {
    return Devices.current().of(data, shape);
  }

  /** A tensor of zeros on the default device. */
  public static Tensor zeros(DType dtype, long... shape) {
    return Devices.current().zeros(dtype, shape);
  }

  /** A tensor of ones on the default device. */
  public static Tensor ones(DType dtype, long... shape) {
    return Devices.current().ones(dtype, shape);
  }

  /**
   * Evaluates tensors in one program, so that they share work.
   *
   * @throws DeviceException where they are on different devices
   */
  public static void eval(Tensor... tensors) {
    eval(Arrays.asList(tensors));
  }

  /** Evaluates tensors in one program, so that they share work. */
  public static void eval(List<Tensor> tensors) {
    if (tensors.isEmpty()) {
      return;
    }
    Device device = tensors.getFirst().device;
    for (Tensor t : tensors) {
      t.checkDevice("eval", device);
    }
    device.engine().evaluate(tensors.stream().map(Tensor::node).toList());
  }

  /** {@code a} where the bool condition holds, else {@code b}; all three broadcast. */
  public static Tensor where(Tensor condition, Tensor a, Tensor b) {
    return ElementwiseOps.where(condition, a, b);
  }

  /** Joins tensors along an axis; dtypes promote. */
  public static Tensor concat(int axis, Tensor... tensors) {
    return MovementOps.concat(axis, List.of(tensors));
  }

  /** Joins tensors along an axis; dtypes promote. */
  public static Tensor concat(int axis, List<Tensor> tensors) {
    return MovementOps.concat(axis, tensors);
  }

  /** Joins tensors of one shape along a new axis. */
  public static Tensor stack(int axis, Tensor... tensors) {
    return MovementOps.stack(axis, List.of(tensors));
  }

  /** Joins tensors of one shape along a new axis. */
  public static Tensor stack(int axis, List<Tensor> tensors) {
    return MovementOps.stack(axis, tensors);
  }

  /**
   * Einstein summation, for example {@code einsum("bij,bjk->bik", a, b)}: labels that the output lacks are summed; without an arrow
   * the output has the labels that appear once, in alphabetical order; {@code ...} stands for axes that broadcast.
   */
  public static Tensor einsum(String expression, Tensor... operands) {
    return Einsum.run(expression, operands);
  }

  /** A user's own operation on dense tensors; see {@link CustomBody}. */
  public static Tensor custom(String name, DType dtype, Shape shape, CustomBody body, Tensor... inputs) {
    return apply(new Op.Custom(name, dtype, shape, body), inputs);
  }

  @Override
  public Tensor self() {
    return this;
  }

  /**
   * The graph node behind this tensor.
   *
   * @throws ClosedException where the tensor is closed
   */
  public Node node() {
    if (closed) {
      throw new ClosedException("tensor: " + node.dtype() + node.shape() + " is closed; use it before close() or its scope's end");
    }
    return node;
  }

  /** The device that holds the elements. */
  public Device device() {
    return device;
  }

  /** The element type. */
  public DType dtype() {
    return node.dtype();
  }

  /** The shape. */
  public Shape shape() {
    return node.shape();
  }

  /** The number of axes. */
  public int rank() {
    return node.shape().rank();
  }

  /** The extent of an axis; a negative axis counts from the end. */
  public long dim(int axis) {
    return node.shape().dim(ShapeInference.normalizeAxis("dim", axis, rank()));
  }

  /** The number of elements. */
  public long size() {
    return node.shape().size();
  }

  /** A copy of this tensor on another device; the tensor itself where it is there already. */
  public Tensor to(Device target) {
    return target == device ? this : HostData.copyTo(this, target);
  }

  /** Evaluates this tensor and returns it. */
  public Tensor eval() {
    device.engine().evaluate(List.of(node()));
    return this;
  }

  /** Evaluates, and copies the elements, in row-major order, dtype's size each, native byte order, into host memory. */
  public void copyTo(MemorySegment target) {
    HostData.read(this, target);
  }

  /**
   * The elements in row-major order.
   *
   * @throws DTypeException unless the dtype is f32, f16 or bf16
   */
  public float[] toFloats() {
    return HostData.floats(this);
  }

  /** The elements in row-major order as doubles; any dtype but i64 whose values exceed 2^53 is exact. */
  public double[] toDoubles() {
    return HostData.doubles(this);
  }

  /**
   * The elements in row-major order.
   *
   * @throws DTypeException unless the dtype is an integer of at most 32 bits
   */
  public int[] toInts() {
    return HostData.ints(this);
  }

  /**
   * The elements in row-major order.
   *
   * @throws DTypeException unless the dtype is an integer
   */
  public long[] toLongs() {
    return HostData.longs(this);
  }

  /**
   * The elements in row-major order.
   *
   * @throws DTypeException unless the dtype is bool
   */
  public boolean[] toBooleans() {
    return HostData.booleans(this);
  }

  /**
   * The only element, as a double.
   *
   * @throws ShapeException unless there is exactly one element
   */
  public double item() {
    requireSingle();
    return HostData.doubles(this)[0];
  }

  /**
   * The only element of an integer tensor.
   *
   * @throws ShapeException unless there is exactly one element
   */
  public long itemLong() {
    requireSingle();
    return HostData.longs(this)[0];
  }

  private void requireSingle() {
    if (size() != 1) {
      throw new ShapeException("item: shape " + shape() + " has " + size() + " elements; item reads exactly one");
    }
  }

  /** Whether the tensor was closed. */
  public boolean isClosed() {
    return closed;
  }

  /**
   * Gives this tensor up. Its memory is freed once no other tensor shares it and no deferred operation needs it. Closing twice has
   * no effect.
   */
  @Override
  public void close() {
    if (CLOSED.compareAndSet(this, false, true)) {
      node.release();
    }
  }

  /**
   * Applies a primitive operation to tensors of one device: for libraries that build graphs.
   *
   * @throws ShapeException without operands, or where shapes do not fit
   */
  public static Tensor apply(Op op, Tensor... operands) {
    Device device = Nodes.device(op.label(), operands);
    Node[] nodes = new Node[operands.length];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = operands[i].node();
    }
    return ofNode(Node.of(op, nodes), device);
  }

  private void checkDevice(String op, Device expected) {
    if (device != expected) {
      throw new DeviceException(
          op + ": tensors are on different devices: " + expected + " and " + device + "; copy one with to(device)");
    }
  }

  /** The elements as NumPy prints them; long axes are abbreviated. Evaluates the tensor. */
  @Override
  public String toString() {
    return closed ? "closed tensor " + node.dtype() + node.shape() : Printer.format(this);
  }
}
