package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where element types do not fit an operation. */
public class DTypeException extends TenzanException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public DTypeException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public DTypeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
