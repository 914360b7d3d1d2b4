package dev.tenzan.bench.output;

/** A user's mistake, or something missing on the machine: the command line prints the one-line message and exits with 2. */
public final class CliException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the option or command, the actual value and the remedy, in one line. */
  public CliException(String message) {
    super(message);
  }
}
