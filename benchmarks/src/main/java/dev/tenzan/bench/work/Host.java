package dev.tenzan.bench.work;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/** A workload's input in host memory, f32 or f64: uniform random numbers from a fixed seed. */
final class Host {
  /** The seed of the first input; the second has the next one, and so on. */
  static final long SEED = 20_260_101;

  private final Shape shape;
  private final float[] floats;
  private final double[] doubles;

  private Host(Shape shape, float[] floats, double[] doubles) {
    this.shape = shape;
    this.floats = floats;
    this.doubles = doubles;
  }

  /**
   * What an input looks like.
   *
   * @param dtype f32 or f64
   * @param low the least value
   * @param high the bound above
   * @param shape the shape
   */
  record Spec(DType dtype, double low, double high, Shape shape) {
    /** Numbers in [-1, 1). */
    static Spec f32(long... shape) {
      return new Spec(DType.F32, -1, 1, Shape.of(shape));
    }

    /** Numbers in [-1, 1). */
    static Spec f64(long... shape) {
      return new Spec(DType.F64, -1, 1, Shape.of(shape));
    }

    /** The numbers of input {@code index}. */
    Host draw(int index) {
      int n = Math.toIntExact(shape.size());
      SplittableRandom random = new SplittableRandom(SEED + index);
      if (dtype == DType.F64) {
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
          values[i] = low + (high - low) * random.nextDouble();
        }
        return new Host(shape, new float[0], values);
      }
      float[] values = new float[n];
      float scale = (float) (high - low);
      for (int i = 0; i < n; i++) {
        values[i] = (float) low + scale * random.nextFloat();
      }
      return new Host(shape, values, new double[0]);
    }
  }

  double at(long i) {
    return doubles.length > 0 ? doubles[(int) i] : floats[(int) i];
  }

  long size() {
    return shape.size();
  }

  Shape shape() {
    return shape;
  }

  Tensor on(Device device) {
    return doubles.length > 0 ? device.of(doubles, shape.dims()) : device.of(floats, shape.dims());
  }

  /** A copy outside the heap. */
  MemorySegment copy(Arena arena) {
    MemorySegment from = doubles.length > 0 ? MemorySegment.ofArray(doubles) : MemorySegment.ofArray(floats);
    MemorySegment to = arena.allocate(from.byteSize(), 64);
    return to.copyFrom(from);
  }
}
