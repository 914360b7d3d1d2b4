package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where a closed tensor, scope or backend is used. */
public class ClosedException extends TenzanException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public ClosedException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public ClosedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
