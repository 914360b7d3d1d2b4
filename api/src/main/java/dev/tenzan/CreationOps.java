package dev.tenzan;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How a device makes tensors. Arrays are copied; constants, ranges and random numbers are computed on the
 * device when needed.
 */
public sealed interface CreationOps permits Device {
  /** The device on which tensors are made. */
  Device device();

  /**
   * An f32 tensor of row-major elements.
   *
   * @param shape the extents; none for one axis of the array's length
   * @throws ShapeException where the shape has another number of elements than the array
   */
  default Tensor of(float[] data, long... shape) {
    return HostData.upload(device(), DType.F32, MemorySegment.ofArray(data), data.length, shape);
  }

  /** An f64 tensor of row-major elements; see {@link #of(float[], long...)}. */
  default Tensor of(double[] data, long... shape) {
    return HostData.upload(device(), DType.F64, MemorySegment.ofArray(data), data.length, shape);
  }

  /** An i64 tensor of row-major elements; see {@link #of(float[], long...)}. */
  default Tensor of(long[] data, long... shape) {
    return HostData.upload(device(), DType.I64, MemorySegment.ofArray(data), data.length, shape);
  }

  /** An i32 tensor of row-major elements; see {@link #of(float[], long...)}. */
  default Tensor of(int[] data, long... shape) {
    return HostData.upload(device(), DType.I32, MemorySegment.ofArray(data), data.length, shape);
  }

  /** An i16 tensor of row-major elements; see {@link #of(float[], long...)}. */
  default Tensor of(short[] data, long... shape) {
    return HostData.upload(device(), DType.I16, MemorySegment.ofArray(data), data.length, shape);
  }

  /** An i8 tensor of row-major elements; see {@link #of(float[], long...)}. */
  default Tensor of(byte[] data, long... shape) {
    return HostData.upload(device(), DType.I8, MemorySegment.ofArray(data), data.length, shape);
  }

  /** A bool tensor of row-major elements; see {@link #of(float[], long...)}. */
  default Tensor of(boolean[] data, long... shape) {
    byte[] bytes = new byte[data.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (data[i] ? 1 : 0);
    }
    return HostData.upload(device(), DType.BOOL, MemorySegment.ofArray(bytes), bytes.length, shape);
  }

  /**
   * A tensor from raw elements in row-major order and native byte order, which are copied.
   *
   * @throws ShapeException where the segment is smaller than the elements
   */
  default Tensor of(DType dtype, MemorySegment data, long... shape) {
    return Tensor.ofNode(device().engine().upload(dtype, Shape.of(shape), data), device());
  }

  /** A tensor of any dtype from doubles: floats round to nearest even, integers truncate and saturate. */
  default Tensor fromDoubles(DType dtype, double[] data, long... shape) {
    return HostData.convert(device(), dtype, data, shape);
  }

  /** A tensor of any dtype from floats; see {@link #fromDoubles}. */
  default Tensor fromFloats(DType dtype, float[] data, long... shape) {
    double[] wide = new double[data.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = data[i];
    }
    return HostData.convert(device(), dtype, wide, shape);
  }

  /**
   * A scalar.
   *
   * @throws DTypeException where an integer or bool dtype cannot hold the value
   */
  default Tensor scalar(DType dtype, double value) {
    return full(dtype, value);
  }

  /** An i64 scalar. */
  default Tensor scalar(long value) {
    return Tensor.ofNode(Node.of(new Op.Constant(DType.I64, value)), device());
  }

  /** A tensor with one value everywhere; it takes no memory until it is needed. */
  default Tensor full(DType dtype, double value, long... shape) {
    return Tensor.ofNode(Nodes.constant("full", dtype, value, Shape.of(shape)), device());
  }

  /** A tensor of zeros (false). */
  default Tensor zeros(DType dtype, long... shape) {
    return full(dtype, 0, shape);
  }

  /** A tensor of ones (true). */
  default Tensor ones(DType dtype, long... shape) {
    return full(dtype, 1, shape);
  }

  /** The integers {@code 0 .. end-1} along one axis, as any dtype. */
  default Tensor arange(DType dtype, long end) {
    if (end < 0) {
      throw new ShapeException("arange: end " + end + " is negative; give 0 or more");
    }
    return Tensor.ofNode(Nodes.cast(Node.of(new Op.Iota(Shape.of(end), 0)), dtype), device());
  }

  /** {@code start + i * step} for all i that stay before {@code end}, computed in f64 and cast. */
  default Tensor arange(DType dtype, double start, double end, double step) {
    double n = Math.max(0, Math.ceil((end - start) / step));
    if (step == 0 || !Double.isFinite(start) || !Double.isFinite(step) || !(n < 0x1p62)) {
      throw new ShapeException(
          "arange: start " + start + ", end " + end + ", step " + step + "; all finite, step not 0");
    }
    return Nodes.composite(() -> line((long) n, start, step).cast(dtype));
  }

  private Tensor line(long count, double start, double step) {
    return arange(DType.F64, count).fma(scalar(DType.F64, step), scalar(DType.F64, start));
  }

  /** {@code count} evenly spaced values from start to end, both included, computed in f64 and cast. */
  default Tensor linspace(DType dtype, double start, double end, long count) {
    return linspace(dtype, start, end, count, true);
  }

  /** {@code count} evenly spaced values from start; {@code endpoint} says whether end is the last of them. */
  default Tensor linspace(DType dtype, double start, double end, long count, boolean endpoint) {
    if (count < 0) {
      throw new ShapeException("linspace: count " + count + " is negative; give 0 or more");
    }
    long gaps = endpoint ? count - 1 : count;
    return Nodes.composite(
        () -> {
          Tensor v = line(count, start, gaps > 0 ? (end - start) / gaps : 0);
          if (endpoint && count > 1) {
            Tensor last = arange(DType.F64, count).equal((double) gaps);
            v = ElementwiseOps.where(last, scalar(DType.F64, end), v);
          }
          return v.cast(dtype);
        });
  }

  /** The identity matrix. */
  default Tensor eye(DType dtype, long n) {
    return eye(dtype, n, n);
  }

  /** Ones on the main diagonal of a matrix, zeros elsewhere. */
  default Tensor eye(DType dtype, long rows, long columns) {
    Shape s = Shape.of(rows, columns);
    return Nodes.composite(() -> Nodes.iota(device(), s, 0).equal(Nodes.iota(device(), s, 1)).cast(dtype));
  }

  /**
   * Philox4x32-10 words as i32: element i is the first word of counter i under the key (Salmon et al.,
   * SC'11).
   */
  default Tensor randomBits(long key, long... shape) {
    return Nodes.composite(() -> word(key(key), 0, Shape.of(shape)));
  }

  /** The key is an operand, not a constant, so that another key needs no other kernel. */
  private Tensor key(long key) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(8, 8);
      s.set(ValueLayout.JAVA_LONG, 0, key);
      return Tensor.ofNode(device().engine().upload(DType.I64, Shape.SCALAR, s), device());
    }
  }

  private static Tensor word(Tensor key, int word, Shape shape) {
    return Tensor.apply(new Op.RandomBits(shape, word), key);
  }

  /** The upper {@code bits} bits of a word, as a number of 0 or more. */
  private static Tensor upper(Tensor key, int word, int bits, Shape shape) {
    Tensor w = word(key, word, shape);
    return w.shiftRight(w.fullLike(32 - bits)).and(w.fullLike(Math.scalb(1.0, bits) - 1));
  }

  /**
   * Uniform numbers in [0, 1): multiples of 2^-24 (f64: of 2^-53); f16 and bf16 are rounded from f32, so 1
   * can occur.
   */
  default Tensor randomUniform(DType dtype, long key, long... shape) {
    if (!dtype.isFloat()) {
      throw new DTypeException("randomUniform: dtype " + dtype + " is not a float; use randomInt");
    }
    return Nodes.composite(() -> unit(dtype.compute(), key(key), 0, Shape.of(shape), false).cast(dtype));
  }

  /** A uniform f32 from one word or f64 from two; open at 0 instead of at 1 where {@code above} holds. */
  private static Tensor unit(DType dtype, Tensor key, int word, Shape shape, boolean above) {
    Tensor mantissa = upper(key, word, dtype == DType.F64 ? 27 : 24, shape).cast(dtype);
    if (dtype == DType.F64) {
      mantissa = mantissa.mul(0x1p26).add(upper(key, word + 1, 26, shape).cast(dtype));
    }
    Tensor counted = above ? mantissa.add(1) : mantissa;
    return counted.mul(dtype == DType.F64 ? 0x1p-53 : 0x1p-24);
  }

  /** Uniform numbers {@code low + u * (high - low)} with u in [0, 1); rounding may give high. */
  default Tensor randomUniform(DType dtype, long key, double low, double high, long... shape) {
    return Nodes.composite(() -> randomUniform(dtype, key, shape).mul(high - low).add(low));
  }

  /** Standard normal numbers by the method of Box and Muller (1958). */
  default Tensor randomNormal(DType dtype, long key, long... shape) {
    if (!dtype.isFloat()) {
      throw new DTypeException("randomNormal: dtype " + dtype + " is not a float; cast the result");
    }
    Shape s = Shape.of(shape);
    return Nodes.composite(
        () -> {
          Tensor k = key(key);
          Tensor radius = unit(dtype.compute(), k, 0, s, true).log().mul(-2).sqrt();
          Tensor angle = unit(dtype.compute(), k, 2, s, false).mul(2 * Math.PI);
          return radius.mul(angle.cos()).cast(dtype);
        });
  }

  /**
   * Integers in [low, high): 63 random bits modulo the range, so the bias is below range / 2^63.
   *
   * @throws DTypeException where the dtype is not an integer, or does not hold the range
   * @throws ShapeException where the range is empty or exceeds 2^63-1
   */
  default Tensor randomInt(DType dtype, long key, long low, long high, long... shape) {
    if (!dtype.isInt()) {
      throw new DTypeException("randomInt: dtype " + dtype + " is not an integer; use randomUniform");
    }
    if (high <= low || high - low < 0) {
      throw new ShapeException("randomInt: the range [" + low + ", " + high + ") is empty or too wide");
    }
    if (dtype != DType.I64) {
      Nodes.bits("randomInt", dtype, low);
      Nodes.bits("randomInt", dtype, high - 1);
    }
    Shape s = Shape.of(shape);
    return Nodes.composite(
        () -> {
          Tensor k = key(key);
          Tensor upper = upper(k, 0, 31, s).cast(DType.I64).shiftLeft(scalar(32));
          Tensor lower = word(k, 1, s).cast(DType.I64).and(scalar(0xffffffffL));
          return upper.or(lower).remainder(scalar(high - low)).add(scalar(low)).cast(dtype);
        });
  }
}
