package dev.tenzan.scalar;

/**
 * The exactly rounded operations that scalar programs are made of. Every backend gives the same bits for each of them
 * (a NaN's payload excepted), so it gives the same bits for every program.
 *
 * <p>Operands and results have the compute types {@code F32, F64, I32, I64, BOOL}.
 */
public enum ScalarOp {
  /** Float: flips the sign bit. Integer: two's complement negation. */
  NEG(1),
  /** Float: clears the sign bit. Integer: two's complement absolute value; the least value maps to itself. */
  ABS(1),
  /** Float square root, correctly rounded; NaN below -0. */
  SQRT(1),
  /** Integer: all bits flipped. Bool: logical negation. */
  NOT(1),
  /** Float: IEEE addition. Integer: wraps. */
  ADD(2),
  /** Float: IEEE subtraction. Integer: wraps. */
  SUB(2),
  /** Float: IEEE multiplication. Integer: wraps. */
  MUL(2),
  /** Float: IEEE division. Integer: rounds towards zero, x/0 is 0, least/-1 wraps to least. */
  DIV(2),
  /** Integer: {@code a - DIV(a, b) * b}; x rem 0 is 0 and least rem -1 is 0. Not defined for floats. */
  REM(2),
  /** The lesser; a NaN operand gives NaN; -0 is below +0 (IEEE 754-2019 minimum). */
  MIN(2),
  /** The greater; a NaN operand gives NaN; +0 is above -0 (IEEE 754-2019 maximum). */
  MAX(2),
  /** Bitwise and of integers, logical and of bools. */
  AND(2),
  /** Bitwise or of integers, logical or of bools. */
  OR(2),
  /** Bitwise exclusive or of integers, logical of bools. */
  XOR(2),
  /** Integer shift left; the amount is taken modulo the width (32 or 64). */
  SHL(2),
  /** Integer shift right, copying the sign; the amount is taken modulo the width. */
  SHR(2),
  /** Integer shift right, filling with zeros; the amount is taken modulo the width. */
  USHR(2),
  /** Equal, as BOOL; false where an operand is NaN; -0 equals +0. */
  EQ(2),
  /** Not equal, as BOOL; true where an operand is NaN. */
  NE(2),
  /** Less than, as BOOL; false where an operand is NaN. */
  LT(2),
  /** Less than or equal, as BOOL; false where an operand is NaN. */
  LE(2),
  /** Float: {@code a * b + c} with one rounding. */
  FMA(3),
  /** {@code SELECT(condition, a, b)}: a where the BOOL condition holds, else b. */
  SELECT(3);

  private final int arity;

  ScalarOp(int arity) {
    this.arity = arity;
  }

  /** The number of operands: 1 to 3. */
  public int arity() {
    return arity;
  }

  /** Whether the result is BOOL whatever the operands are. */
  public boolean isComparison() {
    return this == EQ || this == NE || this == LT || this == LE;
  }
}
