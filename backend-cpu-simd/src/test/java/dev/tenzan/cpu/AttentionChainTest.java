package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Attention some rows at a time, against the reference backend, bit for bit, and in how much memory. */
class AttentionChainTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20261127);

  private final Device cpu = Devices.get("cpu");

  private static Tensor draw(Device d, DType type, long key, long... shape) {
    return d.randomUniform(DType.F32, SEED + key, -2.0, 2.0, shape).cast(type).eval();
  }

  private static int[] bits(Tensor t) {
    float[] values = t.cast(DType.F32).toFloats();
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToIntBits(values[i]);
    }
    return bits;
  }

  private static Tensor attention(Tensor q, Tensor k, Tensor v) {
    return q.matmul(k.mT()).mul(1 / Math.sqrt(q.dim(-1))).softmax(-1).matmul(v);
  }

  /**
   * Runs an expression on both devices.
   *
   * @param tensors how many it takes the memory of; one where it is taken together
   */
  private void check(String what, int tensors, Function<Device, List<Tensor>> operands, Function<List<Tensor>, Tensor> work) {
    System.out.println(what + ": seed " + SEED);
    Device reference = Devices.get("reference");
    int[] expected = Devices.with(reference, () -> bits(work.apply(operands.apply(reference))));
    Devices.with(cpu, () -> {
      List<Tensor> own = operands.apply(cpu);
      long before = cpu.memory().allocations();
      Tensor y = work.apply(own).eval();
      assertEquals(tensors, cpu.memory().allocations() - before, what + ": tensors in memory");
      assertArrayEquals(expected, bits(y), what);
      return null;
    });
  }

  private static Function<Device, List<Tensor>> heads(DType t, long heads, long queries, long keys, long width, long valueWidth) {
    return d -> List.of(draw(d, t, 1, heads, queries, width), draw(d, t, 2, heads, keys, width), draw(d, t, 3, heads, keys, valueWidth));
  }

  private void checkHeads(String what, int tensors, DType t, long... sizes) {
    check(what, tensors, heads(t, sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]), x -> attention(x.get(0), x.get(1), x.get(2)));
  }

  @Test
  void sizes() {
    checkHeads("whole blocks", 1, DType.F32, 4, 256, 512, 16, 16);
    checkHeads("blocks with a rest", 1, DType.F32, 3, 301, 517, 19, 23);
    checkHeads("few queries", 1, DType.F32, 40, 20, 700, 8, 9);
    checkHeads("long rows", 1, DType.F32, 3, 64, 5000, 8, 8);
    checkHeads("f64", 1, DType.F64, 3, 150, 400, 11, 8);
    checkHeads("f16", 1, DType.F16, 6, 260, 410, 16, 16);
    checkHeads("bf16", 1, DType.BF16, 6, 260, 410, 16, 16);
  }

  @Test
  void masksAndViews() {
    check("a mask for all heads, and one for each", 1,
        d -> List.of(draw(d, DType.F32, 1, 2, 3, 230, 16), draw(d, DType.F32, 2, 2, 3, 300, 16), draw(d, DType.F32, 3, 2, 3, 300, 12),
            draw(d, DType.F32, 4, 230, 300), draw(d, DType.F32, 5, 2, 3, 1, 300)),
        x -> x.get(0).matmul(x.get(1).mT()).add(x.get(3)).add(x.get(4)).softmax(-1).matmul(x.get(2)));
    check("heads side by side, as projections leave them", 1,
        d -> List.of(draw(d, DType.F32, 1, 2, 200, 96), draw(d, DType.F32, 2, 2, 300, 96), draw(d, DType.F32, 3, 2, 300, 96)),
        x -> {
          List<Tensor> split = x.stream().map(t -> t.reshape(2, t.dim(1), 6, 16).permuteDims(0, 2, 1, 3)).toList();
          return attention(split.get(0), split.get(1), split.get(2));
        });
    check("one head's keys for all", 1,
        d -> List.of(draw(d, DType.F32, 1, 5, 200, 16), draw(d, DType.F32, 2, 1, 300, 16), draw(d, DType.F32, 3, 1, 300, 16)),
        x -> attention(x.get(0), x.get(1).broadcastTo(5, 300, 16), x.get(2).broadcastTo(5, 300, 16)));
  }

  @Test
  void specialValues() {
    Function<Device, List<Tensor>> odd =
        d -> {
          Tensor q = draw(d, DType.F32, 1, 6, 200, 16);
          Tensor special = Tensor.where(q.greater(1.9), q.mul(Float.POSITIVE_INFINITY), Tensor.where(q.less(-1.9), q.mul(1e-40), q)).eval();
          return List.of(special, draw(d, DType.F32, 2, 6, 300, 16), draw(d, DType.F32, 3, 6, 300, 16));
        };
    check("infinities, NaN and subnormal numbers", 1, odd, x -> attention(x.get(0), x.get(1), x.get(2)));
    check("other loops than softmax", 1, odd, x -> x.get(0).matmul(x.get(1).mT()).tanh().relu().neg().matmul(x.get(2)));
  }

  @Test
  void whatIsBetterOneAfterAnother() {
    checkHeads("few keys", 3, DType.F32, 40, 150, 120, 8, 8);
    checkHeads("little to save", 6, DType.F32, 1, 64, 300, 8, 8);
    check("weights that are wanted", 3, heads(DType.F32, 6, 200, 300, 8, 8), x -> {
      Tensor weights = x.get(0).matmul(x.get(1).mT()).softmax(-1);
      Tensor y = weights.matmul(x.get(2));
      Tensor.eval(y, weights);
      return y;
    });
  }

  @Test
  void severalThreadsAtOnce() throws Exception {
    List<Tensor> x = heads(DType.F32, 6, 200, 300, 16, 16).apply(cpu);
    int[] expected = bits(attention(x.get(0), x.get(1), x.get(2)));
    List<Callable<int[]>> tasks = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      tasks.add(() -> bits(attention(x.get(0), x.get(1), x.get(2))));
    }
    try (var pool = Executors.newFixedThreadPool(3)) {
      for (Future<int[]> f : pool.invokeAll(tasks)) {
        assertArrayEquals(expected, f.get());
      }
    }
  }
}
