package dev.tenzan.opencl.aparapi;

import com.aparapi.Kernel;
import com.aparapi.Range;
import com.aparapi.device.OpenCLDevice;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.opencl.custom.DeviceBody;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The kernels of one factory, one for each device: an instance of {@link Kernel} has a context and compiled code on one device, and its
 * fields are the operands of one launch.
 */
final class Instances<K extends Kernel> {
  private final Supplier<? extends K> factory;
  private final Map<Long, Instance> byDevice = new HashMap<>();

  Instances(Supplier<? extends K> factory) {
    this.factory = factory;
  }

  /** The instance for a device, compiled. */
  Instance on(String op, DeviceBody.Target target) {
    Instance i;
    synchronized (byDevice) {
      i = byDevice.get(target.handle());
      if (i == null) {
        i = new Instance(Aparapi.device(op, target));
        byDevice.put(target.handle(), i);
      }
    }
    i.prepare(op, target);
    return i;
  }

  void dispose() {
    synchronized (byDevice) {
      byDevice.values().forEach(Instance::dispose);
      byDevice.clear();
    }
  }

  /**
   * A kernel on a device. Aparapi's native code crashes where it disposes of a kernel that was compiled and never run, and is not to be
   * relied on after a failed run: such kernels are let go without, and what they hold on the device stays until the process ends.
   */
  final class Instance {
    private final OpenCLDevice device;
    private @Nullable K kernel;
    private boolean ran;

    private Instance(OpenCLDevice device) {
      this.device = device;
    }

    private synchronized K prepare(String op, DeviceBody.Target target) {
      K k = kernel;
      if (k == null) {
        k = make(op);
        Aparapi.compile(op, k, device, target);
        kernel = k;
      }
      return k;
    }

    private K make(String op) {
      try {
        K made = factory.get();
        if (made != null) {
          return made;
        }
      } catch (TenzanException e) {
        throw e;
      } catch (RuntimeException e) {
        throw new DeviceException("custom " + op + ": the factory of its kernel failed with " + e + "; correct it", e);
      }
      throw new DeviceException("custom " + op + ": the factory of its kernel gave null; return a kernel");
    }

    /** Runs the kernel on one launch's operands. */
    synchronized void run(
        CustomKernel spec, DeviceBody.Target target, AparapiKernel.Binding<K> binding, DeviceBody.Contents contents) {
      String op = spec.name();
      K k = prepare(op, target);
      AparapiArrays arrays = new AparapiArrays(spec, contents);
      bind(op, k, binding, arrays);
      Fields.checkOutput(op, k, arrays);
      Range range = Aparapi.range(op, device, arrays);
      try {
        Aparapi.execute(op, k, device, target, range);
        ran = true;
      } catch (RuntimeException | Error e) {
        kernel = null; // the next launch makes a new one
        ran = false;
        throw e;
      }
      Fields.clear(op, k, arrays);
      arrays.store();
    }

    private void bind(String op, K k, AparapiKernel.Binding<K> binding, AparapiArrays arrays) {
      try {
        binding.bind(k, arrays);
      } catch (TenzanException e) {
        throw e;
      } catch (RuntimeException e) {
        throw new DeviceException("custom " + op + ": the binding failed with " + e + "; correct it", e);
      }
    }

    private synchronized void dispose() {
      K k = kernel;
      kernel = null;
      if (k != null && ran) {
        ran = false;
        Aparapi.dispose(k, device);
      }
    }
  }
}
