package dev.tenzan.nn;

import dev.tenzan.error.TenzanException;

/** Thrown where something cannot be differentiated: the loss, a variable or an operation. */
public final class GradientException extends TenzanException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public GradientException(String message) {
    super(message);
  }
}
