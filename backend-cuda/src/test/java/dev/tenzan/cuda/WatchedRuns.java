package dev.tenzan.cuda;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.spi.Backend;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;

/** Sees which runs of rows a device's backend is asked for. */
public final class WatchedRuns {
  private WatchedRuns() {}

  /** A device like another, whose runs are added to a list. */
  public static Device of(Device device, List<RowRun> runs) {
    return Devices.wrapped(
        device,
        real ->
            (Backend)
                Proxy.newProxyInstance(
                    Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, args) -> {
                      if (method.getName().equals("compile") && args[1] instanceof RowRun run) {
                        runs.add(run);
                      }
                      try {
                        return method.invoke(real, args);
                      } catch (InvocationTargetException e) {
                        throw e.getCause();
                      }
                    }));
  }
}
