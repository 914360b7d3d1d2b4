package dev.tenzan.bench.compare;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A library that lets Tenzan compute, and changes what comes out.
 *
 * @param name its name
 * @param change what is done to each result
 */
record FakeLibrary(String name, UnaryOperator<double[]> change) implements Library {
  @Override
  public String start(int threads) {
    return "version 0, " + threads + " threads";
  }

  @Override
  public Optional<Task> open(Work work, List<HostArray> inputs) {
    Task task = new TenzanLibrary().open(work, inputs).orElseThrow();
    return Optional.of(
        new Task() {
          @Override
          public void run() {
            task.run();
          }

          @Override
          public double[] result() {
            return change.apply(task.result());
          }

          @Override
          public void close() {
            task.close();
          }
        });
  }
}
