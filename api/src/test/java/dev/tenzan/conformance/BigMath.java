package dev.tenzan.conformance;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Elementary functions to 50 decimal digits, from their Taylor series: the oracle for functions of F64. Slow, and nothing is
 * shared with what it judges.
 */
public final class BigMath {
  private static final MathContext MC = new MathContext(50);
  private static final MathContext WIDE = new MathContext(420);
  private static final BigDecimal TWO = BigDecimal.TWO;
  private static final BigDecimal ONE = BigDecimal.ONE;
  private static final BigDecimal TINY = new BigDecimal("1e-60");
  public static final BigDecimal PI = machinPi();
  private static final BigDecimal LN2 = atanhSeries(ONE.divide(BigDecimal.valueOf(3), WIDE), MC).multiply(TWO);

  private BigMath() {}

  /** pi = 16 atan(1/5) - 4 atan(1/239), to 400 digits. */
  private static BigDecimal machinPi() {
    return inverseAtan(5).multiply(BigDecimal.valueOf(16)).subtract(inverseAtan(239).multiply(BigDecimal.valueOf(4)));
  }

  private static BigDecimal inverseAtan(int n) {
    BigDecimal power = ONE.divide(BigDecimal.valueOf(n), WIDE);
    BigDecimal square = BigDecimal.valueOf((long) n * n);
    BigDecimal sum = BigDecimal.ZERO;
    for (int k = 1; power.compareTo(new BigDecimal("1e-420")) > 0; k += 2) {
      BigDecimal term = power.divide(BigDecimal.valueOf(k), WIDE);
      sum = k % 4 == 1 ? sum.add(term) : sum.subtract(term);
      power = power.divide(square, WIDE);
    }
    return sum.round(WIDE);
  }

  private static BigDecimal atanhSeries(BigDecimal x, MathContext mc) {
    BigDecimal square = x.multiply(x, mc);
    BigDecimal power = x;
    BigDecimal sum = x;
    for (int k = 3; power.signum() != 0 && power.abs().compareTo(x.abs().multiply(TINY)) > 0; k += 2) {
      power = power.multiply(square, mc);
      sum = sum.add(power.divide(BigDecimal.valueOf(k), mc), mc);
    }
    return sum;
  }

  public static BigDecimal exp(BigDecimal x) {
    BigInteger k = x.divide(LN2, MC).setScale(0, RoundingMode.HALF_EVEN).toBigInteger();
    BigDecimal r = x.subtract(LN2.multiply(new BigDecimal(k)));
    BigDecimal small = r.divide(BigDecimal.valueOf(64), MC);
    BigDecimal e = ONE.add(expm1Series(small));
    for (int i = 0; i < 6; i++) {
      e = e.multiply(e, MC);
    }
    int n = k.intValueExact();
    BigDecimal scale = TWO.pow(Math.abs(n), MC);
    return n >= 0 ? e.multiply(scale, MC) : e.divide(scale, MC);
  }

  private static BigDecimal expm1Series(BigDecimal x) {
    BigDecimal term = x;
    BigDecimal sum = x;
    for (int k = 2; term.signum() != 0 && term.abs().compareTo(x.abs().multiply(TINY)) > 0; k++) {
      term = term.multiply(x, MC).divide(BigDecimal.valueOf(k), MC);
      sum = sum.add(term, MC);
    }
    return sum;
  }

  public static BigDecimal expm1(BigDecimal x) {
    return x.abs().doubleValue() < 0.1 ? expm1Series(x) : exp(x).subtract(ONE, MC);
  }

  public static BigDecimal exp2(BigDecimal x) {
    return exp(x.multiply(LN2, MC));
  }

  /** From a double's logarithm by one step of Halley's iteration. */
  public static BigDecimal log(BigDecimal x) {
    if (x.subtract(ONE).abs().doubleValue() < 0.1) {
      return log1p(x.subtract(ONE));
    }
    int e = 0;
    BigDecimal y = x;
    while (y.doubleValue() < 0x1p-1000) {
      y = y.multiply(TWO.pow(1000), MC);
      e -= 1000;
    }
    while (y.doubleValue() > 0x1p1000) {
      y = y.divide(TWO.pow(1000), MC);
      e += 1000;
    }
    BigDecimal guess = new BigDecimal(Math.log(y.doubleValue()));
    BigDecimal v = exp(guess);
    BigDecimal step = y.subtract(v).divide(y.add(v), MC).multiply(TWO);
    return guess.add(step, MC).add(LN2.multiply(BigDecimal.valueOf(e)), MC);
  }

  public static BigDecimal log1p(BigDecimal x) {
    if (x.abs().doubleValue() < 0.1) {
      return atanhSeries(x.divide(x.add(TWO), MC), MC).multiply(TWO);
    }
    return log(x.add(ONE, MC));
  }

  public static BigDecimal log2(BigDecimal x) {
    return log(x).divide(LN2, MC);
  }

  public static BigDecimal log10(BigDecimal x) {
    return log(x).divide(log(BigDecimal.TEN), MC);
  }

  /** Sine where {@code quarter} is 0, cosine where it is 1. */
  private static BigDecimal sine(BigDecimal x, int quarter) {
    BigDecimal half = PI.divide(TWO, WIDE);
    BigInteger q = x.divide(half, WIDE).setScale(0, RoundingMode.HALF_EVEN).toBigInteger();
    BigDecimal r = x.subtract(half.multiply(new BigDecimal(q))).round(MC);
    int turn = q.add(BigInteger.valueOf(quarter)).and(BigInteger.valueOf(3)).intValue();
    BigDecimal value = (turn & 1) == 0 ? sinSeries(r, r, 1) : sinSeries(r, ONE, 0);
    return turn >= 2 ? value.negate() : value;
  }

  private static BigDecimal sinSeries(BigDecimal x, BigDecimal first, int k0) {
    BigDecimal square = x.multiply(x, MC).negate();
    BigDecimal term = first;
    BigDecimal sum = first;
    for (int k = k0; term.signum() != 0 && term.abs().compareTo(first.abs().multiply(TINY)) > 0; k += 2) {
      term = term.multiply(square, MC).divide(BigDecimal.valueOf((k + 1L) * (k + 2L)), MC);
      sum = sum.add(term, MC);
    }
    return sum;
  }

  public static BigDecimal sin(BigDecimal x) {
    return sine(x, 0);
  }

  public static BigDecimal cos(BigDecimal x) {
    return sine(x, 1);
  }

  public static BigDecimal tan(BigDecimal x) {
    return sin(x).divide(cos(x), MC);
  }

  /** From a double's arctangent by one step of a third-order iteration. */
  public static BigDecimal atan(BigDecimal x) {
    double d = x.doubleValue();
    if (Math.abs(d) < 1e-12) {
      BigDecimal cube = x.multiply(x, MC).multiply(x, MC).divide(BigDecimal.valueOf(3), MC);
      return x.subtract(cube, MC);
    }
    BigDecimal guess = new BigDecimal(Math.atan(d));
    BigDecimal s = sin(guess);
    BigDecimal c = cos(guess);
    BigDecimal t = x.multiply(c, MC).subtract(s, MC).divide(c.add(x.multiply(s, MC), MC), MC);
    return guess.add(t, MC).subtract(t.pow(3, MC).divide(BigDecimal.valueOf(3), MC), MC);
  }

  public static BigDecimal atan2(BigDecimal y, BigDecimal x) {
    BigDecimal a = atan(y.divide(x, MC));
    if (x.signum() > 0) {
      return a;
    }
    return y.signum() < 0 ? a.subtract(PI, MC) : a.add(PI, MC);
  }

  public static BigDecimal asin(BigDecimal x) {
    BigDecimal rest = ONE.subtract(x).multiply(ONE.add(x));
    return rest.signum() == 0
        ? PI.divide(TWO, MC).multiply(x)
        : atan(x.divide(rest.sqrt(MC), MC));
  }

  public static BigDecimal acos(BigDecimal x) {
    if (x.compareTo(ONE.negate()) == 0) {
      return PI;
    }
    BigDecimal t = ONE.subtract(x).divide(ONE.add(x), MC);
    return atan(t.sqrt(MC)).multiply(TWO);
  }

  public static BigDecimal sinh(BigDecimal x) {
    BigDecimal e = expm1(x.abs());
    BigDecimal r = e.add(e.divide(e.add(ONE), MC), MC).divide(TWO, MC);
    return x.signum() < 0 ? r.negate() : r;
  }

  public static BigDecimal cosh(BigDecimal x) {
    BigDecimal e = exp(x);
    return e.add(ONE.divide(e, MC), MC).divide(TWO, MC);
  }

  public static BigDecimal tanh(BigDecimal x) {
    BigDecimal e = expm1(x.multiply(TWO));
    return e.divide(e.add(TWO), MC);
  }

  public static BigDecimal asinh(BigDecimal x) {
    BigDecimal square = x.multiply(x, MC);
    BigDecimal root = square.add(ONE).sqrt(MC);
    BigDecimal ax = x.abs();
    BigDecimal r = log1p(ax.add(square.divide(root.add(ONE), MC), MC));
    return x.signum() < 0 ? r.negate() : r;
  }

  public static BigDecimal acosh(BigDecimal x) {
    BigDecimal t = x.subtract(ONE);
    return log1p(t.add(t.multiply(t.add(TWO)).sqrt(MC), MC));
  }

  public static BigDecimal atanh(BigDecimal x) {
    return log1p(x.multiply(TWO).divide(ONE.subtract(x), MC)).divide(TWO, MC);
  }

  public static BigDecimal sigmoid(BigDecimal x) {
    return ONE.divide(ONE.add(exp(x.negate())), MC);
  }

  /** {@code 2/sqrt(pi) e^-x^2 (x + 2x^3/3 + 4x^5/15 + ...)}: no cancellation. */
  public static BigDecimal erf(BigDecimal x) {
    BigDecimal square = x.multiply(x, MC).multiply(TWO);
    BigDecimal term = x;
    BigDecimal sum = x;
    for (int k = 3; term.signum() != 0 && term.abs().compareTo(sum.abs().multiply(TINY)) > 0; k += 2) {
      term = term.multiply(square, MC).divide(BigDecimal.valueOf(k), MC);
      sum = sum.add(term, MC);
    }
    return sum.multiply(exp(x.multiply(x).negate()), MC).multiply(TWO).divide(PI.sqrt(MC), MC);
  }

  /** {@code x^y}; where x is negative, y is a whole number. */
  public static BigDecimal pow(BigDecimal x, BigDecimal y) {
    BigDecimal magnitude = exp(log(x.abs()).multiply(y, MC));
    boolean odd = x.signum() < 0 && y.toBigInteger().testBit(0);
    return odd ? magnitude.negate() : magnitude;
  }

  /** {@code |got - truth|} in units of the last place of a double near the truth. */
  public static double ulps(double got, BigDecimal truth) {
    double near = Math.abs(truth.doubleValue());
    double finite = Math.min(near, Double.MAX_VALUE);
    int exponent = Math.max(Math.getExponent(finite), Double.MIN_EXPONENT);
    if (truth.abs().compareTo(new BigDecimal(Math.scalb(1.0, exponent))) < 0 && exponent > Double.MIN_EXPONENT) {
      exponent--;
    }
    BigDecimal ulp = TWO.pow(exponent - 52, new MathContext(30));
    BigDecimal value = Double.isInfinite(got)
        ? TWO.pow(1024).multiply(BigDecimal.valueOf((long) Math.signum(got)))
        : new BigDecimal(got);
    return value.subtract(truth).abs().divide(ulp, MathContext.DECIMAL64).doubleValue();
  }
}
