package dev.tenzan.opencl.aparapi;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.opencl.custom.DeviceBody;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of one launch as Java arrays, dense and row-major, and the range that the kernel runs over. Input arrays are copies; the
 * output array begins as zeros. {@code f16} and {@code bf16} come as the 16 bits of their storage, {@code u8} and {@code bool} as bytes.
 */
public final class AparapiArrays {
  /** Some JVMs take no longer arrays. */
  private static final long MAX_LENGTH = Integer.MAX_VALUE - 8;

  private final CustomKernel kernel;
  private final DeviceBody.Contents contents;
  private final @Nullable Object[] inputs;
  private @Nullable Object output;
  private int[] range = {};
  private int[] groups = {};

  AparapiArrays(CustomKernel kernel, DeviceBody.Contents contents) {
    this.kernel = kernel;
    this.contents = contents;
    this.inputs = new Object[kernel.inputs().size()];
  }

  /** The number of inputs. */
  public int inputs() {
    return inputs.length;
  }

  /** The shape of an input. */
  public Shape shape(int input) {
    return kernel.inputShapes().get(checked(input));
  }

  /** The element type of an input. */
  public DType dtype(int input) {
    return kernel.inputs().get(checked(input));
  }

  /** The shape of the output. */
  public Shape outputShape() {
    return kernel.outputShape();
  }

  /** The element type of the output. */
  public DType outputDType() {
    return kernel.output();
  }

  /** The elements of an input of {@code f32}. */
  public float[] floats(int input) {
    return (float[]) input(input, "floats", float[]::new, DType.F32);
  }

  /** The elements of an input of {@code f64}. */
  public double[] doubles(int input) {
    return (double[]) input(input, "doubles", double[]::new, DType.F64);
  }

  /** The elements of an input of {@code i64}. */
  public long[] longs(int input) {
    return (long[]) input(input, "longs", long[]::new, DType.I64);
  }

  /** The elements of an input of {@code i32}. */
  public int[] ints(int input) {
    return (int[]) input(input, "ints", int[]::new, DType.I32);
  }

  /** The elements of an input of {@code i16}, or the bits of one of {@code f16} or {@code bf16}. */
  public short[] shorts(int input) {
    return (short[]) input(input, "shorts", short[]::new, DType.I16, DType.F16, DType.BF16);
  }

  /** The elements of an input of {@code i8}, {@code u8} or {@code bool}. */
  public byte[] bytes(int input) {
    return (byte[]) input(input, "bytes", byte[]::new, DType.I8, DType.U8, DType.BOOL);
  }

  /** The array for the elements of an output of {@code f32}. */
  public float[] outputFloats() {
    return (float[]) output("outputFloats", float[]::new, DType.F32);
  }

  /** The array for the elements of an output of {@code f64}. */
  public double[] outputDoubles() {
    return (double[]) output("outputDoubles", double[]::new, DType.F64);
  }

  /** The array for the elements of an output of {@code i64}. */
  public long[] outputLongs() {
    return (long[]) output("outputLongs", long[]::new, DType.I64);
  }

  /** The array for the elements of an output of {@code i32}. */
  public int[] outputInts() {
    return (int[]) output("outputInts", int[]::new, DType.I32);
  }

  /** The array for the elements of an output of {@code i16}, or the bits of one of {@code f16} or {@code bf16}. */
  public short[] outputShorts() {
    return (short[]) output("outputShorts", short[]::new, DType.I16, DType.F16, DType.BF16);
  }

  /** The array for the elements of an output of {@code i8}, {@code u8} or {@code bool}; those of {@code bool} are 0 or 1. */
  public byte[] outputBytes() {
    return (byte[]) output("outputBytes", byte[]::new, DType.I8, DType.U8, DType.BOOL);
  }

  /** Runs the kernel over so many work-items in 1 to 3 dimensions; one for each element of the output where this is not called. */
  public void range(int... global) {
    if (global.length < 1 || global.length > 3 || Arrays.stream(global).anyMatch(n -> n < 1)) {
      throw new ShapeException(
          name() + ": a range of " + Arrays.toString(global) + "; give 1 to 3 extents of at least 1");
    }
    range = global.clone();
  }

  /** Runs the kernel in work-groups of this size, which divides the range; a size is chosen where this is not called. */
  public void groups(int... local) {
    if (local.length < 1 || Arrays.stream(local).anyMatch(n -> n < 1)) {
      throw new ShapeException(name() + ": work-groups of " + Arrays.toString(local) + "; give extents of at least 1");
    }
    groups = local.clone();
  }

  /** The range that was asked for. */
  int[] range() {
    return range.length > 0 ? range : new int[] {length("output", kernel.outputShape())};
  }

  /** The work-groups that were asked for; empty where they were not. */
  int[] groups() {
    return groups;
  }

  /** The output's array. */
  Object output() {
    if (output == null) {
      throw new ShapeException(
          name() + ": the binding takes no array for the output; set a field of the kernel to outputFloats() or its like");
    }
    return output;
  }

  /** Whether this gave out an array. */
  @SuppressWarnings("ReferenceEquality") // this very array
  boolean gave(@Nullable Object array) {
    return array != null && (array == output || Arrays.stream(inputs).anyMatch(a -> a == array));
  }

  /** Copies the output's array into the tensor. */
  void store() {
    if (kernel.output() == DType.BOOL) {
      byte[] bytes = (byte[]) output();
      for (int i = 0; i < bytes.length; i++) {
        if (bytes[i] != 0 && bytes[i] != 1) {
          throw new DTypeException(
              name() + ": element " + i + " of the output is " + bytes[i] + ", but a bool is 0 or 1; correct the kernel");
        }
      }
    }
    contents.write(segment(output()));
  }

  private String name() {
    return "custom " + kernel.name();
  }

  private int checked(int input) {
    if (input < 0 || input >= inputs.length) {
      throw new ShapeException(
          name() + ": the binding asks for input " + input + " of " + inputs.length + ", counted from 0; pass more tensors");
    }
    return input;
  }

  private int length(String what, Shape shape) {
    if (shape.size() > MAX_LENGTH) {
      throw new ShapeException(
          name() + ": " + what + " " + shape + " has more elements than a Java array; use smaller tensors");
    }
    return (int) shape.size();
  }

  private void check(String what, String method, DType actual, DType[] taken) {
    if (!Arrays.asList(taken).contains(actual)) {
      throw new DTypeException(
          name() + ": " + method + " is for " + Arrays.toString(taken) + ", but " + what + " is " + actual
              + "; use the method for its dtype");
    }
  }

  private Object input(int input, String method, IntFunction<Object> make, DType... taken) {
    String what = "input " + checked(input);
    check(what, method, dtype(input), taken);
    Object array = inputs[input];
    if (array == null) {
      int n = length(what, shape(input));
      if (n == 0) {
        throw new ShapeException(
            name() + ": " + what + " " + shape(input) + " is empty, and OpenCL has no empty buffers; handle this case apart");
      }
      array = make.apply(n);
      contents.read(input, segment(array));
      inputs[input] = array;
    }
    return array;
  }

  private Object output(String method, IntFunction<Object> make, DType... taken) {
    check("the output", method, outputDType(), taken);
    Object array = output;
    if (array == null) {
      array = make.apply(length("output", outputShape()));
      output = array;
    }
    return array;
  }

  private static MemorySegment segment(Object array) {
    return switch (array) {
      case float[] a -> MemorySegment.ofArray(a);
      case double[] a -> MemorySegment.ofArray(a);
      case long[] a -> MemorySegment.ofArray(a);
      case int[] a -> MemorySegment.ofArray(a);
      case short[] a -> MemorySegment.ofArray(a);
      case byte[] a -> MemorySegment.ofArray(a);
      default -> throw new IllegalStateException(array.getClass().getName());
    };
  }
}
