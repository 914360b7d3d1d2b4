package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Rounds runs of F32 to BF16 as {@link Results#toBf16} does; to be used when {@link Halves} are ready. */
final class VectorNarrowing {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final VectorSpecies<Float> F32 = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> I16 =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F32.vectorBitSize() / 2));
  private static final int LANES = F32.length();
  private static final int INFINITY = 0x7f800000;
  private static final int QUIET = 0x40;

  private VectorNarrowing() {}

  /** Rounds the whole vectors among {@code count} adjacent values; returns how many values these are. */
  static int toBf16(MemorySegment fromMemory, long fromOffset, int count, MemorySegment toMemory, long toOffset) {
    MemorySegment from = OffHeap.NATIVE.cast(fromMemory);
    MemorySegment to = OffHeap.NATIVE.cast(toMemory);
    int whole = F32.loopBound(count);
    for (int i = 0; i < whole; i += LANES) {
      IntVector bits = FloatVector.fromMemorySegment(F32, from, fromOffset + i * 4L, ORDER).reinterpretAsInts();
      IntVector high = bits.lanewise(VectorOperators.LSHR, 16);
      IntVector rounded = high.and(1).add(0x7fff).add(bits).lanewise(VectorOperators.LSHR, 16);
      // All ones where the value is a NaN; masks would cost more.
      IntVector nan = bits.and(Integer.MAX_VALUE).neg().add(INFINITY).lanewise(VectorOperators.ASHR, 31);
      IntVector result = rounded.and(nan.not()).or(high.or(QUIET).and(nan));
      ((ShortVector) result.convertShape(VectorOperators.I2S, I16, 0))
          .intoMemorySegment(to, toOffset + i * 2L, ORDER);
    }
    return whole;
  }
}
