package dev.tenzan.opencl.driver;

/** The failure of one OpenCL call: which call, which code, and what the implementation added. The backend turns it into a typed error. */
public final class DriverError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int code;
  private final String detail;

  /**
   * A failed call.
   *
   * @param call the OpenCL function
   * @param code the error code that it gave
   * @param detail a build log or the like; may be empty
   */
  public DriverError(String call, int code, String detail) {
    super(call + " failed with " + ErrorCodes.name(code) + " (" + code + ")" + (detail.isEmpty() ? "" : ": " + detail));
    this.call = call;
    this.code = code;
    this.detail = detail;
  }

  /** The OpenCL function. */
  public String call() {
    return call;
  }

  /** The error code. */
  public int code() {
    return code;
  }

  /** A build log or the like; may be empty. */
  public String detail() {
    return detail;
  }
}
