package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.cuda.vendor.LibraryError;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.TenzanException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns failed driver calls on one device into typed errors that name the operation, the device, the error and the remedy. After some
 * errors a context is of no use for the rest of the process; then every later operation says so, and what the first error was.
 */
final class Failures {
  private final String device;
  private volatile @Nullable DriverError lost;

  Failures(String device) {
    this.device = device;
  }

  static TenzanException typed(String operation, String device, DriverError e) {
    String text =
        operation + ": " + e.call() + " on " + device + " failed with " + ErrorCodes.name(e.code()) + " (" + e.code() + "); "
            + ErrorCodes.remedy(e.code());
    if (!e.detail().isEmpty()) {
      text += "\n" + e.detail();
    }
    return ErrorCodes.isMemory(e.code()) ? new DeviceMemoryException(text, e) : new DeviceException(text, e);
  }

  static TenzanException typed(String operation, String device, LibraryError e) {
    return new DeviceException(operation + ": " + e.getMessage() + " on " + device + "; " + e.remedy(), e);
  }

  /** The typed error of a failed call; a loss of the device is remembered. */
  synchronized TenzanException noted(String operation, DriverError e) {
    if (lost == null && ErrorCodes.isSticky(e.code())) {
      lost = e;
    }
    return typed(operation, device, e);
  }

  /** To be called before an operation. */
  void checkThere(String operation) {
    DriverError e = lost;
    if (e != null) {
      throw new DeviceException(
          operation + ": " + device + " was lost when " + e.call() + " failed with " + ErrorCodes.name(e.code()) + " (" + e.code()
              + "); start a new process. To that error: " + ErrorCodes.remedy(e.code()),
          e);
    }
  }

  <T> T guard(String operation, Supplier<T> action) {
    checkThere(operation);
    try {
      return action.get();
    } catch (DriverError e) {
      throw noted(operation, e);
    }
  }

  void run(String operation, Runnable action) {
    checkThere(operation);
    try {
      action.run();
    } catch (DriverError e) {
      throw noted(operation, e);
    }
  }
}
