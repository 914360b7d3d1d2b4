package dev.tenzan.bench.compare;

import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * An input in host memory, drawn from a fixed seed, in the Java type of its dtype: {@code float[]} for f32 and bf16 (whose values
 * are exact in bf16), {@code double[]} for f64, {@code byte[]} for i8 and {@code long[]} for i64.
 */
public final class HostArray {
  /** The seed of the first input; the second has the next one, and so on. */
  public static final long SEED = 20_260_101;

  private final Spec spec;
  private final Object values;

  private HostArray(Spec spec, Object values) {
    this.spec = spec;
    this.values = values;
  }

  /**
   * What an input looks like: uniform random numbers.
   *
   * @param dtype f32, bf16, f64, i8 or i64
   * @param low the least value
   * @param high the bound above
   * @param shape the shape
   */
  public record Spec(DType dtype, double low, double high, Shape shape) {
    /** Numbers in [-1, 1). */
    static Spec of(DType dtype, long... shape) {
      return new Spec(dtype, -1, 1, Shape.of(shape));
    }

    /** Whole numbers in [0, bound). */
    static Spec indices(long bound, long... shape) {
      return new Spec(DType.I64, 0, bound, Shape.of(shape));
    }

    /** This input with other bounds. */
    Spec in(double from, double to) {
      return new Spec(dtype, from, to, shape);
    }

    /** Its size in memory. */
    double bytes() {
      return (double) dtype.byteSize() * shape.size();
    }

    private HostArray draw(long seed) {
      int n = Math.toIntExact(shape.size());
      SplittableRandom random = new SplittableRandom(seed);
      return new HostArray(
          this,
          switch (dtype) {
            case F32, BF16 -> floats(random, n);
            case F64 -> random.doubles(n, low, high).toArray();
            case I8 -> bytes(random, n);
            case I64 -> random.longs(n, (long) low, (long) high).toArray();
            default -> throw new IllegalArgumentException("no input of " + dtype);
          });
    }

    private float[] floats(SplittableRandom random, int n) {
      float[] drawn = new float[n];
      float scale = (float) (high - low);
      int mask = dtype == DType.BF16 ? 0xffff0000 : -1;
      for (int i = 0; i < n; i++) {
        float value = (float) low + scale * random.nextFloat();
        drawn[i] = Float.intBitsToFloat(Float.floatToRawIntBits(value) & mask);
      }
      return drawn;
    }

    private byte[] bytes(SplittableRandom random, int n) {
      byte[] drawn = new byte[n];
      for (int i = 0; i < n; i++) {
        drawn[i] = (byte) random.nextInt((int) low, (int) high);
      }
      return drawn;
    }
  }

  /** The inputs of these descriptions. */
  public static List<HostArray> draw(List<Spec> specs) {
    List<HostArray> drawn = new ArrayList<>();
    for (int i = 0; i < specs.size(); i++) {
      drawn.add(specs.get(i).draw(SEED + i));
    }
    return drawn;
  }

  /** Its element type. */
  public DType dtype() {
    return spec.dtype;
  }

  /** Its extents. */
  public long[] dims() {
    return spec.shape.dims();
  }

  /** The number of its elements. */
  public int size() {
    return (int) spec.shape.size();
  }

  /** The values of f32 and bf16; not a copy. */
  public float[] floats() {
    return (float[]) values;
  }

  /** The values of f64; not a copy. */
  public double[] doubles() {
    return (double[]) values;
  }

  /** The values of i8; not a copy. */
  public byte[] bytes() {
    return (byte[]) values;
  }

  /** The values of i64; not a copy. */
  public long[] longs() {
    return (long[]) values;
  }

  /** One value; an i64 as the nearest double. */
  public double at(long i) {
    int index = (int) i;
    return switch (values) {
      case float[] f -> f[index];
      case double[] d -> d[index];
      case byte[] b -> b[index];
      default -> longs()[index];
    };
  }
}
