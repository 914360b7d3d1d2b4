package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.cuda.plan.Planner;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Devices that fail in the middle: whatever call is the first to fail, the user gets a typed error, and closing still works. */
class FaultTest {
  /** Held, as the logging framework holds loggers weakly. */
  private static final Logger LOG = Logger.getLogger("dev.tenzan.cuda");

  @BeforeAll
  static void expectWarningsOfDevicesThatAreGone() {
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void warnAgain() {
    LOG.setLevel(null);
  }

  private static CudaBackend open(CudaDriver driver) {
    return new CudaBackend(driver, "cuda", null);
  }

  private static void run(CudaBackend backend, KernelSpec kernel) {
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

  /** Every kind of kernel, with copies around it. */
  private static void work(CudaBackend backend) {
    SampleKernels.all().forEach(k -> run(backend, k));
  }

  private static void failEverywhere(int code) {
    FailingDriver healthy = new FailingDriver(new FakeDriver());
    try (CudaBackend backend = open(healthy.driver())) {
      work(backend);
    }
    assertTrue(healthy.calls() > 200, "only " + healthy.calls() + " calls");
    int failures = 0;
    for (int n = 0; n < healthy.calls(); n++) {
      FakeDriver fake = new FakeDriver();
      FailingDriver failing = new FailingDriver(fake);
      failing.failAfter(n, code);
      try (CudaBackend backend = open(failing.driver())) {
        work(backend);
      } catch (TenzanException e) {
        failures++;
        String text = String.valueOf(e.getMessage());
        assertTrue(text.contains(ErrorCodes.name(code)) || e instanceof DeviceMemoryException, text);
        assertTrue(text.contains("; "), "no remedy: " + text);
        assertEquals(ErrorCodes.isMemory(code), e instanceof DeviceMemoryException, text);
      }
      assertEquals(fake.created, fake.released, "left behind after call " + n);
    }
    // The last call of the healthy run is that of close(), which a dead device must not keep from its work.
    assertEquals(healthy.calls() - 1, failures);
  }

  @Test
  void everyCallMayBeTheLastOfTheDevice() {
    failEverywhere(ErrorCodes.LAUNCH_FAILED);
  }

  @Test
  void everyCallMayFailWithoutTheDeviceBeingLost() {
    failEverywhere(ErrorCodes.INVALID_VALUE);
  }

  @Test
  void everyCallMayRunOutOfMemory() {
    failEverywhere(ErrorCodes.OUT_OF_MEMORY);
  }

  @Test
  void nothingIsLeftBehind() {
    FakeDriver driver = new FakeDriver();
    try (CudaBackend backend = open(driver)) {
      work(backend);
      assertEquals(0, backend.memory(0).liveBytes());
    }
    assertEquals(driver.created, driver.released);
  }

  @Test
  void afterAFailedLaunchTheDeviceIsLost() {
    FailingDriver failing = new FailingDriver(new FakeDriver());
    CudaBackend backend = open(failing.driver());
    Buffer b = backend.allocate(0, 1000);
    run(backend, SampleKernels.twicePlusOne(100));
    failing.failOnce("launch", ErrorCodes.ILLEGAL_ADDRESS, "");
    DeviceException e = assertThrows(DeviceException.class, () -> run(backend, SampleKernels.twicePlusOne(100)));
    String text = String.valueOf(e.getMessage());
    assertTrue(text.startsWith("loop: cu(launch) on cuda:0 failed with CUDA_ERROR_ILLEGAL_ADDRESS (700); report it"), text);
    for (Runnable later :
        List.<Runnable>of(
            () -> backend.allocate(0, 8), () -> backend.synchronize(0), () -> backend.compile(0, SampleKernels.matmul(9, 9, 9)),
            () -> backend.copyIn(MemorySegment.ofArray(new byte[8]), b, 0))) {
      String lost = String.valueOf(assertThrows(DeviceException.class, later::run).getMessage());
      assertTrue(
          lost.contains("cuda:0 was lost when cu(launch) failed with CUDA_ERROR_ILLEGAL_ADDRESS (700); start a new process"), lost);
    }
    assertDoesNotThrow(() -> backend.free(b));
    assertDoesNotThrow(backend::close);
  }

  /** The other device of a copy is as it was. */
  @Test
  void onlyTheDeviceWhoseCallFailedIsLost() {
    for (String call : List.of("copyPeer", "record", "await")) {
      FakeDriver two = new FakeDriver();
      two.devices = List.of(FakeDriver.facts("first", 8, 0, true), FakeDriver.facts("second", 8, 0, true));
      FailingDriver failing = new FailingDriver(two);
      CudaBackend backend = open(failing.driver());
      Buffer from = backend.allocate(0, 100);
      Buffer to = backend.allocate(1, 100);
      failing.failOnce(call, ErrorCodes.ILLEGAL_ADDRESS, "");
      assertThrows(DeviceException.class, () -> backend.copy(from, 0, to, 0, 100));
      int lost = call.equals("record") ? 1 : 0; // the taker says when it is ready
      assertThrows(DeviceException.class, () -> backend.allocate(lost, 8), call);
      assertDoesNotThrow(() -> backend.allocate(1 - lost, 8), call);
      backend.close();
    }
  }

  @Test
  void aModuleThatDoesNotLoadShowsTheLogAndTheDeviceGoesOn() {
    FailingDriver failing = new FailingDriver(new FakeDriver());
    try (CudaBackend backend = open(failing.driver())) {
      failing.failOnce("load", ErrorCodes.INVALID_PTX, "line 3: unknown opcode");
      DeviceException e =
          assertThrows(DeviceException.class, () -> backend.compile(0, SampleKernels.twicePlusOne(100)));
      String text = String.valueOf(e.getMessage());
      assertTrue(text.startsWith("loop: cu(load) on cuda:0 failed with CUDA_ERROR_INVALID_PTX (218)"), text);
      assertTrue(text.endsWith("\nline 3: unknown opcode"), text);
      run(backend, SampleKernels.twicePlusOne(100));
    }
  }

  @Test
  void aDriverThatDoesNotStartSaysWhy() {
    FailingDriver failing = new FailingDriver(new FakeDriver());
    failing.failOnce("start", 803, "");
    DeviceException e = assertThrows(DeviceException.class, () -> open(failing.driver()));
    String text = String.valueOf(e.getMessage());
    assertTrue(text.startsWith("open: cu(start) on cuda:0 failed with CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)"), text);
    assertTrue(text.contains("restart after an update"), text);
  }

  @Test
  void unusedMemoryIsGivenBackBeforeAnAllocationFails() {
    try (CudaBackend backend = open(new FakeDriver())) {
      int block = 12 << 20;
      List<Buffer> all = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        all.add(backend.allocate(0, block));
      }
      backend.free(all.removeLast());
      assertEquals(block, backend.memory(0).pooledBytes());
      Buffer other = backend.allocate(0, block + (2 << 20)); // of another size: only what is unused makes room for it
      assertEquals(0, backend.memory(0).pooledBytes());
      DeviceMemoryException full = assertThrows(DeviceMemoryException.class, () -> backend.allocate(0, block));
      assertTrue(String.valueOf(full.getMessage()).contains("bytes are live"), full.getMessage());
      run(backend, SampleKernels.twicePlusOne(100)); // smaller work goes on
      backend.free(other);
      assertInstanceOf(CudaBuffer.class, backend.allocate(0, block));
      DeviceMemoryException large = assertThrows(DeviceMemoryException.class, () -> backend.allocate(0, FakeDriver.MEMORY + 1));
      assertTrue(String.valueOf(large.getMessage()).contains("which has " + FakeDriver.MEMORY), large.getMessage());
    }
  }

  @Test
  void copiesReachHeapAndNativeMemory() {
    try (CudaBackend backend = open(new FakeDriver());
        Arena arena = Arena.ofConfined()) {
      for (int bytes : new int[] {0, 5, (int) Staging.BLOCK, 2 * (int) Staging.BLOCK, (9 << 20) + 5}) {
        byte[] data = new byte[bytes];
        new Random(1).nextBytes(data);
        Buffer b = backend.allocate(0, bytes + 3L);
        backend.copyIn(MemorySegment.ofArray(data), b, 3);
        MemorySegment outside = arena.allocate(Math.max(1, bytes)).asSlice(0, bytes);
        backend.copyOut(b, 3, outside);
        assertEquals(-1, outside.mismatch(MemorySegment.ofArray(data)));
        backend.copyIn(outside, b, 0);
        byte[] back = new byte[bytes];
        backend.copyOut(b, 0, MemorySegment.ofArray(back));
        assertArrayEquals(data, back);
        backend.free(b);
      }
    }
  }
}
