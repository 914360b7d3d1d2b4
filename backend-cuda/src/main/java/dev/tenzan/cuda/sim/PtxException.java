package dev.tenzan.cuda.sim;

/** PTX text that is not understood: the message gives the line's number, its text, and what is wrong with it. */
public final class PtxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int line;

  PtxException(int line, String text, String reason) {
    super("PTX line " + line + ": " + reason + ": " + text.strip());
    this.line = line;
  }

  /** The line's number, from 1. */
  public int line() {
    return line;
  }
}
