package dev.tenzan.bench.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.bench.work.CheckFailedException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ExpectationTest {
  @ParameterizedTest
  @MethodSource("dev.tenzan.bench.compare.Suite#small")
  void rightResultsPassAndWrongOnesDoNot(Work work) {
    List<HostArray> inputs = HostArray.draw(work.inputs());
    try (Task task = new TenzanLibrary().open(work, inputs).orElseThrow()) {
      task.run();
      double[] result = task.result();
      assertFalse(Expectation.check(work, inputs, result).isEmpty());
      double[] wrong = result.clone();
      wrong[wrong.length - 1] += 0.5 + Math.abs(wrong[wrong.length - 1]) / 16;
      assertThrows(CheckFailedException.class, () -> Expectation.check(work, inputs, wrong));
      double[] nothing = result.clone();
      nothing[0] = Double.NaN;
      assertThrows(CheckFailedException.class, () -> Expectation.check(work, inputs, nothing));
      double[] few = Arrays.copyOf(result, result.length - 1);
      if (!(work instanceof TrainingStep)) {
        assertThrows(CheckFailedException.class, () -> Expectation.check(work, inputs, few));
      }
    }
  }

  @Test
  void titlesTellTheWorkApart() {
    List<String> titles = Suite.titles();
    assertEquals(titles.size(), new HashSet<>(titles).size(), titles::toString);
    assertTrue(titles.size() > 80, titles::toString);
    for (Work work : Suite.all()) {
      assertTrue(work.bytes() > 0 && work.flops() >= 0, work::title);
    }
  }

  @Test
  void inputsAreTheSameEachTime() {
    for (Work work : Suite.small()) {
      List<HostArray> once = HostArray.draw(work.inputs());
      List<HostArray> again = HostArray.draw(work.inputs());
      for (int i = 0; i < once.size(); i++) {
        HostArray a = once.get(i);
        for (int e = 0; e < a.size(); e += 7) {
          assertEquals(a.at(e), again.get(i).at(e));
        }
      }
    }
  }

  @Test
  void everyConvolutionOfResNetIsThereOnce() {
    List<Convolution> all =
        Suite.all().stream().filter(Convolution.class::isInstance).map(Convolution.class::cast).filter(c -> c.groups() == 1).toList();
    assertEquals(all.size(), new HashSet<>(all).size());
    assertEquals(23 + 2, all.size(), "23 shapes, and two for one image");
  }
}
