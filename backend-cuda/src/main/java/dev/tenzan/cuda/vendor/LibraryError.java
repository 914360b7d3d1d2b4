package dev.tenzan.cuda.vendor;

/** The failure of one call of one of NVIDIA's libraries: which call, which status, and what leaves the library out. */
public final class LibraryError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int status;
  private final String remedy;

  /**
   * A failure.
   *
   * @param call the library's function
   * @param status the status that it gave
   * @param name the name of that status
   * @param remedy what to do about it
   */
  LibraryError(String call, int status, String name, String remedy) {
    super(call + " failed with " + name + " (" + status + ")");
    this.call = call;
    this.status = status;
    this.remedy = remedy;
  }

  /** The library's function. */
  public String call() {
    return call;
  }

  /** The status that it gave. */
  public int status() {
    return status;
  }

  /** What to do about it. */
  public String remedy() {
    return remedy;
  }
}
