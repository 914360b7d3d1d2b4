package dev.tenzan.cuda.sim;

import org.jspecify.annotations.Nullable;

/** A finding of the simulated device: a launch that a real device would refuse, or that would go wrong there, seen or unseen. */
public final class SimException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String kernel;
  private final String finding;
  private final int line;

  private SimException(String message, String kernel, String finding, int line) {
    super(message);
    this.kernel = kernel;
    this.finding = finding;
    this.line = line;
  }

  static SimException ofLaunch(String kernel, String finding) {
    return new SimException(kernel + ": " + finding, kernel, finding, 0);
  }

  static SimException ofInstruction(String kernel, String finding, SourceLine at) {
    return new SimException(kernel + ": " + finding + "\n  at " + at, kernel, finding, at.number());
  }

  static SimException ofThread(String kernel, String finding, String block, @Nullable String thread, SourceLine at) {
    String where = thread == null ? "block " + block : "block " + block + ", thread " + thread;
    return new SimException(kernel + ": " + finding + "\n  in " + where + "\n  at " + at, kernel, finding, at.number());
  }

  /** The kernel's name. */
  public String kernel() {
    return kernel;
  }

  /** What was found, without where. */
  public String finding() {
    return finding;
  }

  /** The line in the PTX text, from 1; 0 where the launch itself is wrong. */
  public int line() {
    return line;
  }
}
