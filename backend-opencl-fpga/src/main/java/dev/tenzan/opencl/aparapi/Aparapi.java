package dev.tenzan.opencl.aparapi;

import com.aparapi.Kernel;
import com.aparapi.Range;
import com.aparapi.device.Device;
import com.aparapi.device.OpenCLDevice;
import com.aparapi.exception.CompileFailedException;
import com.aparapi.internal.exception.AparapiException;
import com.aparapi.internal.kernel.KernelManager;
import com.aparapi.internal.model.ClassModel;
import com.aparapi.internal.opencl.OpenCLLoader;
import com.aparapi.internal.opencl.OpenCLPlatform;
import com.aparapi.internal.writer.KernelWriter;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.opencl.custom.DeviceBody;
import dev.tenzan.opencl.driver.ErrorCodes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes Aparapi run a kernel on one device, or say why it cannot.
 *
 * <p>Left to itself Aparapi goes on to the next device, and at last to Java threads, when a device fails. What keeps it from that here:
 * a kernel is compiled for the device first, by the one call that throws instead; only that device is among those that the kernel's
 * class prefers; and the range has a fixed work-group, as Aparapi only moves ranges whose work-group it chose itself. A failed launch
 * then ends in an {@link AssertionError} before anything has run in Java, and its reason is in Aparapi's log.
 *
 * <p>Preferences, caches and log are Aparapi's global state, so there is one lock.
 */
final class Aparapi {
  private static final Object LOCK = new Object();

  /** Work-groups are no larger than this where Tenzan chooses them: more groups than compute units on all but the smallest ranges. */
  private static final int MAX_GROUP = 256;

  private static final Pattern RETURNED = Pattern.compile("returned (-?\\d+)");

  /** Why a class of kernels did not compile for a device. Asked a second time, Aparapi builds an empty program. */
  private static final ClassValue<Map<Long, String>> FAILED =
      new ClassValue<>() {
        @Override
        protected Map<Long, String> computeValue(Class<?> type) {
          return new ConcurrentHashMap<>();
        }
      };

  private Aparapi() {}

  /** Aparapi's name for a device: both libraries hold the same {@code cl_device_id}. */
  static OpenCLDevice device(String op, DeviceBody.Target target) {
    List<String> seen = new ArrayList<>();
    synchronized (LOCK) {
      if (!OpenCLLoader.isOpenCLAvailable()) {
        throw new UnsupportedKernelException(
            "custom " + op + ": Aparapi cannot load its native library, so it has no device " + target.name()
                + "; its log says why; it has libraries for Linux (x86, ARM), Windows and macOS (x86)");
      }
      for (OpenCLPlatform platform : new OpenCLPlatform().getOpenCLPlatforms()) {
        for (OpenCLDevice device : platform.getOpenCLDevices()) {
          if (device.getDeviceId() == target.handle()) {
            return device;
          }
          seen.add(platform.getName() + ": " + device.getName());
        }
      }
    }
    throw new UnsupportedKernelException(
        "custom " + op + ": Aparapi does not know the device " + target.name() + ", only " + seen
            + "; move the tensors to one of these");
  }

  /** Compiles a kernel for a device. */
  static void compile(String op, Kernel kernel, OpenCLDevice device, DeviceBody.Target target) {
    checkSettings(op, kernel, device, target);
    Map<Long, String> failed = FAILED.get(kernel.getClass());
    String reason = failed.get(target.handle());
    Throwable cause = null;
    if (reason == null) {
      reason = DebugInfo.missing(kernel.getClass());
    }
    if (reason == null) {
      try {
        synchronized (LOCK) {
          preferring(kernel, device, () -> kernel.compile(device));
        }
        return;
      } catch (CompileFailedException e) {
        cause = e;
        reason = reason(e, kernel, target);
      } catch (RuntimeException | AssertionError | LinkageError e) {
        cause = e;
        reason = e.toString();
      }
      if (!reason.startsWith("initJNI")) { // no context now; there may be one the next time
        failed.put(target.handle(), reason);
      }
    }
    throw new UnsupportedKernelException(
        "custom " + op + ": Aparapi cannot run " + kernel.getClass().getName() + " on " + target.name()
            + ", and would run it in Java threads: " + reason
            + "; rewrite the kernel (docs/aparapi.md says what Aparapi takes), or make the operation a CustomBody.Host for cpu",
        cause);
  }

  private static String reason(CompileFailedException e, Kernel kernel, DeviceBody.Target target) {
    Throwable cause = e.getCause();
    if (cause != null) {
      return cause instanceof AparapiException ? String.valueOf(cause.getMessage()) : cause.toString();
    }
    String log = "";
    try {
      log = target.buildLog(KernelWriter.writeToString(ClassModel.createClassModel(kernel.getClass()).getEntrypoint("run", kernel)));
    } catch (AparapiException | RuntimeException unknown) {
      log = "its log is on the standard error: " + unknown.getMessage();
    }
    return log.isEmpty() ? String.valueOf(e.getMessage()) : e.getMessage() + ": " + log;
  }

  @SuppressWarnings("deprecation") // a kernel may still set an execution mode
  private static void checkSettings(String op, Kernel kernel, OpenCLDevice device, DeviceBody.Target target) {
    String wrong = null;
    if (kernel.getExecutionMode() != Kernel.EXECUTION_MODE.AUTO) {
      wrong = "has the execution mode " + kernel.getExecutionMode() + "; leave it at AUTO, as the tensors choose the device";
    } else if (kernel.isExplicit()) {
      wrong = "is explicit, and would not give its output back; leave setExplicit at false";
    } else if (!kernel.isAllowDevice(device)) {
      wrong = "does not allow the device " + target.name() + " (" + device.getName() + "); move the tensors to another";
    }
    if (wrong != null) {
      throw new UnsupportedKernelException("custom " + op + ": " + kernel.getClass().getName() + " " + wrong);
    }
  }

  /** Runs a compiled kernel with its fields set. */
  static void execute(String op, Kernel kernel, OpenCLDevice device, DeviceBody.Target target, Range range) {
    checkSettings(op, kernel, device, target);
    synchronized (LOCK) {
      preferring(
          kernel,
          device,
          () -> {
            try (Reasons reasons = new Reasons()) {
              run(op, kernel, range, device, target, reasons);
            }
          });
    }
  }

  private static void run(
      String op, Kernel kernel, Range range, OpenCLDevice device, DeviceBody.Target target, Reasons reasons) {
    Throwable cause = null;
    try {
      kernel.execute(range);
    } catch (RuntimeException | AssertionError | LinkageError e) {
      cause = e;
    }
    Device ran = kernel.getTargetDevice();
    if (cause == null && device.equals(ran)) {
      return;
    }
    String reason = reasons.first();
    if (reason == null) {
      reason = cause != null ? cause.toString() : "it says no more";
    }
    throw failed(op, kernel, target, ran, reason, cause);
  }

  private static TenzanException failed(
      String op, Kernel kernel, DeviceBody.Target target, @Nullable Device ran, String reason, @Nullable Throwable cause) {
    Matcher m = RETURNED.matcher(reason);
    int code = m.find() ? Integer.parseInt(m.group(1)) : 0;
    String text =
        "custom " + op + ": Aparapi failed to run " + kernel.getClass().getName() + " on " + target.name() + " and turned to "
            + (ran == null ? "Java threads" : ran.getShortDescription()) + ", whose results are not taken: " + reason
            + (code == 0 ? "; correct the kernel or its binding" : " (" + ErrorCodes.name(code) + "); " + ErrorCodes.remedy(code));
    return ErrorCodes.isMemory(code) ? new DeviceMemoryException(text, cause) : new DeviceException(text, cause);
  }

  /** What may throw the exceptions of one kind. */
  private interface Action<E extends Exception> {
    void run() throws E;
  }

  /** Runs an action while the class of a kernel prefers one device, and puts its preferences back. */
  private static <E extends Exception> void preferring(Kernel kernel, OpenCLDevice device, Action<E> action) throws E {
    KernelManager manager = KernelManager.instance();
    LinkedHashSet<Device> before = new LinkedHashSet<>(manager.getPreferences(kernel).getPreferredDevices(null));
    manager.setPreferredDevices(kernel, new LinkedHashSet<>(List.of(device)));
    try {
      action.run();
    } finally {
      manager.setPreferredDevices(kernel, before);
    }
  }

  /** The range of a launch, with a fixed work-group. */
  static Range range(String op, OpenCLDevice device, AparapiArrays arrays) {
    int[] global = arrays.range();
    int[] local = arrays.groups();
    if (local.length == 0) {
      local = groups(global, device);
    }
    Range range = null;
    if (local.length == global.length) {
      range =
          switch (global.length) {
            case 1 -> Range.create(device, global[0], local[0]);
            case 2 -> Range.create2D(device, global[0], global[1], local[0], local[1]);
            default -> Range.create3D(device, global[0], global[1], global[2], local[0], local[1], local[2]);
          };
    }
    if (range == null || !range.isValid()) {
      throw new ShapeException(
          "custom " + op + ": work-groups of " + Arrays.toString(local) + " do not fit a range of "
              + Arrays.toString(global) + " on a device with groups of at most " + device.getMaxWorkGroupSize()
              + "; give groups that divide the range");
    }
    return range;
  }

  /** The largest groups that divide a range, the first dimension first. */
  private static int[] groups(int[] global, OpenCLDevice device) {
    int left = Math.min(MAX_GROUP, device.getMaxWorkGroupSize());
    int[] local = new int[global.length];
    for (int d = 0; d < global.length; d++) {
      int size = Math.min(Math.min(left, device.getMaxWorkItemSize()[d]), global[d]);
      while (global[d] % size != 0) {
        size--;
      }
      local[d] = size;
      left /= size;
    }
    return local;
  }

  /** Releases what a kernel that has run holds on a device. */
  static void dispose(Kernel kernel, OpenCLDevice device) {
    synchronized (LOCK) {
      preferring(kernel, device, kernel::dispose); // of a kernel that prefers Java it would release nothing
    }
  }
}
