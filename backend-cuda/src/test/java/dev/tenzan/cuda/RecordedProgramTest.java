package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.Tenzan;
import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.IndexException;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.Replay;
import dev.tenzan.type.DType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Programs that are run again and again are recorded, and have the same results as those that are not. */
class RecordedProgramTest {
  private static final long SEED = 20_261_128;

  private final Map<String, Integer> calls = new HashMap<>();

  /** The size from which on the next allocation fails; 0 where none does. */
  private long fullFrom;

  private final FailingDriver failing = new FailingDriver(new SimulatedDriver(1));
  private final CudaBackend cuda = new CudaBackend(counted(failing.driver()), "cuda:sim", null);
  private final Device device = Devices.wrapped(Devices.get("cuda:sim:0"), _ -> cuda);
  private final Device reference = Devices.get("reference");

  private CudaDriver counted(CudaDriver inner) {
    return (CudaDriver)
        Proxy.newProxyInstance(
            CudaDriver.class.getClassLoader(), new Class<?>[] {CudaDriver.class}, (_, method, args) -> {
              boolean graph = args != null && args[args.length - 1] instanceof CudaDriver.Graph;
              if (method.getName().equals("allocate") && fullFrom > 0 && (long) args[1] >= fullFrom) {
                fullFrom = 0;
                throw new DriverError("cuMemAlloc", ErrorCodes.OUT_OF_MEMORY, "");
              }
              calls.merge((graph ? "graph " : "") + method.getName(), 1, Integer::sum);
              try {
                if (method.getName().equals("endCapture") && noRecord) {
                  noRecord = false;
                  failedCaptures++;
                  inner.release(inner.endCapture((CudaDriver.Stream) args[0]));
                  throw new DriverError("cuGraphInstantiate", ErrorCodes.OUT_OF_MEMORY, "");
                }
                return method.invoke(inner, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private int calls(String name) {
    return calls.getOrDefault(name, 0);
  }

  /** Whether there is no memory for the next record, and how often there was none. */
  private boolean noRecord;

  private int failedCaptures;

  /** Whether threads that hold the device will not give it back. */
  private boolean stuck;

  @AfterEach
  void close() {
    if (stuck) {
      return;
    }
    cuda.close();
    assertEquals(calls("endCapture") - failedCaptures, calls("graph release"), "every record is released");
  }

  /** Products and scans, which are launches of their own. */
  private static Tensor work(Tensor x) {
    Tensor y = x.matmul(x).cumulativeSum(1);
    return y.matmul(x).cumulativeSum(0).matmul(y);
  }

  private static Tensor draw(Device d, long key) {
    return d.randomUniform(DType.F32, key, -1.0, 1.0, 12, 12).eval();
  }

  private void check(Tenzan.Compiled compiled, int times) {
    for (int i = 0; i < times; i++) {
      try (TensorScope _ = TensorScope.open()) {
        float[] found = compiled.apply(draw(device, SEED + i)).getFirst().toFloats();
        assertArrayEquals(work(draw(reference, SEED + i)).toFloats(), found, "run " + i);
      }
    }
  }

  private static Tenzan.Compiled compiled() {
    return Tenzan.compile(in -> List.of(work(in.getFirst())));
  }

  @Test
  void whatComesAgainIsLaunchedAtOnce() {
    check(compiled(), 6);
    assertTrue(calls("graph launch") >= 3, calls.toString());
    assertTrue(calls("endCapture") <= 2, calls.toString());
  }

  @Test
  void evaluationsAreRecordedToo() {
    for (int i = 0; i < 6; i++) {
      try (TensorScope _ = TensorScope.open()) {
        assertArrayEquals(work(draw(reference, SEED + i)).toFloats(), work(draw(device, SEED + i)).toFloats());
      }
    }
    assertTrue(calls("graph launch") >= 3, calls.toString());
  }

  @Test
  void buffersElsewhereAreNotThoseOfTheRecord() {
    Tenzan.Compiled compiled = compiled();
    check(compiled, 4);
    int before = calls("graph launch");
    Tensor kept = device.zeros(DType.F32, 12, 12).eval(); // takes what the next run would
    Tensor also = device.zeros(DType.F32, 12, 12).eval();
    check(compiled, 1);
    assertEquals(before, calls("graph launch"));
    check(compiled, 3);
    assertTrue(calls("graph launch") > before);
    kept.close();
    also.close();
  }

  @Test
  void indicesThatAreCheckedEndWhatIsHeldBack() {
    for (int i = 0; i < 4; i++) {
      int at = i;
      try (TensorScope _ = TensorScope.open()) {
        Tensor rows = work(draw(device, SEED)).take(device.of(new int[] {at, 11}), 0).cumulativeSum(1).matmul(draw(device, 3));
        Tensor expected = work(draw(reference, SEED)).take(reference.of(new int[] {at, 11}), 0).cumulativeSum(1).matmul(draw(reference, 3));
        assertArrayEquals(expected.toFloats(), rows.toFloats());
      }
    }
    assertThrows(IndexException.class, () -> work(draw(device, SEED)).take(device.of(new int[] {12}), 0).cumulativeSum(1).eval());
  }

  @Test
  void anErrorInARecordIsTheLaunchs() {
    Tenzan.Compiled compiled = compiled();
    check(compiled, 4);
    Tensor x = draw(device, SEED);
    failing.failAfter(0, ErrorCodes.ILLEGAL_ADDRESS);
    DeviceException e = assertThrows(DeviceException.class, () -> compiled.apply(x));
    assertTrue(String.valueOf(e.getMessage()).contains("CUDA_ERROR_ILLEGAL_ADDRESS"), e.getMessage());
    assertThrows(DeviceException.class, () -> compiled.apply(x), "the device is lost");
  }

  /** Blocks that were freed behind launches that are held back are given back to the driver behind these launches. */
  @Test
  void memoryIsGivenBackBehindWhatIsHeld() {
    try (TensorScope _ = TensorScope.open()) {
      Tensor x = draw(device, SEED);
      Tensor wide = device.randomUniform(DType.F32, 5, -1.0, 1.0, 12, 3000).eval();
      int before = calls("free");
      fullFrom = 12 * 3000 * 4; // the last result is the first of its size
      float[] found = work(x).matmul(wide).toFloats();
      assertEquals(0, fullFrom, "there was no memory once");
      assertTrue(calls("free") > before, "unused blocks were given back");
      Tensor expected = work(draw(reference, SEED)).matmul(reference.randomUniform(DType.F32, 5, -1.0, 1.0, 12, 3000));
      assertArrayEquals(expected.toFloats(), found);
    }
  }

  /** A replay locks the device and asks for memory, an evaluation locks its engine and launches: neither may wait for the other. */
  @Test
  void anotherThreadEvaluatesMeanwhile() throws InterruptedException {
    Tensor x = draw(device, SEED);
    Tenzan.Compiled compiled = compiled();
    compiled.apply(x);
    List<Supplier<Tensor>> works = List.of(() -> compiled.apply(x).getFirst(), () -> x.matmul(x).eval());
    AtomicInteger done = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (Supplier<Tensor> work : works) {
      Thread t = new Thread(() -> {
        for (int i = 0; i < 60; i++) {
          try (TensorScope _ = TensorScope.open()) {
            work.get();
          }
        }
        done.incrementAndGet();
      });
      t.setDaemon(true);
      t.start();
      threads.add(t);
    }
    for (Thread t : threads) {
      t.join(20_000);
    }
    stuck = threads.stream().anyMatch(Thread::isAlive);
    assertFalse(stuck, "threads wait for each other");
    assertEquals(2, done.get());
  }

  @Test
  void withoutMemoryForARecordTheLaunchesAreMadeOneByOne() {
    Tenzan.Compiled compiled = compiled();
    check(compiled, 2);
    noRecord = true;
    check(compiled, 4);
    assertEquals(1, failedCaptures, "and no more are tried");
    assertEquals(0, calls("graph launch"));
    Tenzan.Compiled other = Tenzan.compile(in -> List.of(work(in.getFirst()).add(1f)));
    for (int i = 0; i < 8; i++) {
      try (TensorScope _ = TensorScope.open()) {
        other.apply(draw(device, SEED));
      }
    }
    assertTrue(calls("graph launch") > 0, "another program is recorded");
  }

  /** Some of what was held back ran, so it cannot be run again, and its results are none. */
  @Test
  void whatFailedToLaunchIsNotLaunchedAgain() {
    Replay replay = Objects.requireNonNull(cuda.replay(0));
    KernelSpec spec = SampleKernels.twicePlusOne(100);
    Executable kernel = cuda.compile(0, spec);
    List<Buffer> buffers = List.of(cuda.allocate(0, 400), cuda.allocate(0, 400));
    int before = calls("launch");
    DeviceException e =
        assertThrows(
            DeviceException.class,
            () -> replay.run(() -> {
              cuda.launch(kernel, buffers);
              cuda.launch(kernel, buffers);
              failing.failOnce("launch", ErrorCodes.OUT_OF_MEMORY, "");
              assertThrows(DeviceException.class, () -> cuda.synchronize(0));
            }));
    assertTrue(String.valueOf(e.getMessage()).contains("OUT_OF_MEMORY"), e.getMessage());
    assertEquals(before + 1, calls("launch"), "the one that failed");
    replay.run(() -> cuda.launch(kernel, buffers));
    assertEquals(before + 2, calls("launch"));
  }

  @Test
  void aProgramMayRunWhileTheBackendIsClosed() throws InterruptedException {
    Replay replay = Objects.requireNonNull(cuda.replay(0));
    Thread closing = new Thread(cuda::close);
    AtomicReference<Throwable> wrong = new AtomicReference<>();
    Thread running = new Thread(() -> replay.run(() -> {
      closing.start();
      assertThrows(ClosedException.class, () -> {
        while (true) {
          cuda.free(cuda.allocate(0, 16));
        }
      });
    }));
    running.setUncaughtExceptionHandler((_, e) -> wrong.set(e));
    running.setDaemon(true);
    closing.setDaemon(true);
    running.start();
    running.join(20_000);
    closing.join(20_000);
    stuck = running.isAlive() || closing.isAlive();
    assertFalse(stuck, "the threads wait for each other");
    assertNull(wrong.get());
  }

  @Test
  void theyCanBeSwitchedOff() {
    System.setProperty("tenzan.cuda.graphs", "off");
    try {
      check(compiled(), 4);
    } finally {
      System.clearProperty("tenzan.cuda.graphs");
    }
    assertEquals(0, calls("graph launch") + calls("beginCapture"));
  }
}
