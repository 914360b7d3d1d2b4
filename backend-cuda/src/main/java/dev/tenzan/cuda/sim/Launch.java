package dev.tenzan.cuda.sim;

import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** One launch of a kernel: what all its blocks share. */
final class Launch implements Runnable {
  private final PtxModule module;
  private final Program program;
  private final SimMemory memory;
  private final Region parameters;
  private final int[] grid;
  private final int[] block;
  private final long dynamicSharedBytes;
  private final Checks checks;
  private final AtomicLong next = new AtomicLong();
  private final LongAdder executed = new LongAdder();

  /** The first block that failed: the others before it still run, so that the same finding is reported each time. */
  private volatile long failedBlock = Long.MAX_VALUE;

  private @Nullable Throwable failure;

  /** What is looked for besides faults; {@code turns} limits how long a block may run. */
  record Checks(boolean races, boolean uninitialised, long turns) {}

  Launch(PtxModule module, Program program, SimMemory memory, Region parameters, int[] grid, int[] block, long dynamicSharedBytes,
      Checks checks) {
    this.module = module;
    this.program = program;
    this.memory = memory;
    this.parameters = parameters;
    this.grid = grid;
    this.block = block;
    this.dynamicSharedBytes = dynamicSharedBytes;
    this.checks = checks;
  }

  /** Runs blocks until there are none left; several host threads may do so at once. */
  @Override
  public void run() {
    long blocks = (long) grid[0] * grid[1] * grid[2];
    Block runner = null;
    for (long i = next.getAndIncrement(); i < blocks && i < failedBlock; i = next.getAndIncrement()) {
      try {
        if (runner == null) {
          runner = new Block(this);
        }
        runner.run((int) (i % grid[0]), (int) (i / grid[0] % grid[1]), (int) (i / grid[0] / grid[1]));
      } catch (CancellationException e) {
        break;
      } catch (Throwable e) { // it is thrown again by the launch
        fail(i, e);
      }
    }
    if (runner != null) {
      executed.add(runner.laneInstructions());
    }
  }

  private synchronized void fail(long index, Throwable e) {
    if (index < failedBlock) {
      failedBlock = index;
      failure = e;
    }
  }

  boolean hasFailed() {
    return failedBlock < Long.MAX_VALUE;
  }

  synchronized @Nullable Throwable failure() {
    return failure;
  }

  /** Whether the host has interrupted the launch. */
  void checkCancelled() {
    if (Thread.currentThread().isInterrupted()) {
      CancellationException e = new CancellationException(program.name + ": the launch was interrupted");
      fail(-1, e);
      throw e;
    }
  }

  PtxModule module() {
    return module;
  }

  Program program() {
    return program;
  }

  SimMemory memory() {
    return memory;
  }

  Region parameters() {
    return parameters;
  }

  int[] grid() {
    return grid;
  }

  int[] block() {
    return block;
  }

  int threads() {
    return block[0] * block[1] * block[2];
  }

  long dynamicSharedBytes() {
    return dynamicSharedBytes;
  }

  long sharedBytes() {
    return program.sharedBytes + dynamicSharedBytes;
  }

  Checks checks() {
    return checks;
  }

  long executed() {
    return executed.sum();
  }
}
