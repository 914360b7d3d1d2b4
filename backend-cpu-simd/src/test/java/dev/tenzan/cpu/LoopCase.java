package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.fail;

import dev.tenzan.conformance.StoredElements;
import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Runs a loop kernel on a backend and on the oracle, and compares all bits, those around the outputs included. */
final class LoopCase {
  private static final int GUARD = 67;

  private LoopCase() {}

  /** What the buffers hold before a run. */
  @FunctionalInterface
  interface Elements {
    /** The bits of an element of a buffer, inputs first. */
    long get(DType type, int buffer, int element);
  }

  static void check(String name, LoopKernel k, CpuBackend backend, Random random) {
    check(name, k, backend, (type, _, _) -> StoredElements.random(type, random));
  }

  static void check(String name, LoopKernel k, CpuBackend backend, Elements elements) {
    long[] bytes = LoopFootprint.of(k).bytes();
    List<DType> types = new ArrayList<>(k.inputs());
    types.addAll(k.outputs());
    List<long[]> expected = new ArrayList<>();
    List<Buffer> buffers = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < types.size(); i++) {
        DType type = types.get(i);
        int n = (int) (bytes[i] / type.byteSize()) + (i < k.inputs().size() ? 0 : GUARD);
        long[] values = new long[n];
        MemorySegment host = arena.allocate(Math.max(1, (long) n * type.byteSize()), 8);
        for (int e = 0; e < n; e++) {
          values[e] = elements.get(type, i, e);
          StoredElements.write(type, host, e, values[e]);
        }
        expected.add(values);
        Buffer buffer = backend.allocate(0, (long) n * type.byteSize());
        backend.copyIn(host.asSlice(0, (long) n * type.byteSize()), buffer, 0);
        buffers.add(buffer);
      }
      int inputs = k.inputs().size();
      LoopOracle.run(k, expected.subList(0, inputs), expected.subList(inputs, expected.size()));
      for (int repeat = 0; repeat < 2; repeat++) {
        backend.launch(backend.compile(0, k), buffers);
        for (int i = inputs; i < types.size(); i++) {
          compare(name, k, types.get(i), i - inputs, expected.get(i), buffers.get(i), backend, arena);
        }
      }
    } finally {
      buffers.forEach(backend::free);
    }
  }

  private static void compare(
      String name, LoopKernel k, DType type, int output, long[] expected, Buffer buffer, CpuBackend backend, Arena arena) {
    MemorySegment host = arena.allocate(Math.max(1, buffer.byteSize()), 8);
    backend.copyOut(buffer, 0, host.asSlice(0, buffer.byteSize()));
    for (int e = 0; e < expected.length; e++) {
      long actual = StoredElements.read(type, host, e);
      if (!StoredElements.same(type, expected[e], actual)) {
        fail(
            "%s: output %d (%s), element %d: expected %x, got %x%n%s"
                .formatted(name, output, type, e, expected[e], actual, k));
      }
    }
  }
}
