package dev.tenzan.opencl;

import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.OpenClDriver;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.UnaryOperator;

/** A driver whose devices are described otherwise than they are, so that kernels for other devices run on those at hand. */
final class SeenAs {
  private SeenAs() {}

  static OpenClDriver with(OpenClDriver inner, UnaryOperator<DeviceFacts> change) {
    return (OpenClDriver)
        Proxy.newProxyInstance(
            SeenAs.class.getClassLoader(), new Class<?>[] {OpenClDriver.class}, (_, method, args) -> {
              try {
                Object result = method.invoke(inner, args);
                return result instanceof DeviceFacts f ? change.apply(f) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** The same device as a graphics processor that shares no memory with the host. */
  static DeviceFacts gpu(DeviceFacts f) {
    return new DeviceFacts(
        f.platform(), f.name(), f.vendor(), f.version(), f.driver(), 4, f.computeUnits(), f.memoryBytes(), f.maxAllocation(),
        f.localBytes(), f.maxGroup(), f.floatWidth(), f.floatBits(), f.doubleBits(), f.argumentBytes(), false, f.compiler());
  }

  /** The same device with room for few bytes of arguments. */
  static DeviceFacts fewArguments(DeviceFacts f) {
    return new DeviceFacts(
        f.platform(), f.name(), f.vendor(), f.version(), f.driver(), f.type(), f.computeUnits(), f.memoryBytes(), f.maxAllocation(),
        f.localBytes(), f.maxGroup(), f.floatWidth(), f.floatBits(), f.doubleBits(), 64, f.sharesMemory(), f.compiler());
  }
}
