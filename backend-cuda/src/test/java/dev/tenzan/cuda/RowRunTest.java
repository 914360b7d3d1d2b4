package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Slice;
import dev.tenzan.Tensor;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.ptx.LoopPlanner;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Loop kernels that are walked together as one kernel, on a simulated device, which finds races, and on the reference device. */
class RowRunTest {
  private static final long SEED = 20_261_127;
  private static final Style H100 = new Style(132, 90);

  private final Device reference = Devices.get("reference");

  /** The runs that the backend was asked for. */
  private final List<RowRun> runs = new ArrayList<>();

  private final Device device = WatchedRuns.of(Devices.get("cuda:sim:0"), RowRun.class, runs);

  private static Tensor draw(Device d, DType dtype, long key, long... shape) {
    return d.randomUniform(DType.F32, key, -3.0, 3.0, shape).cast(dtype).eval();
  }

  /** Runs an expression on both devices; gives the entries of the kernels that a GPU would launch for each run that was found. */
  private List<String> check(DType dtype, long[] shape, Function<Tensor, List<Tensor>> work) {
    runs.clear();
    List<double[]> found = Devices.with(device, () -> results(work.apply(draw(device, dtype, SEED, shape))));
    List<double[]> expected = Devices.with(reference, () -> results(work.apply(draw(reference, dtype, SEED, shape))));
    for (int i = 0; i < found.size(); i++) {
      assertArrayEquals(expected.get(i), found.get(i), "result " + i + " of " + dtype + " " + Arrays.toString(shape));
    }
    List<String> entries = new ArrayList<>();
    for (RowRun run : runs) {
      Plan plan = LoopPlanner.plan(run, H100);
      entries.add(plan == null ? "apart" : plan.steps().getFirst().entry());
    }
    return entries;
  }

  private static List<double[]> results(List<Tensor> all) {
    Tensor.eval(all);
    return all.stream().map(Tensor::toDoubles).toList();
  }

  private void checkTogether(DType dtype, long[] shape, Function<Tensor, Tensor> work) {
    assertEquals(List.of("tz_rows"), check(dtype, shape, x -> List.of(work.apply(x))));
  }

  private static Tensor layerNorm(Tensor x) {
    long n = x.dim(-1);
    return x.layerNorm(draw(x.device(), x.dtype(), 1, n), draw(x.device(), x.dtype(), 2, n), 1e-5, 1);
  }

  @Test
  void softmaxOfEveryLengthIsOneKernel() {
    for (long n : new long[] {64, 65, 130, 255, 1000, 1023, 1024, 4096, 4097, 5000}) { // beyond 4096: blocks of the tree
      checkTogether(DType.F32, new long[] {17, n}, x -> x.softmax(-1));
    }
  }

  /** The powers lie where x did: x is read last where they are written. */
  @Test
  void aRowIsReplacedWhereItIsReadLast() {
    check(DType.F32, new long[] {17, 640}, x -> List.of(x.softmax(-1)));
    String softmax = LoopPlanner.plan(runs.getFirst(), H100).steps().getFirst().source().code();
    assertTrue(softmax.contains(".b8 copy0[2560]"), softmax.substring(0, 600));
    assertEquals(1, softmax.split("\\[2560]", -1).length - 1);
    check(DType.F32, new long[] {17, 640}, x -> {
      Tensor e = x.sub(x.maxKeep(-1)).exp();
      return List.of(e.div(e.sumKeep(-1)).add(x)); // x is read once more
    });
    check(DType.F32, new long[] {17, 640}, x -> {
      Tensor e = x.sub(x.maxKeep(-1)).exp().flip(1); // written elsewhere in the row
      return List.of(e.div(e.sumKeep(-1)));
    });
  }

  @Test
  void everyFloat() {
    for (DType t : List.of(DType.F64, DType.F16, DType.BF16)) {
      for (long n : new long[] {200, 513}) {
        checkTogether(t, new long[] {20, n}, x -> x.softmax(-1));
        check(t, new long[] {20, n}, x -> List.of(layerNorm(x)));
      }
    }
  }

  @Test
  void normsAreOneKernel() {
    checkTogether(DType.F32, new long[] {40, 768}, RowRunTest::layerNorm);
    checkTogether(DType.F32, new long[] {40, 300}, x -> x.rmsNorm(draw(x.device(), x.dtype(), 1, 300), 1e-6));
    checkTogether(DType.F32, new long[] {34, 9000}, x -> x.rmsNorm(draw(x.device(), x.dtype(), 1, 9000), 1e-6));
    checkTogether(DType.F32, new long[] {33, 100}, x -> x.logSoftmax(-1));
  }

  @Test
  void batchesAreRowsToo() {
    checkTogether(DType.F32, new long[] {2, 3, 7, 128}, x -> x.mul(0.125).softmax(-1));
  }

  /** The place of the greatest is looked for behind the maximum, in the row's copy: places are the same in every row. */
  @Test
  void placesOfExtremes() {
    for (DType t : List.of(DType.F32, DType.F16, DType.I32)) {
      for (long n : new long[] {64, 333, 1024, 5000}) {
        checkTogether(t, new long[] {20, n}, x -> x.argmax(-1));
        checkTogether(t, new long[] {20, n}, x -> x.argmin(1));
      }
    }
    checkTogether(DType.F32, new long[] {2, 3, 7, 128}, x -> x.argmax(-1));
    checkTogether(DType.F32, new long[] {20, 100}, x -> Tensor.where(x.greater(2.9), x.mul(0).div(0), x.abs()).argmin(1)); // with NaN, and -0 to +0
    check(DType.F32, new long[] {20, 7, 100}, x -> List.of(x.argmax(1)));
    check(DType.F32, new long[] {20, 70, 10}, x -> List.of(x.argmin(1)));
  }

  @Test
  void severalResults() {
    List<String> entries = check(DType.F32, new long[] {30, 256}, x -> List.of(x.sub(x.maxKeep(-1)), x.max(-1), x.sub(x.maxKeep(-1)).exp().sum(-1)));
    assertTrue(entries.contains("tz_rows"), entries.toString());
  }

  @Test
  void rowsThatDoNotBeginAtVectors() {
    for (int first : new int[] {1, 2, 4}) {
      check(DType.F32, new long[] {20, 203}, x -> List.of(x.slice(Slice.all(), Slice.of(first, 203)).softmax(-1)));
      check(DType.F16, new long[] {20, 204}, x -> List.of(x.slice(Slice.all(), Slice.of(first, 204)).softmax(-1)));
      check(DType.F32, new long[] {20, 200}, x -> List.of(x.slice(Slice.of(first, 20), Slice.all()).softmax(-1)));
    }
  }

  @Test
  void rowsThatAreTurned() {
    check(DType.F32, new long[] {100, 70}, x -> List.of(x.mT().softmax(-1)));
    check(DType.F32, new long[] {24, 30, 40}, x -> List.of(x.mT().softmax(-1)));
  }

  @Test
  void severalResultsOfAReductionInARow() {
    check(DType.F32, new long[] {16, 3, 5, 100}, x -> List.of(x.sub(x.maxKeep(2)).exp().sum(1)));
    check(DType.F32, new long[] {16, 4, 4200}, x -> List.of(x.sub(x.sumKeep(2).mul(x.maxKeep(1).sumKeep(2)))));
  }

  @Test
  void specialValues() {
    check(DType.F32, new long[] {20, 100}, x -> {
      Tensor odd = Tensor.where(x.greater(2.5), x.mul(Float.POSITIVE_INFINITY), Tensor.where(x.less(-2.9), x.mul(0).div(0), x.mul(1e-40)));
      return List.of(odd.softmax(-1), layerNorm(odd));
    });
  }

  @Test
  void whatDoesNotFitIsLaunchedOneByOne() {
    assertEquals(List.of("apart"), check(DType.F32, new long[] {16, 13_000}, x -> List.of(x.softmax(-1)))); // more than shared memory
    check(DType.F32, new long[] {2000, 3}, x -> List.of(x.softmax(-1))).forEach(e -> assertEquals("apart", e)); // too short for a block
  }
}
