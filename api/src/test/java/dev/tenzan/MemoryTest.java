package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.type.DType;
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
  void constantsTakeNoMemory() {
    long before = d.memory().liveBytes();
    Tensor huge = d.zeros(DType.F64, 1L << 40);
    assertEquals(1L << 40, huge.size());
    assertTrue(d.memory().liveBytes() <= before);
  }
}
