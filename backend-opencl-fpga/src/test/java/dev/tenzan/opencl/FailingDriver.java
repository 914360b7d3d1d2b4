package dev.tenzan.opencl;

import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.OpenClDriver;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** A driver whose device is unplugged after a number of calls: every later call fails, save the releases. */
final class FailingDriver {
  private final OpenClDriver driver;
  private int calls;
  private int limit = Integer.MAX_VALUE;
  private int code;

  FailingDriver(OpenClDriver inner) {
    this.driver =
        (OpenClDriver)
            Proxy.newProxyInstance(
                FailingDriver.class.getClassLoader(), new Class<?>[] {OpenClDriver.class}, (_, method, args) -> {
                  if (!method.getName().equals("release") && calls++ >= limit) {
                    throw new DriverError("cl(" + method.getName() + ")", code, "");
                  }
                  try {
                    return method.invoke(inner, args);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
  }

  OpenClDriver driver() {
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
}
