package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Slice;
import dev.tenzan.Tensor;
import dev.tenzan.cpu.machine.BlockSums;
import dev.tenzan.cpu.machine.ProductInstructions;
import dev.tenzan.cpu.machine.VectorSet;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Sums of so many numbers that machine code fetches them ahead, against the reference backend, bit for bit. */
class LargeSumTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);

  private static float[] values(int size, boolean special) {
    Random random = new Random(SEED);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian() * (random.nextInt(100) == 0 ? 1e-39f : 1);
    }
    if (special) {
      values[size / 2] = Float.POSITIVE_INFINITY;
      values[size / 3] = Float.NaN;
    }
    return values;
  }

  private static int sum(Device device, float[] values, int from) {
    Tensor x = device.of(values, values.length);
    Tensor part = from == 0 ? x : x.slice(Slice.from(from));
    return Float.floatToIntBits(part.sum().toFloats()[0]);
  }

  @Test
  void sumsOfManyNumbers() {
    System.out.println("seed " + SEED + ", machine code: " + ProductInstructions.describe(VectorSet.AVX512.bits()) + ", sums ahead: " + (BlockSums.here() != null));
    for (int size : new int[] {2 << 20, (2 << 20) + 4096 * 3 + 17, 3_000_017}) {
      for (int from : new int[] {0, 5}) {
        float[] values = values(size, from != 0);
        assertEquals(sum(Devices.get("reference"), values, from), sum(Devices.get("cpu"), values, from), size + " from " + from);
      }
    }
    float[] zeros = new float[2 << 20];
    Arrays.fill(zeros, -0f);
    assertEquals(sum(Devices.get("reference"), zeros, 0), sum(Devices.get("cpu"), zeros, 0), "zeros");
  }

  @Test
  void thereIsCodeWhereProductsHaveSome() {
    if (!ProductInstructions.describe(VectorSet.AVX512.bits()).startsWith("no")) {
      assertNotNull(BlockSums.here());
    }
  }
}
