package dev.tenzan.bench.work;

/** How the speed of a piece of work is told. */
public enum Metric {
  /** Floating-point operations. */
  GFLOPS("GFLOP/s"),
  /** Bytes that the program reads and writes; what fusion saves is not counted. */
  GBPS("GB/s"),
  /** Samples that a model learns from. */
  SAMPLES("samples/s");

  private final String unit;

  Metric(String unit) {
    this.unit = unit;
  }

  /** The unit of the rate. */
  public String unit() {
    return unit;
  }
}
