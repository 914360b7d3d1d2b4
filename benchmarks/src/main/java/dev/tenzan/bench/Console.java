package dev.tenzan.bench;

import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.output.Terminal;
import java.io.PrintStream;

/**
 * Where a command writes.
 *
 * @param out standard output
 * @param err standard error
 * @param terminal what they are
 */
record Console(PrintStream out, PrintStream err, Terminal terminal) {
  /** A line that tells what is going on. */
  Progress progress() {
    return new Progress(err, terminal.progress());
  }
}
