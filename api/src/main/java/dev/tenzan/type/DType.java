package dev.tenzan.type;

import org.jspecify.annotations.Nullable;

/**
 * The element type of a tensor.
 *
 * <p>Storage and arithmetic are told apart: {@link #F16} and {@link #BF16} are stored in 16 bits and computed in
 * {@link #F32} with one rounding after each operation; {@link #I8}, {@link #I16} and {@link #U8} are computed in
 * {@link #I32} and wrapped after each operation. {@link #compute()} names the arithmetic type.
 */
public enum DType {
  /** IEEE 754 binary64. */
  F64(8, Kind.FLOAT),
  /** IEEE 754 binary32. */
  F32(4, Kind.FLOAT),
  /** IEEE 754 binary16. */
  F16(2, Kind.FLOAT),
  /** The upper half of a binary32: 8 exponent bits, 7 stored mantissa bits. */
  BF16(2, Kind.FLOAT),
  /** Two's complement, 64 bits. */
  I64(8, Kind.INT),
  /** Two's complement, 32 bits. */
  I32(4, Kind.INT),
  /** Two's complement, 16 bits. */
  I16(2, Kind.INT),
  /** Two's complement, 8 bits. */
  I8(1, Kind.INT),
  /** Unsigned, 8 bits. */
  U8(1, Kind.INT),
  /** One byte: 0 is false, 1 is true. */
  BOOL(1, Kind.BOOL);

  /** The three kinds of element types; operations never mix them without a cast. */
  public enum Kind {
    /** Floating point. */
    FLOAT,
    /** Signed or unsigned integer. */
    INT,
    /** Truth value. */
    BOOL
  }

  private final int byteSize;
  private final Kind kind;

  DType(int byteSize, Kind kind) {
    this.byteSize = byteSize;
    this.kind = kind;
  }

  /** The size of one stored element in bytes. */
  public int byteSize() {
    return byteSize;
  }

  /** The kind of this type. */
  public Kind kind() {
    return kind;
  }

  /** Whether this is a floating-point type. */
  public boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /** Whether this is an integer type (not {@link #BOOL}). */
  public boolean isInt() {
    return kind == Kind.INT;
  }

  /** The type in which elements of this type are computed: one of F64, F32, I64, I32, BOOL. */
  public DType compute() {
    return switch (this) {
      case F64, F32, I64, I32, BOOL -> this;
      case F16, BF16 -> F32;
      case I16, I8, U8 -> I32;
    };
  }

  /** The signed integer type of the same size as the compute type: where a float's bits are looked at. */
  public DType bitsType() {
    return byteSize == 8 ? I64 : I32;
  }

  /** The lower-case name used in messages, reports and files, for example {@code f32}. */
  public String label() {
    return switch (this) {
      case F64 -> "f64";
      case F32 -> "f32";
      case F16 -> "f16";
      case BF16 -> "bf16";
      case I64 -> "i64";
      case I32 -> "i32";
      case I16 -> "i16";
      case I8 -> "i8";
      case U8 -> "u8";
      case BOOL -> "bool";
    };
  }

  /**
   * The common type of two operands by the type-promotion table of the Python array API standard (2023.12), with f16
   * and bf16 joining at f32; or {@code null} where their kinds differ.
   */
  public static @Nullable DType promote(DType a, DType b) {
    if (a == b) {
      return a;
    }
    if (a.kind != b.kind) {
      return null;
    }
    if (a.kind == Kind.FLOAT) {
      if (a == F64 || b == F64) {
        return F64;
      }
      return F32;
    }
    if (a == U8 || b == U8) {
      DType other = a == U8 ? b : a;
      return other == I8 ? I16 : other;
    }
    return a.byteSize >= b.byteSize ? a : b;
  }

  @Override
  public String toString() {
    return label();
  }
}
