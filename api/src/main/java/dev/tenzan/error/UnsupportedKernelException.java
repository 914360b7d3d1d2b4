package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where a device has declared that it cannot run an operation. */
public class UnsupportedKernelException extends DeviceException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public UnsupportedKernelException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public UnsupportedKernelException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
