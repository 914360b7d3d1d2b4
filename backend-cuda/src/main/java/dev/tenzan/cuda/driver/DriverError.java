package dev.tenzan.cuda.driver;

/** The failure of one CUDA driver call: which call, which code, and what the driver added. The backend turns it into a typed error. */
public final class DriverError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int code;
  private final String detail;

  /**
   * A failed call.
   *
   * @param call the driver's function
   * @param code the {@code CUresult} that it gave
   * @param detail an assembler's log or the like; may be empty
   */
  public DriverError(String call, int code, String detail) {
    super(call + " failed with " + ErrorCodes.name(code) + " (" + code + ")" + (detail.isEmpty() ? "" : ": " + detail));
    this.call = call;
    this.code = code;
    this.detail = detail;
  }

  /** The driver's function. */
  public String call() {
    return call;
  }

  /** The error code. */
  public int code() {
    return code;
  }

  /** An assembler's log or the like; may be empty. */
  public String detail() {
    return detail;
  }
}
