package dev.tenzan.ir;

import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One operation of an expression graph with its operands. A node begins as a plan; once it has been evaluated it holds its
 * {@linkplain #value() value} and lets go of its operands. Node identity is the identity of the computation.
 */
public final class Node {
  /** What an evaluated node holds; the evaluator knows the class behind it. */
  public interface Value {
    /** Gives the memory back: nothing refers to the node any more. */
    void release();
  }

  /**
   * What a node is at one moment. A reader that looks at several parts takes one state, since another thread may evaluate the
   * node meanwhile.
   *
   * @param op the operation; {@link Op.Input} once evaluated
   * @param inputs the operands; empty once evaluated
   * @param value the value, or null while this is a plan
   */
  public record State(Op op, List<Node> inputs, @Nullable Value value) {}

  private static final Op INPUT = new Op.Input();
  private static final ScopedValue<Boolean> RECORDING = ScopedValue.newInstance();
  private static final VarHandle STATE;
  private static final VarHandle HOLDERS;

  static {
    MethodHandles.Lookup lookup = MethodHandles.lookup();
    try {
      STATE = lookup.findVarHandle(Node.class, "state", State.class);
      HOLDERS = lookup.findVarHandle(Node.class, "holders", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final DType dtype;
  private final Shape shape;
  private final int depth;
  private volatile @Nullable State origin;
  /** Open tensors on this node and unevaluated nodes that use it; changed by {@link #HOLDERS}. */
  private volatile int holders;
  /** Whether this node counts as a holder of its operands, and whether it has given its value's memory back. */
  private boolean holdsOperands = true;
  private boolean ended;
  /**
   * Written under this node's lock, as is all that happens when the last holder goes; never is another lock taken under it. Small operations are
   * made and evaluated by the million, so no write of it waits until all others are seen: whoever reads it sees what it holds.
   */
  private State state;

  private Node(Op op, List<Node> inputs, DType dtype, Shape shape, int depth, @Nullable Value value) {
    this.state = new State(op, inputs, value);
    if (RECORDING.isBound()) {
      this.origin = state;
    }
    this.dtype = dtype;
    this.shape = shape;
    this.depth = depth;
  }

  /**
   * A node that applies an operation, after checking its operands. Where they do not fit, operands that nobody else holds, such
   * as the conversions on the way to this operation, give up theirs.
   *
   * @throws dev.tenzan.error.ShapeException where shapes do not fit
   * @throws dev.tenzan.error.DTypeException where element types do not fit
   */
  public static Node of(Op op, Node... inputs) {
    List<Node> operands = List.of(inputs);
    for (Node n : inputs) {
      n.retain();
    }
    try {
      ShapeInference.Result r = ShapeInference.infer(op, operands);
      int depth = 0;
      for (Node n : inputs) {
        depth = Math.max(depth, n.depth());
      }
      return new Node(op, operands, r.dtype(), r.shape(), depth + 1, null);
    } catch (RuntimeException e) {
      operands.forEach(Node::release);
      throw e;
    }
  }

  /** An evaluated node. */
  public static Node ofValue(DType dtype, Shape shape, Value value) {
    return new Node(INPUT, List.of(), dtype, shape, 0, value);
  }

  /** A leaf without a value: a parameter of a traced program. */
  public static Node parameter(DType dtype, Shape shape) {
    return new Node(INPUT, List.of(), dtype, shape, 0, null);
  }

  /** The operation; {@link Op.Input} once evaluated. */
  public Op op() {
    return state().op;
  }

  /** The operands; empty once evaluated. */
  public List<Node> inputs() {
    return state().inputs;
  }

  /** One operand. */
  public Node input(int i) {
    return state().inputs.get(i);
  }

  /** The element type of the result. */
  public DType dtype() {
    return dtype;
  }

  /** The shape of the result. */
  public Shape shape() {
    return shape;
  }

  /** The longest path to an evaluated node, counted when this node was made. */
  public int depth() {
    return state().value == null ? depth : 0;
  }

  /** The value, or null while this is a plan. */
  public @Nullable Value value() {
    return state().value;
  }

  /**
   * Makes this node an evaluated one; its operands are released, unless the node was made under {@link #recording}. Where the
   * last holder has gone meanwhile, the value is released at once.
   */
  public void resolve(Value value) {
    List<Node> operands;
    boolean unwanted;
    synchronized (this) {
      operands = origin == null ? takeOperands() : List.of();
      STATE.setRelease(this, new State(INPUT, List.of(), value));
      unwanted = ended && holders == 0;
      ended = unwanted;
    }
    for (Node n : operands) {
      n.release();
    }
    if (unwanted) {
      value.release();
    }
  }

  /** What the caller has to release, once; called under the lock. */
  private List<Node> takeOperands() {
    if (!holdsOperands) {
      return List.of();
    }
    holdsOperands = false;
    State made = origin;
    return (made == null ? state : made).inputs;
  }

  /**
   * Lets go of how this evaluated node was made: a differentiation takes it for a constant from now on, and what it was computed from
   * may be freed.
   */
  public void forgetOrigin() {
    List<Node> operands;
    synchronized (this) {
      if (origin == null || state.value == null) {
        return;
      }
      operands = takeOperands();
      origin = null;
    }
    for (Node n : operands) {
      n.release();
    }
  }

  /** Notes one more holder: an open tensor, or an unevaluated node that uses this one. */
  public void retain() {
    HOLDERS.getAndAdd(this, 1);
  }

  /** Notes one holder less; with the last one the value is released, and the operands lose a holder. */
  public void release() {
    List<Node> operands = releaseThis();
    if (operands.isEmpty()) {
      return; // most nodes are released when they have a value, and then they have no operands
    }
    Deque<Node> open = new ArrayDeque<>(operands);
    while (!open.isEmpty()) {
      open.pop().releaseThis().forEach(open::push);
    }
  }

  /** Notes one holder less; returns the operands that lose one with the last. */
  private List<Node> releaseThis() {
    if ((int) HOLDERS.getAndAdd(this, -1) != 1) {
      return List.of();
    }
    Value value;
    List<Node> operands;
    synchronized (this) {
      value = ended ? null : state.value;
      ended = true;
      operands = takeOperands();
    }
    if (value != null) {
      value.release();
    }
    return operands;
  }

  /**
   * How this node was made, for a differentiation: nodes made under {@link #recording} remember it for as long as they live; for
   * others it is the present state, in which an evaluated node is a leaf.
   */
  public State origin() {
    State o = origin;
    return o != null ? o : state();
  }

  /** Runs an action; nodes made by it in this thread keep their operation and operands even once evaluated. */
  public static <T> T recording(Supplier<T> action) {
    return ScopedValue.where(RECORDING, true).call(action::get);
  }

  /** The operation, the operands and the value, read at once. */
  public State state() {
    return (State) STATE.getAcquire(this);
  }

  @Override
  public String toString() {
    return op().label() + " " + dtype + shape;
  }
}
