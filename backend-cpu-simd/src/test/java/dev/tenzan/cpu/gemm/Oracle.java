package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;

/**
 * The sum of products of one element as the semantics define it, written out without any cleverness: blocks
 * of 256 products, each a chain of fused multiply-adds from +0, and the blocks' sums added in order.
 */
final class Oracle {
  private static final int BLOCK = 256;

  private final DType type;
  private final DType output;
  private float f32;
  private float f32Sum;
  private double f64;
  private double f64Sum;
  private long integer;
  private int steps;
  private int blocks;

  Oracle(DType type, DType output) {
    this.type = type;
    this.output = output;
  }

  void add(double a, double b) {
    if (steps == BLOCK) {
      endBlock();
    }
    f32 = Math.fma((float) a, (float) b, f32);
    f64 = Math.fma(a, b, f64);
    steps++;
  }

  void add(long a, long b) {
    integer += a * b;
  }

  private void endBlock() {
    f32Sum = blocks == 0 ? f32 : f32Sum + f32;
    f64Sum = blocks == 0 ? f64 : f64Sum + f64;
    f32 = 0;
    f64 = 0;
    steps = 0;
    blocks++;
  }

  /** The result's bits in the manner of {@link Operands#bits}. */
  long bits() {
    if (steps > 0) {
      endBlock();
    }
    return switch (type) {
      case F64 -> Double.doubleToLongBits(f64Sum);
      case F32 -> Double.doubleToLongBits(f32Sum);
      case F16 -> Double.doubleToLongBits(Float.float16ToFloat(Float.floatToFloat16(f32Sum)));
      case BF16 -> Double.doubleToLongBits(roundToBf16(f32Sum));
      case I64, I32, I16, I8, U8 ->
          switch (output) {
            case I64 -> integer;
            case I32 -> (int) integer;
            case I16 -> (short) integer;
            case I8 -> (byte) integer;
            case U8 -> integer & 0xff;
            case F64, F32, F16, BF16, BOOL -> throw new IllegalArgumentException(output.label());
          };
      case BOOL -> throw new IllegalArgumentException(type.label());
    };
  }

  /** Rounds by looking for the nearer neighbour, not by bit tricks. */
  private static float roundToBf16(float v) {
    if (Float.isNaN(v) || Float.isInfinite(v)) {
      return v;
    }
    int low = Float.floatToRawIntBits(v) & 0xffff0000;
    float down = Float.intBitsToFloat(low);
    float up = Float.intBitsToFloat(low + 0x10000);
    double upExact = Float.isInfinite(up) ? Math.copySign(0x1p128, v) : up;
    double toDown = Math.abs((double) v - down);
    double toUp = Math.abs(upExact - v);
    boolean downIsEven = (low & 0x10000) == 0;
    return toDown < toUp || (toDown == toUp && downIsEven) ? down : up;
  }
}
