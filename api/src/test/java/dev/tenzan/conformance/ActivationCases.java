package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.LongUnaryOperator;
import java.util.function.UnaryOperator;

/** Activation and normalisation functions. */
final class ActivationCases {
  private static final double SLOPE = 0.01;
  private static final double ALPHA = 1.5;
  private static final double EPSILON = 1e-5;

  private ActivationCases() {}

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Activation and normalisation", all);
    exact(c, "relu", Tensor::relu, x -> Math.max(x, 0), x -> Math.max(x, 0));
    exact(c, "relu6", Tensor::relu6, x -> Math.min(Math.max(x, 0), 6), x -> Math.min(Math.max(x, 0), 6));
    for (DType t : CaseList.FLOATS) {
      elementwise(c, "leakyRelu", t, products(t), x -> x.leakyRelu(SLOPE), x -> x > 0 ? x : SLOPE * x);
      elementwise(c, "elu", t, products(t), x -> x.elu(ALPHA), x -> x > 0 ? x : ALPHA * StrictMath.expm1(x));
      Tolerance tolerance = Tolerance.composite(t, 8);
      elementwise(c, "gelu", t, tolerance, Tensor::gelu, x -> x * (0.5 * (1 + Functions.erf(x / Math.sqrt(2)))));
      elementwise(c, "geluTanh", t, tolerance, Tensor::geluTanh, ActivationCases::geluTanh);
      elementwise(c, "silu", t, tolerance, Tensor::silu, x -> x * Functions.sigmoid(x));
      elementwise(c, "softplus", t, tolerance, Tensor::softplus, Functions::softplus);
      elementwise(c, "hardSigmoid", t, tolerance, Tensor::hardSigmoid, ActivationCases::hardSigmoid);
      elementwise(c, "hardSwish", t, tolerance, Tensor::hardSwish, x -> x * hardSigmoid(x));
      elementwise(c, "mish", t, tolerance, Tensor::mish, x -> x * StrictMath.tanh(Functions.softplus(x)));
      softmaxes(c, t);
      layerNorms(c, t);
      rmsNorms(c, t);
    }
  }

  private static double geluTanh(double x) {
    return x * (0.5 * (1 + StrictMath.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))));
  }

  private static double hardSigmoid(double x) {
    return Math.min(Math.max((x + 3) / 6, 0), 1);
  }

  /** For a function within 1 ULP times a constant that is rounded, too; f64 allows for the oracle's own error. */
  private static Tolerance products(DType t) {
    return Tolerance.ulps(t == DType.F64 ? 5 : t == DType.F32 ? 3 : t == DType.F16 ? 0.55 : 0.51);
  }

  private static List<InputSpec> inputs(DType t) {
    int n = t.isFloat() ? Formats.specialFloats(t).length : Formats.specialIntegers(t).length;
    return List.of(
        InputSpec.of(t, 5, 11).range(t == DType.U8 ? 0 : -8, 8),
        InputSpec.of(t, n).values(InputSpec.Values.SPECIAL_FAST),
        InputSpec.of(t, 133).values(InputSpec.Values.BITS),
        InputSpec.of(t, 0, 3),
        InputSpec.of(t).range(2, 2));
  }

  private static void exact(
      CaseList c, String op, UnaryOperator<Tensor> f, DoubleUnaryOperator reals, LongUnaryOperator integers) {
    for (DType t : CaseList.FLOATS) {
      elementwise(c, op, t, Tolerance.EXACT, f, reals);
    }
    for (DType t : CaseList.INTEGERS) {
      for (InputSpec in : inputs(t)) {
        c.add(op, UnaryCases.variant(in), t, Tolerance.EXACT, List.of(in), x -> f.apply(x.getFirst()),
            x -> HostArray.integers(t, in.shape(), i -> integers.applyAsLong(x.getFirst().integer(i))));
      }
    }
  }

  private static void elementwise(
      CaseList c, String op, DType t, Tolerance tolerance, UnaryOperator<Tensor> f, DoubleUnaryOperator oracle) {
    for (InputSpec in : inputs(t)) {
      c.add(op, UnaryCases.variant(in), t, tolerance, List.of(in), x -> f.apply(x.getFirst()),
          x -> HostArray.reals(t, x.getFirst().shape(), i -> oracle.applyAsDouble(x.getFirst().real(i))));
    }
  }

  /** A function of the elements of one line, which gives as many. */
  @FunctionalInterface
  private interface LineFunction {
    double[] apply(double[] line);
  }

  /** Applies a function to each line along an axis. */
  private static HostArray lines(DType t, HostArray x, int axis, LineFunction f) {
    Shape s = x.shape();
    int a = Math.floorMod(axis, s.rank());
    int n = (int) s.dim(a);
    int inner = (int) s.subShape(a + 1, s.rank()).size();
    double[] out = new double[x.size()];
    for (int start = 0; start < out.length; start++) {
      if (start / inner % n == 0) {
        double[] line = new double[n];
        for (int i = 0; i < n; i++) {
          line[i] = x.real(start + i * inner);
        }
        double[] result = f.apply(line);
        for (int i = 0; i < n; i++) {
          out[start + i * inner] = result[i];
        }
      }
    }
    return HostArray.reals(t, s, i -> out[i]);
  }

  private static void softmaxes(CaseList c, DType t) {
    InputSpec.Values special = InputSpec.Values.SPECIAL_FAST;
    int n = Formats.specialFloats(t).length;
    double large = t == DType.F16 ? 6e4 : 1e30;
    List<InputSpec> lines = List.of(
        InputSpec.of(t, 4, 7),
        InputSpec.of(t, 3, 1),
        InputSpec.of(t, 9),
        InputSpec.of(t, 5, 130),
        InputSpec.of(t, 5, 9).range(-large, large),
        InputSpec.of(t, n, 2).values(special),
        InputSpec.of(t, n, 3).values(special),
        InputSpec.of(t, 11, 12).values(InputSpec.Values.BITS),
        InputSpec.of(t, 3, 0),
        InputSpec.of(t, 0, 4));
    for (InputSpec in : lines) {
      softmax(c, in, -1);
    }
    softmax(c, InputSpec.of(t, 4, 3), 0);
    softmax(c, InputSpec.of(t, 2, 5, 3), 1);
    softmax(c, InputSpec.of(t, 0, 4), 0);
    if (t == DType.F32) {
      softmax(c, InputSpec.of(t, 2, 5000), 1);
      softmax(c, InputSpec.of(t, 300, 5), 0);
    }
    // A line of which the mask leaves nothing is all -infinity: NaN, and without a gradient.
    c.constant();
    softmax(c, InputSpec.of(t, 18, 130), -1); // enough rows to be walked together
    masked(c, t, "softmax", softmaxTolerance(t), x -> x.softmax(-1), ActivationCases::softmax);
    masked(c, t, "logSoftmax", Tolerance.composite(t, 8), x -> x.logSoftmax(-1), ActivationCases::logSoftmax);
    c.smooth();
  }

  /** The exponent's rounding error grows with its distance d from 0, but e^d falls faster. */
  private static Tolerance softmaxTolerance(DType t) {
    return new Tolerance(t.compute() == t ? 16 : 1, Formats.epsilon(t.compute()) / 2);
  }

  private static void softmax(CaseList c, InputSpec in, int axis) {
    DType t = in.dtype();
    boolean large = in.values() == InputSpec.Values.RANGE && in.high() > 1e3;
    String variant = (large ? "large" : "") + UnaryCases.variant(in) + "axis" + axis;
    c.add("softmax", variant, t, softmaxTolerance(t), List.of(in), x -> x.getFirst().softmax(axis),
        x -> lines(t, x.getFirst(), axis, ActivationCases::softmax));
    c.add("logSoftmax", variant, t, Tolerance.composite(t, 8), List.of(in), x -> x.getFirst().logSoftmax(axis),
        x -> lines(t, x.getFirst(), axis, ActivationCases::logSoftmax));
  }

  private static void masked(
      CaseList c, DType t, String op, Tolerance tolerance, UnaryOperator<Tensor> f, LineFunction oracle) {
    InputSpec in = InputSpec.of(t, 30, 3);
    c.add(op, "masked", t, tolerance, List.of(in, InputSpec.of(DType.BOOL, 30, 3)),
        x -> f.apply(replaced(t, x, Double.NEGATIVE_INFINITY)),
        x -> lines(t, replaced(t, x.get(0), x.get(1), Double.NEGATIVE_INFINITY), -1, oracle));
  }

  private static Tensor replaced(DType t, List<Tensor> x, double value) {
    return Tensor.where(x.get(1), x.get(0), x.get(0).device().scalar(t, value));
  }

  private static HostArray replaced(DType t, HostArray x, HostArray mask, double value) {
    return HostArray.reals(t, x.shape(), i -> mask.integer(i) != 0 ? x.real(i) : value);
  }

  private static double greatest(double[] line) {
    double most = Double.NEGATIVE_INFINITY;
    for (double v : line) {
      most = Math.max(most, v);
    }
    return most;
  }

  /** Softmax along the last axis. */
  static HostArray softmax(DType t, HostArray x) {
    return lines(t, x, -1, ActivationCases::softmax);
  }

  private static double[] softmax(double[] line) {
    double most = greatest(line);
    double sum = 0;
    for (double v : line) {
      sum += StrictMath.exp(v - most);
    }
    double[] out = new double[line.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = StrictMath.exp(line[i] - most) / sum;
    }
    return out;
  }

  private static double[] logSoftmax(double[] line) {
    double most = greatest(line);
    double sum = 0;
    for (double v : line) {
      sum += StrictMath.exp(v - most);
    }
    double[] out = new double[line.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = line[i] - most - StrictMath.log(sum);
    }
    return out;
  }

  /** The rounding errors of a normalisation: relative to the largest of the scaled deviations and the shift. */
  private static Tolerance normal(DType t) {
    return Tolerance.composite(t, 48);
  }

  private static void layerNorms(CaseList c, DType t) {
    // Broadcast layouts make lines of equal elements, on which a small epsilon leaves nothing but rounding errors.
    layerNorm(c, "last", normal(t), 0.5, 1, InputSpec.of(t, 4, 6));
    layerNorm(c, "two", normal(t), 0.5, 2, InputSpec.of(t, 2, 3, 4));
    layerNorm(c, "all", normal(t), 0.5, 2, InputSpec.of(t, 3, 4));
    layerNorm(c, "vector", normal(t), 0.5, 1, InputSpec.of(t, 13));
    layerNorm(c, "smallEpsilon", normal(t), EPSILON, 1, InputSpec.of(t, 4, 6));
    layerNorm(c, "none", normal(t), EPSILON, 1, InputSpec.of(t, 0, 4));
    layerNorm(c, "noneInLine", normal(t), EPSILON, 1, InputSpec.of(t, 3, 0));
    layerNorm(c, "long", normal(t), EPSILON, 1, InputSpec.of(t, 3, 500));
    c.constant();
    layerNorm(c, "rows", normal(t), EPSILON, 1, InputSpec.of(t, 18, 130));
    // Deviations are a hundredth of the elements, which the mean's rounding error is relative to.
    layerNorm(c, "offset", Tolerance.composite(t, 4000), EPSILON, 1, InputSpec.of(t, 4, 8).range(100, 101));
    layerNorm(c, "oneInLine", normal(t), EPSILON, 1, InputSpec.of(t, 5, 1));
    layerNorm(c, "equal", normal(t), EPSILON, 1, InputSpec.of(t, 3, 4).range(2, 2));
    layerNorm(c, "equalNoEpsilon", normal(t), 0, 1, InputSpec.of(t, 3, 4).range(2, 2));
    norm(c, "layerNorm", "infinite", normal(t), x -> replaced(t, x, Double.POSITIVE_INFINITY).layerNorm(x.get(2), x.get(3), 1, 1),
        x -> layerNorm(replaced(t, x.get(0), x.get(1), Double.POSITIVE_INFINITY), x.get(2), x.get(3), 1),
        InputSpec.of(t, 20, 3), InputSpec.of(DType.BOOL, 20, 3), InputSpec.of(t, 3), InputSpec.of(t, 3));
    c.smooth();
    if (t == DType.F16 || t == DType.BF16) {
      InputSpec wide = InputSpec.of(DType.F32, 6);
      norm(c, "layerNorm", "wideScale", normal(t), x -> x.get(0).layerNorm(x.get(1), x.get(2), EPSILON, 1),
          x -> layerNorm(x.get(0), x.get(1), x.get(2), EPSILON), InputSpec.of(t, 4, 6), wide, wide);
    }
  }

  private static void norm(
      CaseList c, String op, String variant, Tolerance tolerance, Function<List<Tensor>, Tensor> f,
      Function<List<HostArray>, HostArray> oracle, InputSpec... inputs) {
    c.add(op, variant, inputs[0].dtype(), tolerance, List.of(inputs), f, oracle);
  }

  private static void layerNorm(
      CaseList c, String variant, Tolerance tolerance, double epsilon, int axes, InputSpec in) {
    Shape s = in.shape();
    InputSpec scale = InputSpec.of(in.dtype(), s.subShape(s.rank() - axes, s.rank()).dims());
    norm(c, "layerNorm", variant, tolerance, x -> x.get(0).layerNorm(x.get(1), x.get(2), epsilon, axes),
        x -> layerNorm(x.get(0), x.get(1), x.get(2), epsilon), in, scale, scale);
  }

  /** Normalises lines as long as the scale. */
  private static HostArray layerNorm(HostArray x, HostArray gamma, HostArray beta, double epsilon) {
    int n = gamma.size();
    return scaled(x, n, line -> {
      double mean = mean(n, line);
      double deviation = Math.sqrt(mean(n, i -> (line.at(i) - mean) * (line.at(i) - mean)) + epsilon);
      return i -> (line.at(i) - mean) / deviation * gamma.real(i) + beta.real(i);
    });
  }

  private static double mean(int n, ProductCases.Term line) {
    return ProductCases.compensated(n, line, _ -> 1) / n;
  }

  /** Applies to each line of {@code n} elements a function that gives the results' elements. */
  private static HostArray scaled(
      HostArray x, int n, Function<ProductCases.Term, ProductCases.Term> f) {
    IntFunction<ProductCases.Term> line = i -> f.apply(k -> x.real(i / n * n + k));
    return HostArray.reals(x.dtype(), x.shape(), i -> line.apply(i).at(i % n));
  }

  private static void rmsNorms(CaseList c, DType t) {
    rmsNorm(c, "last", EPSILON, InputSpec.of(t, 4, 6));
    rmsNorm(c, "vector", 0.5, InputSpec.of(t, 13));
    rmsNorm(c, "batch", EPSILON, InputSpec.of(t, 2, 3, 4));
    rmsNorm(c, "oneInLine", EPSILON, InputSpec.of(t, 5, 1));
    rmsNorm(c, "none", EPSILON, InputSpec.of(t, 0, 4));
    rmsNorm(c, "noneInLine", EPSILON, InputSpec.of(t, 3, 0));
    rmsNorm(c, "long", EPSILON, InputSpec.of(t, 3, 500));
    c.constant();
    rmsNorm(c, "zeros", EPSILON, InputSpec.of(t, 3, 4).range(0, 0));
    rmsNorm(c, "zerosNoEpsilon", 0, InputSpec.of(t, 3, 4).range(0, 0));
    norm(c, "rmsNorm", "infinite", normal(t), x -> replaced(t, x, Double.NEGATIVE_INFINITY).rmsNorm(x.get(2), 1),
        x -> rmsNorm(replaced(t, x.get(0), x.get(1), Double.NEGATIVE_INFINITY), x.get(2), 1),
        InputSpec.of(t, 20, 3), InputSpec.of(DType.BOOL, 20, 3), InputSpec.of(t, 3));
    c.smooth();
    if (t == DType.F16 || t == DType.BF16) {
      norm(c, "rmsNorm", "wideScale", normal(t), x -> x.get(0).rmsNorm(x.get(1), EPSILON),
          x -> rmsNorm(x.get(0), x.get(1), EPSILON), InputSpec.of(t, 4, 6), InputSpec.of(DType.F32, 6));
    }
  }

  private static void rmsNorm(CaseList c, String variant, double epsilon, InputSpec in) {
    InputSpec scale = InputSpec.of(in.dtype(), in.shape().dim(in.shape().rank() - 1));
    norm(c, "rmsNorm", variant, normal(in.dtype()), x -> x.get(0).rmsNorm(x.get(1), epsilon),
        x -> rmsNorm(x.get(0), x.get(1), epsilon), in, scale);
  }

  private static HostArray rmsNorm(HostArray x, HostArray gamma, double epsilon) {
    int n = gamma.size();
    return scaled(x, n, line -> {
      double root = Math.sqrt(mean(n, i -> line.at(i) * line.at(i)) + epsilon);
      return i -> line.at(i) / root * gamma.real(i);
    });
  }
}
