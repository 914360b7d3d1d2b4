package dev.tenzan.bench.matherror;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;

/** Runs the numbered parts of a search on several threads. */
final class Parts {
  private Parts() {}

  /** The greatest error in all parts. */
  static MathError.Worst run(int threads, int parts, IntFunction<MathError.Worst> part) {
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<MathError.Worst>> futures = new ArrayList<>();
      for (int p = 0; p < parts; p++) {
        int number = p;
        futures.add(executor.submit(() -> part.apply(number)));
      }
      MathError.Worst worst = futures.getFirst().get();
      for (Future<MathError.Worst> f : futures) {
        worst = worst.or(f.get());
      }
      return worst;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("math-error: interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("math-error: a part failed", e.getCause());
    }
  }
}
