package dev.tenzan.nn;

import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;

/**
 * A listener that draws one line of progress, and keeps one line for each finished epoch. Where output goes
 * to a pipe or file only the latter are written.
 */
public final class ProgressBar implements TrainingListener {
  private static final int WIDTH = 30;
  private static final long REDRAW_NANOS = 100_000_000;

  private final PrintStream out;
  private final boolean live;
  private long drawn = System.nanoTime() - REDRAW_NANOS;

  /**
   * A progress bar.
   *
   * @param live whether the line is redrawn within an epoch: only a terminal can
   */
  public ProgressBar(PrintStream out, boolean live) {
    this.out = out;
    this.live = live;
  }

  /** A progress bar on standard output, live where that is a terminal. */
  public static ProgressBar onStandardOutput() {
    Console console = System.console();
    return new ProgressBar(System.out, console != null && console.isTerminal());
  }

  @Override
  public void step(int epoch, int epochs, long done, long total) {
    long now = System.nanoTime();
    if (!live || (now - drawn < REDRAW_NANOS && done < total)) {
      return;
    }
    drawn = now;
    int filled = (int) (WIDTH * done / Math.max(1, total));
    String bar = "=".repeat(filled) + " ".repeat(WIDTH - filled);
    out.print("\repoch " + epoch + "/" + epochs + " [" + bar + "] " + done + "/" + total);
    out.flush();
  }

  @Override
  public void epoch(EpochMetrics m) {
    String line =
        String.format(
            Locale.ROOT,
            "epoch %d/%d  loss %.4f  accuracy %.2f %%  %.1f s  %.0f samples/s",
            m.epoch(),
            m.epochs(),
            m.loss(),
            100 * m.accuracy(),
            m.seconds(),
            m.samplesPerSecond());
    // Wide enough to wipe the bar.
    out.println(live ? String.format(Locale.ROOT, "\r%-80s", line) : line);
  }
}
