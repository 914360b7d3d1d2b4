package dev.tenzan.conformance;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;
import java.util.function.IntUnaryOperator;

/**
 * Row-major elements on the Java heap, on which oracles compute: floats as doubles, integers and bools as longs.
 *
 * <p>An oracle's result may hold doubles that are not values of its dtype: they are the exact results.
 */
public final class HostArray {
  private final DType dtype;
  private final Shape shape;
  private final double[] reals;
  private final long[] integers;

  private HostArray(DType dtype, Shape shape, double[] reals, long[] integers) {
    this.dtype = dtype;
    this.shape = shape;
    this.reals = reals;
    this.integers = integers;
  }

  /** Floats computed for each element. */
  public static HostArray reals(DType dtype, Shape shape, IntToDoubleFunction f) {
    double[] v = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < v.length; i++) {
      v[i] = f.applyAsDouble(i);
    }
    return new HostArray(dtype, shape, v, new long[0]);
  }

  /** Integers or bools computed for each element, wrapped to the dtype. */
  public static HostArray integers(DType dtype, Shape shape, IntToLongFunction f) {
    long[] v = new long[Math.toIntExact(shape.size())];
    for (int i = 0; i < v.length; i++) {
      v[i] = Formats.wrap(dtype, f.applyAsLong(i));
    }
    return new HostArray(dtype, shape, new double[0], v);
  }

  /** Bools computed for each element. */
  public static HostArray bools(Shape shape, java.util.function.IntPredicate f) {
    return integers(DType.BOOL, shape, i -> f.test(i) ? 1 : 0);
  }

  /** Elements picked from this array: element i is {@code source(i)}. */
  public HostArray pick(Shape target, IntUnaryOperator source) {
    return dtype.isFloat()
        ? reals(dtype, target, i -> reals[source.applyAsInt(i)])
        : integers(dtype, target, i -> integers[source.applyAsInt(i)]);
  }

  /** The element type. */
  public DType dtype() {
    return dtype;
  }

  /** The shape. */
  public Shape shape() {
    return shape;
  }

  /** The number of elements. */
  public int size() {
    return Math.toIntExact(shape.size());
  }

  /** An element as a double. */
  public double real(int i) {
    return dtype.isFloat() ? reals[i] : integers[i];
  }

  /** An element of an integer or bool array. */
  public long integer(int i) {
    return integers[i];
  }

  /** An element at coordinates. */
  public double real(int... at) {
    return real(index(at));
  }

  /** The row-major number of an element. */
  public int index(int... at) {
    long n = 0;
    for (int i = 0; i < at.length; i++) {
      n = n * shape.dim(i) + at[i];
    }
    return (int) n;
  }

  /** Elements as a device reads them: dense, native byte order. */
  byte[] bytes() {
    byte[] out = new byte[size() * dtype.byteSize()];
    MemorySegment s = MemorySegment.ofArray(out);
    for (int i = 0; i < size(); i++) {
      switch (dtype) {
        case F64 -> s.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i, reals[i]);
        case F32 -> s.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, (float) reals[i]);
        case F16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, Float.floatToFloat16((float) reals[i]));
        case BF16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, bf16((float) reals[i]));
        case I64 -> s.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i, integers[i]);
        case I32 -> s.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) integers[i]);
        case I16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) integers[i]);
        case I8, U8, BOOL -> out[i] = (byte) integers[i];
      }
    }
    return out;
  }

  private static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value) >>> 16;
    return (short) (Float.isNaN(value) ? bits | 0x40 : bits);
  }

  /** The array that a device's bytes mean. */
  static HostArray ofBytes(DType dtype, Shape shape, byte[] bytes) {
    MemorySegment s = MemorySegment.ofArray(bytes);
    return switch (dtype) {
      case F64 -> reals(dtype, shape, i -> s.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i));
      case F32 -> reals(dtype, shape, i -> s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i));
      case F16 -> reals(dtype, shape, i -> Float.float16ToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i)));
      case BF16 ->
          reals(dtype, shape, i -> Float.intBitsToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i) << 16));
      case I64 -> integers(dtype, shape, i -> s.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i));
      case I32 -> integers(dtype, shape, i -> s.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i));
      case I16 -> integers(dtype, shape, i -> s.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
      case I8, U8, BOOL -> integers(dtype, shape, i -> bytes[i]);
    };
  }

  /** A copy on a device. */
  Tensor upload(Device device) {
    return device.of(dtype, MemorySegment.ofArray(bytes()), shape.dims());
  }

  /** A tensor's elements. */
  static HostArray download(Tensor t) {
    byte[] bytes = new byte[Math.toIntExact(t.size() * t.dtype().byteSize())];
    t.copyTo(MemorySegment.ofArray(bytes));
    return ofBytes(t.dtype(), t.shape(), bytes);
  }

  /** Whether an element has the same bits as another array's, all NaNs being equal. */
  boolean sameBits(HostArray other, int i) {
    return dtype.isFloat()
        ? Double.doubleToLongBits(reals[i]) == Double.doubleToLongBits(other.reals[i])
        : integers[i] == other.integers[i];
  }

  /** An element for messages: decimal, and for floats the exact hexadecimal form. */
  String show(int i) {
    return dtype.isFloat() ? reals[i] + " (" + Double.toHexString(reals[i]) + ")" : Long.toString(integers[i]);
  }
}
