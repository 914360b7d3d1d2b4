package dev.tenzan.cuda.driver;

import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** Makes every call of {@link JCudaDriver} on the library of {@code libcuda.c}; run by {@link JCudaDriverTest} in a process of its own. */
final class JCudaDriverMain {
  private static final CudaDriver DRIVER = new JCudaDriver();

  private JCudaDriverMain() {}

  private static void same(String what, Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError(what + ": expected " + expected + ", got " + actual);
    }
  }

  private static DriverError failing(Runnable call) {
    try {
      call.run();
    } catch (DriverError e) {
      return e;
    }
    throw new AssertionError("no error");
  }

  /** Makes the calls, and says so at the end. */
  public static void main(String[] args) {
    same("version", 12_080, DRIVER.start());
    same("devices", 2, DRIVER.deviceCount());
    same("facts", new DeviceFacts("stub 1", 9, 1, 132, 3_000_000_001L, 1_980_000, 49_152, 1024, false), DRIVER.facts(1));
    same("no device", ErrorCodes.INVALID_DEVICE, failing(() -> DRIVER.facts(2)).code());
    same("peers", true, DRIVER.canAccessPeer(0, 1));
    CudaDriver.Context context = DRIVER.retain(0);
    CudaDriver.Stream stream = DRIVER.createStream(context);
    SymbolLookup library = SymbolLookup.libraryLookup("libcuda.so.1", Arena.global());
    same("handle", library.findOrThrow("stream").address(), DRIVER.handle(stream));
    memory(context, stream);
    kernels(context, stream);
    CudaDriver.Event event = DRIVER.createEvent(context);
    DRIVER.record(event, stream);
    DRIVER.await(stream, event);
    DRIVER.synchronize(event);
    DRIVER.release(event);
    same("nothing recorded", ErrorCodes.ILLEGAL_STATE, failing(() -> DRIVER.endCapture(stream)).code());
    DRIVER.beginCapture(stream);
    CudaDriver.Graph graph = DRIVER.endCapture(stream);
    DRIVER.launch(stream, graph);
    DRIVER.release(graph);
    DRIVER.synchronize(stream);
    DRIVER.release(stream);
    DRIVER.release(context);
    System.out.println("every call arrived");
  }

  private static void copiesTakeMemoryOutsideTheHeap(CudaDriver.Stream stream, long block) {
    MemorySegment heap = MemorySegment.ofArray(new byte[8]);
    for (Runnable copy : List.<Runnable>of(() -> DRIVER.copyIn(stream, heap, block), () -> DRIVER.copyOut(stream, block, heap))) {
      try {
        copy.run();
      } catch (IllegalArgumentException e) {
        continue;
      }
      throw new AssertionError("no error");
    }
  }

  private static void memory(CudaDriver.Context context, CudaDriver.Stream stream) {
    same("memory", new CudaDriver.MemoryInfo(1234, 5678), DRIVER.memory(context));
    same("too much", ErrorCodes.OUT_OF_MEMORY, failing(() -> DRIVER.allocate(context, 2_000_000_000)).code());
    long block = DRIVER.allocate(context, 1000);
    CudaDriver.HostMemory host = DRIVER.allocateHost(context, 100);
    MemorySegment bytes = host.segment();
    same("host memory", 100L, bytes.byteSize());
    for (int i = 0; i < 100; i++) {
      bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (i + 1));
    }
    DRIVER.copyIn(stream, bytes.asSlice(10, 50), block + 7); // 11, 12, ... at 7
    DRIVER.copy(stream, block + 8, block + 500, 20); // 12, 13, ... at 500
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment back = arena.allocate(30);
      DRIVER.copyOut(stream, block + 501, back.asSlice(3, 10)); // 13, 14, ... at 3
      same("copied", (byte) 13, back.get(ValueLayout.JAVA_BYTE, 3));
      same("copied", (byte) 22, back.get(ValueLayout.JAVA_BYTE, 12));
      same("not copied", (byte) 0, back.get(ValueLayout.JAVA_BYTE, 2));
      CudaDriver.Context peer = DRIVER.retain(1);
      DRIVER.enablePeerAccess(context, peer); // it was before, which is no error
      same("itself", 201, failing(() -> DRIVER.enablePeerAccess(context, context)).code());
      long other = DRIVER.allocate(peer, 64);
      DRIVER.copyPeer(stream, context, block + 7, peer, other + 1, 5);
      DRIVER.copyOut(stream, other + 1, back.asSlice(0, 5));
      same("from the peer", (byte) 15, back.get(ValueLayout.JAVA_BYTE, 4));
      DRIVER.free(peer, other);
      DRIVER.release(peer);
    }
    copiesTakeMemoryOutsideTheHeap(stream, block);
    DRIVER.free(context, host);
    DRIVER.free(context, block);
  }

  private static void kernels(CudaDriver.Context context, CudaDriver.Stream stream) {
    DriverError e = failing(() -> DRIVER.load(context, "bad".getBytes(StandardCharsets.US_ASCII)));
    same("code", ErrorCodes.INVALID_PTX, e.code());
    same("log", "line 7: the stub does not know bad", e.detail());
    CudaDriver.Module module = DRIVER.load(context, "good".getBytes(StandardCharsets.US_ASCII));
    same("no kernel", ErrorCodes.NOT_FOUND, failing(() -> DRIVER.function(module, "tz_none")).code());
    CudaDriver.Function function = DRIVER.function(module, "tz_stub");
    same("facts", new CudaDriver.FunctionFacts(104, 101, 103, 100), DRIVER.facts(function));
    long in = DRIVER.allocate(context, 400);
    long out = DRIVER.allocate(context, 1000);
    try (Arena arena = Arena.ofConfined()) {
      DRIVER.copyIn(stream, arena.allocateFrom(ValueLayout.JAVA_INT, 5, 6, 7), in + 4);
      DRIVER.launch(stream, function, 70_000, 256, 48, new long[] {out + 8, in + 4, 0xdead_0000_0003L, 1L << 40});
      MemorySegment result = arena.allocate(48, 8);
      DRIVER.copyOut(stream, out + 8, result);
      long[] expected = {(1L << 40) + 5, (1L << 40) + 6, (1L << 40) + 7, 70_000, 256, 48};
      for (int i = 0; i < expected.length; i++) {
        same("result " + i, expected[i], result.getAtIndex(ValueLayout.JAVA_LONG, i));
      }
    }
    DRIVER.free(context, in);
    DRIVER.free(context, out);
    manyParameters(context, stream, DRIVER.function(module, "tz_many"));
    tensorMaps(context, stream, DRIVER.function(module, "tz_mapped"));
    DRIVER.unload(module);
  }

  private static void tensorMaps(CudaDriver.Context context, CudaDriver.Stream stream, CudaDriver.Function function) {
    same("tensor maps", true, DRIVER.hasTensorMaps());
    TensorMap map = new TensorMap(DType.BF16, List.of(100L, 1L << 33, 3L), List.of(208L, 1L << 39), List.of(64, 128, 1));
    TensorMap half = new TensorMap(DType.F16, List.of(1L, 2L, 1L), List.of(16L, 32L), List.of(64, 64, 1));
    long block = DRIVER.allocate(context, 8 * 34);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment maps = arena.allocate(2 * TensorMap.BYTES, TensorMap.ALIGNMENT);
      DRIVER.encode(context, map, block + 32, maps.asSlice(0, TensorMap.BYTES));
      DRIVER.encode(context, half, block, maps.asSlice(TensorMap.BYTES));
      DRIVER.launch(stream, function, 1, 1, 0, maps, new long[] {block, 0x7_0000_0009L});
      MemorySegment result = arena.allocate(8 * 34, 8);
      DRIVER.copyOut(stream, block, result);
      long one = 1L << 32;
      long[] expected = {
        9, block + 32, 100, 1L << 33, 3, 208, 1L << 39, 64 + 128 * one, 1 + one, 1 + one, 3 * one, 3, 12, 13, 14, 15,
        6, block, 1, 2, 1, 16, 32, 64 + 64 * one, 1 + one, 1 + one, 3 * one, 3, 12, 13, 14, 15, 9
      };
      for (int i = 0; i < expected.length; i++) {
        same("word " + i, expected[i], result.getAtIndex(ValueLayout.JAVA_LONG, i));
      }
      DriverError e = failing(() -> DRIVER.encode(context, map, block + 8, maps));
      same("not aligned", ErrorCodes.INVALID_VALUE, e.code());
      same("what", true, e.detail().contains("100, 8589934592, 3"));
    }
    DRIVER.free(context, block);
  }

  /** Also from a thread that had no context. */
  private static void manyParameters(CudaDriver.Context context, CudaDriver.Stream stream, CudaDriver.Function function) {
    long out = DRIVER.allocate(context, 8 * 510);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment result = arena.allocate(8 * 510, 8);
      for (int n : new int[] {5, 98, 510, 1}) {
        long[] arguments = new long[2 + n];
        arguments[0] = out;
        arguments[1] = n;
        for (int i = 0; i < n; i++) {
          arguments[2 + i] = (0x0123_4567_89ab_cdefL + i) * (n + 1);
        }
        Runnable launch = () -> {
          DRIVER.launch(stream, function, 1, 1, 0, arguments);
          DRIVER.copyOut(stream, out, result);
        };
        if (n == 98) {
          inAnotherThread(launch);
        } else {
          launch.run();
        }
        for (int i = 0; i < n; i++) {
          same("parameter " + i + " of " + n, arguments[2 + i], result.getAtIndex(ValueLayout.JAVA_LONG, i));
        }
      }
      DRIVER.launch(stream, function, 1, 1, 0, new long[] {out, 0});
    }
    same("launch fails", ErrorCodes.INVALID_VALUE, failing(() -> DRIVER.launch(stream, function, 2, 1, 0, new long[] {out, 0})).code());
    DRIVER.free(context, out);
  }

  private static void inAnotherThread(Runnable action) {
    Throwable[] thrown = new Throwable[1];
    Thread thread = new Thread(action);
    thread.setUncaughtExceptionHandler((_, e) -> thrown[0] = e);
    thread.start();
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    same("thrown in another thread", null, thrown[0]);
  }
}
