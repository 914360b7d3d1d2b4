package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.fail;

import dev.tenzan.conformance.RandomLoop;
import dev.tenzan.conformance.StoredElements;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.plan.Planner;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Random loop kernels on the OpenCL device and on the reference backend, bit for bit, with what lies around the outputs. */
class LoopDifferentialTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20260101);

  /** Each case compiles a program, so there are few; more on request. */
  private static final int CASES = Integer.getInteger("tenzan.test.cases", 12);

  private static final int GUARD = 67;

  private static void run(String mode, UnaryOperator<DeviceFacts> facts, boolean reduce, long points, int ops) {
    Runtimes.assumeAvailable();
    try (OpenClBackend opencl = new OpenClBackend(SeenAs.with(new JoclDriver(), facts), null);
        ReferenceBackend reference = new ReferenceBackend()) {
      for (int c = 0; c < CASES; c++) {
        long seed = SEED + c;
        LoopKernel k = new RandomLoop(new Random(seed), points, ops).next(reduce);
        List<Long> bytes = Planner.plan(k, Style.of(opencl.facts(0))).bytes();
        List<byte[]> expected = launch(reference, k, bytes, seed);
        List<byte[]> actual = launch(opencl, k, bytes, seed);
        compare(mode + " seed " + seed, k, expected, actual);
      }
    }
    System.out.println("seeds " + SEED + " to " + (SEED + CASES - 1) + ", " + mode);
  }

  private static List<byte[]> launch(Backend backend, LoopKernel k, List<Long> bytes, long seed) {
    Random random = new Random(seed);
    List<DType> types = new ArrayList<>(k.inputs());
    types.addAll(k.outputs());
    List<Buffer> buffers = new ArrayList<>();
    List<byte[]> results = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < types.size(); i++) {
        DType type = types.get(i);
        int n = (int) (bytes.get(i) / type.byteSize()) + (i < k.inputs().size() ? 0 : GUARD);
        MemorySegment host = arena.allocate(Math.max(1, (long) n * type.byteSize()), 8);
        for (int e = 0; e < n; e++) {
          StoredElements.write(type, host, e, StoredElements.random(type, random));
        }
        Buffer b = backend.allocate(0, (long) n * type.byteSize());
        buffers.add(b);
        backend.copyIn(host.asSlice(0, b.byteSize()), b, 0);
      }
      backend.launch(backend.compile(0, k), buffers);
      for (Buffer b : buffers.subList(k.inputs().size(), buffers.size())) {
        byte[] out = new byte[(int) b.byteSize()];
        backend.copyOut(b, 0, MemorySegment.ofArray(out));
        results.add(out);
      }
      return results;
    } finally {
      buffers.forEach(backend::free);
    }
  }

  private static void compare(String name, LoopKernel k, List<byte[]> expected, List<byte[]> actual) {
    for (int o = 0; o < expected.size(); o++) {
      DType type = k.outputs().get(o);
      MemorySegment e = MemorySegment.ofArray(expected.get(o));
      MemorySegment a = MemorySegment.ofArray(actual.get(o));
      for (long i = 0; i < e.byteSize() / type.byteSize(); i++) {
        long x = StoredElements.read(type, e, i);
        long y = StoredElements.read(type, a, i);
        if (!StoredElements.same(type, x, y)) {
          fail("%s: output %d (%s), element %d: expected %x, got %x%n%s".formatted(name, o, type, i, x, y, k));
        }
      }
    }
  }

  @Test
  void maps() {
    run("map", f -> f, false, 400, 12);
  }

  @Test
  void reductions() {
    run("reduction", f -> f, true, 9000, 8);
  }

  @Test
  void mapsForGraphicsProcessors() {
    run("gpu map", SeenAs::gpu, false, 400, 12);
  }

  @Test
  void reductionsForGraphicsProcessors() {
    run("gpu reduction", SeenAs::gpu, true, 9000, 8);
  }

  @Test
  void mapsAndReductionsForFpgas() {
    System.setProperty(Style.PROPERTY, "fpga");
    try {
      run("fpga map", f -> f, false, 400, 12);
      run("fpga reduction", f -> f, true, 9000, 8);
    } finally {
      System.clearProperty(Style.PROPERTY);
    }
  }

  @Test
  void numbersInTheText() {
    run("literal reduction", SeenAs::fewArguments, true, 9000, 8);
  }
}
