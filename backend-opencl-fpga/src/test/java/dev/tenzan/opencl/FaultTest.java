package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.opencl.driver.ErrorCodes;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Planner;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.spi.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Devices that fail in the middle: whatever call is the first to fail, the user gets a typed error, and closing still works. */
class FaultTest {
  private static final long MEMORY = 64 << 20;

  /** Held, as the logging framework holds loggers weakly. */
  private static final Logger LOG = Logger.getLogger("dev.tenzan.opencl");

  @BeforeAll
  static void expectWarningsOfDevicesThatAreGone() {
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void warnAgain() {
    LOG.setLevel(null);
  }

  /** Every kind of kernel, with copies around it. */
  private static void work(OpenClBackend backend, List<KernelSpec> kernels) {
    for (KernelSpec kernel : kernels) {
      List<Buffer> buffers = new ArrayList<>();
      try {
        for (long bytes : Planner.plan(kernel, Style.of(backend.facts(0))).bytes()) {
          Buffer b = backend.allocate(0, bytes);
          buffers.add(b);
          backend.copyIn(MemorySegment.ofArray(new byte[(int) bytes]), b, 0);
        }
        backend.launch(backend.compile(0, kernel), buffers);
        backend.synchronize(0);
        Buffer last = buffers.getLast();
        backend.copyOut(last, 0, MemorySegment.ofArray(new byte[(int) last.byteSize()]));
      } finally {
        buffers.forEach(backend::free);
      }
    }
  }

  private static void failEverywhere(OpenClDriver inner, List<KernelSpec> kernels, int code, int step) {
    FailingDriver healthy = new FailingDriver(inner);
    try (OpenClBackend backend = new OpenClBackend(healthy.driver(), null)) {
      work(backend, kernels);
    }
    int failures = 0;
    for (int n = 0; n < healthy.calls(); n += step) {
      FailingDriver failing = new FailingDriver(inner);
      failing.failAfter(n, code);
      try (OpenClBackend backend = new OpenClBackend(failing.driver(), null)) {
        work(backend, kernels);
      } catch (TenzanException e) {
        failures++;
        String text = String.valueOf(e.getMessage());
        assertTrue(text.contains(ErrorCodes.name(code)) || e instanceof DeviceMemoryException, text);
        assertTrue(text.contains("; "), "no remedy: " + text);
        assertEquals(ErrorCodes.isMemory(code), e instanceof DeviceMemoryException, text);
      }
    }
    // The last calls of the healthy run are those of close(), which a dead device must not keep from its work.
    assertTrue(failures >= (healthy.calls() - 2) / step, failures + " failures of " + healthy.calls() + " calls");
  }

  @Test
  void everyCallMayBeTheLastOfTheDevice() {
    failEverywhere(new FakeDriver(true, MEMORY), SampleKernels.all(), ErrorCodes.DEVICE_NOT_AVAILABLE, 1);
    failEverywhere(new FakeDriver(false, MEMORY), SampleKernels.all(), ErrorCodes.DEVICE_NOT_AVAILABLE, 1);
  }

  @Test
  void everyCallMayRunOutOfMemory() {
    failEverywhere(new FakeDriver(false, MEMORY), SampleKernels.all(), ErrorCodes.MEM_OBJECT_ALLOCATION_FAILURE, 1);
  }

  @Test
  void aRealDeviceMayBeLostAtAnyCall() {
    Runtimes.assumeAvailable();
    List<KernelSpec> few = List.of(SampleKernels.twicePlusOne(100), SampleKernels.gather(10, 4), SampleKernels.matmul(20, 30, 40));
    failEverywhere(new JoclDriver(), few, ErrorCodes.DEVICE_NOT_AVAILABLE, 7);
  }

  @Test
  void nothingIsLeftBehind() {
    FakeDriver driver = new FakeDriver(true, MEMORY);
    try (OpenClBackend backend = new OpenClBackend(driver, null)) {
      work(backend, SampleKernels.all());
      assertEquals(0, backend.memory(0).liveBytes());
    }
    assertEquals(driver.created, driver.released);
  }

  @Test
  void freeingGoesOnAfterTheDeviceIsLost() {
    FailingDriver failing = new FailingDriver(new FakeDriver(false, MEMORY));
    OpenClBackend backend = new OpenClBackend(failing.driver(), null);
    Buffer b = backend.allocate(0, 1000);
    failing.failAfter(0, ErrorCodes.DEVICE_NOT_AVAILABLE);
    DeviceException e =
        assertThrows(DeviceException.class, () -> backend.copyIn(MemorySegment.ofArray(new byte[8]), b, 0));
    String text = String.valueOf(e.getMessage());
    assertTrue(text.startsWith("copyIn: cl(write) on opencl:0 failed with CL_DEVICE_NOT_AVAILABLE (-2); see that"), text);
    assertDoesNotThrow(() -> backend.free(b));
    assertDoesNotThrow(backend::close);
  }

  @Test
  void anAllocationBeyondTheDeviceSaysHowMuchThereIs() {
    try (OpenClBackend backend = new OpenClBackend(new FakeDriver(true, MEMORY), null)) {
      DeviceMemoryException large = assertThrows(DeviceMemoryException.class, () -> backend.allocate(0, MEMORY));
      assertTrue(String.valueOf(large.getMessage()).contains("at most " + MEMORY / 2), large.getMessage());
      List<Buffer> all = new ArrayList<>();
      DeviceMemoryException full =
          assertThrows(
              DeviceMemoryException.class, () -> {
                for (int i = 0; i < 100; i++) {
                  all.add(backend.allocate(0, MEMORY / 4));
                }
              });
      assertEquals(4, all.size());
      assertTrue(String.valueOf(full.getMessage()).contains("bytes are live"), full.getMessage());
      backend.free(all.removeLast());
      assertInstanceOf(OpenClBuffer.class, backend.allocate(0, MEMORY / 4));
    }
  }

  @Test
  void copiesReachHeapAndNativeMemory() {
    for (boolean shares : new boolean[] {true, false}) {
      try (OpenClBackend backend = new OpenClBackend(new FakeDriver(shares, MEMORY), null);
          Arena arena = Arena.ofConfined()) {
        int bytes = (9 << 20) + 5; // more than two staging blocks
        byte[] data = new byte[bytes];
        new java.util.Random(1).nextBytes(data);
        Buffer b = backend.allocate(0, bytes + 3);
        backend.copyIn(MemorySegment.ofArray(data), b, 3);
        MemorySegment back = arena.allocate(bytes);
        backend.copyOut(b, 3, back);
        assertEquals(-1, MemorySegment.ofArray(data).mismatch(back));
        backend.copyIn(back.asSlice(0, 100), b, 0);
        byte[] heap = new byte[100];
        backend.copyOut(b, 0, MemorySegment.ofArray(heap));
        assertEquals(-1, MemorySegment.ofArray(heap).mismatch(back.asSlice(0, 100)));
      }
    }
  }
}
