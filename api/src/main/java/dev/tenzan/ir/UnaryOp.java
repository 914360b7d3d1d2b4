package dev.tenzan.ir;

/** The elementwise operations of one operand. docs/semantics.md states their special values. */
public enum UnaryOp {
  /** Negation; integers wrap. */
  NEG(Domain.NUMERIC),
  /** Absolute value; the least integer maps to itself. */
  ABS(Domain.NUMERIC),
  /** -1, 0 or 1; NaN stays NaN and zeros keep their sign. */
  SIGN(Domain.NUMERIC),
  /** Correctly rounded square root. */
  SQRT(Domain.FLOAT),
  /** Rounds towards minus infinity; integers are unchanged. */
  FLOOR(Domain.NUMERIC),
  /** Rounds towards plus infinity; integers are unchanged. */
  CEIL(Domain.NUMERIC),
  /** Rounds towards zero; integers are unchanged. */
  TRUNC(Domain.NUMERIC),
  /** Rounds to the nearest integer, ties to even; integers are unchanged. */
  ROUND(Domain.NUMERIC),
  /** Flips all bits of an integer; negates a bool. */
  NOT(Domain.BITS),
  /** Whether a float is NaN, as bool. */
  IS_NAN(Domain.FLOAT),
  /** e^x. */
  EXP(Domain.FLOAT),
  /** 2^x. */
  EXP2(Domain.FLOAT),
  /** e^x - 1. */
  EXPM1(Domain.FLOAT),
  /** Natural logarithm. */
  LOG(Domain.FLOAT),
  /** Logarithm to base 2. */
  LOG2(Domain.FLOAT),
  /** Logarithm to base 10. */
  LOG10(Domain.FLOAT),
  /** log(1 + x). */
  LOG1P(Domain.FLOAT),
  /** Sine of radians. */
  SIN(Domain.FLOAT),
  /** Cosine of radians. */
  COS(Domain.FLOAT),
  /** Tangent of radians. */
  TAN(Domain.FLOAT),
  /** Inverse sine, in radians. */
  ASIN(Domain.FLOAT),
  /** Inverse cosine, in radians. */
  ACOS(Domain.FLOAT),
  /** Inverse tangent, in radians. */
  ATAN(Domain.FLOAT),
  /** Hyperbolic sine. */
  SINH(Domain.FLOAT),
  /** Hyperbolic cosine. */
  COSH(Domain.FLOAT),
  /** Hyperbolic tangent. */
  TANH(Domain.FLOAT),
  /** Inverse hyperbolic sine. */
  ASINH(Domain.FLOAT),
  /** Inverse hyperbolic cosine. */
  ACOSH(Domain.FLOAT),
  /** Inverse hyperbolic tangent. */
  ATANH(Domain.FLOAT),
  /** 1 / (1 + e^-x). */
  SIGMOID(Domain.FLOAT),
  /** The error function. */
  ERF(Domain.FLOAT);

  /** Which element types an operation takes. */
  public enum Domain {
    /** Floats. */
    FLOAT,
    /** Floats and integers. */
    NUMERIC,
    /** Integers and bools. */
    BITS,
    /** Everything. */
    ANY
  }

  private final Domain domain;
  private final String label = Names.label(this);

  UnaryOp(Domain domain) {
    this.domain = domain;
  }

  /** Which element types it takes. */
  public Domain domain() {
    return domain;
  }

  /** The lower-case name for messages. */
  public String label() {
    return label;
  }
}
