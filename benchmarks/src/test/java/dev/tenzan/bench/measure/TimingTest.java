package dev.tenzan.bench.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TimingTest {
  @Test
  void mediansAndSpread() {
    Timing t = new Timing(new double[] {5, 1, 3, 2, 4});
    assertEquals(3, t.median());
    assertEquals((4 - 2) / 2.0 / 3, t.spread(), 1e-15);
    assertEquals(2.5, new Timing(new double[] {2, 3}).median());
    assertEquals(0, new Timing(new double[] {7}).spread());
  }

  @Test
  void competitorsTakeTurns() {
    StringBuilder order = new StringBuilder();
    AtomicInteger calls = new AtomicInteger();
    Runnable a = () -> order.append('a');
    Runnable b =
        () -> {
          order.append('b');
          calls.incrementAndGet();
        };
    List<Timing> timings = Timing.interleaved(new Timing.Plan(0.02, 0.001, 5, 10), List.of(a, b));
    assertEquals(2, timings.size());
    assertTrue(timings.stream().allMatch(t -> t.repetitions() >= 5 && t.seconds()[0] >= 0));
    String turns = order.toString().replaceAll("a+", "a").replaceAll("b+", "b");
    assertEquals("ab".repeat(6), turns, "warm-up, then five rounds");
  }

  @Test
  void shortWorkIsTimedInBatches() {
    AtomicInteger calls = new AtomicInteger();
    Timing.Plan plan = new Timing.Plan(0, 0.02, 0.01, 5, 10, 1e-3);
    Timing t = Timing.interleaved(plan, List.<Runnable>of(calls::incrementAndGet)).getFirst();
    assertTrue(t.repetitions() <= 10 && calls.get() > 1000, () -> t.repetitions() + " repetitions, " + calls + " calls");
    assertTrue(t.median() < 1e-4, "the time of one call, not of the batch");
  }

  @Test
  void warmUpTakesItsTime() {
    long begin = System.nanoTime();
    Timing.interleaved(new Timing.Plan(0.1, 1, 0, 1, 1, 0), List.<Runnable>of(() -> {}));
    assertTrue(System.nanoTime() - begin >= 100_000_000, "a tenth of a second");
  }
}
