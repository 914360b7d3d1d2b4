package dev.tenzan.bench.fpga;

import dev.tenzan.ConvOptions;
import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.ElementwiseOps;
import dev.tenzan.PoolOptions;
import dev.tenzan.Random;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.nn.Initializer;
import dev.tenzan.nn.Parameter;
import dev.tenzan.nn.Recipe;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The programs that {@code tenzan fpga} knows. Weights and inputs are made on the host, so that the device is asked for the kernels of
 * the program and no others.
 */
public enum FpgaProgram {
  /** The network of the digits recipe with its first weights, on test images. */
  DIGITS {
    @Override
    List<Tensor> run(Device device) {
      Device host = host();
      Recipe recipe = Recipe.digits(host, SEED, 1);
      List<Tensor> w = new ArrayList<>();
      for (Parameter p : recipe.model().parameters()) {
        w.add(copy(p.tensor(), device));
      }
      Tensor x = copy(recipe.data().test().samples().narrow(0, 0, BATCH), device).cast(DType.F32).div(16);
      ConvOptions same = ConvOptions.of().padding(1);
      Tensor a = relu(x.conv(w.get(0), same).add(w.get(1).reshape(w.get(1).size(), 1, 1))).maxPool(PoolOptions.of(2, 2));
      Tensor b = relu(a.conv(w.get(2), same).add(w.get(3).reshape(w.get(3).size(), 1, 1)));
      return List.of(b.reshape(BATCH, -1).matmul(w.get(4)).add(w.get(5)));
    }
  },

  /** A perceptron of three layers, 64 - 128 - 64 - 10, with random weights and inputs. */
  MLP {
    @Override
    List<Tensor> run(Device device) {
      Device host = host();
      Random random = new Random(SEED);
      long[] widths = {64, 128, 64, 10};
      Tensor x = copy(Initializer.HE_UNIFORM.draw(host, random.nextKey(), 1, 1, BATCH, widths[0]), device);
      for (int i = 0; i + 1 < widths.length; i++) {
        long in = widths[i];
        long out = widths[i + 1];
        Tensor weight = copy(Initializer.HE_UNIFORM.draw(host, random.nextKey(), in, out, in, out), device);
        Tensor bias = copy(Initializer.HE_UNIFORM.draw(host, random.nextKey(), in, out, out), device);
        Tensor y = x.matmul(weight).add(bias);
        x = i + 2 < widths.length ? relu(y) : y;
      }
      return List.of(x);
    }
  },

  /** A product of f32 and one of i8 into i32 matrices, whose sizes fill no whole tiles. */
  MATMUL {
    @Override
    List<Tensor> run(Device device) {
      Device host = host();
      Random random = new Random(SEED);
      Tensor a = Initializer.HE_UNIFORM.draw(host, random.nextKey(), 1, 1, 37, 300);
      Tensor b = Initializer.HE_UNIFORM.draw(host, random.nextKey(), 1, 1, 300, 29);
      Tensor f = copy(a, device).matmul(copy(b, device));
      Tensor i = copy(a.mul(50).cast(DType.I8), device).matmul(copy(b.mul(50).cast(DType.I8), device), DType.I32);
      return List.of(f, i);
    }
  };

  private static final long SEED = 42;
  private static final long BATCH = 10;

  /** The results of the program on a device, not evaluated. */
  abstract List<Tensor> run(Device device);

  /** The results' shapes and bytes. */
  public List<Result> results(Device device) {
    try (TensorScope _ = TensorScope.open()) {
      List<Tensor> tensors = run(device);
      Tensor.eval(tensors.toArray(Tensor[]::new));
      return tensors.stream().map(t -> new Result(t.dtype(), t.shape(), bytes(t))).toList();
    }
  }

  /**
   * A result.
   *
   * @param dtype its type
   * @param shape its shape
   * @param bytes its elements in row-major order
   */
  public record Result(DType dtype, Shape shape, byte[] bytes) {}

  private static Device host() {
    return Devices.get("reference");
  }

  private static Tensor copy(Tensor t, Device device) {
    return device.of(t.dtype(), MemorySegment.ofArray(bytes(t)), t.shape().dims());
  }

  private static byte[] bytes(Tensor t) {
    byte[] bytes = new byte[Math.toIntExact(t.size() * t.dtype().byteSize())];
    t.copyTo(MemorySegment.ofArray(bytes));
    return bytes;
  }

  private static Tensor relu(Tensor x) {
    return ElementwiseOps.where(x.greater(0), x, x.zerosLike());
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
