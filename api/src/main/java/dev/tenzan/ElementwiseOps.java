package dev.tenzan;

import dev.tenzan.error.DTypeException;
import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.ir.UnaryOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;

/**
 * The elementwise operations of {@link Tensor}. Operands broadcast; dtypes of one kind promote, and mixed
 * kinds are a {@link DTypeException}; shapes that do not broadcast are a {@link
 * dev.tenzan.error.ShapeException}. A {@code double} operand takes the tensor's dtype and must be one of its
 * values where that is not a float. docs/semantics.md states all special values.
 */
public sealed interface ElementwiseOps permits Tensor {
  /** The tensor that the operations apply to. */
  Tensor self();

  private Tensor unary(UnaryOp op) {
    return Tensor.apply(new Op.Unary(op), self());
  }

  private Tensor binary(BinaryOp op, Tensor other) {
    return Nodes.binary(op, self(), other);
  }

  private Tensor binary(BinaryOp op, double other) {
    return Nodes.binary(op, self(), other);
  }

  /**
   * {@code a} where the condition holds, else {@code b}; all three broadcast.
   *
   * @throws DTypeException unless the condition is bool
   */
  static Tensor where(Tensor condition, Tensor a, Tensor b) {
    Device device = Nodes.device("where", condition, a, b);
    DType t = ShapeInference.promote("where", a.dtype(), b.dtype());
    Shape s = ShapeInference.broadcastShape("where", a.shape(), b.shape());
    Shape all = ShapeInference.broadcastShape("where", condition.shape(), s);
    Node c = Nodes.broadcast(condition.node(), all);
    Node chosen = Node.of(new Op.Where(), c, Nodes.fit(a, t, all), Nodes.fit(b, t, all));
    return Tensor.ofNode(chosen, device);
  }

  /** The negation; integers wrap. */
  default Tensor neg() {
    return unary(UnaryOp.NEG);
  }

  /** The absolute value. */
  default Tensor abs() {
    return unary(UnaryOp.ABS);
  }

  /** -1, 0 or 1; NaN stays NaN. */
  default Tensor sign() {
    return unary(UnaryOp.SIGN);
  }

  /** The correctly rounded square root of floats. */
  default Tensor sqrt() {
    return unary(UnaryOp.SQRT);
  }

  /** Rounds towards minus infinity. */
  default Tensor floor() {
    return unary(UnaryOp.FLOOR);
  }

  /** Rounds towards plus infinity. */
  default Tensor ceil() {
    return unary(UnaryOp.CEIL);
  }

  /** Rounds towards zero. */
  default Tensor trunc() {
    return unary(UnaryOp.TRUNC);
  }

  /** Rounds to the nearest integer, ties to even. */
  default Tensor round() {
    return unary(UnaryOp.ROUND);
  }

  /** Flips the bits of integers; negates bools. */
  default Tensor not() {
    return unary(UnaryOp.NOT);
  }

  /** Whether a float is NaN, as bool. */
  default Tensor isNan() {
    return unary(UnaryOp.IS_NAN);
  }

  /** e^x of floats. */
  default Tensor exp() {
    return unary(UnaryOp.EXP);
  }

  /** 2^x of floats. */
  default Tensor exp2() {
    return unary(UnaryOp.EXP2);
  }

  /** e^x - 1 of floats, accurate near 0. */
  default Tensor expm1() {
    return unary(UnaryOp.EXPM1);
  }

  /** The natural logarithm of floats. */
  default Tensor log() {
    return unary(UnaryOp.LOG);
  }

  /** The logarithm to base 2 of floats. */
  default Tensor log2() {
    return unary(UnaryOp.LOG2);
  }

  /** The logarithm to base 10 of floats. */
  default Tensor log10() {
    return unary(UnaryOp.LOG10);
  }

  /** log(1 + x) of floats, accurate near 0. */
  default Tensor log1p() {
    return unary(UnaryOp.LOG1P);
  }

  /** The sine of radians. */
  default Tensor sin() {
    return unary(UnaryOp.SIN);
  }

  /** The cosine of radians. */
  default Tensor cos() {
    return unary(UnaryOp.COS);
  }

  /** The tangent of radians. */
  default Tensor tan() {
    return unary(UnaryOp.TAN);
  }

  /** The inverse sine, in radians. */
  default Tensor asin() {
    return unary(UnaryOp.ASIN);
  }

  /** The inverse cosine, in radians. */
  default Tensor acos() {
    return unary(UnaryOp.ACOS);
  }

  /** The inverse tangent, in radians. */
  default Tensor atan() {
    return unary(UnaryOp.ATAN);
  }

  /** The hyperbolic sine. */
  default Tensor sinh() {
    return unary(UnaryOp.SINH);
  }

  /** The hyperbolic cosine. */
  default Tensor cosh() {
    return unary(UnaryOp.COSH);
  }

  /** The hyperbolic tangent. */
  default Tensor tanh() {
    return unary(UnaryOp.TANH);
  }

  /** The inverse hyperbolic sine. */
  default Tensor asinh() {
    return unary(UnaryOp.ASINH);
  }

  /** The inverse hyperbolic cosine. */
  default Tensor acosh() {
    return unary(UnaryOp.ACOSH);
  }

  /** The inverse hyperbolic tangent. */
  default Tensor atanh() {
    return unary(UnaryOp.ATANH);
  }

  /** 1 / (1 + e^-x) of floats. */
  default Tensor sigmoid() {
    return unary(UnaryOp.SIGMOID);
  }

  /** The error function of floats. */
  default Tensor erf() {
    return unary(UnaryOp.ERF);
  }

  /** The sum; integers wrap. */
  default Tensor add(Tensor other) {
    return binary(BinaryOp.ADD, other);
  }

  /** {@link #add(Tensor)} with a scalar. */
  default Tensor add(double other) {
    return binary(BinaryOp.ADD, other);
  }

  /** The difference; integers wrap. */
  default Tensor sub(Tensor other) {
    return binary(BinaryOp.SUB, other);
  }

  /** {@link #sub(Tensor)} with a scalar. */
  default Tensor sub(double other) {
    return binary(BinaryOp.SUB, other);
  }

  /** The product; integers wrap. */
  default Tensor mul(Tensor other) {
    return binary(BinaryOp.MUL, other);
  }

  /** {@link #mul(Tensor)} with a scalar. */
  default Tensor mul(double other) {
    return binary(BinaryOp.MUL, other);
  }

  /** The IEEE quotient of floats; for integers see {@link #floorDivide(Tensor)}. */
  default Tensor div(Tensor other) {
    return binary(BinaryOp.DIV, other);
  }

  /** {@link #div(Tensor)} with a scalar. */
  default Tensor div(double other) {
    return binary(BinaryOp.DIV, other);
  }

  /** The quotient rounded towards minus infinity; an integer divided by 0 gives 0. */
  default Tensor floorDivide(Tensor other) {
    return binary(BinaryOp.FLOOR_DIVIDE, other);
  }

  /** {@link #floorDivide(Tensor)} with a scalar. */
  default Tensor floorDivide(double other) {
    return binary(BinaryOp.FLOOR_DIVIDE, other);
  }

  /**
   * The remainder with the divisor's sign, zeros included; an integer modulo 0 is 0. Of floats it is {@code x - floor(x / y) * y} with
   * the product unrounded, which is exact while {@code |x / y|} is below 2^24 (f64: 2^53).
   */
  default Tensor remainder(Tensor other) {
    return binary(BinaryOp.REMAINDER, other);
  }

  /** {@link #remainder(Tensor)} with a scalar. */
  default Tensor remainder(double other) {
    return binary(BinaryOp.REMAINDER, other);
  }

  /** The power of floats. */
  default Tensor pow(Tensor other) {
    return binary(BinaryOp.POW, other);
  }

  /** {@link #pow(Tensor)} with a scalar. */
  default Tensor pow(double other) {
    return binary(BinaryOp.POW, other);
  }

  /** The angle of the point (other, this), in radians. */
  default Tensor atan2(Tensor other) {
    return binary(BinaryOp.ATAN2, other);
  }

  /** The lesser of two; NaN wins. */
  default Tensor minimum(Tensor other) {
    return binary(BinaryOp.MINIMUM, other);
  }

  /** {@link #minimum(Tensor)} with a scalar. */
  default Tensor minimum(double other) {
    return binary(BinaryOp.MINIMUM, other);
  }

  /** The greater of two; NaN wins. */
  default Tensor maximum(Tensor other) {
    return binary(BinaryOp.MAXIMUM, other);
  }

  /** {@link #maximum(Tensor)} with a scalar. */
  default Tensor maximum(double other) {
    return binary(BinaryOp.MAXIMUM, other);
  }

  /** Bitwise and of integers, logical of bools. */
  default Tensor and(Tensor other) {
    return binary(BinaryOp.AND, other);
  }

  /** Bitwise or of integers, logical of bools. */
  default Tensor or(Tensor other) {
    return binary(BinaryOp.OR, other);
  }

  /** Bitwise exclusive or of integers, logical of bools. */
  default Tensor xor(Tensor other) {
    return binary(BinaryOp.XOR, other);
  }

  /** Left shift of integers; an amount outside 0..bits-1 gives 0. */
  default Tensor shiftLeft(Tensor other) {
    return binary(BinaryOp.SHIFT_LEFT, other);
  }

  /** Arithmetic right shift of integers; an amount outside 0..bits-1 gives the sign fill. */
  default Tensor shiftRight(Tensor other) {
    return binary(BinaryOp.SHIFT_RIGHT, other);
  }

  /** Whether equal, as bool. */
  default Tensor equal(Tensor other) {
    return binary(BinaryOp.EQUAL, other);
  }

  /** {@link #equal(Tensor)} with a scalar. */
  default Tensor equal(double other) {
    return binary(BinaryOp.EQUAL, other);
  }

  /** Whether not equal, as bool. */
  default Tensor notEqual(Tensor other) {
    return binary(BinaryOp.NOT_EQUAL, other);
  }

  /** {@link #notEqual(Tensor)} with a scalar. */
  default Tensor notEqual(double other) {
    return binary(BinaryOp.NOT_EQUAL, other);
  }

  /** Whether this is less, as bool. */
  default Tensor less(Tensor other) {
    return binary(BinaryOp.LESS, other);
  }

  /** {@link #less(Tensor)} with a scalar. */
  default Tensor less(double other) {
    return binary(BinaryOp.LESS, other);
  }

  /** Whether this is less or equal, as bool. */
  default Tensor lessEqual(Tensor other) {
    return binary(BinaryOp.LESS_EQUAL, other);
  }

  /** {@link #lessEqual(Tensor)} with a scalar. */
  default Tensor lessEqual(double other) {
    return binary(BinaryOp.LESS_EQUAL, other);
  }

  /** Whether this is greater, as bool. */
  default Tensor greater(Tensor other) {
    Nodes.checkPair("greater", self(), other);
    return other.less(self());
  }

  /** {@link #greater(Tensor)} with a scalar. */
  default Tensor greater(double other) {
    return Nodes.binary("greater", BinaryOp.LESS, other, self());
  }

  /** Whether this is greater or equal, as bool. */
  default Tensor greaterEqual(Tensor other) {
    Nodes.checkPair("greaterEqual", self(), other);
    return other.lessEqual(self());
  }

  /** {@link #greaterEqual(Tensor)} with a scalar. */
  default Tensor greaterEqual(double other) {
    return Nodes.binary("greaterEqual", BinaryOp.LESS_EQUAL, other, self());
  }

  /** {@code value - this}. */
  default Tensor rsub(double value) {
    return Nodes.binary(BinaryOp.SUB, value, self());
  }

  /** {@code value / this}. */
  default Tensor rdiv(double value) {
    return Nodes.binary(BinaryOp.DIV, value, self());
  }

  /** {@code this * this}. */
  default Tensor square() {
    return self().mul(self());
  }

  /** {@code 1 / this} of floats. */
  default Tensor reciprocal() {
    return rdiv(1);
  }

  /** {@code 1 / sqrt(this)} of floats: two roundings, and for f16 and bf16, which are computed in f32, one more. */
  default Tensor rsqrt() {
    return Nodes.composite(() -> Nodes.wide(self()).sqrt().reciprocal().cast(self().dtype()));
  }

  /** {@code this * b + c} of floats with one rounding; operands broadcast. */
  default Tensor fma(Tensor b, Tensor c) {
    Device device = Nodes.device("fma", self(), b, c);
    DType product = ShapeInference.promote("fma", self().dtype(), b.dtype());
    DType t = ShapeInference.promote("fma", product, c.dtype());
    Shape s = ShapeInference.broadcastShape("fma", self().shape(), b.shape());
    Shape all = ShapeInference.broadcastShape("fma", s, c.shape());
    Node sum = Node.of(new Op.Fma(), Nodes.fit(self(), t, all), Nodes.fit(b, t, all), Nodes.fit(c, t, all));
    return Tensor.ofNode(sum, device);
  }

  /** {@code this + weight * (other - this)}. */
  default Tensor lerp(Tensor other, Tensor weight) {
    return Nodes.composite(() -> other.sub(self()).fma(weight, self()));
  }

  /** Limits the elements to {@code low .. high}; NaN stays NaN; where low exceeds high the result is high. */
  default Tensor clip(double low, double high) {
    return Nodes.composite(() -> maximum(low).minimum(high));
  }

  /** Whether a float is an infinity, as bool. */
  default Tensor isInf() {
    Nodes.requireFloat("isInf", self());
    return Nodes.composite(() -> abs().equal(Double.POSITIVE_INFINITY));
  }

  /** Whether a float is neither infinite nor NaN, as bool. */
  default Tensor isFinite() {
    Nodes.requireFloat("isFinite", self());
    return Nodes.composite(() -> abs().less(Double.POSITIVE_INFINITY));
  }

  /**
   * The length of the vector (this, other): {@code sqrt(this^2 + other^2)}, scaled so that it does not
   * overflow early.
   */
  default Tensor hypot(Tensor other) {
    Nodes.requireFloat("hypot", self());
    return Nodes.composite(
        () -> {
          Tensor x = Nodes.wide(abs());
          Tensor y = Nodes.wide(other.abs());
          Tensor big = x.maximum(y);
          Tensor length = big.mul(x.minimum(y).div(big).square().add(1).sqrt());
          Tensor plain = where(big.equal(0), big, length);
          Tensor inf = x.isInf().or(y.isInf());
          DType result = ShapeInference.promote("hypot", self().dtype(), other.dtype());
          return where(inf, plain.fullLike(Double.POSITIVE_INFINITY), plain).cast(result);
        });
  }

  /** The magnitude of this with the sign of the other, which may be a zero; floats. */
  default Tensor copySign(Tensor other) {
    Nodes.requireFloat("copySign", self());
    DType t = ShapeInference.promote("copySign", self().dtype(), other.dtype());
    return Nodes.composite(
        () -> {
          Tensor sign = Nodes.wide(other);
          Tensor negative = sign.bitcast(sign.dtype().bitsType()).less(0);
          Tensor magnitude = abs().cast(t);
          return where(negative, magnitude.neg(), magnitude);
        });
  }

  /**
   * The elements as another dtype: floats round once to nearest even; floats to integers truncate and
   * saturate, NaN giving 0; integers wrap; as bool all but zero is true.
   */
  default Tensor cast(DType dtype) {
    return dtype == self().dtype() ? self() : Tensor.apply(new Op.Cast(dtype), self());
  }

  /**
   * The same bits as another dtype.
   *
   * @throws DTypeException unless both have the same size
   */
  default Tensor bitcast(DType dtype) {
    return dtype == self().dtype() ? self() : Tensor.apply(new Op.Bitcast(dtype), self());
  }

  /** Zeros of this tensor's dtype and shape. */
  default Tensor zerosLike() {
    return fullLike(0);
  }

  /** Ones of this tensor's dtype and shape. */
  default Tensor onesLike() {
    return fullLike(1);
  }

  /** One value everywhere, of this tensor's dtype and shape. */
  default Tensor fullLike(double value) {
    return Tensor.ofNode(Nodes.constant("fullLike", self().dtype(), value, self().shape()), self().device());
  }
}
