package dev.tenzan.cuda.vendor;

/** The failure of one cuBLASLt call: which call, and which status. */
public final class CublasLtError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  static final int SUCCESS = 0;
  static final int NOT_SUPPORTED = 15;

  private final String call;
  private final int status;

  CublasLtError(String call, int status) {
    super(call + " failed with " + name(status) + " (" + status + ")");
    this.call = call;
    this.status = status;
  }

  /** The library's function. */
  public String call() {
    return call;
  }

  /** The {@code cublasStatus_t} that it gave. */
  public int status() {
    return status;
  }

  /** The name of a {@code cublasStatus_t}. */
  static String name(int status) {
    return switch (status) {
      case SUCCESS -> "CUBLAS_STATUS_SUCCESS";
      case 1 -> "CUBLAS_STATUS_NOT_INITIALIZED";
      case 3 -> "CUBLAS_STATUS_ALLOC_FAILED";
      case 7 -> "CUBLAS_STATUS_INVALID_VALUE";
      case 8 -> "CUBLAS_STATUS_ARCH_MISMATCH";
      case 11 -> "CUBLAS_STATUS_MAPPING_ERROR";
      case 13 -> "CUBLAS_STATUS_EXECUTION_FAILED";
      case 14 -> "CUBLAS_STATUS_INTERNAL_ERROR";
      case NOT_SUPPORTED -> "CUBLAS_STATUS_NOT_SUPPORTED";
      case 16 -> "CUBLAS_STATUS_LICENSE_ERROR";
      default -> "an unknown status";
    };
  }
}
