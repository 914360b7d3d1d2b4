package dev.tenzan.opencl;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.ErrorCodes;
import java.util.function.Supplier;

/** Turns failed OpenCL calls into typed errors that name the operation, the device, the error and the remedy. */
final class Failures {
  private Failures() {}

  static TenzanException typed(String operation, String device, DriverError e) {
    String text =
        operation + ": " + e.call() + " on " + device + " failed with " + ErrorCodes.name(e.code()) + " (" + e.code()
            + "); " + ErrorCodes.remedy(e.code());
    if (!e.detail().isEmpty()) {
      text += "\n" + e.detail();
    }
    return ErrorCodes.isMemory(e.code()) ? new DeviceMemoryException(text, e) : new DeviceException(text, e);
  }

  static <T> T guard(String operation, String device, Supplier<T> action) {
    try {
      return action.get();
    } catch (DriverError e) {
      throw typed(operation, device, e);
    }
  }

  static void run(String operation, String device, Runnable action) {
    try {
      action.run();
    } catch (DriverError e) {
      throw typed(operation, device, e);
    }
  }
}
