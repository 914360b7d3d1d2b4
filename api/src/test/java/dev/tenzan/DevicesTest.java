package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.reference.ReferenceProvider;
import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A backend that cannot be used says why, and is not passed over in silence where it was to be used. */
class DevicesTest {
  private record Broken(Availability availability, RuntimeException failure) implements BackendProvider {
    @Override
    public String name() {
      return "broken";
    }

    @Override
    public int priority() {
      return 1000;
    }

    @Override
    public Backend open() {
      throw failure;
    }
  }

  private static Devices.Registry registry(Availability availability, RuntimeException failure) {
    return new Devices.Registry(List.of(new ReferenceProvider(), new Broken(availability, failure)), List.of());
  }

  @Test
  void failureToOpenReachesTheUser() {
    TenzanException cause = new TenzanException("broken: -Dthreads=abc is not a number; give 1 or more");
    Devices.Registry r = registry(Availability.yes(), cause);
    DeviceException named = assertThrows(DeviceException.class, () -> r.get("broken"));
    assertEquals(
        "device: 'broken' is not available: it could not be opened: broken: -Dthreads=abc is not a number; give 1 or more; "
            + "mend that, or name another device; available: reference",
        named.getMessage());
    assertSame(cause, named.getCause());
    assertEquals(named.getMessage(), assertThrows(DeviceException.class, r::best).getMessage());
    assertEquals("reference", r.get("reference").name());
  }

  @Test
  void failureOfAnotherKindReachesTheUser() {
    Devices.Registry r = registry(Availability.yes(), new IllegalStateException("no driver"));
    String message = assertThrows(DeviceException.class, r::best).getMessage();
    assertEquals(true, message.contains("IllegalStateException: no driver"), message);
  }

  @Test
  void unavailableBackendIsPassedOver() {
    Devices.Registry r = registry(Availability.no("no card", "plug one in"), new IllegalStateException("not opened"));
    assertEquals("reference", r.best().name());
    assertThrows(DeviceException.class, () -> r.get("broken"));
  }

  /** A variant of the reference backend that only its name chooses. */
  private static final class ByName implements BackendProvider {
    @Override
    public String name() {
      return "reference:twin";
    }

    @Override
    public int priority() {
      return -100;
    }

    @Override
    public Availability availability() {
      return Availability.yes();
    }

    @Override
    public Backend open() {
      return new ReferenceBackend();
    }
  }

  /** A backend of some rank that notes that it was asked whether it can be used. */
  private record Noting(String name, int priority, List<String> asked) implements BackendProvider {
    @Override
    public Availability availability() {
      asked.add(name);
      return Availability.yes();
    }

    @Override
    public Backend open() {
      return new ReferenceBackend();
    }
  }

  @Test
  void aBackendIsOpenedWhenItIsFirstAskedFor() {
    List<String> asked = new ArrayList<>();
    Devices.Registry r =
        new Devices.Registry(List.of(new Noting("slow", 1, asked), new Noting("fast", 3, asked), new Noting("other", 2, asked)), List.of());
    assertEquals(List.of(), asked);
    assertSame(r.get("other"), r.get("other:0"));
    assertEquals(List.of("other"), asked);
    assertEquals("fast:0", r.best().name());
    assertEquals(List.of("other", "fast"), asked);
    assertThrows(DeviceException.class, () -> r.get("none"));
    assertEquals(List.of("fast", "other", "slow"), r.entries().stream().map(Devices.BackendEntry::name).toList());
    assertEquals(List.of("other", "fast", "slow"), asked);
  }

  @Test
  void aBackendOfNegativePriorityIsChosenByItsNameAlone() {
    Devices.Registry r = new Devices.Registry(List.of(new ByName(), new ReferenceProvider()), List.of());
    assertEquals("reference", r.best().name());
    assertEquals(List.of("reference"), r.unnamed().stream().map(Device::name).toList());
    assertEquals("reference:twin:0", r.get("reference:twin").name());
    assertEquals("reference:twin:0", r.get("reference:twin:0").name());
    String message = assertThrows(DeviceException.class, () -> r.get("reference:twin:3")).getMessage();
    assertEquals(true, message.contains("backend reference:twin has 1 device(s)"), message);
    Devices.Registry alone = new Devices.Registry(List.of(new ByName()), List.of());
    assertThrows(DeviceException.class, alone::best);
  }

  @Test
  void tensorsReachAnotherDeviceOfTheSameBackend() {
    Device one = Devices.get("reference");
    Device two = Devices.wrapped(one, b -> b);
    try (Tensor x = one.arange(DType.F32, 6).reshape(2, 3).permuteDims(1, 0);
        Tensor y = x.to(two);
        Tensor none = one.zeros(DType.F32, 0, 3).to(two)) {
      assertSame(two, y.device());
      assertArrayEquals(new float[] {0, 3, 1, 4, 2, 5}, y.toFloats());
      assertEquals(x.shape(), y.shape());
      assertEquals(0, none.toFloats().length);
    }
  }
}
