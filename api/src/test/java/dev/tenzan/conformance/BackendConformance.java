package dev.tenzan.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.error.DeviceException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The conformance kit as JUnit tests: a backend's test is a subclass that names its device.
 *
 * <p>Where the device is not available the tests are skipped with the reason; they fail instead where the system property {@code
 * tenzan.require} lists the device.
 */
public abstract class BackendConformance {
  private final String name;

  /** Tests for the device of a name. */
  protected BackendConformance(String name) {
    this.name = name;
  }

  /** One test for each operation and dtype. */
  @TestFactory
  public final Stream<DynamicTest> conformance() {
    Device device = device();
    return ConformanceKit.groups(_ -> true).stream()
        .filter(this::runs)
        .map(group -> DynamicTest.dynamicTest(group.op(), () -> check(device, group)));
  }

  /** Whether the device must be there: for backends that need no hardware of their own. */
  protected boolean isRequired() {
    return List.of(System.getProperty("tenzan.require", "").split(",")).contains(name);
  }

  /** Whether the cases of one operation and dtype are run: all, save where a device needs too long for them and another run does it. */
  protected boolean runs(ConformanceKit.Group group) {
    return true;
  }

  private Device device() {
    try {
      return Devices.get(name);
    } catch (DeviceException e) {
      if (isRequired()) {
        throw e;
      }
      return abort(e.getMessage());
    }
  }

  private static void check(Device device, ConformanceKit.Group group) {
    ConformanceKit kit = new ConformanceKit(device);
    kit.run(group);
    assertEquals(List.of(), kit.failures());
    if (kit.passed() == 0) {
      abort(kit.skips().getFirst());
    }
  }
}
