package dev.tenzan.bench.jmh;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.Tenzan;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to ask for work, measured on tensors so small that the work itself costs nothing. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up before anything else
public class DispatchBenchmark {
  private static final int CHAIN = 10;

  /** The device. */
  @Param("cpu")
  public String device = "cpu";

  private Tensor x;
  private Tensor y;
  private Tenzan.Compiled compiled;

  /** Makes the operands. */
  @Setup
  public void setUp() {
    Device d = Devices.get(device);
    x = d.randomUniform(DType.F32, 1, 16).eval();
    y = d.randomUniform(DType.F32, 2, 16).eval();
    compiled = Tenzan.compile(in -> List.of(chain(in.get(0), in.get(1))));
  }

  private static Tensor chain(Tensor a, Tensor b) {
    Tensor t = a;
    for (int i = 0; i < CHAIN; i++) {
      t = t.mul(b).add(a);
    }
    return t;
  }

  /** Builds one operation and never runs it. */
  @Benchmark
  public Tensor buildOne() {
    try (Tensor t = x.add(y)) {
      return t;
    }
  }

  /** Builds one operation and runs it. */
  @Benchmark
  public Tensor runOne() {
    try (Tensor t = x.add(y)) {
      return t.eval();
    }
  }

  /** Builds a chain of twenty operations and runs it as one loop. */
  @Benchmark
  public Tensor runChain() {
    try (TensorScope _ = TensorScope.open()) {
      return chain(x, y).eval();
    }
  }

  /** The same chain, traced once. */
  @Benchmark
  public List<Tensor> runCompiledChain() {
    try (TensorScope _ = TensorScope.open()) {
      return compiled.apply(x, y);
    }
  }
}
