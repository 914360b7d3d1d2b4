package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where an index held in a tensor lies outside the axis that it addresses. */
public class IndexException extends TenzanException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public IndexException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public IndexException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
