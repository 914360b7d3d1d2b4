package dev.tenzan.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScaleTest {
  @Test
  void linearScalesEndAtARoundTick() {
    Scale s = Scale.linear(276, 100, 0, 5);
    assertEquals(List.of(0.0, 100.0, 200.0, 300.0), s.ticks());
    assertEquals(100, s.at(0));
    assertEquals(0, s.at(300));
    assertEquals(50, s.at(150));
    assertEquals(0, s.at(1e9), "outside");
    assertEquals(List.of(0.0, 0.25, 0.5, 0.75, 1.0), Scale.linear(1, 0, 1, 4).ticks());
    assertEquals(1, Scale.linear(Double.NaN, 0, 1, 4).high(), "nothing to show");
  }

  @Test
  void logarithmicScalesTickAtPowers() {
    Scale s = Scale.logarithmic(0.1, 1000, 10, 0, 400);
    assertEquals(5, s.ticks().size());
    assertEquals(100, s.at(1), 1e-9);
    assertEquals(0, s.at(0), "outside");
    assertEquals(List.of(256.0, 512.0), Scale.logarithmic(200, 600, 2, 0, 1).ticks());
  }
}
