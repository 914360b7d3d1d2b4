package dev.tenzan.bench.compare;

import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.work.CheckFailedException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One piece of work in every library: opened, checked, and those that are right timed in turns. */
final class Trial implements AutoCloseable {
  /** How far losses may differ after a few steps, as a share. */
  private static final double AGREEMENT = 1e-4;

  private final Work work;
  private final List<HostArray> inputs;
  private final Map<String, Cell> cells = new LinkedHashMap<>();
  private final Map<String, Task> tasks = new LinkedHashMap<>();
  private final Map<String, String> checks = new LinkedHashMap<>();
  private final Map<String, double[]> losses = new LinkedHashMap<>();

  Trial(Work work) {
    this.work = work;
    this.inputs = HostArray.draw(work.inputs());
  }

  /** Opens and checks the work in a library. */
  void enter(Library library) {
    String name = library.name();
    try {
      Optional<Task> task = library.open(work, inputs);
      if (task.isPresent()) {
        tasks.put(name, task.get());
        check(name, task.get().result());
      }
      cells.put(name, new Cell.Absent());
    } catch (CheckFailedException e) {
      leave(name, new Cell.Wrong(String.valueOf(e.getMessage())));
    } catch (RuntimeException | LinkageError e) {
      leave(name, new Cell.Failed(reason(e)));
    }
  }

  private void check(String name, double[] result) {
    checks.put(name, Expectation.check(work, inputs, result));
    if (work instanceof TrainingStep) {
      losses.forEach((other, expected) -> agree(name, result, other, expected));
      losses.put(name, result);
    }
  }

  /** Nothing independent says which of two is wrong, so neither is timed. */
  private void agree(String name, double[] result, String other, double[] expected) {
    for (int i = 0; i < result.length; i++) {
      if (!(Math.abs(result[i] - expected[i]) <= AGREEMENT * Math.abs(expected[i]))) {
        String step = "the loss of step " + (i + 1) + " is ";
        leave(other, new Cell.Wrong(step + expected[i] + ", " + name + "'s is " + result[i]));
        throw new CheckFailedException(step + result[i] + ", " + other + "'s is " + expected[i]);
      }
    }
  }

  private void leave(String name, Cell why) {
    cells.put(name, why);
    Task task = tasks.remove(name);
    if (task != null) {
      task.close();
    }
  }

  /** Times those that are right, and tells what came of all. */
  Row run(Timing.Plan plan) {
    List<String> names = List.copyOf(tasks.keySet());
    if (!names.isEmpty()) {
      List<Timing> timings = Timing.interleaved(plan, tasks.values().stream().<Runnable>map(t -> t::run).toList());
      for (int i = 0; i < names.size(); i++) {
        cells.put(names.get(i), new Cell.Timed(timings.get(i), checks.getOrDefault(names.get(i), "")));
      }
    }
    return new Row(work, cells);
  }

  /** A library's error in one line. */
  static String reason(Throwable e) {
    String message = String.valueOf(e.getMessage()).strip();
    return e.getClass().getSimpleName() + ": " + message.lines().findFirst().orElse("");
  }

  @Override
  public void close() {
    tasks.values().forEach(Task::close);
  }
}
