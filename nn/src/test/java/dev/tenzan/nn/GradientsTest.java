package dev.tenzan.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.ConvOptions;
import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.ElementwiseOps;
import dev.tenzan.MovementOps;
import dev.tenzan.PoolOptions;
import dev.tenzan.Slice;
import dev.tenzan.Tensor;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.ir.Op;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Checks the gradient of every primitive against finite differences in f64, and the special cases by hand.
 */
class GradientsTest {
  private static final Device REFERENCE = Devices.get("reference");
  private static final double TOLERANCE = 2e-8;
  private static final long SEED = 20_251;

  /** Uniform values; the seed differs with the shape. */
  private static Tensor uniform(double low, double high, long... shape) {
    return REFERENCE.randomUniform(DType.F64, SEED + Shape.of(shape).hashCode(), low, high, shape).eval();
  }

  private static DynamicTest check(String name, Function<List<Tensor>, Tensor> f, Tensor... inputs) {
    return DynamicTest.dynamicTest(
        name,
        () -> {
          double error = GradientCheck.check(f, List.of(inputs));
          assertTrue(error < TOLERANCE, () -> name + ": relative error " + error + ", seed " + SEED);
        });
  }

  private static DynamicTest unary(String name, double low, double high, UnaryOperator<Tensor> f) {
    return check(name, in -> f.apply(in.getFirst()), uniform(low, high, 3, 5));
  }

  private static DynamicTest binary(String name, double low, double high, BinaryOperator<Tensor> f) {
    return check(name, in -> f.apply(in.get(0), in.get(1)), uniform(low, high, 2, 4), uniform(low, high, 4));
  }

  @TestFactory
  List<DynamicTest> unaryOperations() {
    return List.of(
        check("scalar", in -> in.getFirst().square(), uniform(-2, 2)),
        unary("neg", -2, 2, Tensor::neg),
        unary("abs", -2, 2, Tensor::abs),
        unary("sqrt", 0.5, 4, Tensor::sqrt),
        unary("exp", -2, 2, Tensor::exp),
        unary("exp2", -2, 2, Tensor::exp2),
        unary("expm1", -2, 2, Tensor::expm1),
        unary("log", 0.5, 4, Tensor::log),
        unary("log2", 0.5, 4, Tensor::log2),
        unary("log10", 0.5, 4, Tensor::log10),
        unary("log1p", -0.5, 4, Tensor::log1p),
        unary("sin", -3, 3, Tensor::sin),
        unary("cos", -3, 3, Tensor::cos),
        unary("tan", -1, 1, Tensor::tan),
        unary("asin", -0.8, 0.8, Tensor::asin),
        unary("acos", -0.8, 0.8, Tensor::acos),
        unary("atan", -3, 3, Tensor::atan),
        unary("sinh", -2, 2, Tensor::sinh),
        unary("cosh", -2, 2, Tensor::cosh),
        unary("tanh", -2, 2, Tensor::tanh),
        unary("asinh", -3, 3, Tensor::asinh),
        unary("acosh", 1.5, 4, Tensor::acosh),
        unary("atanh", -0.8, 0.8, Tensor::atanh),
        unary("sigmoid", -3, 3, Tensor::sigmoid),
        unary("erf", -2, 2, Tensor::erf),
        unary("gelu", -2, 2, Tensor::gelu),
        unary("mish", -2, 2, Tensor::mish),
        unary("softmax", -2, 2, x -> x.softmax(1)),
        unary("logSoftmax", -2, 2, x -> x.logSoftmax(1)),
        unary("f32 in the middle", -2, 2, x -> x.cast(DType.F64).mul(x)));
  }

  @TestFactory
  List<DynamicTest> binaryOperations() {
    return List.of(
        binary("add", -2, 2, Tensor::add),
        binary("sub", -2, 2, Tensor::sub),
        binary("mul", -2, 2, Tensor::mul),
        binary("div", 0.5, 3, Tensor::div),
        binary("pow", 0.5, 3, Tensor::pow),
        binary("atan2", 0.5, 3, Tensor::atan2),
        binary("minimum", -2, 2, Tensor::minimum),
        binary("maximum", -2, 2, Tensor::maximum),
        binary("remainder", 1, 1.9, (a, b) -> a.mul(3).remainder(b)),
        binary("where", -2, 2, (a, b) -> ElementwiseOps.where(a.greater(0), a.mul(b), b)),
        check(
            "fma",
            in -> in.get(0).fma(in.get(1), in.get(2)),
            uniform(-1, 1, 2, 3),
            uniform(-1, 1, 3),
            uniform(-1, 1, 2, 1)),
        binary("hypot", 0.5, 2, Tensor::hypot),
        binary("the same operand twice", -2, 2, (a, b) -> a.mul(a).add(b).mul(a)));
  }

  @TestFactory
  List<DynamicTest> reductionsAndScans() {
    return List.of(
        unary("sum", -2, 2, x -> x.sum()),
        unary("sum of an axis", -2, 2, x -> x.sum(0)),
        unary("mean", -2, 2, x -> x.square().mean(1)),
        unary("prod", 0.5, 2, x -> x.prod()),
        unary("prod of an axis", -2, 2, x -> x.prod(0)),
        check("prod of axes 0 and 2", in -> in.getFirst().prod(0, 2), uniform(-2, 2, 3, 2, 4)),
        unary("max", -2, 2, x -> x.max(1)),
        unary("min", -2, 2, x -> x.min(0)),
        unary("max of all", -2, 2, x -> x.max()),
        unary("var", -2, 2, x -> x.var(1)),
        unary("norm", -2, 2, x -> x.norm(1)),
        unary("logSumExp", -2, 2, x -> x.logSumExp(1)),
        unary("cumulativeSum", -2, 2, x -> x.cumulativeSum(0)),
        unary("cumulativeSum of the last axis", -2, 2, x -> x.cumulativeSum(1)),
        unary("cumulativeProd", -2, 2, x -> x.cumulativeProd(0)),
        unary("cumulativeProd of the last axis", -2, 2, x -> x.cumulativeProd(1)),
        unary("cumulativeMax", -2, 2, x -> x.cumulativeMax(1)),
        unary("cumulativeMin", -2, 2, x -> x.cumulativeMin(0)));
  }

  @TestFactory
  List<DynamicTest> movements() {
    return List.of(
        unary("reshape", -2, 2, x -> x.reshape(5, 3)),
        check("permuteDims", in -> in.getFirst().permuteDims(2, 0, 1), uniform(-1, 1, 2, 3, 4)),
        unary("slice", -2, 2, x -> x.slice(Slice.of(1, 3), Slice.of(0, 5, 2))),
        unary("slice backwards", -2, 2, x -> x.slice(Slice.all(), Slice.of(4, 0, -2))),
        unary("slice of one", -2, 2, x -> x.get(1)),
        unary("slice of none", -2, 2, x -> x.narrow(1, 2, 0).sum().add(x.sum())),
        unary("flip", -2, 2, x -> x.flip(0, 1)),
        unary("roll", -2, 2, x -> x.roll(2, 1)),
        unary("broadcastTo", -2, 2, x -> x.expandDims(1).broadcastTo(2, 3, 4, 5)),
        unary("broadcast of axes of extent 1", -2, 2, x -> x.sumKeep(0).broadcastTo(4, 5)),
        unary("pad", -2, 2, x -> x.pad(0.5, 1, 2, 0, 3)),
        unary("pad, cropping", -2, 2, x -> x.pad(0.5, -1, 2, 0, -3)),
        unary(
            "pad, interleaving",
            -2,
            2,
            x -> Tensor.apply(new Op.Pad(List.of(-1L, 2L), List.of(1L, -3L), List.of(1L, 2L), 0), x)),
        unary("concat", -2, 2, x -> MovementOps.concat(1, List.of(x, x.mul(x), x.exp()))),
        unary("stack", -2, 2, x -> MovementOps.stack(0, List.of(x, x.mul(x)))),
        unary("windows side by side", -2, 2, x -> x.windows(new long[] {2}, new long[] {2}, new long[] {1})),
        unary("windows that overlap", -2, 2, x -> x.windows(new long[] {3}, new long[] {1}, new long[] {1})),
        unary("windows with gaps", -2, 2, x -> x.windows(new long[] {2}, new long[] {3}, new long[] {1})),
        check(
            "windows of two axes, dilated",
            in -> in.getFirst().windows(new long[] {2, 3}, new long[] {1, 2}, new long[] {2, 1}),
            uniform(-1, 1, 2, 5, 6)),
        check(
            "wide windows",
            in -> in.getFirst().windows(new long[] {18}, new long[] {2}, new long[] {1}),
            uniform(-1, 1, 2, 23)));
  }

  @TestFactory
  List<DynamicTest> indexing() {
    Tensor rows = REFERENCE.of(new long[] {2, 0, 2, 1});
    Tensor distinct = REFERENCE.of(new long[] {2, 0});
    Tensor x = uniform(-1, 1, 3, 5);
    Tensor four = uniform(-1, 1, 4, 5);
    Tensor two = uniform(-1, 1, 2, 5);
    return List.of(
        unary("take", -2, 2, t -> t.take(rows, 0)),
        unary("take along the last axis", -2, 2, t -> t.take(rows, 1)),
        unary("take with a matrix of indices", -2, 2, t -> t.take(rows.reshape(2, 2), 1)),
        unary("sort", -2, 2, t -> t.sort(1, false)),
        unary("sort, descending", -2, 2, t -> t.sort(0, true)),
        unary("topk", -2, 2, t -> t.topk(2, 1).values()),
        unary("the first of a sort", -2, 2, t -> Tensor.apply(new Op.Sort(0, false, false, 2), t)),
        unary("none of a sort", -2, 2, t -> Tensor.apply(new Op.Sort(1, true, false, 0), t)),
        check("scatter", in -> in.get(0).scatter(0, distinct, in.get(1)), x, two),
        check("scatter, indices twice", in -> in.get(0).scatter(0, rows, in.get(1)), x, four),
        check("scatterAdd", in -> in.get(0).scatterAdd(0, rows, in.get(1)), x, four),
        check("scatterMin", in -> in.get(0).scatterMin(0, rows, in.get(1)), x, four),
        check("scatterMax", in -> in.get(0).scatterMax(0, rows, in.get(1)), x, four),
        check(
            "scatter of products, by the base",
            in -> Tensor.apply(new Op.Scatter(ReduceOp.PROD, 0), in.getFirst(), rows, four),
            x));
  }

  private static DynamicTest conv(String name, long[] x, long[] w, ConvOptions options) {
    return check(name, in -> in.get(0).conv(in.get(1), options), uniform(-1, 1, x), uniform(-1, 1, w));
  }

  @TestFactory
  List<DynamicTest> products() {
    ConvOptions plain = ConvOptions.of();
    ConvOptions padded = plain.padding(1);
    return List.of(
        check("matmul", in -> in.get(0).matmul(in.get(1)), uniform(-1, 1, 3, 4), uniform(-1, 1, 4, 2)),
        check(
            "matmul, batches that broadcast",
            in -> in.get(0).matmul(in.get(1)),
            uniform(-1, 1, 2, 1, 3, 4),
            uniform(-1, 1, 3, 4, 2)),
        check("dot", in -> in.get(0).dot(in.get(1)), uniform(-1, 1, 5), uniform(0, 1, 5)),
        conv("conv of one axis", new long[] {2, 2, 7}, new long[] {3, 2, 3}, plain),
        conv("conv", new long[] {2, 2, 5, 4}, new long[] {3, 2, 3, 2}, plain),
        conv("conv, padded", new long[] {2, 2, 4, 3}, new long[] {2, 2, 3, 3}, plain.padding(1, 2)),
        conv("conv, strided", new long[] {1, 2, 6, 8}, new long[] {2, 2, 3, 3}, plain.stride(2, 3)),
        conv("conv, dilated", new long[] {1, 2, 7, 6}, new long[] {2, 2, 3, 2}, padded.dilation(2, 3)),
        conv("conv, groups", new long[] {2, 4, 4, 4}, new long[] {6, 2, 3, 3}, plain.groups(2).padding(1)),
        conv("conv, depthwise", new long[] {2, 3, 4, 4}, new long[] {3, 1, 3, 3}, padded.groups(3).stride(2)),
        conv("conv of 3 axes", new long[] {1, 1, 3, 4, 3}, new long[] {2, 1, 2, 2, 2}, plain.stride(1, 2, 1)),
        check(
            "conv, dilated input",
            in ->
                Tensor.apply(
                    new Op.Convolution(List.of(2L), List.of(1L), List.of(2L), List.of(3L), List.of(2L), 1),
                    in.get(0),
                    in.get(1)),
            uniform(-1, 1, 2, 2, 4),
            uniform(-1, 1, 3, 2, 3)),
        check(
            "conv, cropping",
            in ->
                Tensor.apply(
                    new Op.Convolution(List.of(1L), List.of(-1L), List.of(-2L), List.of(2L), List.of(1L), 1),
                    in.get(0),
                    in.get(1)),
            uniform(-1, 1, 2, 2, 5),
            uniform(-1, 1, 3, 2, 3)),
        check(
            "convTranspose",
            in -> in.get(0).convTranspose(in.get(1), ConvOptions.of().stride(2).padding(1)),
            uniform(-1, 1, 1, 2, 3, 3),
            uniform(-1, 1, 2, 2, 3, 3)),
        check("maxPool", in -> in.getFirst().maxPool(PoolOptions.of(2, 2)), uniform(-1, 1, 1, 2, 5, 4)),
        check(
            "maxPool, overlapping",
            in -> in.getFirst().maxPool(PoolOptions.of(3, 3).stride(2).padding(1)),
            uniform(-1, 1, 1, 2, 5, 5)),
        check(
            "avgPool",
            in -> in.getFirst().avgPool(PoolOptions.of(3, 2).stride(1).withoutPaddingInCount()),
            uniform(-1, 1, 1, 2, 5, 4)));
  }

  @TestFactory
  List<DynamicTest> losses() {
    Tensor labels = REFERENCE.of(new long[] {4, 0, 2});
    return List.of(
        unary("softmaxCrossEntropy", -2, 2, x -> Losses.softmaxCrossEntropy(x, labels)),
        binary("meanSquaredError", -2, 2, (a, b) -> Losses.meanSquaredError(a, b.broadcastTo(2, 4))),
        check(
            "layerNorm",
            in -> in.get(0).layerNorm(in.get(1), in.get(2), 1e-5, 1),
            uniform(-1, 1, 3, 4),
            uniform(0.5, 1, 4),
            uniform(-1, 0, 4)));
  }

  private static double[] gradient(UnaryOperator<Tensor> f, double... x) {
    Tensor t = REFERENCE.of(x);
    return Gradients.of(() -> f.apply(t).sum(), List.of(t)).gradients().getFirst().toDoubles();
  }

  @Test
  void equalElementsShareTheGradientOfAnExtreme() {
    assertArrayEquals(new double[] {0.5, 0, 0.5}, gradient(x -> x.max(0), 3, 1, 3));
    assertArrayEquals(new double[] {0.5, 0, 1}, gradient(x -> x.maximum(0), 0, -1, 1));
    assertArrayEquals(new double[] {0.5}, gradient(Tensor::softplus, 0));
    Context context = Context.inference();
    assertArrayEquals(new double[] {0, 0, 1}, gradient(x -> Activation.RELU.apply(x, context), 0, -1, 1));
  }

  @Test
  void productsSurviveZeros() {
    assertArrayEquals(new double[] {6, 0, 0}, gradient(x -> x.prod(0), 0, 2, 3));
    assertArrayEquals(new double[] {0, 0, 0}, gradient(x -> x.prod(0), 0, 0, 3));
    // y = (a, ab, abc) at (2, 0, 5): dy/da = 1 + b + bc, dy/db = a + ac, dy/dc = ab.
    assertArrayEquals(new double[] {1, 12, 0}, gradient(x -> x.cumulativeProd(0), 2, 0, 5));
  }

  @Test
  void powersAtZero() {
    assertArrayEquals(new double[] {0, 0}, gradient(x -> x.pow(0), 0, 2));
    assertArrayEquals(new double[] {0, 4}, gradient(x -> x.pow(2), 0, 2));
    assertArrayEquals(new double[] {0}, gradient(y -> y.zerosLike().pow(y), 2));
  }

  @Test
  void pieceWiseConstantOperationsHaveZeroGradients() {
    double[] zero = {0, 0};
    assertArrayEquals(zero, gradient(Tensor::floor, 0.5, 1.5));
    assertArrayEquals(zero, gradient(Tensor::round, 0.5, 1.5));
    assertArrayEquals(zero, gradient(Tensor::sign, 0.5, 1.5));
    assertArrayEquals(zero, gradient(x -> x.floorDivide(0.7), 0.5, 1.5));
    assertArrayEquals(zero, gradient(x -> x.greater(1).cast(DType.F64), 0.5, 1.5));
    assertArrayEquals(zero, gradient(x -> x.cast(DType.I32).cast(DType.F64), 0.5, 1.5));
    assertArrayEquals(zero, gradient(Gradients::stop, 0.5, 1.5));
    assertArrayEquals(new double[] {0.5, 1.5}, gradient(x -> x.mul(Gradients.stop(x)), 0.5, 1.5));
  }

  @Test
  void castsCarryGradients() {
    assertArrayEquals(new double[] {2, 4}, gradient(x -> x.cast(DType.F32).square().cast(DType.F64), 1, 2));
    Tensor half = REFERENCE.fromFloats(DType.F16, new float[] {1, 2}, 2);
    var r = Gradients.of(() -> half.square().sum(), List.of(half));
    assertEquals(DType.F16, r.gradients().getFirst().dtype());
    assertArrayEquals(new float[] {2, 4}, r.gradients().getFirst().toFloats());
  }

  @Test
  void variablesThatAreNotReachedHaveZeros() {
    Tensor a = REFERENCE.of(new float[] {1, 2});
    Tensor b = REFERENCE.of(new float[] {3, 4, 5});
    var r = Gradients.of(() -> a.sum(), List.of(a, b));
    assertArrayEquals(new float[] {1, 1}, r.gradients().get(0).toFloats());
    assertArrayEquals(new float[] {0, 0, 0}, r.gradients().get(1).toFloats());
  }

  @Test
  void intermediateResultsMayBeVariables() {
    Tensor a = REFERENCE.of(new double[] {1, 2});
    Tensor b = a.mul(3);
    var r = Gradients.of(() -> b.square().sum(), List.of(a, b));
    assertArrayEquals(new double[] {18, 36}, r.gradients().get(0).toDoubles());
    assertArrayEquals(new double[] {6, 12}, r.gradients().get(1).toDoubles());
  }

  @Test
  void valuesReadWithinTheLossDoNotCutTheGraph() {
    Tensor a = REFERENCE.of(new double[] {1, 2});
    var r =
        Gradients.of(
            () -> {
              Tensor y = a.mul(a);
              assertEquals(5, y.sum().item());
              return y.sum();
            },
            List.of(a));
    assertArrayEquals(new double[] {2, 4}, r.gradients().getFirst().toDoubles());
  }

  @Test
  void secondDerivatives() {
    Tensor x = REFERENCE.of(new double[] {1, 2});
    var outer =
        Gradients.of(
            () -> Gradients.of(() -> x.mul(x).mul(x).sum(), List.of(x)).gradients().getFirst().sum(),
            List.of(x));
    assertArrayEquals(new double[] {6, 12}, outer.gradients().getFirst().toDoubles());
  }

  @Test
  void deepGraphs() {
    Tensor x = REFERENCE.of(new double[] {1});
    var r =
        Gradients.of(
            () -> {
              Tensor y = x;
              for (int i = 0; i < 3000; i++) {
                y = y.add(x);
              }
              return y.sum();
            },
            List.of(x));
    assertArrayEquals(new double[] {3001}, r.gradients().getFirst().toDoubles());
  }

  private static void assertFails(String expected, Tensor variable, UnaryOperator<Tensor> loss) {
    var e =
        assertThrows(
            GradientException.class, () -> Gradients.of(() -> loss.apply(variable), List.of(variable)));
    assertTrue(String.valueOf(e.getMessage()).contains(expected), e::getMessage);
  }

  @Test
  void errorsNameTheCause() {
    Tensor x = REFERENCE.of(new double[] {1, 2});
    assertFails("f64[2]; it must be a floating-point scalar", x, t -> t);
    assertFails("i64[]", x, t -> t.cast(DType.I64).sum());
    assertFails("only floating-point tensors", REFERENCE.of(new long[] {1}), t -> t.cast(DType.F32).sum());
    CustomBody.Host twice = (in, out) -> out.copyFrom(in.getFirst());
    assertFails(
        "custom operation 'twice' has no gradient",
        x,
        t -> Tensor.apply(new Op.Custom("twice", DType.F64, Shape.of(2), twice), t).sum());
    Tensor rows = REFERENCE.of(new long[] {0, 1});
    assertFails(
        "a multiplying scatter",
        x,
        t -> Tensor.apply(new Op.Scatter(ReduceOp.PROD, 0), t.onesLike(), rows, t).sum());
  }
}
