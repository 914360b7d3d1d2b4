package dev.tenzan.bench.jmh;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.type.DType;
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

/** Elementwise functions and chains in f32. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up before anything else
public class ElementwiseBenchmark {
  /** The device. */
  @Param("cpu")
  public String device = "cpu";

  /** The number of elements. */
  @Param({"1000", "100000", "10000000"})
  public long length;

  private Tensor x;
  private Tensor y;

  /** Makes the operands. */
  @Setup
  public void setUp() {
    Device d = Devices.get(device);
    x = d.randomUniform(DType.F32, 1, -1, 1, length).eval();
    y = d.randomUniform(DType.F32, 2, -1, 1, length).eval();
  }

  private static void run(Tensor result) {
    result.eval().device().synchronize();
  }

  /** {@code x + y}. */
  @Benchmark
  public void add() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.add(y));
    }
  }

  /** {@code exp(x)}. */
  @Benchmark
  public void exp() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.exp());
    }
  }

  /** {@code sin(x)}. */
  @Benchmark
  public void sin() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.sin());
    }
  }

  /** {@code tanh(x * y) + x}, one fused loop. */
  @Benchmark
  public void chain() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.mul(y).tanh().add(x));
    }
  }
}
