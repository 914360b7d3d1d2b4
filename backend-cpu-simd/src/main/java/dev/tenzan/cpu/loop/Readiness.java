package dev.tenzan.cpu.loop;

/**
 * Whether the vector code of one loop is worth running yet. Until C2 has compiled it, a vector operation takes 400 to 1500 ns, because the
 * interpreter and C1 put every vector on the heap; afterwards it takes about 1 ns, or 10 where memory is the limit. {@link #SLOW} tells
 * these apart on any machine.
 *
 * <p>A loop starts with scalar code. Beside it, small trial runs of the vector code make HotSpot compile it; they may take as much
 * time as the scalar code does, which is soon made good, for vectors are many times faster. Once trials are fast, the vector code takes
 * over. It is still timed now and then, because HotSpot may throw compiled code away; then scalar code steps in until it is compiled again.
 * The bits are the same either way.
 *
 * <p>Counters are read and written by several threads without locks: a lost update only shifts the moment of the change.
 */
final class Readiness {
  /** Nanoseconds for one vector operation above which the code is not compiled. */
  private static final double SLOW = 60;

  /** Trials may take this long more than their share of the time. */
  private static final long CREDIT = 2_000_000;

  /** What reading the clock twice and a call may add to a trial, in nanoseconds: less than an operation that is not compiled takes. */
  private static final long CALL = 250;

  /** What an interruption by the system may add to a run, in nanoseconds. */
  private static final long INTERRUPTION = 200_000;

  /** So many slow runs in a row are no interruptions: a slice of another thread may be as long as any run. */
  private static final int SLOW_RUNS = 2;

  /** What one trial is charged at most: the first one of a process loads the classes of the Vector API, or waits for the compiler. */
  private static final long MOST_CHARGED = 500_000;

  private static final int FAST_TRIALS = 3;

  private boolean ready;
  private int fast;
  private int slow;
  private int checks;
  private long scalarNanos;
  private long trialNanos;
  private int trials;

  /** Whether vector code is to be run. */
  boolean isReady() {
    return ready;
  }

  /** Whether the next run of the vector code is to be timed: a large one always, a small one now and then. */
  boolean isCheckDue(double operations) {
    return operations > 2000 || (++checks & 255) == 0;
  }

  /** Takes note of the time of a run of compiled vector code. */
  void checked(long nanos, double operations) {
    slow = nanos > SLOW * operations + INTERRUPTION ? slow + 1 : 0;
    if (slow >= SLOW_RUNS) {
      ready = false;
      fast = 0;
      slow = 0;
    }
  }

  /** Takes note of a run of the scalar code. */
  void ranScalar(long nanos) {
    scalarNanos += nanos;
  }

  /** Whether a trial may be run now. */
  boolean mayTry() {
    return !ready && trialNanos < scalarNanos + CREDIT;
  }

  /** The number of the next trial; the caller varies its size, so that all paths of the code are taken. */
  int nextTrial() {
    return trials++;
  }

  /** Takes note of a trial. */
  void tried(long nanos, double operations) {
    trialNanos += Math.min(nanos, MOST_CHARGED);
    if (nanos <= SLOW * operations + CALL) {
      if (++fast >= FAST_TRIALS) {
        ready = true;
      }
    } else {
      fast = 0;
    }
  }
}
