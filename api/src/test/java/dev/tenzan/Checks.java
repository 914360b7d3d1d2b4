package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.TenzanException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import org.junit.jupiter.api.function.Executable;

/** What the tests of the tensor operations share; everything runs on the reference device. */
final class Checks {
  static final Device D = Devices.get("reference");

  private Checks() {}

  static long[] shape(long... dims) {
    return dims;
  }

  /** Compares shape and elements exactly; NaN equals NaN and zeros are told apart. */
  static void same(Tensor t, long[] shape, double... expected) {
    assertEquals(Shape.of(shape), t.shape());
    assertArrayEquals(expected, t.toDoubles());
  }

  static void same(DType dtype, Tensor t, long[] shape, double... expected) {
    assertEquals(dtype, t.dtype());
    same(t, shape, expected);
  }

  /** Compares elements with a relative tolerance, absolute below 1. */
  static void close(double tolerance, Tensor t, double... expected) {
    double[] actual = t.toDoubles();
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < actual.length; i++) {
      double allowed = tolerance * Math.max(1, Math.abs(expected[i]));
      boolean equal = Double.compare(actual[i], expected[i]) == 0
          || Math.abs(actual[i] - expected[i]) <= allowed;
      assertTrue(equal, "element " + i + ": " + actual[i] + ", expected " + expected[i] + " within "
          + allowed);
    }
  }

  static <E extends TenzanException> void fails(Class<E> type, String part, Executable action) {
    String message = String.valueOf(assertThrows(type, action).getMessage());
    assertTrue(message.contains(part), message);
  }

  /** The numbers 0, 1, 2, ... in f64. */
  static Tensor range(long... shape) {
    return D.arange(DType.F64, Shape.of(shape).size()).reshape(shape);
  }
}
