package dev.tenzan.cuda;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.spi.Backend;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;

/** Sees which runs a device's backend is asked for. */
public final class WatchedRuns {
  private WatchedRuns() {}

  /** A device like another, whose runs of one kind are added to a list. */
  public static <R> Device of(Device device, Class<R> kind, List<R> runs) {
    return Devices.wrapped(
        device,
        real ->
            (Backend)
                Proxy.newProxyInstance(
                    Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, args) -> {
                      if (method.getName().equals("compile") && kind.isInstance(args[1])) {
                        runs.add(kind.cast(args[1]));
                      }
                      try {
                        return method.invoke(real, args);
                      } catch (InvocationTargetException e) {
                        throw e.getCause();
                      }
                    }));
  }
}
