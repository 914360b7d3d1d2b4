package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.DeviceMemoryException;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A pool holds no more than it may, and gives unused blocks back before it says so. */
final class CpuMemoryTest {
  private static final long MIB = 1 << 20;

  @Test
  void holdsNoMoreThanItsLimit() {
    try (CpuMemory memory = new CpuMemory(64 * MIB, 8 * MIB)) {
      HostBuffer first = memory.allocate(4 * MIB);
      DeviceMemoryException refused = assertThrows(DeviceMemoryException.class, () -> memory.allocate(5 * MIB));
      assertTrue(refused.getMessage().contains(5 * MIB + " bytes"), refused.getMessage());
      assertTrue(refused.getMessage().contains("it holds " + 4 * MIB + " bytes of " + 8 * MIB + "; "), refused.getMessage());
      HostBuffer second = memory.allocate(3 * MIB);
      memory.free(first);
      memory.free(second);
      assertEquals(7 * MIB, memory.stats().pooledBytes());
      HostBuffer whole = memory.allocate(8 * MIB); // of what neither block is large enough for
      assertEquals(0, memory.stats().pooledBytes());
      memory.free(whole);
    }
  }

  @Test
  void givesBackWhatLiesUnusedBeyondItsLimit() {
    try (CpuMemory memory = new CpuMemory(5 * MIB, 64 * MIB)) {
      List<HostBuffer> buffers = Stream.of(4L, 3L, 2L, 1L).map(m -> memory.allocate(m * MIB)).toList();
      buffers.forEach(memory::free);
      assertEquals(3 * MIB, memory.stats().pooledBytes()); // the largest went first
      memory.trim(0);
      assertEquals(0, memory.stats().pooledBytes());
    }
  }

  @Test
  void smallBlocksCountByTheirChunk() {
    try (CpuMemory memory = new CpuMemory(64 * MIB, 6 * MIB)) {
      HostBuffer small = memory.allocate(100);
      assertThrows(DeviceMemoryException.class, () -> memory.allocate(4 * MIB));
      memory.free(memory.allocate(2 * MIB));
      memory.free(small);
    }
  }

  @Test
  void newBlocksOfAllSizesAreZerosAndCanBeWritten() {
    try (CpuMemory memory = new CpuMemory(0, 1L << 40)) {
      for (long bytes : new long[] {1, 4096, 256 << 10, (256 << 10) + 1, MIB, 3 * MIB, 4 * MIB, 9 * MIB + 8}) {
        HostBuffer b = memory.allocate(bytes);
        for (long i = 0; i < bytes; i += 509) {
          assertEquals(0, b.segment().get(ValueLayout.JAVA_BYTE, i));
        }
        b.segment().fill((byte) 7);
        assertEquals(7, b.segment().get(ValueLayout.JAVA_BYTE, bytes - 1));
        assertEquals(0, b.segment().address() % 64);
        memory.free(b);
      }
    }
  }
}
