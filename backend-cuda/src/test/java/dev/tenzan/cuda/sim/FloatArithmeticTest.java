package dev.tenzan.cuda.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Floating-point arithmetic against exact results, rounded by a search among the type's values. */
class FloatArithmeticTest {
  private static final long SEED = 4711;
  private static final List<String> ROUNDINGS = List.of("rn", "rz", "rm", "rp");

  private final Random random = new Random(SEED);

  /** Numbers of every magnitude, subnormals and the largest among them, half of them close to another. */
  private long[] numbers(Type t, int n, long... near) {
    long[] a = new long[n];
    for (int i = 0; i < n; i++) {
      long magnitude = Convert.infinity(t);
      long bits = switch (i % 4) {
        case 0 -> Math.floorMod(random.nextLong(), magnitude);
        case 1 -> Math.floorMod(random.nextLong(), Convert.infinity(t) / 20); // small: subnormal products
        case 2 -> near.length > 0 ? near[i] & (Convert.signBit(t) - 1) ^ random.nextInt(4) : magnitude - 1 - random.nextInt(9);
        default -> Convert.encode(random.nextInt(4000) / 16.0, t, Rounding.NEAREST);
      };
      a[i] = Math.min(bits, magnitude - 1) | (random.nextBoolean() ? Convert.signBit(t) : 0);
    }
    return a;
  }

  /**
   * Rounds an exact value by looking at its neighbours. The values of a type are ordered as their bits are, so that a binary search
   * finds the largest one that is not above.
   */
  private static long round(BigDecimal exact, Type t, String rounding, boolean negativeZero) {
    if (exact.signum() == 0) {
      return negativeZero ? Convert.signBit(t) : 0;
    }
    boolean negative = exact.signum() < 0;
    BigDecimal magnitude = exact.abs();
    long low = 0;
    long high = Convert.infinity(t); // stands for the number after the largest one
    while (high - low > 1) {
      long middle = (low + high) >>> 1;
      if (value(middle, t).compareTo(magnitude) <= 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    BigDecimal below = value(low, t);
    boolean up;
    if (below.compareTo(magnitude) == 0) {
      up = false;
    } else if (rounding.equals("rn")) {
      int order = magnitude.subtract(below).compareTo(value(low + 1, t).subtract(magnitude));
      up = order > 0 || (order == 0 && (low & 1) != 0);
    } else {
      up = rounding.equals(negative ? "rm" : "rp");
    }
    return low + (up ? 1 : 0) | (negative ? Convert.signBit(t) : 0);
  }

  private static BigDecimal value(long bits, Type t) {
    if (bits == Convert.infinity(t)) { // as if the exponents went on
      BigDecimal largest = value(bits - 1, t);
      return largest.add(largest.subtract(value(bits - 2, t)));
    }
    return new BigDecimal(Convert.decode(bits, t));
  }

  private static void check(String what, long expected, long actual, Type t) {
    assertEquals(Long.toHexString(expected), Long.toHexString(actual), () -> what + " in " + t.text());
  }

  private static BigDecimal number(long bits, Type t) {
    return new BigDecimal(Convert.decode(bits, t));
  }

  private static boolean negative(long bits, Type t) {
    return (bits & Convert.signBit(t)) != 0;
  }

  @Test
  void theOracleKnowsTheNumberAfterTheLargest() {
    assertEquals(0, value(Convert.infinity(Type.F32), Type.F32).compareTo(new BigDecimal(0x1p128)));
    assertEquals(0, value(Convert.infinity(Type.F16), Type.F16).compareTo(new BigDecimal(65536)));
  }

  @Test
  void sumsProductsAndFmasAreRoundedOnce() {
    for (Type t : List.of(Type.F32, Type.F64, Type.F16, Type.BF16)) {
      int n = 400;
      long[] a = numbers(t, n);
      long[] b = numbers(t, n, a);
      long[] c = numbers(t, n);
      for (int i = 0; i < n; i += 5) { // a sum that nearly cancels
        double product = Convert.decode(a[i], t) * Convert.decode(b[i], t);
        if (Double.isFinite(product)) {
          c[i] = Convert.encode(-product, t, Rounding.ZERO);
        }
      }
      for (String r : t.bits == 16 ? List.of("rn") : ROUNDINGS) {
        String type = "." + r + t.text();
        long[] sums = Harness.each("add" + type + " %d, %a, %b;", t.bits, t.bits, a, b);
        long[] products = Harness.each("mul" + type + " %d, %a, %b;", t.bits, t.bits, a, b);
        long[] fmas = Harness.each("fma" + type + " %d, %a, %b, %c;", t.bits, t.bits, a, b, c);
        for (int i = 0; i < n; i++) {
          BigDecimal x = number(a[i], t);
          BigDecimal y = number(b[i], t);
          BigDecimal z = number(c[i], t);
          boolean xNegative = negative(a[i], t);
          boolean yNegative = negative(b[i], t);
          boolean down = r.equals("rm");
          check("sum " + r, round(x.add(y), t, r, xNegative == yNegative ? xNegative : down), sums[i], t);
          check("product " + r, round(x.multiply(y), t, r, xNegative != yNegative), products[i], t);
          boolean productNegative = xNegative != yNegative;
          boolean zero = productNegative == negative(c[i], t) ? productNegative : down;
          check("fma " + r, round(x.multiply(y).add(z), t, r, zero), fmas[i], t);
        }
      }
    }
  }

  @Test
  void quotientsAndRootsAreRoundedOnce() {
    MathContext digits = new MathContext(700);
    for (Type t : List.of(Type.F32, Type.F64)) {
      int n = 60;
      long[] a = numbers(t, n);
      long[] b = numbers(t, n, a);
      for (int i = 0; i < n; i++) {
        b[i] = (b[i] & (Convert.signBit(t) - 1)) == 0 ? 1 : b[i];
      }
      for (String r : ROUNDINGS) {
        long[] quotients = Harness.each("div." + r + t.text() + " %d, %a, %b;", t.bits, t.bits, a, b);
        long[] reciprocals = Harness.each("rcp." + r + t.text() + " %d, %a;", t.bits, t.bits, b);
        long[] roots = Harness.each("abs" + t.text() + " %d, %a; sqrt." + r + t.text() + " %d, %d;", t.bits, t.bits, a);
        for (int i = 0; i < n; i++) {
          BigDecimal y = number(b[i], t);
          check("quotient " + r, round(number(a[i], t).divide(y, digits), t, r, negative(a[i], t) != negative(b[i], t)), quotients[i], t);
          check("reciprocal " + r, round(BigDecimal.ONE.divide(y, digits), t, r, false), reciprocals[i], t);
          check("root " + r, round(number(a[i], t).abs().sqrt(new MathContext(120)), t, r, false), roots[i], t);
        }
      }
    }
  }

  private static final long[] SPECIAL = {
    0, 0x8000_0000L, 0x3f80_0000L, 0xbf80_0000L, 0x7f80_0000L, 0xff80_0000L, 0x7fc0_1234L, 0xffc0_0001L, 1, 0x8000_0001L, 0x007f_ffffL,
    0x0080_0000L, 0x7f7f_ffffL, 0xff7f_ffffL
  };

  private static long[][] pairs(long[] of) {
    long[][] pairs = new long[2][of.length * of.length];
    for (int i = 0; i < pairs[0].length; i++) {
      pairs[0][i] = of[i / of.length];
      pairs[1][i] = of[i % of.length];
    }
    return pairs;
  }

  private static long canonical(float x) {
    return Float.isNaN(x) ? 0x7fff_ffffL : Float.floatToRawIntBits(x) & 0xffff_ffffL;
  }

  private static float f(long bits) {
    return Float.intBitsToFloat((int) bits);
  }

  @Test
  void specialValuesFollowTheStandardAndNaNsAreCanonical() {
    long[][] p = pairs(SPECIAL);
    long[] sum = Harness.each("add.rn.f32 %d, %a, %b;", 32, 32, p);
    long[] difference = Harness.each("sub.rn.f32 %d, %a, %b;", 32, 32, p);
    long[] product = Harness.each("mul.rn.f32 %d, %a, %b;", 32, 32, p);
    long[] quotient = Harness.each("div.rn.f32 %d, %a, %b;", 32, 32, p);
    long[] down = Harness.each("div.rm.f32 %d, %a, %b;", 32, 32, p);
    for (int i = 0; i < p[0].length; i++) {
      float x = f(p[0][i]);
      float y = f(p[1][i]);
      check("sum", canonical(x + y), sum[i], Type.F32);
      check("difference", canonical(x - y), difference[i], Type.F32);
      check("product", canonical(x * y), product[i], Type.F32);
      check("quotient", canonical(x / y), quotient[i], Type.F32);
      if (Float.isNaN(x / y) || Float.isInfinite(x) || y == 0) {
        check("directed quotient", canonical(x / y), down[i], Type.F32);
      }
    }
  }

  @Test
  void extremaPreferNumbersAndOrderZeros() {
    long[][] p = pairs(SPECIAL);
    long[] min = Harness.each("min.f32 %d, %a, %b;", 32, 32, p);
    long[] max = Harness.each("max.f32 %d, %a, %b;", 32, 32, p);
    long[] maxNaN = Harness.each("max.NaN.f32 %d, %a, %b;", 32, 32, p);
    for (int i = 0; i < p[0].length; i++) {
      float x = f(p[0][i]);
      float y = f(p[1][i]);
      float low = Float.isNaN(x) ? y : Float.isNaN(y) ? x : Math.min(x, y);
      float high = Float.isNaN(x) ? y : Float.isNaN(y) ? x : Math.max(x, y);
      check("min", canonical(low), min[i], Type.F32);
      check("max", canonical(high), max[i], Type.F32);
      check("max.NaN", canonical(Math.max(x, y)), maxNaN[i], Type.F32);
    }
  }

  @Test
  void flushSaturationAndSigns() {
    long one = 0x3f80_0000L;
    long[] tiny = {1, 0x8000_0001L, 0x0080_0000L, one};
    long[] ones = {one, one, 0x3f00_0000L, 0x4000_0000L};
    assertHex(Harness.each("mul.ftz.f32 %d, %a, %b;", 32, 32, tiny, ones), 0, 0x8000_0000L, 0, 0x4000_0000L);
    assertHex(Harness.each("mul.f32 %d, %a, %b;", 32, 32, tiny, ones), 1, 0x8000_0001L, 0x0040_0000L, 0x4000_0000L);
    assertHex(Harness.each("add.sat.f32 %d, %a, %b;", 32, 32, new long[] {one, 0xbf80_0000L, 0x7fc0_0000L}, new long[] {one, 0, 0}),
        one, 0, 0);
    assertHex(Harness.each("copysign.f32 %d, %a, %b;", 32, 32, new long[] {0x8000_0000L, 0}, new long[] {one, 0xbf80_0000L}),
        0xbf80_0000L, one);
    assertHex(Harness.each("neg.f32 %d, %a;", 32, 32, new long[] {0, one}), 0x8000_0000L, 0xbf80_0000L);
    assertHex(Harness.each("abs.f64 %d, %a;", 64, 64, new long[] {0x8000_0000_0000_0000L}), 0);
    assertHex(Harness.each("fma.rn.relu.f16 %d, %a, %b, %c;", 16, 16, new long[] {0xbc00, 0x3c00}, new long[] {0x3c00, 0x3c00},
        new long[] {0, 0x3c00}), 0, 0x4000);
    assertHex(Harness.each("add.f16x2 %d, %a, %b;", 32, 32, new long[] {0x3c00_4000L}, new long[] {0x3c00_3c00L}), 0x4000_4200L);
    assertHex(Harness.each("fma.rn.bf16x2 %d, %a, %b, %c;", 32, 32, new long[] {0x4000_3f80L}, new long[] {0x4000_3f80L},
        new long[] {0x3f80_0000L}), 0x40a0_3f80L);
  }

  private static void assertHex(long[] actual, long... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(Long.toHexString(expected[i]), Long.toHexString(actual[i]), "element " + i);
    }
  }
}
