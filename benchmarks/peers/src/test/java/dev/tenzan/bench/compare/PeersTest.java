package dev.tenzan.bench.compare;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.bench.measure.Timing;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Runs small work in every library and compares the results with independent ones. */
class PeersTest {
  private static final List<Library> LIBRARIES = new ArrayList<>();

  @BeforeAll
  static void start() {
    LIBRARIES.add(new TenzanLibrary());
    ServiceLoader.load(Library.class).forEach(LIBRARIES::add);
    LIBRARIES.forEach(l -> System.out.println(l.name() + ": " + l.start(2)));
    assertTrue(LIBRARIES.size() > 1, "no peer on the class path");
  }

  @AfterAll
  static void close() {
    LIBRARIES.forEach(Library::close);
  }

  @TestFactory
  Stream<DynamicTest> everyResultIsRight() {
    return Suite.small().stream().map(w -> DynamicTest.dynamicTest(w.title(), () -> compare(w)));
  }

  private static void compare(Work work) {
    try (Trial trial = new Trial(work)) {
      LIBRARIES.forEach(trial::enter);
      Row row = trial.run(new Timing.Plan(0, 0, 0, 1, 1, 0));
      assertInstanceOf(Cell.Timed.class, row.cells().get(Comparison.TENZAN), row.cells()::toString);
      row.cells().forEach((name, cell) -> {
        boolean fine = cell instanceof Cell.Timed || cell instanceof Cell.Absent;
        assertTrue(fine, () -> name + ": " + cell);
      });
    }
  }
}
