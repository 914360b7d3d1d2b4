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

/** Reductions of matrices with rows of 1000 f32 elements. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up before anything else
public class ReduceBenchmark {
  private static final long COLUMNS = 1000;

  /** The device. */
  @Param("cpu")
  public String device = "cpu";

  /** The number of rows. */
  @Param({"1", "100", "10000"})
  public long rows;

  private Tensor x;

  /** Makes the operand. */
  @Setup
  public void setUp() {
    Device d = Devices.get(device);
    x = d.randomUniform(DType.F32, 1, -1, 1, rows, COLUMNS).eval();
  }

  private static void run(Tensor result) {
    result.eval().device().synchronize();
  }

  /** The sum of all elements. */
  @Benchmark
  public void sumOfAll() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.sum());
    }
  }

  /** The sum of each row. */
  @Benchmark
  public void sumOfRows() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.sum(1));
    }
  }

  /** The sum of each column. */
  @Benchmark
  public void sumOfColumns() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.sum(0));
    }
  }

  /** The position of the greatest element of each row. */
  @Benchmark
  public void argmaxOfRows() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.argmax(1));
    }
  }

  /** Softmax over each row. */
  @Benchmark
  public void softmax() {
    try (TensorScope _ = TensorScope.open()) {
      run(x.softmax(1));
    }
  }
}
