package dev.tenzan;

import dev.tenzan.error.DeviceException;
import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;
import dev.tenzan.spi.DeviceInfo;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Finds the backends and their devices. Device names are the backend's name, with {@code :index} behind it; the index may be left
 * out for device 0.
 *
 * <p>The default device is, in this order: that of an enclosing {@link #with}, that of {@link #setDefault}, the system property
 * {@code tenzan.device}, the environment variable {@code TENZAN_DEVICE}, the best available one.
 */
public final class Devices {
  private static final ScopedValue<Device> SCOPED = ScopedValue.newInstance();
  private static volatile @Nullable Device chosen;

  private Devices() {}

  /**
   * A backend that was found.
   *
   * @param name the backend's name
   * @param priority its rank when the user names no device; the higher is taken first
   * @param availability whether it can be used, or what is missing
   * @param devices its devices; empty where it cannot be used
   */
  public record BackendEntry(String name, int priority, Availability availability, List<Device> devices) {}

  /** Holds what was found; loaded on first use. */
  private static final class Registry {
    static final Map<String, BackendEntry> ENTRIES = load();

    private static Map<String, BackendEntry> load() {
      List<BackendProvider> providers = new ArrayList<>();
      Map<String, BackendEntry> entries = new LinkedHashMap<>();
      var found = ServiceLoader.load(BackendProvider.class, Devices.class.getClassLoader()).stream().iterator();
      while (true) {
        try {
          if (!found.hasNext()) {
            break;
          }
          providers.add(found.next().get());
        } catch (ServiceConfigurationError | LinkageError e) {
          String label = "provider " + (entries.size() + 1);
          Availability no =
              Availability.no("a backend could not be loaded: " + e, "make its jar and those it needs match this version");
          entries.put(label, new BackendEntry(label, -1, no, List.of()));
        }
      }
      providers.sort(Comparator.comparingInt(BackendProvider::priority).reversed());
      for (BackendProvider p : providers) {
        entries.putIfAbsent(p.name(), open(p));
      }
      return Collections.unmodifiableMap(entries);
    }

    private static BackendEntry open(BackendProvider p) {
      Availability a = p.availability();
      if (!a.available()) {
        return new BackendEntry(p.name(), p.priority(), a, List.of());
      }
      Backend backend = p.open();
      List<DeviceInfo> infos = backend.devices();
      List<Device> devices = new ArrayList<>();
      for (DeviceInfo info : infos) {
        boolean host = p.name().equals("cpu") || p.name().equals("reference");
        devices.add(new Device(host ? p.name() : p.name() + ":" + info.index(), backend, info));
      }
      return new BackendEntry(p.name(), p.priority(), a, List.copyOf(devices));
    }
  }

  /** Every backend on the class or module path, best first, with the reason where one cannot be used. */
  public static List<BackendEntry> backends() {
    return List.copyOf(Registry.ENTRIES.values());
  }

  /** Every usable device, best first. */
  public static List<Device> all() {
    return Registry.ENTRIES.values().stream().flatMap(e -> e.devices().stream()).toList();
  }

  /**
   * The device of a name such as {@code cpu}, {@code cuda:0} or {@code reference}.
   *
   * @throws DeviceException where there is none, naming those there are, or what the backend misses
   */
  public static Device get(String name) {
    for (Device d : all()) {
      if (d.name().equals(name) || d.name().equals(name + ":0") || (d.name() + ":0").equals(name)) {
        return d;
      }
    }
    String backend = name.contains(":") ? name.substring(0, name.indexOf(':')) : name;
    BackendEntry entry = Registry.ENTRIES.get(backend);
    String known = "available: " + String.join(", ", all().stream().map(Device::name).toList());
    if (entry == null) {
      throw new DeviceException("device: no device is named '" + name + "'; " + known);
    }
    if (!entry.availability().available()) {
      throw new DeviceException(
          "device: '" + name + "' is not available: " + entry.availability().missing() + "; "
              + entry.availability().remedy() + "; " + known);
    }
    throw new DeviceException(
        "device: '" + name + "' is not there: backend " + backend + " has " + entry.devices().size() + " device(s); "
            + known);
  }

  /**
   * A device like another one, whose backend is seen through a wrapper: for tools that check or trace what a backend is asked to do.
   * Its tensors are its own; they reach other devices with {@link Tensor#to}.
   */
  public static Device wrapped(Device device, UnaryOperator<Backend> wrapper) {
    return new Device(device.name(), wrapper.apply(device.backend()), device.info());
  }

  /** The default device; see the class comment for how it is chosen. */
  public static Device current() {
    if (SCOPED.isBound()) {
      return SCOPED.get();
    }
    Device d = chosen;
    if (d == null) {
      String name = System.getProperty("tenzan.device");
      if (name == null || name.isBlank()) {
        name = System.getenv("TENZAN_DEVICE");
      }
      d = name == null || name.isBlank() ? all().getFirst() : get(name.strip());
      chosen = d;
    }
    return d;
  }

  /** Makes a device the default of the whole process. */
  public static void setDefault(Device device) {
    chosen = device;
  }

  /** Runs an action with a default device of its own; other threads are not affected. */
  public static <T> T with(Device device, Supplier<T> action) {
    return ScopedValue.where(SCOPED, device).call(action::get);
  }
}
