package dev.tenzan.cpu.loop;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the vectors of this machine can do.
 *
 * @param bits the width of a vector: 128, 256 or 512
 * @param longFloatConversions whether vectors convert between 64-bit integers and floats in hardware
 * @param selectFromTwo whether one instruction selects lanes from two vectors
 * @param longExtremes whether one instruction gives the smaller or larger of two 64-bit integers
 * @param floatExtremes whether one instruction gives the smaller or larger of two floats as Java defines it, NaN and -0 included
 */
public record VectorIsa(
    int bits, boolean longFloatConversions, boolean selectFromTwo, boolean longExtremes, boolean floatExtremes) {
  /** What vectors of a width can do on this processor; on x86 the rest came with AVX-512. */
  public static VectorIsa ofBits(int bits) {
    boolean x86 = List.of("amd64", "x86_64").contains(System.getProperty("os.arch"));
    return new VectorIsa(bits, bits >= 512, bits >= 512, bits >= 512, !x86);
  }

  /** What vectors of half the width can do on the same machine, or null where that would be too narrow. */
  @Nullable VectorIsa half() {
    return bits >= 256 ? new VectorIsa(bits / 2, longFloatConversions, selectFromTwo, longExtremes, floatExtremes) : null;
  }
}
