package dev.tenzan.bench.work;

/** Thrown where a result is not what an independent computation gives. */
public final class CheckFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the element, its value and the expected one. */
  public CheckFailedException(String message) {
    super(message);
  }
}
