package dev.tenzan.opencl;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.OpenClDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How long a device runs each kernel by its own clock: launches and times added up, in a file of comma-separated values that is written when
 * the device is closed or the process ends.
 */
final class Profile {
  /** The system property with the file. */
  static final String PROPERTY = "tenzan.opencl.profile";

  private static final int MOST_PENDING = 256;

  private final OpenClDriver driver;
  private final Path file;
  private final List<Pending> pending = new ArrayList<>();
  private final Map<String, Total> totals = new LinkedHashMap<>();
  private boolean written;

  private record Pending(String kernel, OpenClDriver.Event event) {}

  private static final class Total {
    private long launches;
    private long nanos;
  }

  private Profile(OpenClDriver driver, Path file) {
    this.driver = driver;
    this.file = file;
  }

  /**
   * The profile that the system property asks for, or null.
   *
   * @param name the device's name, which a second device's file has in its own
   */
  static @Nullable Profile configured(OpenClDriver driver, String name, int index) {
    String text = System.getProperty(PROPERTY, "").strip();
    if (text.isEmpty()) {
      return null;
    }
    Path file = Path.of(index == 0 ? text : text + "." + name.replace(':', '-'));
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new DeviceException("-D" + PROPERTY + ": there is no folder for " + file + "; name a file in one that is there");
    }
    Profile profile = new Profile(driver, file);
    Runtime.getRuntime().addShutdownHook(new Thread(profile::write, "tenzan-opencl-profile"));
    return profile;
  }

  /** Notes a launch. */
  synchronized void add(String kernel, OpenClDriver.Event event) {
    pending.add(new Pending(kernel, event));
    if (pending.size() >= MOST_PENDING) {
      drain();
    }
  }

  private void drain() {
    for (Pending p : pending) {
      try {
        long nanos = driver.nanos(p.event());
        Total t = totals.computeIfAbsent(p.kernel(), _ -> new Total());
        t.launches++;
        t.nanos += nanos;
      } finally {
        driver.release(p.event());
      }
    }
    pending.clear();
  }

  /** Writes the file, once. */
  synchronized void write() {
    if (written) {
      return;
    }
    written = true;
    StringBuilder text = new StringBuilder("kernel,launches,total_ms,mean_us\n");
    try {
      drain();
      totals.entrySet().stream()
          .sorted((a, b) -> Long.compare(b.getValue().nanos, a.getValue().nanos))
          .forEach(
              e -> {
                Total t = e.getValue();
                text.append(e.getKey()).append(',').append(t.launches)
                    .append(String.format(Locale.ROOT, ",%.3f,%.3f%n", t.nanos * 1e-6, t.nanos * 1e-3 / t.launches));
              });
      Files.writeString(file, text);
    } catch (IOException | DriverError e) {
      System.getLogger("dev.tenzan.opencl").log(System.Logger.Level.WARNING, "{0} cannot be written: {1}", file, e.getMessage());
    }
  }
}
