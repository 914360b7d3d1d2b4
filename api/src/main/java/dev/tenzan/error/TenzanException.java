package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Root of all errors that Tenzan throws: unchecked, and every message names operation, values and remedy. */
public class TenzanException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public TenzanException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public TenzanException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
