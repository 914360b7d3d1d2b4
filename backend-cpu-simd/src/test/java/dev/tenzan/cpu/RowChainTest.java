package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.Tenzan;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Kernels that are walked together, against the reference backend, bit for bit, and in how much memory. */
class RowChainTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);
  private static final long COLUMNS = 700;

  private static Tensor input(Device device, long rows, long columns, DType type) {
    Random random = new Random(SEED);
    float[] values = new float[Math.toIntExact(rows * columns)];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (random.nextInt(5000)) {
            case 0 -> Float.NaN;
            case 1 -> Float.POSITIVE_INFINITY;
            case 2 -> -0f;
            case 3 -> 1e-41f;
            default -> (float) random.nextGaussian();
          };
    }
    return device.of(values, rows, columns).cast(type);
  }

  private static void check(String what, DType type, long rows, long columns, UnaryOperator<Tensor> operation) {
    System.out.println(what + ": seed " + SEED);
    float[] expected = operation.apply(input(Devices.get("reference"), rows, columns, type)).cast(DType.F32).toFloats();
    float[] found = operation.apply(input(Devices.get("cpu"), rows, columns, type)).cast(DType.F32).toFloats();
    assertArrayEquals(bits(expected), bits(found), what);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToIntBits(values[i]);
    }
    return bits;
  }

  @Test
  void softmaxOfOddSizes() {
    check("softmax", DType.F32, 1031, 517, x -> x.softmax(1));
    check("softmax of bf16", DType.BF16, 1031, 1017, x -> x.softmax(1));
    check("softmax of f64", DType.F64, 515, 601, x -> x.softmax(1));
  }

  @Test
  void softmaxOfViews() {
    check("softmax of a flipped tensor", DType.F32, 1031, 517, x -> x.flip(0).softmax(1));
    check("softmax of flipped rows", DType.F32, 1031, 517, x -> x.flip(1).softmax(1));
    check("softmax of columns", DType.F32, 517, 1031, x -> x.transpose().softmax(1));
    check("softmax along the first axis", DType.F32, 517, 1031, x -> x.softmax(0));
  }

  @Test
  void norms() {
    check(
        "layer norm", DType.F32, 1500, COLUMNS,
        x -> x.layerNorm(x.device().full(DType.F32, 1.5, COLUMNS), x.device().full(DType.F32, 0.25, COLUMNS), 1e-5, 1));
    check("rms norm", DType.F32, 1500, COLUMNS, x -> x.rmsNorm(x.device().full(DType.F32, 1.5, COLUMNS), 1e-5));
    check("log softmax", DType.F32, 1500, 700, x -> x.logSoftmax(1));
  }

  @Test
  void severalResults() {
    check("softmax and its sums", DType.F32, 1500, 700, x -> {
      Tensor y = x.softmax(1);
      Tensor sums = y.sumKeep(1);
      Tensor.eval(y, sums);
      return y.add(sums);
    });
  }

  @Test
  void rowsBetweenTheKernelsTakeNoMemory() {
    Device cpu = Devices.get("cpu");
    Tensor x = input(cpu, 1031, 517, DType.F32);
    Tensor.eval(x);
    long before = cpu.memory().allocations();
    Tensor y = x.softmax(1);
    Tensor.eval(y);
    assertEquals(1, cpu.memory().allocations() - before, "the result alone is allocated");
  }

  @Test
  void compiledFunctionsAreWalkedTogetherToo() {
    Device cpu = Devices.get("cpu");
    Tensor x = input(cpu, 1031, 517, DType.F32);
    Tenzan.Compiled softmax = Tenzan.compile(a -> List.of(a.getFirst().softmax(1)));
    float[] expected = x.softmax(1).toFloats();
    assertArrayEquals(bits(expected), bits(softmax.apply(x).getFirst().toFloats()));
    assertArrayEquals(bits(expected), bits(softmax.apply(x).getFirst().toFloats()));
  }
}
