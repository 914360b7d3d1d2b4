package dev.tenzan.cpu.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/** Compares rounding to BF16 by vectors with the scalar rounding, bit by bit. */
final class VectorNarrowingTest {
  private static final int[] LOW = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};

  @Test
  void everyUpperHalfWithLowHalvesThatRoundAndTie() {
    int count = 1 << 16;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocate(count * 4L, 64);
      MemorySegment to = arena.allocate(count * 2L, 64);
      for (int low : LOW) {
        for (int high = 0; high < count; high++) {
          from.setAtIndex(ValueLayout.JAVA_INT, high, high << 16 | low);
        }
        assertEquals(count, VectorNarrowing.toBf16(from, 0, count, to, 0));
        check(from, to, count);
      }
    }
  }

  @Test
  void wholeVectorsOnly() {
    SplittableRandom random = new SplittableRandom(1);
    int lanes = FloatVector.SPECIES_PREFERRED.length();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocate(100 * 4L, 64);
      MemorySegment to = arena.allocate(100 * 2L, 64);
      for (int i = 0; i < 100; i++) {
        from.setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt());
      }
      for (int count = 0; count < 100; count++) {
        to.fill((byte) 0x7b);
        int done = VectorNarrowing.toBf16(from, 0, count, to, 0);
        assertEquals(count / lanes * lanes, done);
        check(from, to, done);
        for (int i = done; i < 100; i++) {
          assertEquals(0x7b7b, to.getAtIndex(ValueLayout.JAVA_SHORT, i), "element " + i + " of " + count);
        }
      }
    }
  }

  private static void check(MemorySegment from, MemorySegment to, int count) {
    for (int i = 0; i < count; i++) {
      int bits = from.getAtIndex(ValueLayout.JAVA_INT, i);
      short expected = Results.toBf16(Float.intBitsToFloat(bits));
      short actual = to.getAtIndex(ValueLayout.JAVA_SHORT, i);
      if (expected != actual) {
        assertEquals(expected, actual, () -> Integer.toHexString(bits));
      }
    }
  }
}
