package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;

/**
 * A driver whose device is lost after a number of calls: every later call fails, save the releases. Or one call fails once, or there is no
 * memory for large blocks.
 */
final class FailingDriver {
  private static final Set<String> RELEASES = Set.of("release", "free", "unload");

  private final CudaDriver driver;
  private int calls;
  private int limit = Integer.MAX_VALUE;
  private int code;
  private long most = Long.MAX_VALUE;
  private int refused;
  private String once = "";
  private String detail = "";

  FailingDriver(CudaDriver inner) {
    this.driver =
        (CudaDriver)
            Proxy.newProxyInstance(
                FailingDriver.class.getClassLoader(), new Class<?>[] {CudaDriver.class}, (_, method, args) -> {
                  check(method.getName());
                  if (method.getName().equals("allocate") && (long) args[1] > most) {
                    refused++;
                    throw new DriverError("cuMemAlloc", ErrorCodes.OUT_OF_MEMORY, "");
                  }
                  try {
                    return method.invoke(inner, args);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
  }

  private void check(String method) {
    if (RELEASES.contains(method)) {
      return;
    }
    if (method.equals(once)) {
      once = "";
      throw new DriverError("cu(" + method + ")", code, detail);
    }
    if (calls++ >= limit) {
      throw new DriverError("cu(" + method + ")", code, "");
    }
  }

  CudaDriver driver() {
    return driver;
  }

  /** The calls so far, releases not counted. */
  int calls() {
    return calls;
  }

  /** Has no memory for more than so many bytes at a time. */
  void refuseOver(long bytes) {
    most = bytes;
  }

  /** How often there was none. */
  int refused() {
    return refused;
  }

  /** Lets {@code more} calls pass, and gives all others an error code. */
  void failAfter(int more, int errorCode) {
    limit = calls + more;
    code = errorCode;
  }

  /** Gives the next call of a method an error code. */
  void failOnce(String method, int errorCode, String log) {
    once = method;
    code = errorCode;
    detail = log;
  }
}
