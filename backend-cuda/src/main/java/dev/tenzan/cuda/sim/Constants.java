package dev.tenzan.cuda.sim;

/** The bits of constants (PTX ISA, "Constants"). */
final class Constants {
  private Constants() {}

  /** A constant's bits in a type, in the low bits of the result. */
  static long bits(Operand constant, Type type) {
    if (constant instanceof Operand.Int i) {
      if (type.isFloat()) {
        return Convert.encode(i.value(), type, Rounding.NEAREST);
      }
      return i.value() & type.mask();
    }
    Operand.Real real = (Operand.Real) constant;
    if (type.isFloat()) {
      // A NaN that is written as bits keeps them; a conversion would not.
      return switch (type) {
        case F32 -> Float.floatToRawIntBits((float) real.value()) & 0xffff_ffffL;
        case F64 -> Double.doubleToRawLongBits(real.value());
        default -> Convert.encode(real.value(), type, Rounding.NEAREST);
      };
    }
    long raw = real.single()
        ? Float.floatToRawIntBits((float) real.value()) & 0xffff_ffffL
        : Double.doubleToRawLongBits(real.value());
    return raw & type.mask();
  }
}
