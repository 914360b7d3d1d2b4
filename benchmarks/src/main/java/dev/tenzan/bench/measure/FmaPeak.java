package dev.tenzan.bench.measure;

import java.util.Arrays;
import java.util.function.IntConsumer;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The most multiply-adds that the processor does in a second: sixteen independent chains of fused multiply-adds of the widest
 * vectors, in registers, on every thread. Sixteen, because two units with a latency of four to five cycles want eight to ten.
 */
final class FmaPeak {
  private static final VectorSpecies<Float> F32 = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Double> F64 = DoubleVector.SPECIES_PREFERRED;
  private static final int CHAINS = 16;
  private static final int STEPS = 20_000;
  private static final int SAMPLES = 48;

  private FmaPeak() {}

  /** The bits of the widest vector. */
  static int vectorBits() {
    return F32.vectorBitSize();
  }

  /**
   * What was reached, in GFLOP/s.
   *
   * @param best once
   * @param median by half of the samples
   */
  record Rate(double best, double median) {
    static final Rate NONE = new Rate(Double.NaN, Double.NaN);
  }

  /** GFLOP/s in f32. */
  static Rate f32(Team team) {
    float[] sink = new float[team.size() * 64];
    return measure(team, F32.length(), (member, calls) -> {
      for (int i = 0; i < calls; i++) {
        sink[member * 64] += floats(1e-9f * i);
      }
    });
  }

  /** GFLOP/s in f64. */
  static Rate f64(Team team) {
    double[] sink = new double[team.size() * 64];
    return measure(team, F64.length(), (member, calls) -> {
      for (int i = 0; i < calls; i++) {
        sink[member * 64] += doubles(1e-9 * i);
      }
    });
  }

  private interface Job {
    void run(int member, int calls);
  }

  /** Calls until the compiler is done, then takes many samples of about 5 ms. */
  private static Rate measure(Team team, int lanes, Job job) {
    IntConsumer warm = member -> job.run(member, 30);
    double perCall = Double.MAX_VALUE;
    for (int i = 0; i < 20; i++) {
      perCall = Math.min(perCall, team.time(warm) / 30);
    }
    int calls = (int) Math.clamp(0.005 / perCall, 1, 100_000);
    double[] rates = new double[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      double seconds = team.time(member -> job.run(member, calls));
      rates[i] = 2e-9 * CHAINS * STEPS * lanes * calls * team.size() / seconds;
    }
    Arrays.sort(rates);
    return new Rate(rates[SAMPLES - 1], rates[SAMPLES / 2]);
  }

  /** Vectors stay in locals: one in a field or an array would be boxed. */
  private static float floats(float seed) {
    FloatVector b = FloatVector.broadcast(F32, 0.5f);
    FloatVector c = FloatVector.broadcast(F32, 1.0f + seed);
    FloatVector a0 = c;
    FloatVector a1 = c;
    FloatVector a2 = c;
    FloatVector a3 = c;
    FloatVector a4 = c;
    FloatVector a5 = c;
    FloatVector a6 = c;
    FloatVector a7 = c;
    FloatVector a8 = c;
    FloatVector a9 = c;
    FloatVector a10 = c;
    FloatVector a11 = c;
    FloatVector a12 = c;
    FloatVector a13 = c;
    FloatVector a14 = c;
    FloatVector a15 = c;
    for (int i = 0; i < STEPS; i++) {
      a0 = a0.fma(b, c);
      a1 = a1.fma(b, c);
      a2 = a2.fma(b, c);
      a3 = a3.fma(b, c);
      a4 = a4.fma(b, c);
      a5 = a5.fma(b, c);
      a6 = a6.fma(b, c);
      a7 = a7.fma(b, c);
      a8 = a8.fma(b, c);
      a9 = a9.fma(b, c);
      a10 = a10.fma(b, c);
      a11 = a11.fma(b, c);
      a12 = a12.fma(b, c);
      a13 = a13.fma(b, c);
      a14 = a14.fma(b, c);
      a15 = a15.fma(b, c);
    }
    a0 = a0.add(a1).add(a2).add(a3).add(a4).add(a5).add(a6).add(a7);
    a8 = a8.add(a9).add(a10).add(a11).add(a12).add(a13).add(a14).add(a15);
    return a0.add(a8).lane(0);
  }

  private static double doubles(double seed) {
    DoubleVector b = DoubleVector.broadcast(F64, 0.5);
    DoubleVector c = DoubleVector.broadcast(F64, 1.0 + seed);
    DoubleVector a0 = c;
    DoubleVector a1 = c;
    DoubleVector a2 = c;
    DoubleVector a3 = c;
    DoubleVector a4 = c;
    DoubleVector a5 = c;
    DoubleVector a6 = c;
    DoubleVector a7 = c;
    DoubleVector a8 = c;
    DoubleVector a9 = c;
    DoubleVector a10 = c;
    DoubleVector a11 = c;
    DoubleVector a12 = c;
    DoubleVector a13 = c;
    DoubleVector a14 = c;
    DoubleVector a15 = c;
    for (int i = 0; i < STEPS; i++) {
      a0 = a0.fma(b, c);
      a1 = a1.fma(b, c);
      a2 = a2.fma(b, c);
      a3 = a3.fma(b, c);
      a4 = a4.fma(b, c);
      a5 = a5.fma(b, c);
      a6 = a6.fma(b, c);
      a7 = a7.fma(b, c);
      a8 = a8.fma(b, c);
      a9 = a9.fma(b, c);
      a10 = a10.fma(b, c);
      a11 = a11.fma(b, c);
      a12 = a12.fma(b, c);
      a13 = a13.fma(b, c);
      a14 = a14.fma(b, c);
      a15 = a15.fma(b, c);
    }
    a0 = a0.add(a1).add(a2).add(a3).add(a4).add(a5).add(a6).add(a7);
    a8 = a8.add(a9).add(a10).add(a11).add(a12).add(a13).add(a14).add(a15);
    return a0.add(a8).lane(0);
  }
}
