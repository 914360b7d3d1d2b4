package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.cuda.driver.CudaDriver;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Copies whose device does nothing before the host waits for it. */
class StagingTest {
  /** A driver whose copies to the device, and what is behind them, happen as late as they may. */
  private static final class LateDriver {
    private final FakeDriver inner = new FakeDriver();
    private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
    private final Map<Object, Integer> behind = new HashMap<>();
    private int queued;
    private int waits;

    CudaDriver driver() {
      return (CudaDriver)
          Proxy.newProxyInstance(
              LateDriver.class.getClassLoader(), new Class<?>[] {CudaDriver.class}, (_, method, args) -> {
                switch (method.getName()) {
                  case "copyIn" -> {
                    queue.add(() -> inner.copyIn((CudaDriver.Stream) args[0], (MemorySegment) args[1], (long) args[2]));
                    queued++;
                    return null;
                  }
                  case "record" -> {
                    behind.put(System.identityHashCode(args[0]), queued);
                    return null;
                  }
                  case "synchronize" -> {
                    runUntil(args[0] instanceof CudaDriver.Event e ? behind.getOrDefault(System.identityHashCode(e), 0) : queued);
                    return null;
                  }
                  case "copyOut" -> runUntil(queued);
                  default -> {}
                }
                try {
                  return method.invoke(inner, args);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }

    private void runUntil(int count) {
      waits += queued - queue.size() < count ? 1 : 0;
      while (queued - queue.size() < count) {
        queue.remove().run();
      }
    }
  }

  @Test
  void whatWaitsForTheDeviceIsNotOverwritten() {
    Random random = new Random(7);
    LateDriver late = new LateDriver();
    int size = 20 << 20;
    byte[] expected = new byte[size];
    try (CudaBackend backend = new CudaBackend(late.driver(), "cuda", null)) {
      CudaBuffer b = (CudaBuffer) backend.allocate(0, size);
      backend.copyIn(MemorySegment.ofArray(expected), b, 0);
      for (int i = 0; i < 400; i++) {
        int bytes = 1 + random.nextInt(random.nextInt(20) == 0 ? 10 << 20 : 100_000);
        int at = random.nextInt(size - bytes);
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        System.arraycopy(data, 0, expected, at, bytes);
        backend.copyIn(MemorySegment.ofArray(data), b, at);
        if (i % 100 == 99) {
          byte[] back = new byte[size];
          backend.copyOut(b, 0, MemorySegment.ofArray(back));
          assertArrayEquals(expected, back);
        }
      }
    }
  }

  @Test
  void smallCopiesWaitForNothing() {
    LateDriver late = new LateDriver();
    try (CudaBackend backend = new CudaBackend(late.driver(), "cuda", null)) {
      CudaBuffer b = (CudaBuffer) backend.allocate(0, 8000);
      for (int i = 0; i < 1000; i++) {
        backend.copyIn(MemorySegment.ofArray(new long[] {i}), b, 8L * i);
      }
      assertEquals(0, late.waits);
      long[] back = new long[1];
      backend.copyOut(b, 8L * 999, MemorySegment.ofArray(back));
      assertEquals(999, back[0]);
    }
  }
}
