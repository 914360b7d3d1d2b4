package dev.tenzan.bench.measure;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the processor can do at most, measured in the same run as the results: multiply-adds in registers, and plain loops over
 * arrays of 10^7 floats. The bytes counted are those that the program reads and writes, as STREAM counts them.
 *
 * @param threads the threads that measured
 * @param vectorBits the bits of the widest vector; 0 without the Vector API
 * @param f32 GFLOP/s in f32; NaN without the Vector API
 * @param f64 GFLOP/s in f64; NaN without the Vector API
 * @param f32Median GFLOP/s in f32 of half the samples, which interruptions and neighbours leave; NaN without the Vector API
 * @param f64Median the same in f64
 * @param read GB/s of a comparison of two arrays
 * @param copy GB/s of a copy
 * @param triad GB/s of {@code a = b + s * c}
 */
public record Ceilings(
    int threads, int vectorBits, double f32, double f64, double f32Median, double f64Median, double read, double copy, double triad) {
  private static final int LENGTH = 10_000_000;
  private static final int REPETITIONS = 15;

  /** Measures with a number of threads; takes about a second. */
  public static Ceilings measure(int threads) {
    try (Team team = new Team(threads)) {
      boolean vectors = Machine.hasVectorApi();
      FmaPeak.Rate f32 = vectors ? FmaPeak.f32(team) : FmaPeak.Rate.NONE;
      FmaPeak.Rate f64 = vectors ? FmaPeak.f64(team) : FmaPeak.Rate.NONE;
      float[] a = new float[LENGTH];
      float[] b = new float[LENGTH];
      float[] c = new float[LENGTH];
      Arrays.fill(a, 1f);
      Arrays.fill(b, 1f);
      Arrays.fill(c, 2f);
      double read = bandwidth(team, 8.0, (from, to, member) -> compare(a, b, from, to));
      double copy = bandwidth(team, 8.0, (from, to, member) -> copy(a, b, from, to));
      double triad = bandwidth(team, 12.0, (from, to, member) -> triad(a, b, c, from, to));
      return new Ceilings(threads, vectors ? FmaPeak.vectorBits() : 0, f32.best(), f64.best(), f32.median(), f64.median(), read, copy, triad);
    }
  }

  /** The better of two measurements, figure by figure: a ceiling is what was reached once. */
  public Ceilings best(Ceilings other) {
    return new Ceilings(
        threads,
        vectorBits,
        Math.max(f32, other.f32),
        Math.max(f64, other.f64),
        Math.max(f32Median, other.f32Median),
        Math.max(f64Median, other.f64Median),
        Math.max(read, other.read),
        Math.max(copy, other.copy),
        Math.max(triad, other.triad));
  }

  /** The greatest bandwidth of the three loops, in GB/s. */
  public double bandwidth() {
    return Math.max(read, Math.max(copy, triad));
  }

  /** The fields in display order, for JSON. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("threads", threads);
    map.put("vector_bits", vectorBits);
    map.put("fma_f32_gflops", f32);
    map.put("fma_f64_gflops", f64);
    map.put("fma_f32_gflops_median", f32Median);
    map.put("fma_f64_gflops_median", f64Median);
    map.put("read_gbps", read);
    map.put("copy_gbps", copy);
    map.put("triad_gbps", triad);
    return map;
  }

  private interface Range {
    void run(int from, int to, int member);
  }

  private static double bandwidth(Team team, double bytesPerElement, Range loop) {
    double best = Double.MAX_VALUE;
    int step = LENGTH / team.size();
    for (int i = 0; i < REPETITIONS; i++) {
      double seconds =
          team.time(m -> loop.run(m * step, m == team.size() - 1 ? LENGTH : (m + 1) * step, m));
      best = Math.min(best, seconds);
    }
    return bytesPerElement * LENGTH / best * 1e-9;
  }

  /** The JVM's own loop for this reads whole vectors and does little else; of a sum of floats or ints it makes scalar additions. */
  private static void compare(float[] a, float[] b, int from, int to) {
    if (Arrays.mismatch(a, from, to, b, from, to) >= 0) {
      throw new IllegalStateException("the arrays are equal");
    }
  }

  private static void copy(float[] a, float[] b, int from, int to) {
    System.arraycopy(b, from, a, from, to - from);
  }

  private static void triad(float[] a, float[] b, float[] c, int from, int to) {
    for (int at = from; at < to; at += 4096) {
      triadPiece(a, b, c, at, Math.min(to, at + 4096));
    }
  }

  private static void triadPiece(float[] a, float[] b, float[] c, int from, int to) {
    for (int i = from; i < to; i++) {
      a[i] = b[i] + 3.0f * c[i];
    }
  }
}
