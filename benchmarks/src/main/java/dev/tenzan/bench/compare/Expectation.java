package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.CheckFailedException;
import java.util.Arrays;
import java.util.List;

/**
 * What the result of a piece of work should be: computed in double precision by plain loops, element by element, with the bound of
 * the rounding errors that any order of the operations may have.
 */
final class Expectation {
  private Expectation() {}

  /**
   * Compares a result with the expected one: the first element, the last, and random ones between.
   *
   * @return how it was compared, in a few words
   * @throws CheckFailedException where an element is off by more than the bound, or elements are missing
   */
  static String check(Work work, List<HostArray> inputs, double[] result) {
    return switch (work) {
      case MatMul w -> Samples.sampled(w.batch() * w.m() * w.n(), result, i -> product(w, inputs, i));
      case Elementwise w -> Samples.sampled(w.length(), result, i -> elementwise(w, inputs, i));
      case BroadcastAdd w -> Samples.sampled(w.rows() * w.columns(), result, i -> broadcastAdd(w, inputs, i));
      case Reduce w -> reduce(w, inputs.getFirst(), result);
      case Normalise w -> Samples.sampled(w.rows() * w.columns(), result, i -> normalise(w, inputs, i));
      case Transpose w -> Samples.sampled(w.rows() * w.columns(), result, i -> transposed(w, inputs.getFirst(), i));
      case Gather w -> Samples.sampled(w.indices() * w.columns(), result, i -> gathered(w, inputs, i));
      case CumulativeSum w -> Samples.sampled(w.rows() * w.columns(), result, i -> cumulativeSum(w, inputs.getFirst(), i));
      case Sort w -> greatest(inputs.getFirst(), w.length(), result);
      case TopK w -> greatest(inputs.getFirst(), w.k(), reversed(result));
      case Convolution w -> Networks.convolution(w, inputs, result);
      case MaxPool w -> Networks.maxPool(w, inputs.getFirst(), result);
      case Attention w -> Networks.attention(w, inputs, result);
      case TrainingStep _ -> falling(result);
      case FirstProduct _ -> throw new IllegalArgumentException(work + " is not opened");
    };
  }

  private static Samples.Element product(MatMul w, List<HostArray> inputs, int index) {
    int column = index % w.n();
    int row = index / w.n() % w.m();
    long batch = index / w.n() / w.m();
    long a = batch * w.m() * w.k() + (w.transposeA() ? row : (long) row * w.k());
    long b = batch * w.k() * w.n() + (w.transposeB() ? (long) column * w.k() : column);
    long stepA = w.transposeA() ? w.m() : 1;
    long stepB = w.transposeB() ? 1 : w.n();
    Samples.Products p = new Samples.Products();
    for (int k = 0; k < w.k(); k++) {
      p.add(inputs.get(0).at(a + k * stepA), inputs.get(1).at(b + k * stepB));
    }
    return p.expected(w.dtype());
  }

  private static Samples.Element elementwise(Elementwise w, List<HostArray> inputs, int i) {
    double x = inputs.getFirst().at(i);
    double y = inputs.getLast().at(i);
    return switch (w.function()) {
      case ADD -> Samples.relative(x + y, 1, 0);
      case EXP -> Samples.relative(Math.exp(x), 8, 0);
      case TANH -> Samples.relative(Math.tanh(x), 16, 1);
      case GELU -> Samples.relative(x * (1 + erf(x / Math.sqrt(2))) / 2, 16, Math.abs(x));
      case CHAIN -> Samples.relative(Math.tanh(x * y) + x, 16, 1);
    };
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

  private static Samples.Element broadcastAdd(BroadcastAdd w, List<HostArray> inputs, int i) {
    int at = w.along() == BroadcastAdd.Along.ROW ? i % w.columns() : i / w.columns();
    return Samples.relative(inputs.get(0).at(i) + inputs.get(1).at(at), 1, 0);
  }

  private static String reduce(Reduce w, HostArray x, double[] result) {
    int length = w.rows() * w.columns() / w.results();
    if (w.reduction() == Reduce.Reduction.ARGMAX) {
      return Samples.sampled(w.results(), result, i -> {
        double greatest = greatest(w, x, i, length);
        double found = result[i] >= 0 && result[i] < length ? x.at(position(w, i, (long) result[i])) : Double.NaN;
        // Any position of the greatest value is right.
        return new Samples.Element(found == greatest ? (long) result[i] : -1, 0);
      });
    }
    return Samples.sampled(
        w.results(), result,
        i -> w.reduction() == Reduce.Reduction.MAX ? new Samples.Element(greatest(w, x, i, length), 0) : sum(w, x, i, length));
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
  private static Samples.Element sum(Reduce w, HostArray x, int i, int length) {
    double sum = 0;
    for (int k = 0; k < length; k++) {
      sum += x.at(position(w, i, k));
    }
    return new Samples.Element(sum, (4 + Math.sqrt(length)) * Samples.EPS_F32 * sum);
  }

  private static Samples.Element transposed(Transpose w, HostArray x, int i) {
    return exactly(x.at((long) (i % w.rows()) * w.columns() + i / w.rows()));
  }

  private static Samples.Element gathered(Gather w, List<HostArray> inputs, int i) {
    long row = (long) inputs.get(1).at(i / w.columns());
    return exactly(inputs.get(0).at(row * w.columns() + i % w.columns()));
  }

  private static Samples.Element exactly(double value) {
    return new Samples.Element(value, 0);
  }

  private static Samples.Element cumulativeSum(CumulativeSum w, HostArray x, int index) {
    double sum = 0;
    long start = (long) index - index % w.columns();
    for (long i = start; i <= index; i++) {
      sum += x.at(i);
    }
    return new Samples.Element(sum, (4 + Math.sqrt(index - start)) * Samples.EPS_F32 * sum);
  }

  /** The last elements of the sorted array, all of them. */
  private static String greatest(HostArray x, int length, double[] result) {
    if (result.length != length) {
      throw new CheckFailedException(result.length + " elements, expected " + length);
    }
    float[] sorted = x.floats().clone();
    Arrays.sort(sorted);
    int skipped = sorted.length - result.length;
    for (int i = 0; i < result.length; i++) {
      if (result[i] != sorted[skipped + i]) {
        throw new CheckFailedException(
            "element " + i + " in rising order is " + result[i] + ", expected " + sorted[skipped + i]);
      }
    }
    return "all " + result.length + " elements";
  }

  private static double[] reversed(double[] values) {
    double[] reversed = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      reversed[i] = values[values.length - 1 - i];
    }
    return reversed;
  }

  /** Of losses it is only known that they fall; whether they are right the libraries must agree on. */
  private static String falling(double[] losses) {
    for (int i = 1; i < losses.length; i++) {
      if (!(losses[i] < losses[i - 1])) {
        throw new CheckFailedException("the losses of steps on one batch are " + Arrays.toString(losses) + "; they should fall");
      }
    }
    return "losses fall and agree";
  }

  private static Samples.Element normalise(Normalise w, List<HostArray> inputs, int index) {
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
      case SOFTMAX -> Samples.relative(Math.exp(x.at(index)) / exponentials, 64, 0);
      case LAYER_NORM -> {
        double deviation = Math.sqrt(squares / n - mean * mean + Normalise.EPSILON);
        double value = (x.at(index) - mean) / deviation * inputs.get(1).at(column) + inputs.get(2).at(column);
        yield Samples.relative(value, 64, 1);
      }
      case RMS_NORM ->
          Samples.relative(x.at(index) / Math.sqrt(squares / n + Normalise.EPSILON) * inputs.get(1).at(column), 64, 0.1);
    };
  }
}
