package dev.tenzan.scalar;

import dev.tenzan.type.DType;

/** Runs scalar functions by letting the builder fold them over constants. */
final class Folded {
  /** A function of two values; those of one ignore the second. */
  interface Function {
    int build(ScalarBuilder b, int x, int y);
  }

  private Folded() {}

  static float f32(Function f, float x, float y) {
    ScalarBuilder b = new ScalarBuilder();
    return Float.intBitsToFloat((int) constant(b, f.build(b, b.f32(x), b.f32(y)), DType.F32));
  }

  static double f64(Function f, double x, double y) {
    ScalarBuilder b = new ScalarBuilder();
    return Double.longBitsToDouble(constant(b, f.build(b, b.f64(x), b.f64(y)), DType.F64));
  }

  /** The bits of a value that folded to a constant. */
  static long constant(ScalarBuilder b, int value, DType type) {
    if (b.get(value) instanceof Instr.Const c && c.type() == type) {
      return c.bits();
    }
    throw new AssertionError("no " + type + " constant: " + b.get(value));
  }
}
