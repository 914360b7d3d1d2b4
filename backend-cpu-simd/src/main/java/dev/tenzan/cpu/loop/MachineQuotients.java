package dev.tenzan.cpu.loop;

import static dev.tenzan.cpu.machine.Assembler.ALL;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.cpu.machine.VectorForm;
import dev.tenzan.type.DType;
import java.util.HashMap;
import java.util.Map;

/**
 * Quotients whose divisor d is the same for all points of a row, by the reciprocal y of d rounded to nearest: q = x y is corrected to q + (x - q d) y,
 * where both steps are fused multiply-adds. That is the quotient rounded to nearest (Brisebarre, Muller and Raina, Accelerating correctly rounded
 * floating-point division when the divisor is known in advance, IEEE Transactions on Computers 53, 2004).
 *
 * <p>It takes 6 of the instructions of which a processor begins two at a time, where a division of 16 floats keeps its unit busy for 16 cycles or more. It
 * holds while no step comes near the subnormal numbers or infinity; vectors that have numbers beyond some exponents, or zeros, are divided.
 */
final class MachineQuotients {
  private static final int NOT_LESS = 5;

  /** The exponents of dividends and divisors, of f32 and of f64: quotients and remainders stay far from subnormal numbers then. */
  private static final int[] DIVIDENDS = {60, 400};

  private static final int[] DIVISORS = {40, 300};

  private final Assembler a;
  private final MachineValues values;
  private final Map<Integer, Divisor> divisors = new HashMap<>();

  /**
   * What is kept for a divisor.
   *
   * @param divisor its register
   * @param reciprocal 1 / d
   * @param limit how far the bits of magnitudes may lie behind the least one; 0 where the divisor is none that is served
   */
  private record Divisor(int divisor, int reciprocal, int limit) {}

  MachineQuotients(Assembler a, MachineValues values) {
    this.a = a;
    this.values = values;
  }

  private static long bits(DType type, int exponent) {
    return type == DType.F64 ? Double.doubleToRawLongBits(Math.scalb(1.0, exponent)) : Float.floatToRawIntBits(Math.scalb(1f, exponent));
  }

  private static int most(int[] exponents, DType type) {
    return exponents[type == DType.F64 ? 1 : 0];
  }

  private static Source.Constant range(DType type, int exponent) {
    return new Source.Constant(bits(type, exponent) - bits(type, -exponent));
  }

  /** Whether a divisor has its reciprocal. */
  boolean knows(int number) {
    return divisors.containsKey(number);
  }

  /** Prepares a row: computes the reciprocal of a divisor, which is in a register. */
  void divisor(int number, int divisor, DType type) {
    VectorForm form = values.form(type);
    int reciprocal = values.vectors.take();
    int limit = values.vectors.take();
    a.lanes(LaneOp.BROADCAST, form, reciprocal, 0, new Source.Constant(bits(type, 0)));
    a.lanes(LaneOp.DIVIDE, form, reciprocal, reciprocal, new Source.Register(divisor));
    int k = values.masks.take();
    distance(form, type, limit, divisor, most(DIVISORS, type));
    a.lanes(LaneOp.COMPARE_UNSIGNED, form, k, limit, range(type, most(DIVISORS, type)), ALL, false, MachineValues.LESS);
    a.lanes(LaneOp.BROADCAST, form, limit, 0, range(type, most(DIVIDENDS, type)), k, true);
    values.masks.free(k);
    divisors.put(number, new Divisor(divisor, reciprocal, limit));
  }

  /** How far a magnitude's bits lie behind those of the least one; below it, without a sign, very far. */
  private void distance(VectorForm form, DType type, int to, int x, int exponent) {
    a.lanes(LaneOp.AND, form, to, x, new Source.Constant(~MachineValues.sign(type)));
    a.lanes(LaneOp.SUBTRACT_INTEGERS, form, to, to, new Source.Constant(bits(type, -exponent)));
  }

  /** Divides what is in a register by a divisor, and returns the quotient's register. */
  int divide(int number, int x, DType type) {
    Divisor d = divisors.get(number);
    if (d == null) {
      throw new IllegalStateException("divisor " + number + " has no reciprocal");
    }
    VectorForm form = values.form(type);
    int quotient = values.vectors.take();
    int remainder = values.vectors.take();
    int k = values.masks.take();
    distance(form, type, remainder, x, most(DIVIDENDS, type));
    a.lanes(LaneOp.COMPARE_UNSIGNED, form, k, remainder, new Source.Register(d.limit), ALL, false, NOT_LESS);
    int others = a.jumpIfAny(k);
    values.masks.free(k);
    a.lanes(LaneOp.MULTIPLY, form, quotient, x, new Source.Register(d.reciprocal));
    a.lanes(LaneOp.LOAD, form, remainder, 0, new Source.Register(quotient));
    a.lanes(LaneOp.FNMA213, form, remainder, d.divisor, new Source.Register(x));
    a.lanes(LaneOp.FMA231, form, quotient, remainder, new Source.Register(d.reciprocal));
    int done = a.jump();
    a.land(others);
    a.lanes(LaneOp.DIVIDE, form, quotient, x, new Source.Register(d.divisor));
    a.land(done);
    values.vectors.free(remainder);
    return quotient;
  }
}
