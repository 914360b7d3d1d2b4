package dev.tenzan.scalar;

import dev.tenzan.type.DType;

/** How two values are combined by a reduction, a scan or a scatter. */
public enum ReduceOp {
  /** Addition; starts from 0. */
  SUM(ScalarOp.ADD),
  /** Multiplication; starts from 1. */
  PROD(ScalarOp.MUL),
  /** The least (IEEE 754-2019 minimum; NaN wins); starts from the greatest value of the type. */
  MIN(ScalarOp.MIN),
  /** The greatest (IEEE 754-2019 maximum; NaN wins); starts from the least value of the type. */
  MAX(ScalarOp.MAX);

  private final ScalarOp combine;

  ReduceOp(ScalarOp combine) {
    this.combine = combine;
  }

  /** The scalar operation that combines two values; on BOOL, MIN is "all" and MAX is "any". */
  public ScalarOp combine() {
    return combine;
  }

  /** Whether the order of combination cannot change the bits for values of this compute type. */
  public boolean orderFree(DType compute) {
    return this == MIN || this == MAX || !compute.isFloat();
  }

  /** The bits (see {@link Instr.Const}) that a reduction starts from, for a compute type. */
  public long identity(DType compute) {
    return switch (this) {
      case SUM -> 0;
      case PROD ->
          switch (compute) {
            case F64 -> Double.doubleToRawLongBits(1);
            case F32 -> Float.floatToRawIntBits(1);
            case I64, I32, BOOL, F16, BF16, I16, I8, U8 -> 1;
          };
      case MIN ->
          switch (compute) {
            case F64 -> Double.doubleToRawLongBits(Double.POSITIVE_INFINITY);
            case F32 -> Float.floatToRawIntBits(Float.POSITIVE_INFINITY);
            case I64 -> Long.MAX_VALUE;
            case I32, F16, BF16, I16, I8, U8 -> Integer.MAX_VALUE;
            case BOOL -> 1;
          };
      case MAX ->
          switch (compute) {
            case F64 -> Double.doubleToRawLongBits(Double.NEGATIVE_INFINITY);
            case F32 -> Float.floatToRawIntBits(Float.NEGATIVE_INFINITY);
            case I64 -> Long.MIN_VALUE;
            case I32, F16, BF16, I16, I8, U8 -> Integer.MIN_VALUE;
            case BOOL -> 0;
          };
    };
  }
}
