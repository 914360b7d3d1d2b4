package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Plans a convolution in the fast mode with our own kernels on tensor cores: {@link MmaConvolution}, or where its window is one element a
 * product of matrices that need not be copied.
 *
 * @param cost about how long it takes, as {@link AsyncProduct#cost} counts
 * @param plan makes the plan, given the least size of each buffer
 */
record FastConvolution(double cost, Function<List<Long>, Plan> plan) {
  /** The rows and columns of a tile in {@code matmul_mma.cu}. */
  private static final int TILE = 128;

  /** The cheapest, where the mode and the device allow it. */
  static Optional<FastConvolution> of(Windows windows, Style style) {
    if (windows.kernel.numerics().isReproducible()) {
      return Optional.empty();
    }
    List<FastConvolution> all = new ArrayList<>();
    MmaConvolution.of(windows, style).ifPresent(c -> all.add(new FastConvolution(c.cost(), c::plan)));
    asOneLine(windows.kernel)
        .flatMap(k -> MmaConvolution.of(new Windows(k), style))
        .ifPresent(c -> all.add(new FastConvolution(c.cost(), c::plan)));
    asProduct(windows.kernel).flatMap(p -> product(p, style)).ifPresent(all::add);
    return all.stream().min(Comparator.comparingDouble(FastConvolution::cost));
  }

  /**
   * The products in the time of one of f32 by {@link AsyncProduct}: on sm_90 as {@code matmul_mma.cu} was measured on an H100, elsewhere by
   * the peaks that NVIDIA gives for tensor cores and others.
   */
  static double speed(DType dtype, Style style) {
    double half =
        switch (style.capability()) {
          case 80 -> 10;
          case 86, 87, 89, 120, 121 -> 1.7;
          default -> 3.5;
        };
    return dtype == DType.F32 ? half * (style.capability() < 90 || style.capability() >= 120 ? 0.5 : 0.45) : half;
  }

  /**
   * The gradient of the weights of a 1 x 1 convolution, whose window is all of the input, with what is along the window as channels and the
   * channels as a window: elements of images lie side by side, channels do not.
   */
  private static Optional<ConvolutionKernel> asOneLine(ConvolutionKernel k) {
    boolean whole = k.groups() == 1 && k.outSpatial().size() == 1 && k.window().equals(k.spatial()) && all(k.padLow(), 0) && all(k.inputDilation(), 1);
    if (!whole || !all(k.windowDilation(), 1) || !Windows.isLine(k.x(), k.spatial()) || !Windows.isLine(k.w(), k.spatial())) {
      return Optional.empty();
    }
    List<Long> one = List.of(1L);
    Shape channels = Shape.of(k.inChannels());
    return Optional.of(
        new ConvolutionKernel(
            k.dtype(), k.batch(), k.spatial().size(), k.outChannels(), 1, channels, channels, Shape.of(1), one, List.of(0L), one, one,
            new Affine(k.x().offset(), k.x().stride(0), 1, k.x().stride(1)), new Affine(k.w().offset(), k.w().stride(0), 1, k.w().stride(1)),
            k.numerics()));
  }

  /** A convolution with a window of one element that meets each element once: for each image the weights times the image. */
  private static Optional<MatMulKernel> asProduct(ConvolutionKernel k) {
    boolean pointwise = k.groups() == 1 && k.window().size() == 1 && k.outSpatial().equals(k.spatial()) && all(k.padLow(), 0);
    if (!pointwise || !all(k.stride(), 1) || !all(k.inputDilation(), 1) || !Windows.isLine(k.x(), k.spatial())) {
      return Optional.empty();
    }
    Affine weights = new Affine(k.w().offset(), 0, k.w().stride(0), k.w().stride(1));
    Affine input = new Affine(k.x().offset(), k.x().stride(0), k.x().stride(1), 1);
    return Optional.of(
        new MatMulKernel(
            k.dtype(), k.dtype(), Shape.of(k.batch()), k.outChannels(), k.spatial().size(), k.inChannels(), weights, input, k.numerics()));
  }

  private static Optional<FastConvolution> product(MatMulKernel product, Style style) {
    double tiles = product.batch().size() * MatMulPlanner.tiles(product.m(), TILE) * MatMulPlanner.tiles(product.n(), TILE);
    double each = Math.ceil(tiles / style.processors());
    double cost = each * TILE * TILE * product.k() / speed(product.input(), style);
    return FastProduct.plan(product, style.withoutLibrary(), List.of()).map(plan -> new FastConvolution(cost, bytes -> withOperandsExchanged(plan, bytes)));
  }

  /** The plan of a product whose first operand is the convolution's second. */
  private static Plan withOperandsExchanged(Plan plan, List<Long> bytes) {
    List<Step> steps =
        plan.steps().stream()
            .map(
                s ->
                    s.with(
                        arg ->
                            switch (arg) {
                              case Arg.Slot slot when slot.index() < 2 -> new Arg.Slot(1 - slot.index(), slot.offset());
                              case Arg.Map map -> new Arg.Map(1 - map.index(), map.offset(), map.tensor());
                              default -> arg;
                            }))
            .toList();
    return new Plan(bytes, plan.temps(), plan.tables(), steps, null);
  }

  private static boolean all(List<Long> values, long value) {
    return values.stream().allMatch(v -> v == value);
  }
}
