package dev.tenzan.bench.work;

import dev.tenzan.ConvOptions;
import dev.tenzan.Tenzan;
import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.Oracle.Expected;
import dev.tenzan.bench.work.Workload.Facts;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.function.IntFunction;

/** The list of what {@code tenzan bench} measures. */
public final class Workloads {
  /** Matrix products. */
  public static final String MATMUL = "matmul";

  /** Loops that wait for memory. */
  public static final String MEMORY = "memory";

  /** Elementwise chains and functions. */
  public static final String FUNCTIONS = "functions";

  /** What networks are made of. */
  public static final String NETWORKS = "networks";

  private static final List<Integer> TEN_MILLION = List.of(10_000_000);
  private static final List<Integer> LENGTHS = List.of(1_000, 100_000, 10_000_000, 50_000_000);
  private static final int SLOW_LENGTH = 100_000;
  private static final int SMALL_LENGTH = 10_007;
  private static final int SOFTMAX_ROW = 1024;

  private Workloads() {}

  /** All of them, in the order of the report. */
  public static List<Family> all() {
    return List.of(
        matmuls(false, List.of(256, 512, 1024, 2048), List.of(64, 128, 256, 512, 768, 1024, 1536, 2048, 3072, 4096)),
        matmuls(true, List.of(1024), List.of(256, 512, 1024, 2048)),
        loops(Workloads::copy),
        loops(Workloads::add),
        loops(Workloads::triad),
        loops(Workloads::sum),
        loops(Workloads::chain),
        loops(Workloads::exp),
        new Family(
            Workloads::softmax, softmax(7), softmax(64), List.of(8192), List.of(128, 1024, 8192, 32_768)),
        new Family(
            n -> convolution(n, 64, 56), convolution(1, 8, 14), convolution(1, 16, 28), List.of(16),
            List.of(1, 4, 16, 64)),
        new Family(
            TrainingStep::new, new TrainingStep(2), new TrainingStep(2), List.of(128), List.of(16, 128, 512)));
  }

  private static Family matmuls(boolean wide, List<Integer> quick, List<Integer> full) {
    return new Family(n -> matmul(n, wide), matmul(97, wide), matmul(128, wide), quick, full);
  }

  private static Family loops(IntFunction<Workload> at) {
    return new Family(at, at.apply(SMALL_LENGTH), at.apply(SLOW_LENGTH), TEN_MILLION, LENGTHS);
  }

  private static Workload matmul(int n, boolean wide) {
    double flops = 2.0 * n * n * n;
    int width = wide ? 8 : 4;
    Facts facts =
        new Facts(
            MATMUL, wide ? "matmul f64" : "matmul f32", n + " x " + n, n, Metric.GFLOPS, flops, flops,
            3.0 * width * n * n, wide ? Limit.F64 : Limit.F32);
    Host.Spec spec = wide ? Host.Spec.f64(n, n) : Host.Spec.f32(n, n);
    Oracle oracle =
        Oracle.sampled(256, (in, index) -> {
          long row = index / n;
          long column = index % n;
          Oracle.Products p = new Oracle.Products(spec.dtype(), Tenzan.numerics());
          for (long k = 0; k < n; k++) {
            p.add(in.get(0).at(row * n + k), in.get(1).at(k * n + column));
          }
          return p.expected();
        });
    return new TensorWork(facts, List.of(spec, spec), in -> in.get(0).matmul(in.get(1)), oracle);
  }

  /** Facts of a loop over n elements that moves some floats and computes with each. */
  private static Facts loopFacts(String group, String name, int n, double floats, double flops, Limit limit) {
    double bytes = 4.0 * floats * n;
    return new Facts(group, name, Units.count(n), n, Metric.GBPS, bytes, flops * n, bytes, limit);
  }

  /** A change of sign, because a copy of an immutable tensor would be no work at all. */
  private static Workload copy(int n) {
    return new TensorWork(
        loopFacts(MEMORY, "copy (-x)", n, 2, 0, Limit.COPY),
        List.of(Host.Spec.f32(n)),
        in -> in.getFirst().neg(),
        Oracle.elementwise(0, 0, x -> -x[0]));
  }

  private static Workload add(int n) {
    return new TensorWork(
        loopFacts(MEMORY, "add x + y", n, 3, 1, Limit.TRIAD),
        List.of(Host.Spec.f32(n), Host.Spec.f32(n)),
        in -> in.get(0).add(in.get(1)),
        Oracle.elementwise(1, 0, x -> x[0] + x[1]));
  }

  private static Workload triad(int n) {
    return new TensorWork(
        loopFacts(MEMORY, "triad x + 3y", n, 3, 2, Limit.TRIAD),
        List.of(Host.Spec.f32(n), Host.Spec.f32(n)),
        in -> in.get(0).add(in.get(1).mul(3)),
        Oracle.elementwise(2, 3, x -> x[0] + 3 * x[1]));
  }

  private static Workload sum(int n) {
    return new TensorWork(
        loopFacts(MEMORY, "sum", n, 1, 1, Limit.READ),
        List.of(Host.Spec.f32(n)),
        in -> in.getFirst().sum(),
        (inputs, result) -> {
          // The longest path of the fixed tree: 64 additions in a lane, 6 over lanes, log2(blocks) over blocks.
          double depth = 64 + 6 + Math.ceil(Math.log(Math.max(2, n / 4096.0)) / Math.log(2)) + 1;
          double sum = 0;
          double absolute = 0;
          for (long i = 0; i < n; i++) {
            sum += inputs.getFirst().at(i);
            absolute += Math.abs(inputs.getFirst().at(i));
          }
          Expected e = new Expected(sum, depth * Oracle.EPS_F32 * absolute);
          return Oracle.sampled(1, (in, i) -> e).check(inputs, result).replace("all 1 elements", "the sum");
        });
  }

  private static Workload chain(int n) {
    return new TensorWork(
        loopFacts(FUNCTIONS, "tanh(x * y) + x", n, 3, 0, Limit.TRIAD),
        List.of(Host.Spec.f32(n), Host.Spec.f32(n)),
        in -> in.get(0).mul(in.get(1)).tanh().add(in.get(0)),
        Oracle.elementwise(4, 1, x -> Math.tanh(x[0] * x[1]) + x[0]));
  }

  private static Workload exp(int n) {
    return new TensorWork(
        loopFacts(FUNCTIONS, "exp", n, 2, 0, Limit.COPY),
        List.of(Host.Spec.f32(n)),
        in -> in.getFirst().exp(),
        Oracle.elementwise(2, 0, x -> Math.exp(x[0])));
  }

  private static Workload softmax(int rows) {
    int n = Math.multiplyExact(rows, SOFTMAX_ROW);
    double bytes = 8.0 * n;
    Facts facts =
        new Facts(
            FUNCTIONS, "softmax", Units.count(rows) + " x " + SOFTMAX_ROW, rows, Metric.GBPS, bytes, 0, bytes,
            Limit.COPY);
    Oracle oracle =
        Oracle.sampled(64, (in, index) -> {
          long start = index / SOFTMAX_ROW * SOFTMAX_ROW;
          double sum = 0;
          for (long i = start; i < start + SOFTMAX_ROW; i++) {
            sum += Math.exp(in.getFirst().at(i));
          }
          double value = Math.exp(in.getFirst().at(index)) / sum;
          return new Expected(value, 96 * Oracle.EPS_F32 * value);
        });
    return new TensorWork(
        facts, List.of(Host.Spec.f32(rows, SOFTMAX_ROW)), in -> in.getFirst().softmax(-1), oracle);
  }

  /** A 3 x 3 layer; with 64 channels in and out and 56 x 56 pixels the first of ResNet-50. */
  private static Workload convolution(int batch, int channels, int side) {
    double flops = 2.0 * batch * channels * side * side * channels * 9;
    double bytes = 4.0 * (2.0 * batch * channels * side * side + 9.0 * channels * channels);
    Facts facts =
        new Facts(
            NETWORKS, "convolution 3x3", batch + " x " + channels + " x " + side + " x " + side, batch, Metric.GFLOPS, flops, flops, bytes,
            Limit.F32);
    Oracle oracle =
        Oracle.sampled(256, (in, index) -> {
          long column = index % side;
          long row = index / side % side;
          long to = index / side / side % channels;
          long image = index / side / side / channels;
          Oracle.Products p = new Oracle.Products(DType.F32, Tenzan.numerics());
          for (int from = 0; from < channels; from++) {
            for (int t = 0; t < 9; t++) {
              long y = row + t / 3 - 1;
              long x = column + t % 3 - 1;
              if (y >= 0 && y < side && x >= 0 && x < side) {
                p.add(
                    in.get(0).at(((image * channels + from) * side + y) * side + x),
                    in.get(1).at((to * channels + from) * 9 + t));
              }
            }
          }
          return p.expected();
        });
    return new TensorWork(
        facts,
        List.of(Host.Spec.f32(batch, channels, side, side), Host.Spec.f32(channels, channels, 3, 3)),
        in -> in.get(0).conv(in.get(1), ConvOptions.of().padding(1)),
        oracle);
  }
}
