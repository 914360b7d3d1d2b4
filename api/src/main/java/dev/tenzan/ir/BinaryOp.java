package dev.tenzan.ir;

import dev.tenzan.ir.UnaryOp.Domain;

/** The elementwise operations of two operands of one type. docs/semantics.md states their special values. */
public enum BinaryOp {
  /** Sum; integers wrap. */
  ADD(Domain.NUMERIC),
  /** Difference; integers wrap. */
  SUB(Domain.NUMERIC),
  /** Product; integers wrap. */
  MUL(Domain.NUMERIC),
  /** IEEE quotient of floats. */
  DIV(Domain.FLOAT),
  /** The quotient rounded towards minus infinity; integer x / 0 is 0. */
  FLOOR_DIVIDE(Domain.NUMERIC),
  /** What division leaves, with the divisor's sign, zeros included; integer x rem 0 is 0. */
  REMAINDER(Domain.NUMERIC),
  /** Power of floats. */
  POW(Domain.FLOAT),
  /** The angle of the point (second, first). */
  ATAN2(Domain.FLOAT),
  /** The lesser; NaN wins; -0 is below +0. */
  MINIMUM(Domain.ANY),
  /** The greater; NaN wins; +0 is above -0. */
  MAXIMUM(Domain.ANY),
  /** Bitwise or logical and. */
  AND(Domain.BITS),
  /** Bitwise or logical or. */
  OR(Domain.BITS),
  /** Bitwise or logical exclusive or. */
  XOR(Domain.BITS),
  /** Left shift of integers; an amount outside 0..bits-1 gives 0. */
  SHIFT_LEFT(Domain.BITS),
  /** Arithmetic right shift (logical for u8); an amount outside 0..bits-1 gives the sign fill. */
  SHIFT_RIGHT(Domain.BITS),
  /** Equal, as bool. */
  EQUAL(Domain.ANY),
  /** Not equal, as bool. */
  NOT_EQUAL(Domain.ANY),
  /** Less, as bool. */
  LESS(Domain.ANY),
  /** Less or equal, as bool. */
  LESS_EQUAL(Domain.ANY);

  private final Domain domain;
  private final String label = Names.label(this);

  BinaryOp(Domain domain) {
    this.domain = domain;
  }

  /** Which element types it takes. */
  public Domain domain() {
    return domain;
  }

  /** Whether the result is bool whatever the operands are. */
  public boolean isComparison() {
    return this == EQUAL || this == NOT_EQUAL || this == LESS || this == LESS_EQUAL;
  }

  /** The lower-camel-case name for messages. */
  public String label() {
    return label;
  }
}
