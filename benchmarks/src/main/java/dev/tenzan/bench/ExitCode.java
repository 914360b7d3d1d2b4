package dev.tenzan.bench;

/** What the command line tells its caller. */
final class ExitCode {
  /** Done. */
  static final int OK = 0;

  /** A check failed: a wrong result, a failed test, a machine that is not set up well. */
  static final int CHECK_FAILED = 1;

  /** It could not run: wrong usage, something missing, an internal error. */
  static final int COULD_NOT_RUN = 2;

  private ExitCode() {}
}
