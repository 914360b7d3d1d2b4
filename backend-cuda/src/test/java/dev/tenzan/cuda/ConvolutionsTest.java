package dev.tenzan.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.tenzan.conformance.Differential;
import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.cuda.plan.Arg;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Planner;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Convolutions and their gradients on a simulated device and on the reference backend, by every way that the planner has for them. */
class ConvolutionsTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20261127);

  /**
   * A convolution as a model has it; its gradients are convolutions again.
   *
   * @param spatial the input's extents, of which the window, strides and padding have as many
   */
  private record Layer(
      DType dtype, long batch, long channels, long out, long groups, Shape spatial, Shape window, long stride, long pad, long dilation) {
    int rank() {
      return spatial.rank();
    }

    List<Long> times(long value) {
      return Collections.nCopies(rank(), value);
    }

    Shape outSpatial() {
      long[] out = new long[rank()];
      for (int d = 0; d < out.length; d++) {
        out[d] = (spatial.dim(d) + 2 * pad - (window.dim(d) - 1) * dilation - 1) / stride + 1;
      }
      return Shape.of(out);
    }

    ConvolutionKernel forward() {
      return new ConvolutionKernel(
          dtype, batch, channels, out, groups, spatial, window, outSpatial(), times(stride), times(pad), times(1), times(dilation),
          dense(Shape.of(batch, channels).concat(spatial)), dense(Shape.of(out, channels / groups).concat(window)));
    }

    /** By x: the incoming gradient, spread by the stride, with the weights turned around. */
    ConvolutionKernel byInput() {
      long in = channels / groups;
      Affine w = dense(Shape.of(channels, out / groups).concat(window));
      if (groups == 1) { // exchanged without a copy
        long[] strides = dense(Shape.of(out, in).concat(window)).strides();
        long first = strides[0];
        strides[0] = strides[1];
        strides[1] = first;
        w = new Affine(0, strides);
      }
      long[] strides = w.strides();
      long offset = 0;
      List<Long> low = new ArrayList<>();
      for (int d = 0; d < rank(); d++) {
        offset += strides[2 + d] * (window.dim(d) - 1);
        strides[2 + d] = -strides[2 + d];
        low.add((window.dim(d) - 1) * dilation - pad);
      }
      return new ConvolutionKernel(
          dtype, batch, out, channels, groups, outSpatial(), window, spatial, times(1), low, times(stride), times(dilation),
          dense(Shape.of(batch, out).concat(outSpatial())), new Affine(offset, strides));
    }

    /** By w: x with the incoming gradient as the window, of which batch and channels are exchanged. */
    ConvolutionKernel byWeights() {
      long in = channels / groups;
      Affine x = dense(Shape.of(in, groups * batch).concat(spatial));
      Affine g = dense(Shape.of(batch, out).concat(outSpatial()));
      long[] strides = g.strides();
      strides[0] = g.stride(1);
      strides[1] = g.stride(0);
      return new ConvolutionKernel(
          dtype, in, groups * batch, out, groups, spatial, outSpatial(), window, times(dilation), times(pad), times(1), times(stride), x,
          new Affine(0, strides));
    }
  }

  private static Layer layer(long batch, long channels, long out, long groups, Shape spatial, Shape window, long stride, long pad, long dilation) {
    return new Layer(DType.F32, batch, channels, out, groups, spatial, window, stride, pad, dilation);
  }

  private static Affine dense(Shape shape) {
    return Layout.rowMajor(shape).address();
  }

  private static Plan plan(ConvolutionKernel k) {
    try (CudaBackend cuda = new CudaBackend(new SimulatedDriver(1), SimulatedCudaProvider.NAME, null)) {
      return Planner.plan(k, Style.of(cuda.facts(0)));
    }
  }

  /** What the launches of hand-written kernels are, in order. */
  private static String ways(ConvolutionKernel k) {
    return ways(plan(k));
  }

  private static String ways(Plan plan) {
    return plan.steps().stream()
        .filter(s -> s.source().code().startsWith("// "))
        .map(ConvolutionsTest::way)
        .collect(Collectors.joining(" "));
  }

  private static String way(Step s) {
    String source = s.source().code().substring(3, s.source().code().indexOf(".cu"));
    return source + ":" + s.entry().substring(3);
  }

  /** Numbers whose sums stay finite mostly, and now and then a zero of either sign, a subnormal, an infinity or NaN. */
  private static byte[] numbers(Random random, long bytes, int everySpecial) {
    float[] special = {0f, -0f, Float.MIN_VALUE, -1e-40f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN};
    float[] tame = {0f, -0f, Float.MIN_VALUE, -1e-40f, -1e-30f, 1e-30f};
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
    while (all.hasRemaining()) {
      float v = (float) random.nextGaussian();
      if (random.nextInt(everySpecial) == 0) {
        v = special[random.nextInt(special.length)];
      } else if (random.nextInt(4) == 0) {
        v = tame[random.nextInt(tame.length)];
      }
      all.putFloat(v);
    }
    return all.array();
  }

  private static final byte SENTINEL = 0x5a;
  private static final int GUARD = 64;

  private static float[] run(Backend backend, ConvolutionKernel k, List<Long> bytes, int everySpecial) {
    Random random = new Random(SEED);
    List<Buffer> buffers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      byte[] numbers = numbers(random, bytes.get(i), everySpecial);
      Buffer b = backend.allocate(0, numbers.length);
      backend.copyIn(MemorySegment.ofArray(numbers), b, 0);
      buffers.add(b);
    }
    byte[] result = new byte[Math.toIntExact(bytes.get(2)) + GUARD];
    Arrays.fill(result, SENTINEL);
    buffers.add(backend.allocate(0, result.length));
    backend.copyIn(MemorySegment.ofArray(result), buffers.getLast(), 0);
    backend.launch(backend.compile(0, k), buffers);
    backend.copyOut(buffers.getLast(), 0, MemorySegment.ofArray(result));
    buffers.forEach(backend::free);
    float[] floats = new float[result.length / Float.BYTES];
    ByteBuffer.wrap(result).order(ByteOrder.nativeOrder()).asFloatBuffer().get(floats);
    return floats;
  }

  /** Runs f32 with few and with more special values, and compares all but the bits of NaNs. */
  private static void check(ConvolutionKernel k) {
    check(new SimulatedDriver(1), k);
  }

  private static void check(CudaDriver driver, ConvolutionKernel k) {
    try (ReferenceBackend reference = new ReferenceBackend();
        CudaBackend cuda = new CudaBackend(driver, SimulatedCudaProvider.NAME, null)) {
      List<Long> bytes = Planner.plan(k, Style.of(cuda.facts(0))).bytes();
      for (int everySpecial : new int[] {50, 100_000}) {
        float[] expected = run(reference, k, bytes, everySpecial);
        float[] actual = run(cuda, k, bytes, everySpecial);
        for (int i = 0; i < expected.length; i++) {
          if (Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
            fail("seed %d, element %d: expected %a, got %a by %s%n%s".formatted(SEED, i, expected[i], actual[i], ways(k), k));
          }
        }
      }
    }
  }

  private static void check(String way, ConvolutionKernel k) {
    assertEquals(way, ways(k), k.toString());
    check(k);
  }

  private static final String ASYNC = "convolution_async:convolution";
  private static final String UNROLLED = "convolution:unroll matmul_async:product matmul_async:add_blocks";

  @Test
  void gradientsByInputCopyTheirWeights() {
    check(ASYNC, layer(2, 20, 24, 1, Shape.of(9, 10), Shape.of(3, 3), 1, 1, 1).byInput());
    check(ASYNC, layer(1, 33, 31, 1, Shape.of(11, 13), Shape.of(3, 2), 1, 0, 2).byInput()); // odd sizes, k of 186
    check(ASYNC, layer(2, 24, 30, 1, Shape.of(10, 9), Shape.of(3, 3), 1, 2, 1).byInput()); // two blocks of k
    check(ASYNC, layer(2, 36, 40, 2, Shape.of(70), Shape.of(5), 1, 3, 1).byInput());
    check(ASYNC, layer(1, 18, 20, 1, Shape.of(5, 6, 7), Shape.of(2, 3, 2), 1, 1, 1).byInput());
  }

  @Test
  void stridesBecomeDilationsOfTheInput() {
    check(ASYNC, layer(2, 20, 24, 1, Shape.of(9, 10), Shape.of(3, 3), 2, 1, 1).byInput());
    check(ASYNC, layer(2, 24, 20, 1, Shape.of(14, 13), Shape.of(3, 4), 3, 1, 1).byInput());
    check(ASYNC, layer(1, 22, 32, 1, Shape.of(15, 12), Shape.of(3, 3), 2, 4, 1).byInput()); // cropped, as the padding is wider than the window
    check(ASYNC, layer(1, 24, 30, 1, Shape.of(17, 16), Shape.of(3, 2), 2, 1, 3).byInput()); // dilations of both
    check(ASYNC, layer(1, 40, 36, 2, Shape.of(80), Shape.of(7), 3, 2, 2).byInput());
    check(ASYNC, layer(1, 16, 20, 1, Shape.of(7, 6, 5), Shape.of(3, 2, 2), 2, 1, 1).byInput());
  }

  @Test
  void fewRowsAreComputedDirectly() {
    check("convolution_direct:direct_1_4", layer(2, 6, 6, 6, Shape.of(9, 11), Shape.of(3, 3), 1, 1, 1).forward());
    check("convolution_direct:direct_1_4", layer(2, 6, 6, 6, Shape.of(9, 11), Shape.of(3, 3), 2, 1, 1).byInput());
    check("convolution_direct:direct_2_4", layer(1, 5, 10, 5, Shape.of(10, 9), Shape.of(3, 2), 1, 1, 2).forward());
    check("convolution_direct:direct_1_4", layer(1, 5, 10, 5, Shape.of(10, 9), Shape.of(3, 2), 3, 0, 2).byInput());
    check("convolution_direct:direct_4_4", layer(2, 3, 20, 1, Shape.of(12, 13), Shape.of(3, 3), 2, 1, 1).byInput());
    check("convolution_direct:direct_8_4", layer(1, 4, 10, 2, Shape.of(9, 9), Shape.of(5, 5), 1, 2, 1).forward());
    check("convolution_direct:direct_8_1", layer(3, 8, 7, 1, Shape.of(33), Shape.of(4), 2, -1, 1).forward()); // cropped
    check("convolution_direct:direct_1_1", layer(1, 4, 4, 4, Shape.of(300), Shape.of(64), 1, 5, 1).forward()); // a full mask
    check("convolution_direct:direct_2_1", layer(1, 4, 8, 4, Shape.of(30), Shape.of(3), 1, 1, 1).forward());
    check("convolution_direct:direct_4_1", layer(1, 4, 16, 4, Shape.of(30), Shape.of(3), 1, 1, 1).forward());
    check("convolution_direct:direct_4_4", layer(1, 6, 8, 2, Shape.of(3, 5, 4), Shape.of(2, 3, 2), 1, 1, 1).forward());
  }

  @Test
  void directChainsCrossBlocks() {
    check("convolution_direct:direct_4_4", layer(2, 33, 3, 1, Shape.of(48, 47), Shape.of(3, 3), 1, 1, 1).forward()); // two blocks of k
    String split = " convolution:add_blocks";
    check("convolution_direct:blocks_4" + split, layer(1, 33, 3, 1, Shape.of(7, 6), Shape.of(3, 3), 1, 1, 1).forward());
    check("convolution_direct:blocks_2" + split, layer(1, 60, 2, 1, Shape.of(7, 6), Shape.of(3, 3), 2, 0, 1).forward());
    check("convolution_direct:blocks_8", layer(1, 1, 6, 1, Shape.of(13, 12), Shape.of(9, 8), 1, 3, 1).forward()); // no mask
    check("convolution_direct:blocks_1" + split, layer(3, 5, 5, 5, Shape.of(16, 15), Shape.of(3, 3), 1, 1, 1).byWeights());
    check("convolution_direct:blocks_1" + split, layer(2, 4, 4, 4, Shape.of(31, 30), Shape.of(3, 2), 2, 1, 1).byWeights());
    check("convolution_direct:blocks_4" + split, layer(2, 6, 6, 2, Shape.of(14, 13), Shape.of(3, 3), 1, 1, 2).byWeights());
    check("convolution_direct:blocks_1" + split, layer(2, 3, 3, 3, Shape.of(6, 5, 7), Shape.of(2, 3, 2), 1, 1, 1).byWeights());
    ConvolutionKernel k = layer(3, 5, 5, 5, Shape.of(16, 15), Shape.of(3, 3), 1, 1, 1).byWeights();
    check(
        "convolution_direct:blocks_1" + split,
        new ConvolutionKernel( // with a dilated input, as of the gradient of a transposed convolution
            k.dtype(), k.batch(), k.inChannels(), k.outChannels(), k.groups(), k.spatial(), k.window(), Shape.of(12, 11), k.stride(),
            List.of(1L, 2L), List.of(2L, 3L), k.windowDilation(), k.x(), k.w()));
  }

  /** Where outputs are enough for the device a thread takes its chain whole. */
  @Test
  void longChainsOfManyOutputs() {
    String whole = "convolution_direct:blocks_4";
    check(whole, layer(1, 4, 3, 1, Shape.of(45, 44), Shape.of(9, 9), 1, 4, 1).forward()); // 324 products, more positions than a mask has
    check(whole, layer(2, 7, 3, 1, Shape.of(700), Shape.of(75), 1, 0, 1).forward());
  }

  @Test
  void inputsAreUnrolledInRuns() {
    UnaryOperator<ConvolutionKernel> unrolled = k -> {
      Step step = plan(k).steps().stream().filter(s -> s.entry().startsWith("tz_unroll")).findFirst().orElseThrow();
      long run = ((Arg.Number) step.args().get(step.args().size() - 2)).value();
      assertTrue(run > 1 && run < k.outSpatial().size(), "run " + run);
      return k;
    };
    check(UNROLLED, unrolled.apply(layer(1, 24, 12, 1, Shape.of(6, 5), Shape.of(9, 9), 1, 4, 1).forward()));
    check("convolution:unroll matmul_async:product", unrolled.apply(layer(1, 5, 24, 1, Shape.of(5, 6, 7), Shape.of(4, 5, 5), 1, 2, 1).forward()));
    check(UNROLLED.replace("unroll ", "unroll_gaps "), unrolled.apply(layer(1, 12, 24, 1, Shape.of(9, 8), Shape.of(7, 6), 2, 3, 1).byInput()));
  }

  /** The bits of those ways that need it, which are other kernels. */
  @Test
  void withoutScratchMemoryThereAreOtherWays() {
    for (Layer l : List.of(
        layer(2, 16, 20, 1, Shape.of(16, 15), Shape.of(3, 3), 1, 1, 1), layer(1, 20, 24, 1, Shape.of(16, 13), Shape.of(3, 3), 1, 1, 1))) {
      FailingDriver full = new FailingDriver(new SimulatedDriver(1));
      full.refuseOver(100_000);
      check(full.driver(), l.byWeights());
      assertTrue(full.refused() > 0, "there was memory for " + l);
    }
    Style frugal = new Style(132, 90).frugal();
    Shape three = Shape.of(3, 3);
    assertEquals("convolution:convolution", ways(Planner.plan(layer(16, 64, 64, 1, Shape.of(56, 56), three, 1, 1, 1).byWeights(), frugal)));
    assertEquals(ASYNC, ways(Planner.plan(layer(64, 512, 512, 1, Shape.of(7, 7), three, 1, 1, 1).forward(), frugal)));
    assertEquals("convolution_direct:blocks_1", ways(Planner.plan(layer(16, 144, 144, 144, Shape.of(56, 56), three, 1, 1, 1).byWeights(), frugal)));
  }

  @Test
  void gradientsByWeightsAreUnrolled() {
    check(UNROLLED, layer(2, 16, 20, 1, Shape.of(16, 15), Shape.of(3, 3), 1, 1, 1).byWeights());
    check(UNROLLED, layer(2, 5, 33, 1, Shape.of(53, 51), Shape.of(5, 3), 2, 2, 1).byWeights()); // odd sizes
    check(UNROLLED, layer(3, 40, 24, 1, Shape.of(14, 13), Shape.of(1, 1), 1, 0, 1).byWeights());
    check(UNROLLED, layer(2, 12, 24, 2, Shape.of(25, 24), Shape.of(3, 2), 1, -1, 2).byWeights()); // groups, cropped
    check(UNROLLED, layer(2, 10, 18, 1, Shape.of(700), Shape.of(4), 1, 1, 1).byWeights());
    check(UNROLLED, layer(1, 6, 12, 1, Shape.of(8, 9, 7), Shape.of(2, 2, 3), 1, 1, 1).byWeights());
  }

  @Test
  void otherFloatsGoTheSameWays() {
    TreeSet<String> ways = new TreeSet<>();
    for (DType t : List.of(DType.F16, DType.BF16, DType.F64)) {
      List<ConvolutionKernel> all =
          List.of(
              new Layer(t, 2, 20, 32, 1, Shape.of(14, 15), Shape.of(3, 3), 2, 1, 1).byInput(),
              new Layer(t, 1, 40, 48, 1, Shape.of(14, 15), Shape.of(3, 3), 1, 1, 1).forward(),
              new Layer(t, 2, 3, 3, 3, Shape.of(9, 10), Shape.of(3, 3), 1, 1, 1).forward(),
              new Layer(t, 2, 3, 3, 3, Shape.of(20, 19), Shape.of(3, 3), 1, 1, 1).byWeights(),
              new Layer(t, 2, 16, 20, 1, Shape.of(16, 15), Shape.of(3, 3), 1, 1, 1).byWeights());
      try (CudaBackend cuda = new CudaBackend(new SimulatedDriver(1), SimulatedCudaProvider.NAME, null)) {
        for (ConvolutionKernel k : all) {
          ways.add(t + " " + ways(k));
          Differential.check(cuda, k, plan(k).bytes(), Differential.SMALL);
          Differential.check(cuda, k, plan(k).bytes(), 0);
        }
      }
    }
    System.out.println(ways);
    assertTrue(ways.contains("f16 " + UNROLLED), ways.toString());
    assertTrue(ways.contains("bf16 " + ASYNC), ways.toString());
  }

  private static void assertWays(Layer l, String forward, String byInput, String byWeights) {
    Style style = new Style(132, 90);
    assertEquals(forward, ways(Planner.plan(l.forward(), style)), "forward " + l);
    assertEquals(byInput, ways(Planner.plan(l.byInput(), style)), "by input " + l);
    assertEquals(byWeights, ways(Planner.plan(l.byWeights(), style)), "by weights " + l);
  }

  /** Layers that were measured on an H200. */
  @Test
  void theWaysOfLargeLayers() {
    Shape three = Shape.of(3, 3);
    assertWays(layer(16, 64, 64, 1, Shape.of(56, 56), three, 1, 1, 1), ASYNC, ASYNC, UNROLLED);
    assertWays(layer(32, 128, 128, 1, Shape.of(56, 56), three, 2, 1, 1), ASYNC, ASYNC, UNROLLED);
    assertWays(layer(32, 3, 64, 1, Shape.of(224, 224), Shape.of(7, 7), 2, 3, 1), ASYNC, "convolution_direct:direct_4_4", UNROLLED);
    assertWays(
        layer(16, 144, 144, 144, Shape.of(56, 56), three, 1, 1, 1), "convolution_direct:direct_1_4", "convolution_direct:direct_1_4",
        "convolution_direct:blocks_1 convolution:add_blocks");
    assertWays(layer(16, 256, 64, 1, Shape.of(56, 56), Shape.of(1, 1), 1, 0, 1), ASYNC, ASYNC, UNROLLED);
    assertWays(layer(64, 512, 512, 1, Shape.of(7, 7), three, 1, 1, 1), UNROLLED, UNROLLED, "convolution:unroll matmul_async:product");
  }

  @Test
  void smallConvolutionsAreOneLaunch() {
    assertEquals(1, plan(layer(1, 3, 12, 1, Shape.of(8, 8), Shape.of(3, 3), 1, 1, 1).byInput()).steps().size());
    assertEquals(1, plan(layer(1, 9, 12, 1, Shape.of(5, 5), Shape.of(3, 3), 1, 1, 1).byWeights()).steps().size());
  }
}
