package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.type.DType;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What a traced function keeps, and what it gives back. */
class CompileTest {
  private final Device d = Devices.get("reference");

  @Test
  void traceOutlivesTheCallersScope() {
    Tenzan.Compiled f = Tenzan.compile(a -> List.of(a.getFirst().add(d.randomUniform(DType.F32, 7, 3)), a.getFirst()));
    Tensor x = d.of(new float[] {1, 2, 3});
    float[] first;
    try (TensorScope _ = TensorScope.open()) {
      first = f.apply(x).getFirst().toFloats();
    }
    assertArrayEquals(first, f.apply(x).getFirst().toFloats());
    assertArrayEquals(new float[] {1, 2, 3}, x.toFloats(), "arguments and results of the function stay open");
  }

  @Test
  void traceKeepsWhatTheFunctionTookFromOutside() {
    Tensor weights = d.of(new float[] {10, 20});
    Tenzan.Compiled f = Tenzan.compile(a -> List.of(a.getFirst().add(weights)));
    Tensor x = d.of(new float[] {1, 2});
    f.apply(x).getFirst().close();
    weights.close();
    assertArrayEquals(new float[] {11, 22}, f.apply(x).getFirst().toFloats());
  }

  /** What is captured is held before another thread can evaluate it and give back what it was computed from. */
  @Test
  void whatIsTakenFromOutsideMayBeEvaluatedMeanwhile() throws InterruptedException {
    Tensor x = d.of(new float[] {1, 2});
    for (int i = 0; i < 200; i++) {
      Tensor base = d.of(new float[] {i, i});
      Tensor outside = base.add(1f);
      base.close();
      Tenzan.Compiled f = Tenzan.compile(a -> List.of(a.getFirst().mul(outside)));
      CountDownLatch go = new CountDownLatch(1);
      Thread other = new Thread(() -> {
        try {
          go.await();
        } catch (InterruptedException e) {
          return;
        }
        outside.eval();
      });
      other.start();
      go.countDown();
      f.apply(x).getFirst().close();
      other.join();
      assertArrayEquals(new float[] {i + 1, 2 * (i + 1)}, f.apply(x).getFirst().toFloats());
    }
  }

  @Test
  void oldTracesAreDropped() {
    long before = d.memory().liveBytes();
    Tenzan.Compiled f = Tenzan.compile(a -> List.of(a.getFirst().sum().add(d.of(new float[1 << 12]).sum())));
    for (int n = 1; n <= 200; n++) {
      try (TensorScope _ = TensorScope.open()) {
        assertEquals(n, f.apply(d.ones(DType.F32, n)).getFirst().item());
      }
    }
    long kept = d.memory().liveBytes() - before;
    assertTrue(kept <= 64 * 4 << 12, kept + " bytes");
    assertEquals(1, f.apply(d.ones(DType.F32, 1)).getFirst().item(), "a dropped trace is made anew");
  }

  @Test
  void copiesOfArgumentsAreFreed() {
    Tensor x = d.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor turned = x.permuteDims(1, 0).eval();
    Tenzan.Compiled f = Tenzan.compile(a -> List.of(a.getFirst().mul(2)));
    long before = d.memory().liveBytes();
    f.apply(turned).getFirst().close();
    assertTrue(d.memory().liveBytes() <= before);
  }
}
