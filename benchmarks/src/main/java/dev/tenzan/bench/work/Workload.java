package dev.tenzan.bench.work;

import dev.tenzan.Device;
import dev.tenzan.bench.measure.Gemm;
import java.util.Optional;

/** A piece of work of one size that runs on any device. */
public interface Workload {
  /** What it is and what it costs. */
  Facts facts();

  /** Puts the inputs on a device. */
  Session open(Device device);

  /**
   * The same work done by another library; empty where that has no such function.
   *
   * @throws UnsupportedOperationException where it cannot do it here, with the reason
   */
  default Optional<Rival> rival(Gemm library) {
    return Optional.empty();
  }

  /** The work done by another library. */
  interface Rival extends AutoCloseable {
    /** The library's name. */
    String name();

    /** Does the work once, and waits for its end. */
    void run();

    /**
     * Compares what it computed with values that were computed in another way.
     *
     * @throws CheckFailedException where the results are wrong
     */
    void check();

    @Override
    void close();
  }

  /**
   * What is known of the work.
   *
   * @param group the section of the report that it belongs to
   * @param name what is computed
   * @param size the problem's size, for people
   * @param extent the problem's size, for plots
   * @param metric how its speed is told
   * @param work the operations, bytes or samples that the metric counts
   * @param flops the floating-point operations, 0 where they say nothing
   * @param bytes the bytes that the program must read and write at least
   * @param limit the ceiling on the CPU
   */
  record Facts(
      String group,
      String name,
      String size,
      int extent,
      Metric metric,
      double work,
      double flops,
      double bytes,
      Limit limit) {
    /** The rate in the metric's unit when one run takes so many seconds. */
    public double rate(double seconds) {
      return work / seconds * (metric == Metric.SAMPLES ? 1 : 1e-9);
    }
  }

  /** The work on one device. */
  interface Session extends AutoCloseable {
    /** Does the work once, and waits for its end. */
    void run();

    /** Does the work once and returns its results; f32 values are exact as doubles. */
    double[] results();

    /**
     * Does the work once and compares with values that were computed in another way.
     *
     * @return how it was compared, in a few words
     * @throws CheckFailedException where the results are wrong
     */
    String check();

    /** Frees the inputs. */
    @Override
    void close();
  }
}
