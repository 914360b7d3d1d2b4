package dev.tenzan;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.Node;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Function;

/** Moves elements between Java arrays and devices, converting between their types. */
final class HostData {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;

  private HostData() {}

  private static long bytes(String op, Tensor t) {
    long size = t.dtype().byteSize();
    if (t.size() > Long.MAX_VALUE / size) {
      throw new ShapeException(
          op + ": " + t.dtype() + t.shape() + " has more than 2^63-1 bytes; read a slice");
    }
    return t.size() * size;
  }

  static void read(Tensor t, MemorySegment target) {
    long bytes = bytes("copyTo", t);
    if (target.byteSize() < bytes) {
      throw new ShapeException(
          "copyTo: " + t.dtype() + t.shape() + " needs " + bytes + " bytes, the target has "
              + target.byteSize());
    }
    t.device().engine().download(t.node(), target);
  }

  static Tensor copyTo(Tensor t, Device target) {
    if (t.device().backend().equals(target.backend())) {
      return Tensor.ofNode(target.engine().receive(t.node(), t.device().engine()), target);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(Math.max(1, bytes("to", t)), 64);
      read(t, s);
      return Tensor.ofNode(target.engine().upload(t.dtype(), t.shape(), s), target);
    }
  }

  private static int length(Tensor t, String op) {
    if (t.size() > Integer.MAX_VALUE - 8) {
      throw new ShapeException(
          op + ": " + t.size()
              + " elements do not fit a Java array; use copyTo(MemorySegment) or read a slice");
    }
    return (int) t.size();
  }

  private static DTypeException wrongType(String op, Tensor t, String wants) {
    return new DTypeException(op + ": dtype " + t.dtype() + " is not read by it; it takes " + wants);
  }

  /** Reads the raw elements into a temporary segment and hands it on. */
  private static <R> R withElements(Tensor t, Function<MemorySegment, R> reader) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(Math.max(1, bytes("read", t)), 64);
      read(t, s);
      return reader.apply(s);
    }
  }

  static float[] floats(Tensor t) {
    int n = length(t, "toFloats");
    float[] out = new float[n];
    switch (t.dtype()) {
      case F32 -> read(t, MemorySegment.ofArray(out));
      case F16, BF16 -> {
        double[] wide = doubles(t);
        for (int i = 0; i < n; i++) {
          out[i] = (float) wide[i];
        }
      }
      case F64, I64, I32, I16, I8, U8, BOOL ->
          throw wrongType("toFloats", t, "f32, f16 and bf16; cast(DType.F32) first, or use toDoubles");
    }
    return out;
  }

  static double[] doubles(Tensor t) {
    int n = length(t, "toDoubles");
    if (t.dtype() == DType.F64) {
      double[] out = new double[n];
      read(t, MemorySegment.ofArray(out));
      return out;
    }
    DType type = t.dtype();
    return withElements(
        t,
        s -> {
          double[] out = new double[n];
          for (int i = 0; i < n; i++) {
            out[i] = get(s, type, i);
          }
          return out;
        });
  }

  private static double get(MemorySegment s, DType type, long i) {
    return switch (type) {
      case F64 -> s.get(DOUBLE, 8 * i);
      case F32 -> s.get(FLOAT, 4 * i);
      case F16 -> Float.float16ToFloat(s.get(SHORT, 2 * i));
      case BF16 -> Float.intBitsToFloat(s.get(SHORT, 2 * i) << 16);
      case I64 -> (double) s.get(LONG, 8 * i);
      case I32 -> s.get(INT, 4 * i);
      case I16 -> s.get(SHORT, 2 * i);
      case I8, BOOL -> s.get(ValueLayout.JAVA_BYTE, i);
      case U8 -> s.get(ValueLayout.JAVA_BYTE, i) & 0xff;
    };
  }

  static long[] longs(Tensor t) {
    int n = length(t, "toLongs");
    DType type = t.dtype();
    if (!type.isInt()) {
      throw wrongType("toLongs", t, "integers; cast(DType.I64) first");
    }
    return withElements(
        t,
        s -> {
          long[] out = new long[n];
          for (int i = 0; i < n; i++) {
            out[i] = type == DType.I64 ? s.get(LONG, 8L * i) : (long) get(s, type, i);
          }
          return out;
        });
  }

  static int[] ints(Tensor t) {
    if (!t.dtype().isInt() || t.dtype() == DType.I64) {
      throw wrongType("toInts", t, "i32, i16, i8 and u8; use toLongs for i64, or cast(DType.I32)");
    }
    long[] wide = longs(t);
    int[] out = new int[wide.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) wide[i];
    }
    return out;
  }

  static boolean[] booleans(Tensor t) {
    int n = length(t, "toBooleans");
    if (t.dtype() != DType.BOOL) {
      throw wrongType("toBooleans", t, "bool; compare first, for example notEqual(0)");
    }
    return withElements(
        t,
        s -> {
          boolean[] out = new boolean[n];
          for (int i = 0; i < n; i++) {
            out[i] = s.get(ValueLayout.JAVA_BYTE, i) != 0;
          }
          return out;
        });
  }

  /** Which elements are not zero. */
  static boolean[] truth(Tensor t) {
    return truth(t, t.shape());
  }

  /** Which elements are not zero, after broadcasting. */
  static boolean[] truth(Tensor t, Shape shape) {
    try (TensorScope scope = TensorScope.open()) {
      return booleans(t.cast(DType.BOOL).broadcastTo(shape.dims()));
    }
  }

  /** Uploads an array's elements as they are. */
  static Tensor upload(Device device, DType dtype, MemorySegment data, int length, long... dims) {
    Shape shape = shape("of", length, dims);
    Node node;
    try (Arena arena = Arena.ofConfined()) {
      // Such a copy is not filled with zeros before.
      MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_BYTE, data, ValueLayout.JAVA_BYTE, 0, data.byteSize());
      node = device.engine().upload(dtype, shape, copy);
    }
    return Tensor.ofNode(node, device);
  }

  /** Uploads doubles converted to a dtype: floats round to nearest even, integers truncate and saturate. */
  static Tensor convert(Device device, DType dtype, double[] data, long... dims) {
    Shape shape = shape("fromDoubles", data.length, dims);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(Math.max(1, (long) data.length * dtype.byteSize()), 64);
      for (int i = 0; i < data.length; i++) {
        set(s, dtype, i, data[i]);
      }
      return Tensor.ofNode(device.engine().upload(dtype, shape, s), device);
    }
  }

  private static void set(MemorySegment s, DType type, long i, double v) {
    switch (type) {
      case F64 -> s.set(DOUBLE, 8 * i, v);
      case F32 -> s.set(FLOAT, 4 * i, (float) v);
      case F16 -> s.set(SHORT, 2 * i, Float.floatToFloat16(Nodes.toOdd(v)));
      case BF16 -> {
        float rounded = ScalarEval.roundToBf16(Nodes.toOdd(v));
        s.set(SHORT, 2 * i, (short) (Float.floatToRawIntBits(rounded) >>> 16));
      }
      case I64 -> s.set(LONG, 8 * i, (long) v);
      case I32 -> s.set(INT, 4 * i, (int) v);
      case I16 -> s.set(SHORT, 2 * i, (short) Math.clamp((int) v, Short.MIN_VALUE, Short.MAX_VALUE));
      case I8 -> s.set(ValueLayout.JAVA_BYTE, i, (byte) Math.clamp((int) v, Byte.MIN_VALUE, Byte.MAX_VALUE));
      case U8 -> s.set(ValueLayout.JAVA_BYTE, i, (byte) Math.clamp((int) v, 0, 255));
      case BOOL -> s.set(ValueLayout.JAVA_BYTE, i, (byte) (v != 0 ? 1 : 0));
    }
  }

  /** The shape of an array of some length: that given, or one axis where none is. */
  private static Shape shape(String op, int length, long[] dims) {
    if (dims.length == 0) {
      return Shape.of(length);
    }
    Shape shape = Shape.of(dims);
    if (shape.size() != length) {
      throw new ShapeException(
          op + ": shape " + shape + " has " + shape.size() + " elements, the array has " + length);
    }
    return shape;
  }
}
