package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.type.DType;
import org.junit.jupiter.api.Test;

/** Tensors print as NumPy 2.4 prints the same arrays. */
class PrinterTest {
  private final Device d = Devices.get("reference");

  @Test
  void matrices() {
    assertEquals("[[0. 1. 2.]\n [3. 4. 5.]]", d.arange(DType.F32, 6).reshape(2, 3).toString());
    assertEquals("[[[0]\n  [1]]\n\n [[2]\n  [3]]]", d.arange(DType.I32, 4).reshape(2, 2, 1).toString());
  }

  @Test
  void floats() {
    assertEquals("[ 0.1  99.25 -3.  ]", d.of(new double[] {0.1, 99.25, -3}).toString());
    assertEquals("[0.33333334 0.6666667 ]", d.of(new float[] {1f / 3, 2f / 3}).toString());
    assertEquals("[1.e-08 1.e+00]", d.of(new float[] {1e-8f, 1}).toString());
    assertEquals("[ 1. nan inf]", d.of(new float[] {1, Float.NaN, Float.POSITIVE_INFINITY}).toString());
    assertEquals("3.5", d.scalar(DType.F32, 3.5).toString());
  }

  @Test
  void scientific() {
    assertEquals("[-7.6702749e-04  1.3396997e+17]", d.of(new float[] {-7.6702749e-04f, 1.3396997e17f})
        .toString());
    assertEquals("[-1.23456789e+100  1.00000000e-005]", d.of(new double[] {-1.23456789e100, 1e-5})
        .toString());
    assertEquals("[1.000e+03 9.995e+02]", d.fromDoubles(DType.F16, new double[] {1000, 999.5}).toString());
    assertEquals("[      -inf 1.0000e-09 1.2345e+00]",
        d.of(new double[] {Double.NEGATIVE_INFINITY, 1e-9, 1.2345}).toString());
  }

  @Test
  void scalars() {
    assertEquals("5e-324", d.scalar(DType.F64, Double.MIN_VALUE).toString());
    assertEquals("1e+16", d.scalar(DType.F64, 1e16).toString());
    assertEquals("9999999999999998.0", d.scalar(DType.F64, 9999999999999998.0).toString());
    assertEquals("1.6777216e+07", d.scalar(DType.F32, 16777216).toString());
    assertEquals("-0.0", d.scalar(DType.F32, -0.0).toString());
    assertEquals("True", d.scalar(DType.BOOL, 1).toString());
  }

  @Test
  void longRowsWrapAndLongAxesAreCut() {
    assertEquals(
        "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n 24 25]",
        d.arange(DType.I32, 26).toString());
    assertEquals(
        "[[   0    1    2 ...  997  998  999]\n [1000 1001 1002 ... 1997 1998 1999]]",
        d.arange(DType.I32, 2000).reshape(2, 1000).toString());
    assertEquals(
        """
        [[   0    1]
         [   2    3]
         [   4    5]
         ...
         [1994 1995]
         [1996 1997]
         [1998 1999]]""",
        d.arange(DType.I32, 2000).reshape(1000, 2).toString());
  }

  @Test
  void others() {
    assertEquals("[ True  True]", d.of(new boolean[] {true, true}).toString());
    assertEquals("[ True False]", d.of(new boolean[] {true, false}).toString());
    assertEquals("[]", d.zeros(DType.F32, 0).toString());
    assertEquals("[   0    1    2 ... 1997 1998 1999]", d.arange(DType.I64, 2000).toString());
  }
}
