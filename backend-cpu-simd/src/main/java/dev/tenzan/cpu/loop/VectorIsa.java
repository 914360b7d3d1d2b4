package dev.tenzan.cpu.loop;

import org.jspecify.annotations.Nullable;

/**
 * What the vectors of this machine can do.
 *
 * @param bits the width of a vector: 128, 256 or 512
 * @param longFloatConversions whether vectors convert between 64-bit integers and floats in hardware
 * @param selectFromTwo whether one instruction selects lanes from two vectors
 */
public record VectorIsa(int bits, boolean longFloatConversions, boolean selectFromTwo) {
  /** What vectors of a width can do; the rest came with AVX-512. */
  public static VectorIsa ofBits(int bits) {
    return new VectorIsa(bits, bits >= 512, bits >= 512);
  }

  /** What vectors of half the width can do on the same machine, or null where that would be too narrow. */
  @Nullable VectorIsa half() {
    return bits >= 256 ? new VectorIsa(bits / 2, longFloatConversions, selectFromTwo) : null;
  }
}
