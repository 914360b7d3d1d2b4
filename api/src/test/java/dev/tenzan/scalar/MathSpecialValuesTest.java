package dev.tenzan.scalar;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** NaN, infinities, signed zeros and exact results of the elementary functions, in both formats. */
class MathSpecialValuesTest {
  private static double value(String text) {
    return switch (text) {
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      case "nan" -> Double.NaN;
      case "pi" -> Math.PI;
      case "-pi" -> -Math.PI;
      case "pi/2" -> Math.PI / 2;
      case "-pi/2" -> -Math.PI / 2;
      case "pi/4" -> Math.PI / 4;
      case "-pi/4" -> -Math.PI / 4;
      case "3pi/4" -> 3 * Math.PI / 4;
      case "-3pi/4" -> -3 * Math.PI / 4;
      default -> Double.parseDouble(text);
    };
  }

  private static void check(String name, double x, double y, double expected) {
    MathFunctions f = MathFunctions.named(name);
    String call = name + "(" + x + ", " + y + ")";
    assertEquals((float) expected, Folded.f32(f.f32(), (float) x, (float) y), call + " in f32");
    assertEquals(expected, Folded.f64(f.f64(), x, y), call + " in f64");
  }

  @ParameterizedTest
  @CsvSource({
    "exp, inf, inf", "exp, -inf, 0", "exp, 0, 1", "exp, -0.0, 1", "exp, 1000, inf", "exp, -1000, 0",
    "exp2, inf, inf", "exp2, -inf, 0", "exp2, 10, 1024", "exp2, -3, 0.125", "exp2, 2000, inf", "exp2, -2000, 0",
    "expm1, inf, inf", "expm1, -inf, -1", "expm1, 0, 0", "expm1, -0.0, -0.0", "expm1, 1000, inf", "expm1, -1000, -1",
    "log, 0, -inf", "log, -0.0, -inf", "log, 1, 0", "log, inf, inf", "log, -1, nan", "log, -inf, nan",
    "log2, 0, -inf", "log2, 1, 0", "log2, 1024, 10", "log2, 0.125, -3", "log2, inf, inf", "log2, -1, nan",
    "log10, 0, -inf", "log10, 1, 0", "log10, 1000, 3", "log10, inf, inf", "log10, -1, nan",
    "log1p, 0, 0", "log1p, -0.0, -0.0", "log1p, -1, -inf", "log1p, inf, inf", "log1p, -2, nan",
    "sin, 0, 0", "sin, -0.0, -0.0", "sin, inf, nan", "sin, -inf, nan",
    "cos, 0, 1", "cos, -0.0, 1", "cos, inf, nan", "cos, -inf, nan",
    "tan, 0, 0", "tan, -0.0, -0.0", "tan, inf, nan", "tan, -inf, nan",
    "asin, 0, 0", "asin, -0.0, -0.0", "asin, 1, pi/2", "asin, -1, -pi/2", "asin, 1.5, nan", "asin, -inf, nan",
    "acos, 0, pi/2", "acos, 1, 0", "acos, -1, pi", "acos, 1.5, nan", "acos, inf, nan",
    "atan, 0, 0", "atan, -0.0, -0.0", "atan, 1, pi/4", "atan, -1, -pi/4", "atan, inf, pi/2", "atan, -inf, -pi/2",
    "sinh, 0, 0", "sinh, -0.0, -0.0", "sinh, inf, inf", "sinh, -inf, -inf", "sinh, 1000, inf", "sinh, -1000, -inf",
    "cosh, 0, 1", "cosh, -0.0, 1", "cosh, inf, inf", "cosh, -inf, inf", "cosh, 1000, inf",
    "tanh, 0, 0", "tanh, -0.0, -0.0", "tanh, inf, 1", "tanh, -inf, -1", "tanh, 1000, 1",
    "asinh, 0, 0", "asinh, -0.0, -0.0", "asinh, inf, inf", "asinh, -inf, -inf",
    "acosh, 1, 0", "acosh, inf, inf", "acosh, 0, nan", "acosh, 0.5, nan", "acosh, -inf, nan", "acosh, -1e9, nan",
    "atanh, 0, 0", "atanh, -0.0, -0.0", "atanh, 1, inf", "atanh, -1, -inf", "atanh, 2, nan", "atanh, -inf, nan",
    "sigmoid, 0, 0.5", "sigmoid, -0.0, 0.5", "sigmoid, inf, 1", "sigmoid, -inf, 0", "sigmoid, 1000, 1",
    "sigmoid, -1000, 0",
    "erf, 0, 0", "erf, -0.0, -0.0", "erf, inf, 1", "erf, -inf, -1", "erf, 30, 1", "erf, -1e30, -1"
  })
  void ofOneValue(String name, String x, String expected) {
    check(name, value(x), 1, value(expected));
  }

  @ParameterizedTest
  @CsvSource({
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
    "tanh", "asinh", "acosh", "atanh", "sigmoid", "erf"
  })
  void nanStaysNan(String name) {
    check(name, Double.NaN, 1, Double.NaN);
  }

  /** For x this small, the result is x to the last bit. */
  @ParameterizedTest
  @CsvSource({"expm1", "log1p", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh"})
  void subnormalsAreKept(String name) {
    MathFunctions f = MathFunctions.named(name);
    for (int bits : new int[] {1, 2, 3, 0x2aaaab, 0x7fffff}) {
      for (int sign : new int[] {0, Integer.MIN_VALUE}) {
        float x = Float.intBitsToFloat(bits | sign);
        assertEquals(x, Folded.f32(f.f32(), x, 1), name + " of " + x);
        double d = Double.longBitsToDouble(bits | ((long) sign << 32));
        assertEquals(d, Folded.f64(f.f64(), d, 1), name + " of " + d);
      }
    }
  }

  /** IEEE 754-2019, 9.2.1. */
  @ParameterizedTest
  @CsvSource({
    "nan, 0, 1", "nan, -0.0, 1", "1, nan, 1", "1, inf, 1", "nan, 2, nan", "2, nan, nan", "-1, inf, 1", "-1, -inf, 1",
    "0, -1, inf", "-0.0, -1, -inf", "-0.0, -2, inf", "-0.0, -1.5, inf", "0, 3, 0", "-0.0, 3, -0.0", "-0.0, 2, 0",
    "-0.0, 0.5, 0", "0, inf, 0", "0, -inf, inf", "0.5, inf, 0", "0.5, -inf, inf", "2, inf, inf", "2, -inf, 0",
    "-2, inf, inf", "inf, 2, inf", "inf, -2, 0", "-inf, 3, -inf", "-inf, 2, inf", "-inf, -3, -0.0", "-inf, -2, 0",
    "-inf, 0.5, inf", "-8, 3, -512", "-8, 2, 64", "-8, 0.5, nan", "-2, 1e300, inf", "2, 10, 1024", "2, -3, 0.125",
    "10, 2, 100", "1e30, 100, inf", "-1e30, 101, -inf", "1e30, -100, 0", "-1e30, -101, -0.0"
  })
  void pow(String x, String y, String expected) {
    check("pow", value(x), value(y), value(expected));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, 0", "-0.0, 1, -0.0", "0, -1, pi", "-0.0, -1, -pi", "0, 0, 0", "-0.0, 0, -0.0", "0, -0.0, pi",
    "-0.0, -0.0, -pi", "1, 0, pi/2", "1, -0.0, pi/2", "-1, 0, -pi/2", "1, 1, pi/4", "-1, 1, -pi/4", "1, -1, 3pi/4",
    "-1, -1, -3pi/4", "inf, inf, pi/4", "-inf, inf, -pi/4", "inf, -inf, 3pi/4", "-inf, -inf, -3pi/4", "inf, 1, pi/2",
    "-inf, 1, -pi/2", "1, inf, 0", "-1, inf, -0.0", "1, -inf, pi", "-1, -inf, -pi", "nan, 1, nan", "1, nan, nan",
    "nan, inf, nan", "inf, nan, nan", "1e30, 1e-30, pi/2", "-1e-30, -1e30, -pi"
  })
  void atan2(String y, String x, String expected) {
    check("atan2", value(y), value(x), value(expected));
  }
}
