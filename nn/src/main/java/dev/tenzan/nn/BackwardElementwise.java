package dev.tenzan.nn;

import dev.tenzan.ElementwiseOps;
import dev.tenzan.Tensor;
import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.UnaryOp;

/** The gradients of elementwise operations. Where the result itself appears in a derivative, it is reused. */
final class BackwardElementwise {
  private static final double LN_2 = Math.log(2);
  private static final double LN_10 = Math.log(10);
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

  private BackwardElementwise() {}

  static void unary(Rule r, UnaryOp op) {
    switch (op) {
      // Piecewise constant or not a float: the gradient is zero.
      case SIGN, FLOOR, CEIL, TRUNC, ROUND, NOT, IS_NAN -> {}
      case NEG, ABS, SQRT, EXP, EXP2, EXPM1, LOG, LOG2, LOG10, LOG1P, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH,
              COSH, TANH, ASINH, ACOSH, ATANH, SIGMOID, ERF ->
          r.give(0, () -> smooth(op, r.gradient(), r.in(0), r.result()));
    }
  }

  /** The gradient of the loss by x, from that by y = op(x). */
  private static Tensor smooth(UnaryOp op, Tensor g, Tensor x, Tensor y) {
    return switch (op) {
      case NEG -> g.neg();
      case ABS -> g.mul(x.sign());
      case SQRT -> g.mul(0.5).div(y);
      case EXP -> g.mul(y);
      case EXP2 -> g.mul(y).mul(LN_2);
      case EXPM1 -> g.mul(y.add(1));
      case LOG -> g.div(x);
      case LOG2 -> g.div(x.mul(LN_2));
      case LOG10 -> g.div(x.mul(LN_10));
      case LOG1P -> g.div(x.add(1));
      case SIN -> g.mul(x.cos());
      case COS -> g.mul(x.sin()).neg();
      case TAN -> g.mul(y.mul(y).add(1));
      case ASIN -> g.div(oneMinusSquare(x).sqrt());
      case ACOS -> g.div(oneMinusSquare(x).sqrt()).neg();
      case ATAN -> g.div(x.mul(x).add(1));
      case SINH -> g.mul(x.cosh());
      case COSH -> g.mul(x.sinh());
      case TANH -> g.mul(oneMinusSquare(y));
      case ASINH -> g.div(x.mul(x).add(1).sqrt());
      case ACOSH -> g.div(x.sub(1).mul(x.add(1)).sqrt());
      case ATANH -> g.div(oneMinusSquare(x));
      case SIGMOID -> g.mul(y.mul(y.rsub(1)));
      case ERF -> g.mul(x.mul(x).neg().exp().mul(TWO_OVER_SQRT_PI));
      case SIGN, FLOOR, CEIL, TRUNC, ROUND, NOT, IS_NAN -> throw new IllegalArgumentException(op
          + " is not smooth");
    };
  }

  /** {@code (1 - x) (1 + x)}: no cancellation near one, unlike {@code 1 - x * x}. */
  private static Tensor oneMinusSquare(Tensor x) {
    return x.rsub(1).mul(x.add(1));
  }

  static void binary(Rule r, BinaryOp op) {
    Tensor g = r.gradient();
    switch (op) {
      case ADD -> {
        r.give(0, () -> g);
        r.give(1, () -> g);
      }
      case SUB -> {
        r.give(0, () -> g);
        r.give(1, g::neg);
      }
      case MUL -> {
        r.give(0, () -> g.mul(r.in(1)));
        r.give(1, () -> g.mul(r.in(0)));
      }
      case DIV -> {
        r.give(0, () -> g.div(r.in(1)));
        r.give(1, () -> g.mul(r.result()).div(r.in(1)).neg());
      }
      case REMAINDER -> {
        r.give(0, () -> g);
        r.give(1, () -> g.mul(r.in(0).floorDivide(r.in(1))).neg());
      }
      case POW -> pow(r);
      case ATAN2 -> {
        r.give(0, () -> g.mul(r.in(1)).div(squares(r)));
        r.give(1, () -> g.mul(r.in(0)).div(squares(r)).neg());
      }
      case MINIMUM -> choose(r, true);
      case MAXIMUM -> choose(r, false);
      // Piecewise constant, or of integers and truth values alone.
      case FLOOR_DIVIDE, AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, EQUAL, NOT_EQUAL, LESS, LESS_EQUAL -> {}
    }
  }

  private static Tensor squares(Rule r) {
    return r.in(0).mul(r.in(0)).add(r.in(1).mul(r.in(1)));
  }

  /** x^0 is 1 for every x, and 0^y is 0 for every y above 0: there the general formulas give 0 * inf. */
  private static void pow(Rule r) {
    Tensor g = r.gradient();
    r.give(
        0,
        () -> {
          Tensor y = r.in(1);
          return ElementwiseOps.where(y.equal(0), g.zerosLike(), g.mul(y).mul(r.in(0).pow(y.sub(1))));
        });
    r.give(
        1,
        () -> {
          Tensor flat = r.in(0).equal(0).and(r.in(1).greaterEqual(0));
          return ElementwiseOps.where(flat, g.zerosLike(), g.mul(r.result()).mul(r.in(0).log()));
        });
  }

  /** The gradient goes to the operand that was chosen; equal operands share it. */
  private static void choose(Rule r, boolean least) {
    for (int i = 0; i < 2; i++) {
      int self = i;
      r.give(
          self,
          () -> {
            Tensor mine = r.in(self);
            Tensor theirs = r.in(1 - self);
            Tensor wins = least ? mine.less(theirs) : theirs.less(mine);
            return share(r.gradient(), wins, mine.equal(theirs));
          });
    }
  }

  private static Tensor share(Tensor g, Tensor wins, Tensor ties) {
    return ElementwiseOps.where(wins, g, ElementwiseOps.where(ties, g.mul(0.5), g.zerosLike()));
  }

  static void where(Rule r) {
    Tensor g = r.gradient();
    r.give(1, () -> ElementwiseOps.where(r.in(0), g, g.zerosLike()));
    r.give(2, () -> ElementwiseOps.where(r.in(0), g.zerosLike(), g));
  }

  static void fma(Rule r) {
    Tensor g = r.gradient();
    r.give(0, () -> g.mul(r.in(1)));
    r.give(1, () -> g.mul(r.in(0)));
    r.give(2, () -> g);
  }
}
