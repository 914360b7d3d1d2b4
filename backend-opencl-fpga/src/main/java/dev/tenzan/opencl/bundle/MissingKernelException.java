package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;

/** Thrown where a device compiles nothing and no bundle has a kernel. */
public final class MissingKernelException extends DeviceException {
  private static final long serialVersionUID = 1L;

  private final String kernel;
  private final String hash;

  MissingKernelException(String message, String kernel, String hash) {
    super(message);
    this.kernel = kernel;
    this.hash = hash;
  }

  /** The kernel's readable name. */
  public String kernel() {
    return kernel;
  }

  /** The hash of its source. */
  public String hash() {
    return hash;
  }
}
