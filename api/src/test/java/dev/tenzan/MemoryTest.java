package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.spi.Backend;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Memory goes back: with a scope at once, and results of views keep what they share. */
class MemoryTest {
  private final Device d = Devices.get("reference");

  @Test
  void scopeFreesWhatWasMadeInside() {
    Tensor x = d.of(new float[] {1, 2, 3, 4}, 2, 2);
    long before = d.memory().liveBytes();
    Tensor kept = null;
    for (int i = 0; i < 1000; i++) {
      try (TensorScope scope = TensorScope.open()) {
        Tensor y = x.mul(2).add(i);
        Tensor z = y.matmul(x).sum();
        Tensor.eval(y, z);
        if (i == 999) {
          kept = scope.keep(z);
        }
      }
    }
    assertTrue(d.memory().liveBytes() <= before + Float.BYTES, "only what was kept is left");
    if (kept != null) {
      kept.close();
    }
    assertTrue(d.memory().liveBytes() <= before, "nothing is left");
    x.close();
  }

  @Test
  void viewOutlivesItsBase() {
    long before = d.memory().liveBytes();
    Tensor x = d.of(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor row = x.get(1).eval();
    x.close();
    assertEquals(7, row.sum().item());
    row.close();
    for (int i = 0; i < 100 && d.memory().liveBytes() > before; i++) {
      System.gc();
      Thread.yield();
    }
    assertTrue(d.memory().liveBytes() <= before, "the base's memory went with its last view");
  }

  @Test
  void compositesHoldNothingOnTheWay() {
    long before = d.memory().liveBytes();
    Tensor x = d.of(new float[] {3, 1, 2, 0, 5, 4, 7, 6, 9, 8, 11, 10}, 1, 3, 4);
    Tensor[] results = {
      x.softmax(1), x.var(0), x.argmax(), x.takeAlongAxis(d.zeros(DType.I64, 1, 3, 1), 2), x.hypot(x),
      x.logSumExp(), Tensor.einsum("aij,akj->ik", x, x), x.avgPool(PoolOptions.of(2).stride(1)),
      x.unique(),
    };
    Tensor.eval(results);
    for (Tensor r : results) {
      r.close();
    }
    x.close();
    assertTrue(d.memory().liveBytes() <= before, "left: " + (d.memory().liveBytes() - before) + " bytes");
  }

  @Test
  void errorsHoldNothing() {
    Device other = Devices.wrapped(d, b -> b);
    long before = d.memory().liveBytes();
    Tensor x = d.of(new float[1 << 16], 1, 1 << 16);
    Tensor y = other.of(new float[1 << 16], 1, 1 << 16);
    Tensor z = d.of(new double[2], 2, 1);
    Tensor mask = d.of(new boolean[1 << 16], 1, 1 << 16);
    Tensor closed = d.of(new float[2], 2, 1);
    closed.close();
    try (TensorScope _ = TensorScope.open()) {
      assertThrows(DeviceException.class, () -> Tensor.where(mask, x, y));
      assertThrows(DeviceException.class, () -> x.fma(z, y));
      assertThrows(DeviceException.class, () -> x.greater(y));
      assertThrows(DeviceException.class, () -> x.greaterEqual(y));
      assertThrows(DeviceException.class, () -> Tensor.concat(0, x, y));
      assertThrows(DeviceException.class, () -> x.takeAlongAxis(y.cast(DType.I64), 1));
      assertThrows(DTypeException.class, () -> Tensor.where(x, z, z));
      assertThrows(DTypeException.class, () -> mask.sub(d.zeros(DType.BOOL, 2, 1)));
      assertThrows(DTypeException.class, () -> mask.matmul(mask.transpose()));
      assertThrows(ShapeException.class, () -> Tensor.concat(0, z, x));
      assertThrows(ClosedException.class, () -> x.add(closed));
    }
    x.close();
    y.close();
    z.close();
    mask.close();
    assertTrue(d.memory().liveBytes() <= before, "left: " + (d.memory().liveBytes() - before) + " bytes");
  }

  @Test
  void constantsTakeNoMemory() {
    long before = d.memory().liveBytes();
    Tensor huge = d.zeros(DType.F64, 1L << 40);
    assertEquals(1L << 40, huge.size());
    assertTrue(d.memory().liveBytes() <= before);
  }

  /** An evaluation holds what it reads; here its own kernel closes everything, the result too. */
  @Test
  void whatIsEvaluatedMayBeClosedMeanwhile() {
    long before = d.memory().liveBytes();
    Tensor x = d.of(new float[] {1, 2, 3});
    List<Tensor> open = new ArrayList<>(List.of(x));
    float[] seen = new float[3];
    Tensor doubled =
        Tensor.custom(
            "double and close", DType.F32, x.shape(),
            (CustomBody.Host)
                (in, _) -> {
                  open.forEach(Tensor::close);
                  MemorySegment.copy(in.getFirst(), ValueLayout.JAVA_FLOAT, 0, seen, 0, 3);
                },
            x);
    Tensor sum = doubled.sum();
    open.addAll(List.of(doubled, sum));
    assertThrows(ClosedException.class, sum::item);
    assertArrayEquals(new float[] {1, 2, 3}, seen);
    assertTrue(d.memory().liveBytes() <= before, "nothing is left");
  }

  /** A thread closes what another one evaluates and reads: that gives the right numbers, or says that it is closed. */
  @Test
  void closedByAnotherThread() throws InterruptedException {
    long before = d.memory().liveBytes();
    int length = 10_000;
    int right = 0;
    for (int round = 0; round < 300; round++) {
      Tensor x = d.full(DType.F32, 3, length);
      Tensor y = x.add(4);
      AtomicBoolean go = new AtomicBoolean();
      Thread closer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!go.get()) {
                      Thread.onSpinWait();
                    }
                    x.close();
                    y.close();
                  });
      try {
        x.eval();
        go.set(true);
        float[] found = y.toFloats();
        assertEquals(7, found[0]);
        assertEquals(7, found[length - 1]);
        right++;
      } catch (ClosedException e) {
        assertTrue(e.getMessage().contains("closed") || e.getMessage().contains("freed"), e.getMessage());
      }
      closer.join();
    }
    System.out.println(right + " of 300 were read before they were closed");
    assertTrue(d.memory().liveBytes() <= before, "nothing is left");
  }

  /** The reference device, of whose calls of a name the first has no memory. */
  private static Device failing(String call, AtomicInteger calls) {
    return Devices.wrapped(
        Devices.get("reference"),
        inner ->
            (Backend)
                Proxy.newProxyInstance(
                    Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, args) -> {
                      if (method.getName().equals(call) && calls.getAndIncrement() == 0) {
                        throw new DeviceMemoryException(call + ": there is none");
                      }
                      try {
                        return method.invoke(inner, args);
                      } catch (InvocationTargetException e) {
                        throw e.getCause();
                      }
                    }));
  }

  /** Forgotten tensors may hold what a kernel needs besides its buffers. */
  @Test
  void aKernelWithoutMemoryIsLaunchedOnceMore() {
    AtomicInteger launches = new AtomicInteger();
    Device device = failing("launch", launches);
    assertArrayEquals(new float[] {3, 5}, device.of(new float[] {1, 2}).mul(2f).add(1f).toFloats());
    assertTrue(launches.get() >= 2, launches + " launches");
  }

  @Test
  void aUsersCodeIsCalledOnce() {
    AtomicInteger launches = new AtomicInteger();
    Device device = failing("launch", launches);
    CustomBody.Host copy = (_, _) -> {};
    assertThrows(DeviceMemoryException.class, () -> Tensor.custom("copy", DType.F32, Shape.of(2), copy, device.of(new float[] {1, 2})).eval());
    assertEquals(1, launches.get());
  }

  @Test
  void aFailedUploadLeavesNothingBehind() {
    Device device = failing("copyIn", new AtomicInteger());
    long before = device.memory().liveBytes();
    assertThrows(DeviceMemoryException.class, () -> device.of(new float[5000]));
    assertEquals(before, device.memory().liveBytes());
    assertArrayEquals(new float[] {1}, device.of(new float[] {1}).toFloats());
  }
}
