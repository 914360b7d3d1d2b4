package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.error.IndexException;
import dev.tenzan.type.DType;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** A wrong index is reported in the same words as on the reference device. */
class IndexErrorsTest {
  private static String message(String device, Function<Device, Tensor> program) {
    Device d = Devices.get(device);
    return String.valueOf(
        assertThrows(IndexException.class, () -> program.apply(d).eval(), device).getMessage());
  }

  private static void same(String expected, Function<Device, Tensor> program) {
    assertEquals(expected, message("reference", program));
    assertEquals(expected, message("cpu", program));
  }

  @Test
  void wordsAreTheSame() {
    String rule = "; indices are 0 or more and less than the extent";
    same("gather: index -4 is outside an axis of extent 3" + rule,
        d -> d.ones(DType.F32, 3, 5).take(d.of(new long[] {2, -4}), 0));
    same("scatter: index 7 at position 1 is outside an axis of extent 3" + rule,
        d -> d.ones(DType.F32, 3).scatterAdd(0, d.of(new long[] {2, 7}), d.ones(DType.F32, 2)));
    same("gather: a coordinate is outside its axis; coordinates are 0 or more and less than the extent of their axis",
        d -> d.ones(DType.F32, 3, 5).takeAlongAxis(d.of(new long[] {5}, 1, 1), 1));
  }
}
