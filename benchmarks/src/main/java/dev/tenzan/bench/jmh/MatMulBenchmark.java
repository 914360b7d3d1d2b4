package dev.tenzan.bench.jmh;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
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

/** Products of square matrices. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up before anything else
public class MatMulBenchmark {
  /** The device. */
  @Param("cpu")
  public String device = "cpu";

  /** Rows and columns. */
  @Param({"16", "64", "256", "1024"})
  public int size;

  /** The element type. */
  @Param({"F32", "F64"})
  public DType dtype = DType.F32;

  private Tensor a;
  private Tensor b;

  /** Makes the factors. */
  @Setup
  public void setUp() {
    Device d = Devices.get(device);
    a = d.randomUniform(dtype, 1, size, size).eval();
    b = d.randomUniform(dtype, 2, size, size).eval();
  }

  /** {@code a b}. */
  @Benchmark
  public void product() {
    try (Tensor c = a.matmul(b)) {
      c.eval().device().synchronize();
    }
  }

  /** {@code a bT}: the packing reads the second factor across its rows. */
  @Benchmark
  public void productWithTransposed() {
    try (Tensor t = b.transpose();
        Tensor c = a.matmul(t)) {
      c.eval().device().synchronize();
    }
  }
}
