package dev.tenzan.cpu.machine;

/**
 * The width of a vector's lanes, and how many there are.
 *
 * @param wide whether lanes are of 64 bits, or else of 32
 * @param lanes 16, 8 or 4
 */
public record VectorForm(boolean wide, int lanes) {
  /** The bytes of a lane. */
  public int laneBytes() {
    return wide ? Long.BYTES : Integer.BYTES;
  }

  /** The bytes of a vector. */
  int bytes() {
    return lanes * laneBytes();
  }

  /** The vector length in the form of EVEX: 0 for 128 bits, 1 for 256, 2 for 512. */
  int length() {
    return Integer.numberOfTrailingZeros(bytes()) - 4;
  }
}
