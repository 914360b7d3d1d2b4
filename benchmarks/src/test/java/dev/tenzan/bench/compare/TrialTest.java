package dev.tenzan.bench.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.bench.measure.Timing;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class TrialTest {
  private static final Timing.Plan ONCE = new Timing.Plan(0, 0, 0, 1, 1, 0);
  private static final Work PRODUCT = MatMul.of(DType.F32, 8, 8, 8);

  private static Row run(Work work, Library... libraries) {
    try (Trial trial = new Trial(work)) {
      for (Library l : libraries) {
        trial.enter(l);
      }
      return trial.run(ONCE);
    }
  }

  private static double[] larger(double[] values) {
    double[] wrong = values.clone();
    wrong[0] *= 1.01;
    return wrong;
  }

  @Test
  void onlyWhatIsRightIsTimed() {
    Library broken =
        new Library() {
          @Override
          public String name() {
            return "broken";
          }

          @Override
          public String start(int threads) {
            return "";
          }

          @Override
          public Optional<Task> open(Work work, List<HostArray> inputs) {
            throw new UnsatisfiedLinkError("no libfoo.so\nand a trace");
          }
        };
    Library poor =
        new Library() {
          @Override
          public String name() {
            return "poor";
          }

          @Override
          public String start(int threads) {
            return "";
          }

          @Override
          public Optional<Task> open(Work work, List<HostArray> inputs) {
            return Optional.empty();
          }
        };
    Row row =
        run(
            PRODUCT, new TenzanLibrary(), new FakeLibrary("right", UnaryOperator.identity()),
            new FakeLibrary("wrong", TrialTest::larger), broken, poor);
    assertEquals(List.of("Tenzan", "right", "wrong", "broken", "poor"), List.copyOf(row.cells().keySet()));
    assertEquals("all 64 elements", assertInstanceOf(Cell.Timed.class, row.cells().get("Tenzan")).check());
    assertInstanceOf(Cell.Timed.class, row.cells().get("right"));
    assertTrue(assertInstanceOf(Cell.Wrong.class, row.cells().get("wrong")).reason().startsWith("element 0 is "));
    assertEquals(
        "UnsatisfiedLinkError: no libfoo.so", assertInstanceOf(Cell.Failed.class, row.cells().get("broken")).reason());
    assertInstanceOf(Cell.Absent.class, row.cells().get("poor"));
    assertEquals(Optional.of("right"), row.best());
    assertTrue(row.ratio("right") > 0 && Double.isNaN(row.ratio("wrong")) && Double.isNaN(row.ratio("poor")));
  }

  @Test
  void lossesThatDifferAreBothWrong() {
    Work training = new TrainingStep(TrainingStep.Model.MLP, 2);
    UnaryOperator<double[]> off =
        losses -> {
          double[] wrong = losses.clone();
          wrong[2] *= 0.999;
          return wrong;
        };
    Row row = run(training, new TenzanLibrary(), new FakeLibrary("off", off));
    assertTrue(
        assertInstanceOf(Cell.Wrong.class, row.cells().get("off")).reason().startsWith("the loss of step 3 is "), row::toString);
    assertInstanceOf(Cell.Wrong.class, row.cells().get("Tenzan"));
    Row same = run(training, new TenzanLibrary(), new FakeLibrary("same", UnaryOperator.identity()));
    assertInstanceOf(Cell.Timed.class, same.cells().get("Tenzan"));
    assertInstanceOf(Cell.Timed.class, same.cells().get("same"));
  }
}
