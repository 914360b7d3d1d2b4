package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where a device is unknown, not available, lost, or not the one an operation needs. */
public class DeviceException extends TenzanException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public DeviceException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public DeviceException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
