package dev.tenzan.bench;

import dev.tenzan.Tenzan;
import dev.tenzan.type.Numerics;
import picocli.CommandLine.Option;

/** The option that gives up equal bits for speed, for commands that measure or train. */
final class NumericsOption {
  @Option(
      names = "--fast",
      description = "Products may use tensor cores and vendor libraries; bits may then differ between devices and runs.")
  private boolean fast;

  /** Whether the option was given. */
  boolean isGiven() {
    return fast;
  }

  /** The mode of the work: without the option that of the process. */
  Numerics mode() {
    return fast ? Numerics.FAST : Tenzan.numerics();
  }
}
