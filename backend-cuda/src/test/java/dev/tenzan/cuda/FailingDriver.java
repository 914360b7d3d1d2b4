package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DriverError;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;

/** A driver whose device is lost after a number of calls: every later call fails, save the releases. Or one call fails once. */
final class FailingDriver {
  private static final Set<String> RELEASES = Set.of("release", "free", "unload");

  private final CudaDriver driver;
  private int calls;
  private int limit = Integer.MAX_VALUE;
  private int code;
  private String once = "";
  private String detail = "";

  FailingDriver(CudaDriver inner) {
    this.driver =
        (CudaDriver)
            Proxy.newProxyInstance(
                FailingDriver.class.getClassLoader(), new Class<?>[] {CudaDriver.class}, (_, method, args) -> {
                  check(method.getName());
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
