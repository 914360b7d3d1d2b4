package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Slice;
import dev.tenzan.Tensor;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.ptx.LoopPlanner;
import dev.tenzan.error.DeviceException;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Attention as one kernel, on a simulated device, which finds races, and on the reference device, which knows no such kernel. */
class AttentionTest {
  private static final long SEED = 20_261_128;
  private static final Style SMALL = new Style(4, 90);

  private static final String PROPERTY = "tenzan.cuda.attention";

  private final Device reference = Devices.get("reference");
  private final List<AttentionRun> runs = new ArrayList<>();
  private final Device device = WatchedRuns.of(Devices.get("cuda:sim:0"), AttentionRun.class, runs);

  /** As one kernel wherever it fits, not only where that is faster. */
  @BeforeAll
  static void wherever() {
    System.setProperty(PROPERTY, "whole");
  }

  @AfterAll
  static void asEver() {
    System.clearProperty(PROPERTY);
  }

  private static Tensor draw(Device d, long key, long... shape) {
    return d.randomUniform(DType.F32, SEED + key, -2.0, 2.0, shape).eval();
  }

  /** Runs an expression on both devices, whose bits must agree; the plan of the attention in it for a GPU of few processors. */
  private Plan check(Function<Device, Tensor> work) {
    runs.clear();
    float[] found = Devices.with(device, () -> work.apply(device).toFloats());
    float[] expected = Devices.with(reference, () -> work.apply(reference).toFloats());
    assertArrayEquals(bits(expected), bits(found));
    assertEquals(1, runs.size());
    return LoopPlanner.plan(runs.getFirst(), SMALL);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToIntBits(values[i]);
    }
    return bits;
  }

  private void checkTogether(Function<Device, Tensor> work) {
    Plan plan = check(work);
    assertNotNull(plan);
    assertEquals("tz_attention", plan.steps().getFirst().entry());
  }

  private static Tensor attention(Tensor q, Tensor k, Tensor v) {
    return q.matmul(k.mT()).mul(1 / Math.sqrt(q.dim(-1))).softmax(-1).matmul(v);
  }

  private static Tensor attention(Device d, long heads, long queries, long keys, long width, long valueWidth) {
    return attention(draw(d, 1, heads, queries, width), draw(d, 2, heads, keys, width), draw(d, 3, heads, keys, valueWidth));
  }

  @Test
  void everySize() {
    long[][] sizes = {
      {4, 64, 64, 64, 64}, {4, 33, 70, 64, 64}, {8, 16, 128, 32, 32}, {4, 40, 300, 8, 24}, {4, 32, 65, 5, 7}, {3, 50, 129, 66, 130},
      {4, 17, 520, 12, 100}, {2, 64, 256, 128, 128}, {2, 64, 257, 3, 200}
    };
    for (long[] s : sizes) {
      checkTogether(d -> attention(d, s[0], s[1], s[2], s[3], s[4]));
    }
  }

  @Test
  void randomSizes() {
    Random random = new Random(SEED);
    for (int i = 0; i < 20; i++) {
      long heads = 2 + random.nextInt(5);
      long queries = 33 + random.nextInt(40);
      long keys = 64 + random.nextInt(random.nextInt(4) == 0 ? 500 : 90);
      long width = 1 + random.nextInt(70);
      long valueWidth = 1 + random.nextInt(random.nextInt(4) == 0 ? 180 : 70);
      System.out.println("seed " + SEED + " number " + i + ": " + List.of(heads, queries, keys, width, valueWidth));
      checkTogether(d -> attention(d, heads, queries, keys, width, valueWidth));
    }
  }

  @Test
  void batchesOfSeveralDimensions() {
    checkTogether(d -> attention(draw(d, 1, 2, 3, 20, 16), draw(d, 2, 2, 3, 80, 16), draw(d, 3, 2, 3, 80, 16)));
    // Heads beside each other, as a projection leaves them; one key head for all query heads.
    checkTogether(d -> {
      Tensor q = draw(d, 1, 2, 20, 3 * 16).reshape(2, 20, 3, 16).permuteDims(0, 2, 1, 3);
      Tensor k = draw(d, 2, 2, 80, 3 * 16).reshape(2, 80, 3, 16).permuteDims(0, 2, 1, 3);
      Tensor v = draw(d, 3, 2, 80, 3 * 16).reshape(2, 80, 3, 16).permuteDims(0, 2, 1, 3);
      return attention(q, k, v);
    });
    checkTogether(d -> attention(draw(d, 1, 2, 3, 20, 16), draw(d, 2, 2, 1, 80, 16), draw(d, 3, 2, 1, 80, 16)));
  }

  @Test
  void masks() {
    checkTogether(d -> masked(d, draw(d, 4, 40, 96)));
    checkTogether(d -> masked(d, draw(d, 4, 2, 1, 1, 96)));
    checkTogether(d -> masked(d, draw(d, 4, 2, 3, 40, 96)));
    checkTogether(d -> masked(d, draw(d, 4, 2, 3, 40, 1)));
    checkTogether(d -> masked(d, draw(d, 4, 40, 97).slice(Slice.all(), Slice.of(1, 97))));
    checkTogether(d -> {
      Tensor allowed = draw(d, 4, 40, 96).less(1.5).eval();
      Tensor s = draw(d, 1, 2, 3, 40, 16).matmul(draw(d, 2, 2, 3, 96, 16).mT());
      return Tensor.where(allowed, s, s.mul(0).add(Float.NEGATIVE_INFINITY)).softmax(-1).matmul(draw(d, 3, 2, 3, 96, 16));
    });
  }

  private static Tensor masked(Device d, Tensor mask) {
    Tensor s = draw(d, 1, 2, 3, 40, 16).matmul(draw(d, 2, 2, 3, 96, 16).mT());
    return s.mul(0.25).add(mask).softmax(-1).matmul(draw(d, 3, 2, 3, 96, 16));
  }

  @Test
  void operandsThatLieOtherwise() {
    checkTogether(d -> draw(d, 1, 4, 16, 40).mT().matmul(draw(d, 2, 4, 16, 96)).softmax(-1).matmul(draw(d, 3, 4, 24, 96).mT()));
    checkTogether(d -> draw(d, 1, 4, 40, 17).slice(Slice.all(), Slice.all(), Slice.of(1, 17)).matmul(draw(d, 2, 4, 17, 97).slice(Slice.all(), Slice.of(1, 17), Slice.of(1, 97)))
        .softmax(-1).matmul(draw(d, 3, 4, 97, 25).slice(Slice.all(), Slice.of(1, 97), Slice.of(1, 25))));
    checkTogether(d -> draw(d, 1, 4, 40, 16).flip(1).matmul(draw(d, 2, 4, 16, 96).flip(2)).softmax(-1).matmul(draw(d, 3, 4, 96, 24).flip(1)));
  }

  @Test
  void otherLoops() {
    checkTogether(d -> draw(d, 1, 4, 40, 16).matmul(draw(d, 2, 4, 16, 96)).relu().matmul(draw(d, 3, 4, 96, 24)));
    checkTogether(d -> draw(d, 1, 4, 40, 16).matmul(draw(d, 2, 4, 16, 96)).logSoftmax(-1).matmul(draw(d, 3, 4, 96, 24)));
    checkTogether(d -> {
      Tensor s = draw(d, 1, 4, 40, 16).matmul(draw(d, 2, 4, 16, 96));
      return s.softmax(-1).flip(2).add(s).matmul(draw(d, 3, 4, 96, 24)); // scores are wanted once more, and weights elsewhere in the row
    });
  }

  @Test
  void stepsInBetweenAreMovedAhead() {
    checkTogether(d -> {
      Tensor x = draw(d, 5, 2, 64, 48);
      Tensor q = x.matmul(draw(d, 6, 48, 48)).reshape(2, 64, 3, 16).permuteDims(0, 2, 1, 3);
      Tensor k = x.matmul(draw(d, 7, 48, 48)).reshape(2, 64, 3, 16).permuteDims(0, 2, 1, 3);
      Tensor v = x.matmul(draw(d, 8, 48, 48)).reshape(2, 64, 3, 16).permuteDims(0, 2, 1, 3);
      return attention(q, k, v).permuteDims(0, 2, 1, 3).reshape(2, 64, 48).matmul(draw(d, 9, 48, 48));
    });
  }

  @Test
  void specialValues() {
    checkTogether(d -> {
      Tensor q = draw(d, 1, 4, 40, 16);
      Tensor odd = Tensor.where(q.greater(1.9), q.mul(Float.POSITIVE_INFINITY), Tensor.where(q.less(-1.9), q.mul(1e-40), q)).eval();
      return attention(odd, draw(d, 2, 4, 96, 16), draw(d, 3, 4, 96, 24));
    });
    // Sums of products that are all -0, and of none but zeros.
    checkTogether(d -> d.zeros(DType.F32, 4, 40, 16).neg().eval().matmul(d.ones(DType.F32, 4, 16, 300).eval()).neg().relu().neg().matmul(draw(d, 3, 4, 300, 24)));
  }

  @Test
  void whatDoesNotFitIsLaunchedOneByOne() {
    assertNull(check(d -> attention(d, 4, 20, 63, 16, 16))); // few keys
    assertNull(check(d -> attention(d, 4, 20, 64, 200, 100))); // many products for each score
    assertNull(check(d -> draw(d, 1, 4, 40, 16).matmul(draw(d, 2, 4, 16, 96)).softmax(-1).flip(2).matmul(draw(d, 3, 4, 96, 24)))); // backwards
    assertNull(check(d -> attention(d, 4, 16, 4000, 4, 4))); // scores of 16 rows are more than shared memory
    Plan few = LoopPlanner.plan(runs(d -> attention(d, 2, 40, 64, 16, 16)), new Style(132, 90));
    assertNull(few); // blocks for a few processors
  }

  /** Whether the simulated device takes a run of so many keys as one kernel. */
  private static boolean isTaken(String wanted, long keys) {
    System.setProperty(PROPERTY, wanted);
    List<AttentionRun> found = new ArrayList<>();
    List<Boolean> taken = new ArrayList<>();
    try (CudaBackend sim = new CudaBackend(new SimulatedDriver(1), "cuda:sim", null)) {
      Device watched = WatchedRuns.of(Devices.get("cuda:sim:0"), AttentionRun.class, found);
      Devices.with(watched, () -> attention(watched, 4, 64, keys, 8, 8).toFloats());
      found.forEach(run -> taken.add(sim.compile(0, run) != null));
    } finally {
      System.setProperty(PROPERTY, "whole");
    }
    assertEquals(1, taken.size());
    return taken.getFirst();
  }

  @Test
  void isOneKernelWhereThatIsFaster() {
    assertEquals(List.of(true, false), List.of(isTaken("auto", 128), isTaken("auto", 132)));
    assertEquals(List.of(true, false), List.of(isTaken(" Whole", 132), isTaken("off", 128)));
    DeviceException e = assertThrows(DeviceException.class, () -> isTaken("yes", 128));
    assertEquals("-Dtenzan.cuda.attention: 'yes' is none of auto, whole and off; give one of them", e.getMessage());
  }

  private AttentionRun runs(Function<Device, Tensor> work) {
    check(work);
    return runs.getFirst();
  }

  @Test
  void moreRowsOnDevicesWithMoreSharedMemory() {
    AttentionRun run = runs(d -> attention(d, 4, 64, 512, 8, 8));
    assertEquals(8, LoopPlanner.plan(run, SMALL).steps().getFirst().grid());
    assertEquals(16, LoopPlanner.plan(run, new Style(4, 75)).steps().getFirst().grid());
    assertEquals(16, LoopPlanner.plan(run, new Style(8, 90)).steps().getFirst().grid()); // two blocks for each processor
  }
}
