package dev.tenzan.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.MemoryStats;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReferenceBackendTest {
  private static final long LIMIT = 1 << 16;

  private final ReferenceBackend backend = new ReferenceBackend(LIMIT);

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void isAlwaysAvailable() {
    ReferenceProvider provider = new ReferenceProvider();
    assertTrue(provider.availability().available());
    assertEquals(0, provider.priority());
    try (Backend opened = provider.open()) {
      assertEquals("reference", opened.name());
      assertEquals(provider.name(), opened.name());
      assertEquals(1, opened.devices().size());
    }
  }

  @Test
  void copiesAtOffsets() {
    Buffer b = backend.allocate(0, 8);
    backend.copyIn(MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}), b, 0);
    backend.copyIn(MemorySegment.ofArray(new byte[] {9, 9}), b, 3);
    byte[] out = new byte[5];
    backend.copyOut(b, 2, MemorySegment.ofArray(out));
    assertArrayEquals(new byte[] {3, 9, 9, 6, 7}, out);
    MemorySegment nine = MemorySegment.ofArray(new byte[9]);
    assertThrows(DeviceException.class, () -> backend.copyIn(nine, b, 0));
    assertThrows(DeviceException.class, () -> backend.copyOut(b, 7, MemorySegment.ofArray(out)));
    assertThrows(DeviceException.class, () -> backend.copyOut(b, -1, MemorySegment.ofArray(out)));
  }

  @Test
  void countsMemory() {
    assertEquals(new MemoryStats(0, 0, 0, 0), backend.memory(0));
    Buffer a = backend.allocate(0, 100);
    Buffer b = backend.allocate(0, 1000);
    assertEquals(1100, backend.memory(0).liveBytes());
    backend.free(b);
    MemoryStats stats = backend.memory(0);
    assertEquals(100, stats.liveBytes());
    assertTrue(stats.pooledBytes() >= 1000, stats.toString());
    backend.free(backend.allocate(0, 990));
    assertEquals(stats.pooledBytes(), backend.memory(0).pooledBytes());
    assertEquals(1100, backend.memory(0).peakBytes());
    assertEquals(3, backend.memory(0).allocations());
    backend.free(a);
    assertEquals(0, backend.memory(0).liveBytes());
  }

  @Test
  void namesSizeAndRemedyWhenExhausted() {
    Buffer half = backend.allocate(0, LIMIT / 2);
    DeviceMemoryException e =
        assertThrows(DeviceMemoryException.class, () -> backend.allocate(0, LIMIT / 2 + 1));
    assertTrue(e.toString().contains(LIMIT / 2 + 1 + " bytes"), e.toString());
    assertTrue(e.toString().contains("-Dtenzan.reference.memory"), e.toString());
    assertThrows(DeviceMemoryException.class, () -> backend.allocate(0, Long.MAX_VALUE));
    assertThrows(DeviceMemoryException.class, () -> backend.allocate(0, -1));
    // What is kept for reuse makes room.
    backend.free(half);
    Buffer all = backend.allocate(0, LIMIT);
    assertEquals(0, backend.memory(0).pooledBytes());
    backend.free(all);
  }

  @Test
  void refusesFreedForeignAndClosed() {
    Buffer b = backend.allocate(0, 4);
    backend.free(b);
    assertThrows(ClosedException.class, () -> backend.free(b));
    byte[] host = new byte[4];
    assertThrows(ClosedException.class, () -> backend.copyOut(b, 0, MemorySegment.ofArray(host)));
    try (ReferenceBackend other = new ReferenceBackend(LIMIT)) {
      Buffer foreign = other.allocate(0, 4);
      assertThrows(DeviceException.class, () -> backend.free(foreign));
    }
    assertThrows(DeviceException.class, () -> backend.allocate(1, 4));
    backend.close();
    assertThrows(ClosedException.class, () -> backend.allocate(0, 4));
  }

  @Test
  void checksALaunch() {
    Executable scan = backend.compile(0, new ScanKernel(ReduceOp.SUM, DType.F32, 1, 10, 1));
    Buffer large = backend.allocate(0, 40);
    Buffer small = backend.allocate(0, 39);
    DeviceException e =
        assertThrows(DeviceException.class, () -> backend.launch(scan, List.of(large, small)));
    assertTrue(e.toString().contains("scan: output 0"), e.toString());
    assertThrows(DeviceException.class, () -> backend.launch(scan, List.of(large)));
    assertThrows(DeviceException.class, () -> backend.launch(scan, List.of(large, large)));
    assertFalse(backend.supports(0, new ScanKernel(ReduceOp.SUM, DType.BOOL, 1, 10, 1)).supported());
  }

  @Test
  void alignsTo64Bytes() {
    for (long bytes : new long[] {0, 1, 63, 65, 1000, 5000}) {
      HostBuffer b = (HostBuffer) backend.allocate(0, bytes);
      assertEquals(0, b.segment().address() % 64);
      assertEquals(bytes, b.byteSize());
    }
    try (Arena arena = Arena.ofConfined()) {
      Buffer b = backend.allocate(0, 4);
      backend.copyIn(arena.allocate(4), b, 0);
    }
  }
}
