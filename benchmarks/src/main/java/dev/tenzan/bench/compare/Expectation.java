package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.CheckFailedException;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What the result of a piece of work should be: computed in double precision by plain loops, element by element, with the bound of
 * the rounding errors that any order of the operations may have.
 */
final class Expectation {
  /** Half the distance of neighbouring f32 numbers at 1. */
  private static final double EPS_F32 = 0x1p-24;

  private static final double EPS_F64 = 0x1p-53;

  /** Half the distance of neighbouring bf16 numbers at 1: the rounding of the result. */
  private static final double EPS_BF16 = 0x1p-8;

  private static final int SAMPLES = 256;

  /** The seed of the sampled positions. */
  private static final long SEED = 7;

  private Expectation() {}

  /** The value of one element of the result, and how far off it may be. */
  private record Element(double value, double bound) {}

  private interface Elements {
    Element at(int index);
  }

  /**
   * Compares a result with the expected one: the first element, the last, and random ones between.
   *
   * @return how it was compared, in a few words; empty where nothing independent is to be had for this work
   * @throws CheckFailedException where an element is off by more than the bound, or elements are missing
   */
  static Optional<String> check(Work work, List<HostArray> inputs, double[] result) {
    return switch (work) {
      case MatMul w -> sampled(w.batch() * w.m() * w.n(), result, i -> product(w, inputs, i));
      case Elementwise w -> sampled(w.length(), result, i -> elementwise(w, inputs, i));
      case BroadcastAdd w -> sampled(w.rows() * w.columns(), result, i -> broadcastAdd(w, inputs, i));
      case Reduce w -> reduce(w, inputs.getFirst(), result);
      case Normalise w -> sampled(w.rows() * w.columns(), result, i -> normalise(w, inputs, i));
    };
  }

  private static Optional<String> sampled(int size, double[] result, Elements elements) {
    if (result.length != size) {
      throw new CheckFailedException(result.length + " elements, expected " + size);
    }
    SplittableRandom random = new SplittableRandom(SEED);
    int n = Math.min(SAMPLES, size);
    for (int s = 0; s < n; s++) {
      int i = n == size ? s : s == 0 ? 0 : s == 1 ? size - 1 : random.nextInt(size);
      compare(i, result[i], elements.at(i));
    }
    return Optional.of(n == size ? "all " + n + " elements" : n + " elements");
  }

  private static void compare(int index, double actual, Element expected) {
    if (!(Math.abs(actual - expected.value()) <= expected.bound())) {
      throw new CheckFailedException(
          "element " + index + " is " + actual + ", expected " + expected.value() + " within " + (float) expected.bound());
    }
  }

  /** A sum of products with the bound of its rounding errors: as many half units in the last place as there are operations. */
  private static final class Products {
    private double sum;
    private double absolute;
    private long terms;

    void add(double a, double b) {
      sum += a * b;
      absolute += Math.abs(a * b);
      terms++;
    }

    Element expected(DType dtype) {
      double eps = dtype == DType.F64 ? EPS_F64 : dtype == DType.I8 ? 0 : EPS_F32;
      double rounding = dtype == DType.BF16 ? EPS_BF16 * Math.abs(sum) : 0;
      return new Element(sum, (terms + 2) * eps * absolute + rounding);
    }
  }

  private static Element product(MatMul w, List<HostArray> inputs, int index) {
    int column = index % w.n();
    int row = index / w.n() % w.m();
    long batch = index / w.n() / w.m();
    long a = batch * w.m() * w.k() + (w.transposeA() ? row : (long) row * w.k());
    long b = batch * w.k() * w.n() + (w.transposeB() ? (long) column * w.k() : column);
    long stepA = w.transposeA() ? w.m() : 1;
    long stepB = w.transposeB() ? 1 : w.n();
    Products p = new Products();
    for (int k = 0; k < w.k(); k++) {
      p.add(inputs.get(0).at(a + k * stepA), inputs.get(1).at(b + k * stepB));
    }
    return p.expected(w.dtype());
  }

  private static Element elementwise(Elementwise w, List<HostArray> inputs, int i) {
    double x = inputs.getFirst().at(i);
    double y = inputs.getLast().at(i);
    return switch (w.function()) {
      case ADD -> relative(x + y, 1, 0);
      case EXP -> relative(Math.exp(x), 8, 0);
      case TANH -> relative(Math.tanh(x), 16, 0);
      case GELU -> relative(x * (1 + erf(x / Math.sqrt(2))) / 2, 16, Math.abs(x));
      case CHAIN -> relative(Math.tanh(x * y) + x, 16, 1);
    };
  }

  /** A value that may be off by some half units in the last place, of its own or of an intermediate result's. */
  private static Element relative(double value, double roundings, double scale) {
    return new Element(value, roundings * EPS_F32 * Math.max(Math.abs(value), scale));
  }

  /** The error function for moderate arguments, by its power series. */
  private static double erf(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  private static Element broadcastAdd(BroadcastAdd w, List<HostArray> inputs, int i) {
    int at = w.along() == BroadcastAdd.Along.ROW ? i % w.columns() : i / w.columns();
    return relative(inputs.get(0).at(i) + inputs.get(1).at(at), 1, 0);
  }

  private static Optional<String> reduce(Reduce w, HostArray x, double[] result) {
    int length = w.rows() * w.columns() / w.results();
    if (w.reduction() == Reduce.Reduction.ARGMAX) {
      return sampled(w.results(), result, i -> {
        double greatest = greatest(w, x, i, length);
        double found = result[i] >= 0 && result[i] < length ? x.at(position(w, i, (long) result[i])) : Double.NaN;
        // Any position of the greatest value is right.
        return new Element(found == greatest ? result[i] : -1, 0);
      });
    }
    return sampled(
        w.results(), result,
        i -> w.reduction() == Reduce.Reduction.MAX ? new Element(greatest(w, x, i, length), 0) : sum(w, x, i, length));
  }

  /** Where the {@code k}-th element of the {@code i}-th reduced line stands. */
  private static long position(Reduce w, long i, long k) {
    return switch (w.over()) {
      case ALL -> k;
      case ROWS -> i * w.columns() + k;
      case COLUMNS -> k * w.columns() + i;
    };
  }

  private static double greatest(Reduce w, HostArray x, int i, int length) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < length; k++) {
      greatest = Math.max(greatest, x.at(position(w, i, k)));
    }
    return greatest;
  }

  /** Errors of a sum in any order add up like a random walk. */
  private static Element sum(Reduce w, HostArray x, int i, int length) {
    double sum = 0;
    for (int k = 0; k < length; k++) {
      sum += x.at(position(w, i, k));
    }
    return new Element(sum, (4 + Math.sqrt(length)) * EPS_F32 * sum);
  }

  private static Element normalise(Normalise w, List<HostArray> inputs, int index) {
    HostArray x = inputs.getFirst();
    int n = w.columns();
    long start = (long) index / n * n;
    double sum = 0;
    double squares = 0;
    double exponentials = 0;
    for (long i = start; i < start + n; i++) {
      sum += x.at(i);
      squares += x.at(i) * x.at(i);
      exponentials += Math.exp(x.at(i));
    }
    double mean = sum / n;
    int column = index % n;
    return switch (w.norm()) {
      case SOFTMAX -> relative(Math.exp(x.at(index)) / exponentials, 64, 0);
      case LAYER_NORM -> {
        double deviation = Math.sqrt(squares / n - mean * mean + Normalise.EPSILON);
        double value = (x.at(index) - mean) / deviation * inputs.get(1).at(column) + inputs.get(2).at(column);
        yield relative(value, 64, 1);
      }
      case RMS_NORM ->
          relative(x.at(index) / Math.sqrt(squares / n + Normalise.EPSILON) * inputs.get(1).at(column), 64, 0.1);
    };
  }
}
