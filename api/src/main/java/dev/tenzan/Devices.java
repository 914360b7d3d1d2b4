package dev.tenzan;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;
import dev.tenzan.spi.DeviceInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
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
   * @param priority its rank when the user names no device; the higher is taken first, and one below 0 never
   * @param availability whether it can be used, or what is missing
   * @param devices its devices; empty where it cannot be used
   */
  public record BackendEntry(String name, int priority, Availability availability, List<Device> devices) {}

  /** A backend that was found. It is opened when it is first asked for: an OpenCL loader alone may take a quarter of a second. */
  private static final class Candidate {
    private final BackendProvider provider;
    private @Nullable BackendEntry entry;
    private @Nullable Throwable failure;

    Candidate(BackendProvider provider) {
      this.provider = provider;
    }

    /** The backend; threads wait for no other one's opening. */
    synchronized BackendEntry entry() {
      if (entry == null) {
        entry = open();
      }
      return entry;
    }

    /** Why it could not be opened although it says that it can be used: to pass over it would be to use another device unasked. */
    synchronized @Nullable Throwable failure() {
      return failure;
    }

    private BackendEntry open() {
      String name = provider.name();
      try {
        Availability a = provider.availability();
        return new BackendEntry(name, provider.priority(), a, a.available() ? devices() : List.of());
      } catch (RuntimeException | LinkageError e) {
        failure = e;
        String message = e instanceof TenzanException ? String.valueOf(e.getMessage()) : e.toString();
        Availability no = Availability.no("it could not be opened: " + message, "mend that, or name another device");
        return new BackendEntry(name, provider.priority(), no, List.of());
      }
    }

    private List<Device> devices() {
      String name = provider.name();
      Backend backend = provider.open();
      boolean host = name.equals("cpu") || name.equals("reference");
      List<Device> devices = new ArrayList<>();
      for (DeviceInfo info : backend.devices()) {
        devices.add(new Device(host ? name : name + ":" + info.index(), backend, info));
      }
      return List.copyOf(devices);
    }
  }

  /** What was found. */
  static final class Registry {
    /** By their names, best first. */
    private final Map<String, Candidate> candidates = new LinkedHashMap<>();

    private final List<BackendEntry> unloaded;

    /** Backends, and those that could not even be loaded. */
    Registry(List<BackendProvider> providers, List<BackendEntry> unloaded) {
      this.unloaded = List.copyOf(unloaded);
      List<BackendProvider> sorted = new ArrayList<>(providers);
      sorted.sort(Comparator.comparingInt(BackendProvider::priority).reversed());
      sorted.forEach(p -> candidates.putIfAbsent(p.name(), new Candidate(p)));
    }

    static Registry load() {
      List<BackendProvider> providers = new ArrayList<>();
      List<BackendEntry> unloaded = new ArrayList<>();
      var found = ServiceLoader.load(BackendProvider.class, Devices.class.getClassLoader()).stream().iterator();
      while (true) {
        try {
          if (!found.hasNext()) {
            break;
          }
          providers.add(found.next().get());
        } catch (ServiceConfigurationError | LinkageError e) {
          Availability no =
              Availability.no("a backend could not be loaded: " + e, "make its jar and those it needs match this version");
          unloaded.add(new BackendEntry("provider " + (unloaded.size() + 1), -1, no, List.of()));
        }
      }
      return new Registry(providers, unloaded);
    }

    /** Every backend; opens them all. */
    List<BackendEntry> entries() {
      return Stream.concat(unloaded.stream(), candidates.values().stream().map(Candidate::entry)).toList();
    }

    List<Device> devices() {
      return entries().stream().flatMap(e -> e.devices().stream()).toList();
    }

    /** The device of a name; opens no other backend than its own, unless it is to say which devices there are. */
    Device get(String name) {
      Candidate candidate = candidates.get(backendOf(name));
      if (candidate == null) {
        throw new DeviceException("device: no device is named '" + name + "'; " + known());
      }
      BackendEntry entry = candidate.entry();
      for (Device d : entry.devices()) {
        if (d.name().equals(name) || d.name().equals(name + ":0") || (d.name() + ":0").equals(name)) {
          return d;
        }
      }
      if (!entry.availability().available()) {
        throw new DeviceException(
            "device: '" + name + "' is not available: " + entry.availability().missing() + "; " + entry.availability().remedy() + "; " + known(),
            candidate.failure());
      }
      throw new DeviceException(
          "device: '" + name + "' is not there: backend " + entry.name() + " has " + entry.devices().size() + " device(s); " + known());
    }

    private String known() {
      return "available: " + String.join(", ", devices().stream().map(Device::name).toList());
    }

    /** The backend of a device's name: the longest name of one that it begins with. */
    private String backendOf(String name) {
      String backend = name;
      while (!candidates.containsKey(backend) && backend.contains(":")) {
        backend = backend.substring(0, backend.lastIndexOf(':'));
      }
      return backend;
    }

    /** The devices of the backends that need not be named. */
    List<Device> unnamed() {
      return candidates.values().stream().filter(c -> c.provider.priority() >= 0).flatMap(c -> c.entry().devices().stream()).toList();
    }

    /** The first device of the best backend that is available; opens none behind it. */
    Device best() {
      for (Candidate c : candidates.values()) {
        if (c.provider.priority() < 0) {
          continue; // chosen by name alone
        }
        BackendEntry e = c.entry();
        if (!e.devices().isEmpty()) {
          return e.devices().getFirst();
        }
        if (c.failure() != null) {
          return get(e.name());
        }
      }
      throw new DeviceException("device: no backend can be used; see 'tenzan devices' for what each misses");
    }
  }

  /** Loads on first use. */
  private static final class Found {
    static final Registry REGISTRY = Registry.load();
  }

  /** Every backend on the class or module path, best first, with the reason where one cannot be used. Opens those that are not open yet. */
  public static List<BackendEntry> backends() {
    return Found.REGISTRY.entries();
  }

  /** Every usable device, best first, save those that only their name chooses; {@link #backends} has them too. */
  public static List<Device> all() {
    return Found.REGISTRY.unnamed();
  }

  /**
   * The device of a name such as {@code cpu}, {@code cuda:0} or {@code reference}. No other backend is opened for it.
   *
   * @throws DeviceException where there is none, naming those there are, or what the backend misses
   */
  public static Device get(String name) {
    return Found.REGISTRY.get(name);
  }

  /**
   * A device like another one, whose backend is seen through a wrapper: for tools that check or trace what a backend is asked to do.
   * Its tensors are its own; they reach other devices with {@link Tensor#to}.
   */
  public static Device wrapped(Device device, UnaryOperator<Backend> wrapper) {
    return new Device(device.name(), wrapper.apply(device.backend()), device.info());
  }

  /**
   * The default device; see the class comment for how it is chosen.
   *
   * @throws DeviceException where the device that was named, or the best backend, cannot be used
   */
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
      d = name == null || name.isBlank() ? Found.REGISTRY.best() : get(name.strip());
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
