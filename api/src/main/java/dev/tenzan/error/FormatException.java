package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where a file or byte stream does not follow its format. */
public class FormatException extends TenzanException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public FormatException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public FormatException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
