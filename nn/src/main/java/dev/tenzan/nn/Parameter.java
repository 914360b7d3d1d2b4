package dev.tenzan.nn;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.Node;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;

/**
 * A named variable: a weight that an optimizer replaces step by step, or other state that outlives a step. It
 * holds its value by itself, so no {@link dev.tenzan.TensorScope} closes it; the memory is freed when the
 * value is replaced or the parameter becomes unreachable.
 */
public final class Parameter {
  private final String name;
  private final Device device;
  private Node node;

  /**
   * A parameter with a first value, which is evaluated.
   *
   * @param name its name in checkpoints, unique within a model, for example {@code conv1.weight}
   */
  public Parameter(String name, Tensor initial) {
    this.name = name;
    this.device = initial.device();
    this.node = initial.eval().node();
    node.retain();
    node.forgetOrigin();
  }

  /** The name. */
  public String name() {
    return name;
  }

  /** The device that holds the value. */
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

  /** The present value. Every call gives a tensor of its own, to be closed or scoped like any other. */
  public Tensor tensor() {
    return Tensor.ofNode(node, device);
  }

  /**
   * Replaces the value; it is evaluated, and a constant from then on: what it was computed from is not kept for a differentiation.
   *
   * @throws ShapeException where the shape differs
   * @throws DTypeException where the dtype differs
   * @throws DeviceException where it is on another device
   */
  public void set(Tensor value) {
    if (!value.shape().equals(shape())) {
      throw new ShapeException(
          "parameter: " + name + " has shape " + shape() + ", the new value " + value.shape()
              + "; shapes must be equal");
    }
    if (value.dtype() != dtype()) {
      throw new DTypeException(
          "parameter: " + name + " is " + dtype() + ", the new value " + value.dtype() + "; cast it to "
              + dtype());
    }
    if (!value.device().equals(device)) {
      throw new DeviceException(
          "parameter: " + name + " is on " + device + ", the new value on " + value.device()
              + "; copy it with to(device)");
    }
    Node next = value.eval().node();
    next.retain();
    next.forgetOrigin();
    node.release();
    node = next;
  }

  @Override
  public String toString() {
    return name + " " + dtype() + shape();
  }
}
