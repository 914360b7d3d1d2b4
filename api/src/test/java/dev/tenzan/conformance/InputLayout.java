package dev.tenzan.conformance;

import dev.tenzan.Device;
import dev.tenzan.Slice;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/** How an input lies in memory. The bytes between the elements are garbage, so reading one of them shows. */
enum InputLayout {
  /** Dense and row-major. */
  CONTIGUOUS,
  /** Dense with the axes in reverse order. */
  TRANSPOSED,
  /** Behind other elements of the same buffer. */
  OFFSET,
  /** Every second element of each axis, cut out by the kernel that reads them. */
  STRIDED,
  /** Every axis backwards, turned round by the kernel that reads them. */
  REVERSED,
  /** One axis of stride 0. The elements along it are the same, so the values differ from those of other layouts. */
  BROADCAST,
  /** Not in memory yet: computed by the kernel that needs them. */
  FUSED;

  private static final byte GARBAGE = 0x7f;

  /** Whether an input of this shape can lie so, other than as the contiguous one does. */
  boolean applies(Shape s) {
    return switch (this) {
      case CONTIGUOUS, FUSED -> true;
      case TRANSPOSED -> s.rank() > 1 && s.size() > 0;
      case OFFSET, STRIDED, REVERSED -> s.rank() > 0 && s.size() > 0;
      case BROADCAST -> s.rank() > 0 && s.size() > 1;
    };
  }

  /** The values that an input has in this layout. */
  HostArray values(HostArray a, int input) {
    if (this != BROADCAST || !applies(a.shape())) {
      return a;
    }
    int axis = axis(a.shape(), input);
    int length = (int) a.shape().dim(axis);
    int inner = inner(a.shape(), axis);
    return a.pick(a.shape(), i -> i - i / inner % length * inner);
  }

  /** The last axis of the first input and the first of the others. */
  private static int axis(Shape s, int input) {
    return input == 0 ? s.rank() - 1 : 0;
  }

  private static int inner(Shape s, int axis) {
    return (int) s.subShape(axis + 1, s.rank()).size();
  }

  /** A tensor with these values, as {@link #values} gives them. */
  Tensor upload(HostArray a, int input, Device device) {
    Shape s = a.shape();
    if (!applies(s)) {
      return a.upload(device);
    }
    return switch (this) {
      case CONTIGUOUS -> a.upload(device);
      case TRANSPOSED -> transposed(a, device).eval();
      case OFFSET -> {
        long[] dims = s.dims();
        dims[0] += 5;
        int skip = 3 * inner(s, 0);
        Slice[] cut = {Slice.of(3, 3 + s.dim(0))};
        yield spread(a, Shape.of(dims), i -> i + skip, device).slice(cut).eval();
      }
      case STRIDED -> strided(a, device);
      case REVERSED -> {
        int last = a.size() - 1;
        yield a.pick(s, i -> last - i).upload(device).flip();
      }
      case BROADCAST -> {
        int axis = axis(s, input);
        long[] dims = s.dims();
        int length = (int) dims[axis];
        dims[axis] = 1;
        int inner = inner(s, axis);
        HostArray thin = a.pick(Shape.of(dims), i -> i / inner * inner * length + i % inner);
        yield thin.upload(device).broadcastTo(s.dims()).eval();
      }
      case FUSED -> {
        Tensor yes = HostArray.bools(s, _ -> true).upload(device);
        yield Tensor.where(yes, a.upload(device), device.zeros(a.dtype(), s.dims()));
      }
    };
  }

  private static Tensor transposed(HostArray a, Device device) {
    Shape s = a.shape();
    int rank = s.rank();
    long[] dims = new long[rank];
    int[] axes = new int[rank];
    for (int d = 0; d < rank; d++) {
      dims[d] = s.dim(rank - 1 - d);
      axes[d] = rank - 1 - d;
    }
    HostArray turned =
        a.pick(Shape.of(dims), i -> {
          int rest = i;
          int at = 0;
          int scale = a.size();
          for (int d = rank - 1; d >= 0; d--) {
            int extent = (int) dims[d];
            scale /= extent;
            at += rest % extent * scale;
            rest /= extent;
          }
          return at;
        });
    return turned.upload(device).permuteDims(axes);
  }

  private static Tensor strided(HostArray a, Device device) {
    Shape s = a.shape();
    long[] dims = s.dims();
    Slice[] cut = new Slice[s.rank()];
    for (int d = 0; d < dims.length; d++) {
      cut[d] = Slice.of(1, 2 * dims[d], 2);
      dims[d] = 2 * dims[d] + 1;
    }
    Shape wide = Shape.of(dims);
    Tensor all =
        spread(a, wide, i -> {
          int rest = i;
          int at = 0;
          int scale = 1;
          for (int d = s.rank() - 1; d >= 0; d--) {
            at += (int) (2 * (rest % s.dim(d)) + 1) * scale;
            scale *= (int) wide.dim(d);
            rest /= (int) s.dim(d);
          }
          return at;
        }, device);
    return all.slice(cut);
  }

  /** A larger tensor with element i of the array at {@code place(i)} and garbage elsewhere. */
  private static Tensor spread(HostArray a, Shape larger, IntUnaryOperator place, Device device) {
    int size = a.dtype().byteSize();
    byte[] from = a.bytes();
    byte[] to = new byte[Math.toIntExact(larger.size() * size)];
    Arrays.fill(to, a.dtype() == DType.BOOL ? 1 : GARBAGE);
    for (int i = 0; i < a.size(); i++) {
      System.arraycopy(from, i * size, to, place.applyAsInt(i) * size, size);
    }
    return device.of(a.dtype(), MemorySegment.ofArray(to), larger.dims());
  }

  /** The layouts other than contiguous. */
  static List<InputLayout> others() {
    return List.of(values()).subList(1, values().length);
  }
}
