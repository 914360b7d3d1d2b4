package dev.tenzan.bench.measure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The seconds that repetitions of one piece of work took, in order of size.
 *
 * @param seconds one entry for each repetition, ascending; at least one
 */
public record Timing(double[] seconds) {
  private static final int WINDOW = 5;
  private static final double STABLE = 0.05;

  /** Between turns the process is watched for so long at a time. */
  private static final long REST_MILLIS = 40;

  /** At rest it uses less of that; the system counts in steps of 10 ms. */
  private static final long BUSY_NANOS = 15_000_000;

  private static final long MOST_REST_NANOS = 1_000_000_000;

  /** Sorts. */
  public Timing {
    seconds = seconds.clone();
    Arrays.sort(seconds);
  }

  /** Where the rates come from: half the repetitions were faster. */
  public double median() {
    return quantile(0.5);
  }

  /** Half the distance between the quartiles, as a share of the median. */
  public double spread() {
    return (quantile(0.75) - quantile(0.25)) / 2 / median();
  }

  /** The number of repetitions. */
  public int repetitions() {
    return seconds.length;
  }

  /** A copy, ascending. */
  @Override
  public double[] seconds() {
    return seconds.clone();
  }

  private double quantile(double q) {
    double at = q * (seconds.length - 1);
    int low = (int) at;
    int high = Math.min(low + 1, seconds.length - 1);
    return seconds[low] + (at - low) * (seconds[high] - seconds[low]);
  }

  /**
   * How long to measure.
   *
   * @param leastWarmUp the shortest warm-up of one competitor, in seconds
   * @param warmUpSeconds the longest warm-up of one competitor
   * @param seconds what the timed repetitions of one competitor may take together
   * @param minimum the fewest repetitions, whatever they take
   * @param maximum the most repetitions
   * @param sample the seconds that a repetition takes at least: shorter work runs as often as fills them, and the time is divided,
   *     because reading the clock would count
   */
  public record Plan(
      double leastWarmUp, double warmUpSeconds, double seconds, int minimum, int maximum, double sample) {
    private static final int MOST_CALLS = 100_000;

    /** A plan that warms up until the times are stable, and times every call. */
    public Plan(double warmUpSeconds, double seconds, int minimum, int maximum) {
      this(0, warmUpSeconds, seconds, minimum, maximum, 0);
    }

    /** How often work of a duration runs in a repetition. */
    private int calls(double duration) {
      return (int) Math.clamp(Math.ceil(sample / duration), 1, MOST_CALLS);
    }
  }

  /**
   * Times competitors that do the same work: each is warmed up until it is stable, then they take turns, so that what else
   * happens on the machine meets all of them. A turn begins when the process is at rest, because a competitor's threads may still spin for
   * the next call (OpenBLAS's do for about 25 ms), and a compiler or collector may be at work; the first call of a turn is not timed.
   */
  public static List<Timing> interleaved(Plan plan, List<Runnable> competitors) {
    double[] estimates = competitors.stream().mapToDouble(c -> warmUp(plan, c)).toArray();
    boolean alone = competitors.size() == 1;
    int rounds = alone ? 1 : 5;
    List<List<Double>> samples = new ArrayList<>();
    competitors.forEach(c -> samples.add(new ArrayList<>()));
    for (int round = 0; round < rounds; round++) {
      for (int c = 0; c < competitors.size(); c++) {
        int calls = plan.calls(estimates[c]);
        int wanted = (int) Math.clamp(plan.seconds / (estimates[c] * calls), plan.minimum, plan.maximum);
        int repetitions = Math.ceilDiv(wanted, rounds);
        if (!alone) {
          rest();
          time(competitors.get(c), calls);
        }
        for (int i = 0; i < repetitions; i++) {
          samples.get(c).add(time(competitors.get(c), calls));
        }
      }
    }
    return samples.stream().map(s -> new Timing(s.stream().mapToDouble(d -> d).toArray())).toList();
  }

  /** The mean seconds of calls that follow each other. */
  private static double time(Runnable work, int calls) {
    long begin = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      work.run();
    }
    return (System.nanoTime() - begin) * 1e-9 / calls;
  }

  /** The seconds of one call. */
  public static double time(Runnable work) {
    long begin = System.nanoTime();
    work.run();
    return (System.nanoTime() - begin) * 1e-9;
  }

  /** Runs until three windows in a row are no faster than the best one before, and returns the best one's median. */
  private static double warmUp(Plan plan, Runnable work) {
    long begin = System.nanoTime();
    double best = Double.MAX_VALUE;
    int steady = 0;
    while (steady < 3 || (System.nanoTime() - begin) * 1e-9 < plan.leastWarmUp) {
      double spent = 0;
      List<Double> window = new ArrayList<>();
      while (window.size() < WINDOW || spent < 0.05 && window.size() < 10_000) {
        double t = time(work);
        spent += t;
        window.add(t);
        if ((System.nanoTime() - begin) * 1e-9 > plan.warmUpSeconds) {
          break;
        }
      }
      double median = new Timing(window.stream().mapToDouble(d -> d).toArray()).median();
      steady = median > best * (1 - STABLE) ? steady + 1 : 0;
      best = Math.min(best, median);
      if ((System.nanoTime() - begin) * 1e-9 > plan.warmUpSeconds) {
        break;
      }
    }
    return best;
  }

  /** Waits until the threads of this process are at rest, or for a second. */
  private static void rest() {
    long begin = System.nanoTime();
    try {
      long used;
      do {
        long before = Machine.processNanos();
        Thread.sleep(REST_MILLIS);
        used = Machine.processNanos() - before;
      } while (used > BUSY_NANOS && System.nanoTime() - begin < MOST_REST_NANOS);
    } catch (InterruptedException e) {
      throw new IllegalStateException("measuring was interrupted", e);
    }
  }
}
