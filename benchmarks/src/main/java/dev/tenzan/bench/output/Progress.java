package dev.tenzan.bench.output;

import java.io.PrintStream;

/** One line on standard error that tells what is going on, overwritten as it changes; nothing where that is no terminal. */
public final class Progress implements AutoCloseable {
  private static final int WIDTH = 100;
  private static final String CLEAR_LINE = "\r\u001b[K";

  private final PrintStream out;
  private final boolean shown;

  /** Progress on a stream; {@code shown} only where it is a terminal. */
  public Progress(PrintStream out, boolean shown) {
    this.out = out;
    this.shown = shown;
  }

  /** Shows a step. */
  public void show(String text) {
    if (shown) {
      out.print(CLEAR_LINE + (text.length() > WIDTH ? text.substring(0, WIDTH - 3) + "..." : text));
      out.flush();
    }
  }

  /** Shows a step of a known number of steps. */
  public void show(int done, int total, String text) {
    int width = 20;
    int full = total == 0 ? width : Math.min(width, done * width / total);
    show("[" + "#".repeat(full) + " ".repeat(width - full) + "] " + done + "/" + total + "  " + text);
  }

  /** Removes the line. */
  @Override
  public void close() {
    if (shown) {
      out.print(CLEAR_LINE);
      out.flush();
    }
  }
}
