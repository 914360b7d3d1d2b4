package dev.tenzan.cpu;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Quotients by a divisor that all points of a row share, which machine code multiplies and corrects: the bits of a division. */
class QuotientTest {
  private static final long SEED = 41;
  private static final int ROWS = 600;
  private static final int COLUMNS = 149;

  private static final double[] SPECIAL = {
    Double.NaN, 0.0, -0.0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Float.MIN_VALUE, -Float.MIN_NORMAL, Float.MAX_VALUE, 1, -3, 10
  };

  /** How far the exponents of dividends and divisors reach from 0: up to and beyond those that are not divided, or anywhere. */
  private static final int[] REACHES = {20, 42, 62, 200};

  private static LoopKernel kernel(DType type, Instr divisor, int inputs, long rows, long columns) {
    Affine places = new Affine(0, columns, 1);
    List<Instr> code = new ArrayList<>(List.of(new Instr.Load(type, 0, places), divisor, new Instr.Binary(type, ScalarOp.DIV, 0, 1)));
    List<DType> types = inputs == 1 ? List.of(type) : List.of(type, type);
    return new LoopKernel(
        Shape.of(rows, columns), Shape.SCALAR, types, List.of(type), new ScalarProgram(code), null, ScalarProgram.EMPTY,
        List.of(new LoopKernel.Store(0, places, 2)));
  }

  private static long bits(DType type, double value) {
    return type == DType.F64 ? Double.doubleToRawLongBits(value) : Float.floatToRawIntBits((float) value);
  }

  /** A float of random bits, whose exponent is so far from 0 at most; one in four has the first or last of all significands, or nearly so. */
  private static long number(DType type, SplittableRandom random, int reach) {
    boolean wide = type == DType.F64;
    int fraction = wide ? 52 : 23;
    int bias = wide ? 1023 : 127;
    int most = wide ? reach * 8 : reach;
    long significand = random.nextLong() & (1L << fraction) - 1;
    if (random.nextInt(4) == 0) {
      significand = random.nextBoolean() ? significand & 15 : significand | (1L << fraction) - 16;
    }
    long exponent = Math.clamp(bias + random.nextInt(-most, most + 1), 0L, 2L * bias + 1);
    long bits = (random.nextBoolean() ? 1L : 0) << (wide ? 63 : 31) | exponent << fraction | significand;
    return wide ? bits : (int) bits; // with its sign, as elements of buffers are
  }

  private static List<CpuBackend> backends() {
    return Backends.all(2);
  }

  @Test
  void ofRandomNumbers() {
    for (CpuBackend backend : backends()) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64)) {
          for (int reach : REACHES) {
            SplittableRandom random = new SplittableRandom(SEED);
            LoopKernel k = kernel(type, new Instr.Load(type, 1, new Affine(0, 1, 0)), 2, ROWS, COLUMNS);
            LoopCase.check(type + ", exponents up to " + reach + ", seed " + SEED, k, backend, (t, _, _) -> number(t, random, reach));
          }
        }
      }
    }
  }

  /**
   * Numbers whose quotient is next to halfway between two others. With D and X of p bits, and Q odd of p + 1 bits, such that D Q = X 2^(p+1) + 1 or - 1,
   * X / D is Q / 2^(p+1) but for one part in D Q.
   */
  private record Hard(long divisor, long dividend) {
    static Hard next(int p, SplittableRandom random) {
      BigInteger modulus = BigInteger.TWO.pow(p + 1);
      while (true) {
        BigInteger d = BigInteger.valueOf(1L << p - 1 | random.nextLong(1L << p - 1) | 1);
        BigInteger inverse = d.modInverse(modulus);
        BigInteger q = random.nextBoolean() ? inverse : modulus.subtract(inverse);
        BigInteger x = d.multiply(q).add(BigInteger.TWO).shiftRight(p + 1); // the one that is added or taken away does not matter
        if (q.bitLength() == p + 1 && x.bitLength() == p) {
          return new Hard(d.longValueExact(), x.longValueExact());
        }
      }
    }
  }

  @Test
  void nextToHalfwayPoints() {
    for (CpuBackend backend : backends()) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64)) {
          SplittableRandom random = new SplittableRandom(SEED);
          int p = type == DType.F32 ? 24 : 53;
          List<Hard> hard = Stream.generate(() -> Hard.next(p, random)).limit(2000).toList();
          LoopKernel k = kernel(type, new Instr.Load(type, 1, new Affine(0, 1, 0)), 2, hard.size(), 16);
          LoopCase.check(type + ", seed " + SEED, k, backend,
              (t, buffer, e) -> bits(t, buffer == 1 ? hard.get(e).divisor : buffer == 0 ? Math.scalb(1.0 * hard.get(e / 16).dividend, e % 16 - 8) : 0));
        }
      }
    }
  }

  @Test
  void byConstants() {
    for (CpuBackend backend : backends()) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64)) {
          SplittableRandom random = new SplittableRandom(SEED);
          for (int c = 0; c < 40; c++) {
            long divisor = c < SPECIAL.length ? bits(type, SPECIAL[c]) : number(type, random, REACHES[c % REACHES.length]);
            LoopKernel k = kernel(type, new Instr.Const(type, divisor), 1, 3, COLUMNS);
            LoopCase.check(type + " by " + Long.toHexString(divisor), k, backend, (t, _, _) -> number(t, random, 62));
          }
        }
      }
    }
  }

  /** Each special number by each, in vectors of nothing else and among others. */
  @Test
  void ofSpecialNumbers() {
    for (CpuBackend backend : backends()) {
      try (backend) {
        for (DType type : List.of(DType.F32, DType.F64)) {
          for (int every : new int[] {1, 5, 16}) {
            LoopKernel k = kernel(type, new Instr.Load(type, 1, new Affine(0, 1, 0)), 2, SPECIAL.length, COLUMNS);
            LoopCase.check(type + " every " + every, k, backend,
                (t, buffer, e) -> bits(t, buffer == 1 || e % every == 0 ? SPECIAL[e / (buffer == 1 ? 1 : every) % SPECIAL.length] : 1 + e));
          }
        }
      }
    }
  }
}
