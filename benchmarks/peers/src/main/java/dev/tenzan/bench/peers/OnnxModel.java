package dev.tenzan.bench.peers;

import dev.tenzan.bench.compare.HostArray;
import dev.tenzan.type.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A model in the ONNX format, built node by node. Inputs are named {@code x0}, {@code x1} and so on, the result {@code y}; field
 * numbers are those of {@code onnx.proto}.
 */
final class OnnxModel {
  private static final int IR_VERSION = 10;
  private static final int OPSET = 23;
  private static final int FLOAT = 1;
  private static final int INT8 = 3;
  private static final int INT32 = 6;
  private static final int INT64 = 7;
  private static final int DOUBLE = 11;

  private final Protobuf graph = new Protobuf().text(2, "work");

  /** An attribute of a node. */
  record Attribute(Protobuf message) {
    static Attribute of(String name, long value) {
      return new Attribute(new Protobuf().text(1, name).number(3, value).number(20, 2));
    }

    static Attribute of(String name, float value) {
      return new Attribute(new Protobuf().text(1, name).real(2, value).number(20, 1));
    }

    static Attribute of(String name, long... values) {
      Protobuf message = new Protobuf().text(1, name);
      for (long v : values) {
        message.number(8, v);
      }
      return new Attribute(message.number(20, 7));
    }
  }

  /** Adds an operator. */
  OnnxModel node(String operator, List<String> inputs, List<String> outputs, Attribute... attributes) {
    Protobuf node = new Protobuf();
    inputs.forEach(i -> node.text(1, i));
    outputs.forEach(o -> node.text(2, o));
    node.text(4, operator);
    for (Attribute a : attributes) {
      node.message(5, a.message());
    }
    graph.message(1, node);
    return this;
  }

  /** Adds an array that is given to each run. */
  OnnxModel input(String name, DType dtype, long... dims) {
    graph.message(11, value(name, type(dtype), dims));
    return this;
  }

  /** Adds the result. */
  OnnxModel output(DType dtype, int rank) {
    Protobuf shape = new Protobuf();
    for (int i = 0; i < rank; i++) {
      shape.message(1, new Protobuf().text(2, "d" + i)); // the extents are found when it runs
    }
    graph.message(12, named("y", type(dtype), shape));
    return this;
  }

  /** Adds an array that belongs to the model. */
  OnnxModel weights(String name, HostArray array) {
    ByteBuffer raw = ByteBuffer.allocate(array.size() * array.dtype().byteSize()).order(ByteOrder.nativeOrder());
    raw.asFloatBuffer().put(array.floats());
    return tensor(name, FLOAT, raw.array(), array.dims());
  }

  /** Adds whole numbers, such as axes or a shape, that belong to the model. */
  OnnxModel numbers(String name, long... values) {
    ByteBuffer raw = ByteBuffer.allocate(8 * values.length).order(ByteOrder.nativeOrder());
    raw.asLongBuffer().put(values);
    return tensor(name, INT64, raw.array(), values.length);
  }

  private OnnxModel tensor(String name, int type, byte[] raw, long... dims) {
    Protobuf tensor = new Protobuf();
    for (long d : dims) {
      tensor.number(1, d);
    }
    graph.message(5, tensor.number(2, type).text(8, name).bytes(9, raw));
    return this;
  }

  private static Protobuf value(String name, int type, long... dims) {
    Protobuf shape = new Protobuf();
    for (long d : dims) {
      shape.message(1, new Protobuf().number(1, d));
    }
    return named(name, type, shape);
  }

  private static Protobuf named(String name, int type, Protobuf shape) {
    Protobuf tensor = new Protobuf().number(1, type).message(2, shape);
    return new Protobuf().text(1, name).message(2, new Protobuf().message(1, tensor));
  }

  private static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> FLOAT;
      case F64 -> DOUBLE;
      case I8 -> INT8;
      case I32 -> INT32;
      case I64 -> INT64;
      default -> throw new IllegalArgumentException("no type for " + dtype);
    };
  }

  /** The model as a file would hold it. */
  byte[] toByteArray() {
    Protobuf opset = new Protobuf().text(1, "").number(2, OPSET);
    return new Protobuf().number(1, IR_VERSION).message(8, opset).message(7, graph).toByteArray();
  }
}
