package dev.tenzan.bench.work;

import dev.tenzan.bench.measure.Ceilings;

/** The ceiling of the processor that a piece of work on the CPU is held against. */
public enum Limit {
  /** Multiply-adds in f32. */
  F32,
  /** Multiply-adds in f64. */
  F64,
  /** Reading memory. */
  READ,
  /** Reading one array and writing another. */
  COPY,
  /** Reading two arrays and writing a third. */
  TRIAD,
  /** None that was measured. */
  NONE;

  /** The ceiling in the unit of the work's rate; NaN where there is none. */
  public double of(Ceilings c) {
    return switch (this) {
      case F32 -> c.f32();
      case F64 -> c.f64();
      case READ -> c.read();
      case COPY -> c.copy();
      case TRIAD -> c.triad();
      case NONE -> Double.NaN;
    };
  }
}
