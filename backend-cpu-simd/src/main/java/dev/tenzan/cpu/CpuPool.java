package dev.tenzan.cpu;

import dev.tenzan.error.TenzanException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed pool of daemon threads that runs lists of independent tasks; the calling thread works too.
 *
 * <p>A job is a number of tasks, known before it starts. Each thread has a run of neighbouring tasks, the same in every job of as many,
 * so that it meets again what its core's caches hold of the last job; when its own are done, it takes the last ones of others. So which
 * thread runs a task depends on the load, and what a task does depends on its number alone.
 * One job runs at a time: a nested call, or a call while another caller's job runs, runs its tasks on the
 * calling thread. So nothing waits for a lock, and every call makes progress.
 *
 * <p>A worker without work spins for some milliseconds, as those of OpenMP do, and then parks. That covers the gap between the calls of a
 * program, and more: where Linux does not know which processors share a cache, as on most virtual machines, a thread that wakes may be put
 * beside the one that woke it, and is moved to an idle processor only when it has been running for a tick of the clock. Until then two
 * threads do the work of one. {@link ThreadPlacement} spares them that, where it can. A parked worker is woken by its parent in a binary
 * tree, so that the caller pays for at most one wake-up.
 */
public final class CpuPool implements AutoCloseable {
  /** The system property that sets the number of threads. */
  public static final String THREADS_PROPERTY = "tenzan.cpu.threads";

  /** The system property that sets for how many microseconds a thread without work spins. */
  public static final String SPIN_PROPERTY = "tenzan.cpu.spin";

  private static final int MAX_THREADS = 1024;

  private static final int MAX_SPIN_MICROS = 10_000_000;

  /** For as many threads as there are processors: longer than a tick of the clock or two. */
  private static final int SPIN_MICROS = 3000;

  /** For more threads than processors, which keep each other from work. */
  private static final int CROWDED_SPIN_MICROS = 50;

  private static final int SPINS_PER_CLOCK = 16;

  /** A worker that has spun for so long lets others have its processor, as HotSpot's compiler, which the first seconds are waiting for. */
  private static final long YIELD_NANOS = 50_000;

  /** A job that took the caller so long without a worker has time for one. */
  private static final long MISSED_NANOS = 50_000;

  /** It is moved so rarely: where it waits for a third thread, such as HotSpot's compiler in the first seconds, moving does not help. */
  private static final long MOVE_NANOS = 10_000_000;

  /** The work of one task of a job. */
  @FunctionalInterface
  public interface TaskBody {
    /** Runs one task, {@code 0 <= task < tasks}; it shares no mutable state with another task. */
    void run(int task);
  }

  private final Worker[] workers;
  private final long spinNanos;
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile @Nullable Job current;
  private volatile boolean closed;

  /** Whether workers are moved off their waker's processor. */
  private final boolean moves = ThreadPlacement.isWanted();

  /** When a worker that missed a job was last moved; written only by the thread that holds {@link #busy}. */
  private long lastMove = System.nanoTime() - MOVE_NANOS;

  /** How many jobs were started; written only by the thread that holds {@link #busy}. */
  private long jobs;

  /** A pool of {@code threads} threads, the caller among them: {@code threads - 1} are started. */
  public CpuPool(int threads) {
    this(threads, 1000L * configuredSpin(threads));
  }

  /** A pool whose threads spin for so many nanoseconds. */
  CpuPool(int threads, long spinNanos) {
    this.spinNanos = spinNanos;
    if (threads < 1 || threads > MAX_THREADS) {
      throw new IllegalArgumentException(
          "cpu pool: threads is %d; give 1 to %d".formatted(threads, MAX_THREADS));
    }
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i);
      workers[i].start();
    }
  }

  /**
   * The number of threads asked for: {@code -Dtenzan.cpu.threads}, or else the processors of this machine.
   *
   * @throws TenzanException where the property is not a number from 1 to 1024
   */
  public static int configuredThreads() {
    int processors = Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
    return configured(THREADS_PROPERTY, processors, 1, MAX_THREADS, "a number of threads", "to use all processors");
  }

  private static int configuredSpin(int threads) {
    int otherwise = threads <= Runtime.getRuntime().availableProcessors() ? SPIN_MICROS : CROWDED_SPIN_MICROS;
    String effect = "to let idle threads spin for " + otherwise;
    return configured(SPIN_PROPERTY, otherwise, 0, MAX_SPIN_MICROS, "a number of microseconds", effect);
  }

  /** The number in a system property, or {@code otherwise} where it is not set. */
  private static int configured(String property, int otherwise, int least, int most, String what, String effect) {
    String text = System.getProperty(property);
    if (text == null) {
      return otherwise;
    }
    NumberFormatException cause = null;
    try {
      int number = Integer.parseInt(text.strip());
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      cause = e;
    }
    throw new TenzanException(
        "cpu: -D%s=%s is not %s; give a number from %d to %d, or leave it out %s"
            .formatted(property, text, what, least, most, effect),
        cause);
  }

  /** The number of threads that work on a job, the caller included. */
  public int threads() {
    return workers.length + 1;
  }

  /**
   * Runs tasks {@code 0} to {@code tasks - 1}, each once, and returns when all are done and their effects are
   * visible.
   *
   * <p>Where tasks throw, tasks not yet begun are left out, and the error of the lowest failed task is thrown
   * here.
   */
  public void parallelFor(int tasks, TaskBody body) {
    if (tasks <= 1 || workers.length == 0 || closed || !busy.compareAndSet(false, true)) {
      for (int task = 0; task < tasks; task++) {
        body.run(task);
      }
      return;
    }
    Job job = new Job(++jobs, tasks, body, Math.min(tasks - 1, workers.length), Thread.currentThread(), spinNanos);
    try {
      current = job;
      workers[0].wake();
      long begin = moves ? System.nanoTime() : 0;
      job.work(0);
      if (moves && !job.joined) {
        moveMissing(begin);
      }
      job.awaitDone();
    } finally {
      current = null;
      busy.set(false);
    }
    job.rethrow();
  }

  /** Moves the first worker, which has not come to a job that began so long ago: it waits for this processor. */
  private void moveMissing(long begin) {
    long now = System.nanoTime();
    if (now - begin > MISSED_NANOS && now - lastMove > MOVE_NANOS) {
      lastMove = now;
      workers[0].leaveToCaller();
    }
  }

  /** Ends the threads; later jobs run on the calling thread. A running job is finished first. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  /** One call of {@link #parallelFor}. */
  private static final class Job {
    private final long number;
    private final TaskBody body;
    private final int helpers;
    private final Thread caller;
    private final long spinNanos;
    private final TaskRanges ranges;
    private final AtomicInteger left;
    private volatile boolean callerParked;

    /** Whether a worker has come. */
    private volatile boolean joined;

    private int failedTask = Integer.MAX_VALUE;
    private @Nullable Throwable failure;

    Job(long number, int tasks, TaskBody body, int helpers, Thread caller, long spinNanos) {
      this.number = number;
      this.body = body;
      this.helpers = helpers;
      this.ranges = new TaskRanges(tasks, helpers + 1);
      this.caller = caller;
      this.spinNanos = spinNanos;
      this.left = new AtomicInteger(tasks);
    }

    /** Runs tasks until all are claimed; {@code thread} is 0 for the caller, and one more than its index for a worker. */
    void work(int thread) {
      for (int task = ranges.claim(thread); task >= 0; task = ranges.claim(thread)) {
        try {
          body.run(task);
        } catch (Throwable t) {
          fail(task, t);
        }
        if (left.decrementAndGet() == 0 && callerParked) {
          LockSupport.unpark(caller);
        }
      }
    }

    private synchronized void fail(int task, Throwable t) {
      if (task < failedTask) {
        failedTask = task;
        failure = t;
      }
      left.addAndGet(-ranges.claimAll());
    }

    void awaitDone() {
      long deadline = System.nanoTime() + spinNanos;
      boolean interrupted = false;
      for (int spins = 1; left.get() != 0; spins++) {
        if (!callerParked) {
          Thread.onSpinWait();
          callerParked = spins % SPINS_PER_CLOCK == 0 && System.nanoTime() - deadline > 0;
        } else {
          LockSupport.park(this);
          interrupted |= Thread.interrupted();
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private synchronized void rethrow() {
      switch (failure) {
        case null -> {}
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case Throwable t -> throw new IllegalStateException("cpu pool: a task failed", t);
      }
    }
  }

  /** One thread of the pool, and a node of the wake-up tree. */
  private final class Worker extends Thread {
    private final int index;
    private volatile boolean parked;
    private volatile @Nullable ThreadPlacement placement;
    private boolean placed;

    /** Whether it was to be moved before it could be. */
    private volatile boolean toBePlaced;

    Worker(int index) {
      super("tenzan-cpu-" + (index + 1));
      this.index = index;
      setDaemon(true);
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(this);
        leaveToCaller();
      }
    }

    void leaveToCaller() {
      ThreadPlacement known = placement;
      if (known != null) {
        known.leaveToCaller();
      } else {
        toBePlaced = true;
      }
    }

    @Override
    public void run() {
      // A number, not the job itself: an idle worker keeps nothing of its last job alive.
      long last = 0;
      while (!closed) {
        Job job = awaitJob(last);
        if (job != null) {
          wakeChildren(job);
          if (index < job.helpers) {
            job.joined = true;
            job.work(index + 1);
          }
          last = job.number;
        }
      }
    }

    private void wakeChildren(Job job) {
      for (int child = 2 * index + 1; child <= 2 * index + 2 && child < job.helpers; child++) {
        workers[child].wake();
      }
    }

    /** The job that follows job number {@code last}, or null where the pool was closed. */
    private @Nullable Job awaitJob(long last) {
      long begin = System.nanoTime();
      for (int spins = 1; !closed; spins++) {
        Job job = current;
        if (job != null && job.number != last) {
          parked = false;
          return job;
        }
        if (!parked) {
          Thread.onSpinWait();
          long idle = spins % SPINS_PER_CLOCK == 0 ? System.nanoTime() - begin : 0;
          if (moves && !placed && (toBePlaced || idle > spinNanos)) { // the first idle time will do, unless it is needed before
            placed = true;
            placement = ThreadPlacement.ofCurrent();
          }
          if (idle > spinNanos) {
            // The job is looked at once more between this write and the first park, so no wake-up is lost.
            parked = true;
          } else if (idle > YIELD_NANOS) {
            Thread.yield();
          }
        } else {
          LockSupport.park(CpuPool.this);
        }
      }
      return null;
    }
  }
}
