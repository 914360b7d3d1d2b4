package dev.tenzan.bench.work;

/** How much is measured. */
public enum Suite {
  /** The main sizes; about a minute on two cores. */
  QUICK,
  /** More sizes and more repetitions; several minutes. */
  FULL;

  /** The name on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
