package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.IndexException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.type.DType;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** An error that only a run can find reads the same on every device. */
final class MessagesTest {
  private static <E extends TenzanException> E same(Class<E> type, Function<Device, Tensor> make) {
    E reference = assertThrows(type, () -> make.apply(Devices.get("reference")).eval());
    E cpu = assertThrows(type, () -> make.apply(Devices.get("cpu")).eval());
    assertEquals(reference.getMessage(), cpu.getMessage());
    return cpu;
  }

  @Test
  void indices() {
    assertEquals(
        "take: index 9 is outside an axis of extent 3; give 0 to 2",
        same(IndexException.class, d -> d.ones(DType.F32, 3).take(d.of(new long[] {9}), 0)).getMessage());
    assertEquals(
        "scatter: index -2 at position 1 is outside an axis of extent 3; give 0 to 2",
        same(
                IndexException.class,
                d -> d.ones(DType.F32, 3).scatter(0, d.of(new long[] {0, -2}), d.ones(DType.F32, 2)))
            .getMessage());
  }

  @Test
  void coordinates() {
    same(IndexException.class, d -> d.ones(DType.F32, 2, 3).takeAlongAxis(d.of(new long[] {5, 1}, 2, 1), 1));
    same(IndexException.class, d -> d.ones(DType.F32, 2, 3).index(d.of(new long[] {1, -4}), d.of(new long[] {2, 2})));
  }

  @Test
  void customBodies() {
    IllegalStateException cause = new IllegalStateException("mine");
    CustomBody.Host body =
        (_, _) -> {
          throw cause;
        };
    DeviceException e =
        same(
            DeviceException.class,
            d -> {
              Tensor x = d.ones(DType.F32, 3);
              return Tensor.custom("bad", DType.F32, x.shape(), body, x);
            });
    assertSame(cause, e.getCause());
  }
}
