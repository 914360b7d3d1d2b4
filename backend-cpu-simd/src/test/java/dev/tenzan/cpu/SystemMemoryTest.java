package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Large blocks begin at a large page, are filled with zeros, and Linux was asked where it can be. */
final class SystemMemoryTest {
  private static final long BYTES = 3 * SystemMemory.PAGE + 4096 + 64;

  @Test
  void blocksAreZerosAtALargePage() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment block = SystemMemory.allocate(arena, BYTES);
      assertEquals(BYTES, block.byteSize());
      assertEquals(0, block.address() % SystemMemory.PAGE);
      for (long i = 0; i < BYTES; i += 8) {
        assertEquals(0, block.get(ValueLayout.JAVA_LONG, i), "byte " + i);
      }
      block.fill((byte) 1);
      assertEquals(1, block.get(ValueLayout.JAVA_BYTE, BYTES - 1));
    }
  }

  /** Nothing else calls the collector here: 4 GiB of addresses, none of them touched, are no garbage on the heap. */
  @Test
  void theCollectorIsCalledForWhatItGivesBack() throws InterruptedException {
    long most = SystemMemory.collectedBytes() + (2L << 30); // other tests' are there too
    for (int i = 0; i < 64; i++) {
      assertEquals(64 << 20, SystemMemory.allocateCollected(64 << 20).byteSize());
    }
    for (int i = 0; i < 100 && SystemMemory.collectedBytes() > most; i++) {
      Thread.sleep(50); // its cleaner works beside this thread
    }
    assertTrue(SystemMemory.collectedBytes() <= most, SystemMemory.collectedBytes() + " bytes are mapped");
  }

  @Test
  void linuxWasAsked() throws IOException {
    String obstacle = SystemMemory.obstacleToLargePages();
    System.out.println("large pages: " + (obstacle.isEmpty() ? "yes" : "no: " + obstacle));
    assertFalse(obstacle.contains("--enable-native-access"), "the tests run with native access");
    if (!obstacle.isEmpty()) {
      return;
    }
    try (Arena arena = Arena.ofShared()) {
      MemorySegment block = SystemMemory.allocate(arena, BYTES);
      assertTrue(flags(block.address() + SystemMemory.PAGE).contains("hg"), "no huge pages asked for");
    }
  }

  /** The flags of the mapping at an address, from proc_pid_smaps(5). */
  private static List<String> flags(long address) throws IOException {
    boolean inside = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        String[] ends = line.split(" ")[0].split("-");
        inside =
            Long.compareUnsigned(address, Long.parseUnsignedLong(ends[0], 16)) >= 0
                && Long.compareUnsigned(address, Long.parseUnsignedLong(ends[1], 16)) < 0;
      } else if (inside && line.startsWith("VmFlags:")) {
        return List.of(line.substring("VmFlags:".length()).strip().split(" "));
      }
    }
    throw new AssertionError("no mapping at " + Long.toHexString(address));
  }
}
