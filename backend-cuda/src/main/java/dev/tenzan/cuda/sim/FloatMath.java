package dev.tenzan.cuda.sim;

import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Floating-point operations on bits (PTX ISA, "Floating Point Instructions" and "Half Precision Floating Point Instructions"). Results are
 * rounded once; subnormals are kept; NaNs are canonical, see {@link Convert}.
 */
final class FloatMath {
  private FloatMath() {}

  static float f32(long bits) {
    return Float.intBitsToFloat((int) bits);
  }

  static long bits(float value) {
    return Float.isNaN(value) ? Convert.NAN32 : Float.floatToRawIntBits(value) & 0xffff_ffffL;
  }

  static double f64(long bits) {
    return Double.longBitsToDouble(bits);
  }

  static long bits(double value) {
    return Double.isNaN(value) ? Convert.NAN64 : Double.doubleToRawLongBits(value);
  }

  static LongBinaryOperator add(Type t, Rounding r) {
    if (r != Rounding.NEAREST) {
      return (a, b) -> Exact.add(Convert.decode(a, t), Convert.decode(b, t), t, r);
    }
    return switch (t) {
      case F32 -> (a, b) -> bits(f32(a) + f32(b));
      case F64 -> (a, b) -> bits(f64(a) + f64(b));
      default -> (a, b) -> Convert.encode(Exact.fmaToOdd(Convert.decode(a, t), 1, Convert.decode(b, t)), t, r);
    };
  }

  static LongBinaryOperator subtract(Type t, Rounding r) {
    if (r == Rounding.NEAREST && t == Type.F32) {
      return (a, b) -> bits(f32(a) - f32(b));
    }
    LongBinaryOperator add = add(t, r);
    long sign = Convert.signBit(t);
    return (a, b) -> add.applyAsLong(a, b ^ sign);
  }

  static LongBinaryOperator multiply(Type t, Rounding r) {
    if (r != Rounding.NEAREST) {
      return (a, b) -> Exact.multiply(Convert.decode(a, t), Convert.decode(b, t), t, r);
    }
    return switch (t) {
      case F32 -> (a, b) -> bits(f32(a) * f32(b));
      case F64 -> (a, b) -> bits(f64(a) * f64(b));
      default -> (a, b) -> Convert.encode(Convert.decode(a, t) * Convert.decode(b, t), t, r);
    };
  }

  static LongBinaryOperator divide(Type t, Rounding r) {
    if (r != Rounding.NEAREST) {
      return (a, b) -> Exact.divide(Convert.decode(a, t), Convert.decode(b, t), t, r);
    }
    return t == Type.F32 ? (a, b) -> bits(f32(a) / f32(b)) : (a, b) -> bits(f64(a) / f64(b));
  }

  static LongUnaryOperator sqrt(Type t, Rounding r) {
    if (r != Rounding.NEAREST) {
      return a -> Exact.sqrt(Convert.decode(a, t), t, r);
    }
    // The double's root, rounded to a float, is the float's: a double has more than twice its digits.
    return t == Type.F32 ? a -> bits((float) Math.sqrt(f32(a))) : a -> bits(Math.sqrt(f64(a)));
  }

  static Lanes.Ternary fma(Type t, Rounding r) {
    if (r != Rounding.NEAREST) {
      return (a, b, c) -> Exact.fma(Convert.decode(a, t), Convert.decode(b, t), Convert.decode(c, t), t, r);
    }
    return switch (t) {
      case F32 -> (a, b, c) -> bits(Math.fma(f32(a), f32(b), f32(c)));
      case F64 -> (a, b, c) -> bits(Math.fma(f64(a), f64(b), f64(c)));
      default -> (a, b, c) ->
          Convert.encode(Exact.fmaToOdd(Convert.decode(a, t), Convert.decode(b, t), Convert.decode(c, t)), t, r);
    };
  }

  /** {@code min} and {@code max}: the operand that is a number, unless {@code nan} asks for a NaN; −0 is less than +0. */
  static LongBinaryOperator extremum(Type t, boolean max, boolean nan) {
    return (a, b) -> {
      double x = Convert.decode(a, t);
      double y = Convert.decode(b, t);
      if (Double.isNaN(x) || Double.isNaN(y)) {
        return nan || (Double.isNaN(x) && Double.isNaN(y)) ? Convert.nan(t) : Double.isNaN(x) ? b : a;
      }
      if (x == y) {
        return (Double.doubleToRawLongBits(x) < 0) == max ? b : a;
      }
      return x < y == max ? b : a;
    };
  }

  static LongUnaryOperator negate(Type t) {
    long sign = Convert.signBit(t);
    return a -> isNaN(a, t) ? Convert.nan(t) : a ^ sign;
  }

  static LongUnaryOperator absolute(Type t) {
    long sign = Convert.signBit(t);
    return a -> isNaN(a, t) ? Convert.nan(t) : a & ~sign;
  }

  static boolean isNaN(long bits, Type t) {
    return (bits & (Convert.signBit(t) - 1)) > Convert.infinity(t);
  }

  /** {@code .sat}: into [0, 1]; a NaN becomes +0. */
  static long saturate(long bits, Type t) {
    double x = Convert.decode(bits, t);
    return x >= 1 ? Convert.encode(1.0, t, Rounding.NEAREST) : x > 0 ? bits : 0;
  }

  /** {@code .relu}: a negative number becomes +0; a NaN is canonical. */
  static long relu(long bits, Type t) {
    double x = Convert.decode(bits, t);
    return Double.isNaN(x) ? Convert.nan(t) : x > 0 ? bits : 0;
  }

  /** {@code testp} (PTX ISA, "Floating Point Instructions: testp"); null where there is no such property. */
  static boolean test(String property, long bits, Type t) {
    double x = Convert.decode(bits, t);
    return switch (property) {
      case "finite" -> Double.isFinite(x);
      case "infinite" -> Double.isInfinite(x);
      case "number" -> !Double.isNaN(x);
      case "notanumber" -> Double.isNaN(x);
      case "normal" -> Double.isFinite(x) && x != 0 && !Convert.isSubnormal(bits, t);
      case "subnormal" -> Convert.isSubnormal(bits, t);
      default -> throw new IllegalArgumentException(property);
    };
  }
}
