package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where a device cannot provide the memory that an operation needs. */
public class DeviceMemoryException extends DeviceException {
  private static final long serialVersionUID = 1L;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public DeviceMemoryException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public DeviceMemoryException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
