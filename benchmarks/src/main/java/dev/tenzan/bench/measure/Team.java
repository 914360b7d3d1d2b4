package dev.tenzan.bench.measure;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.function.IntConsumer;

/**
 * A few threads that do one job each at the same time, over and over: for measuring what the machine can do. The job of number 0
 * runs in the caller's thread.
 */
final class Team implements AutoCloseable {
  private final int size;
  private final CyclicBarrier start;
  private final CyclicBarrier end;
  private volatile boolean stopped;
  private volatile IntConsumer job = i -> {};

  Team(int size) {
    this.size = size;
    this.start = new CyclicBarrier(size);
    this.end = new CyclicBarrier(size);
    for (int i = 1; i < size; i++) {
      int number = i;
      Thread.ofPlatform().daemon().name("tenzan-measure-" + i).start(() -> work(number));
    }
  }

  int size() {
    return size;
  }

  /** Runs the job on every thread and returns the seconds from the common start to the last one's end. */
  double time(IntConsumer task) {
    job = task;
    await(start);
    long begin = System.nanoTime();
    task.accept(0);
    await(end);
    return (System.nanoTime() - begin) * 1e-9;
  }

  private void work(int number) {
    while (true) {
      await(start);
      if (stopped) {
        return;
      }
      job.accept(number);
      await(end);
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new IllegalStateException("measuring was interrupted", e);
    }
  }

  @Override
  public void close() {
    stopped = true;
    await(start);
  }
}
