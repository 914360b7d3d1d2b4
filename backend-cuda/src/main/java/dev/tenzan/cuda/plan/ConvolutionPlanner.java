package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.vendor.DnnShape;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.OperandFootprint;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plans convolutions: chooses who does, or does it with the kernel that takes all: for each (input, group) the weights times the unrolled
 * input, which is unrolled in shared memory, tile by tile.
 */
final class ConvolutionPlanner {
  /** The rows and columns of a tile in {@code convolution.cu}. */
  private static final int TILE = 64;

  /** So many blocks of k are done before their results would be added. */
  private static final long FEW_BLOCKS = 4;

  /** What it takes longer than a product of {@link AsyncProduct} of as many tiles: on an H200. */
  private static final double SLOWNESS = 5;

  /** More scratch memory is not taken for blocks' results. */
  private static final long MOST_BYTES = 2L << 30;

  /** Estimates are rough, so unrolling has to win by so much. */
  private static final double SURELY = 0.75;

  private final ConvolutionKernel kernel;
  private final Windows windows;
  private final Style style;

  private ConvolutionPlanner(Windows windows, Style style) {
    this.kernel = windows.kernel;
    this.windows = windows;
    this.style = style;
  }

  static Plan plan(ConvolutionKernel kernel, Style style) {
    Windows windows = new Windows(kernel);
    long outputs = kernel.batch() * kernel.outChannels() * windows.positions;
    List<Long> bytes =
        List.of(OperandFootprint.bytes("convolution", kernel.x(), windows.inputBox(), kernel.dtype()),
            OperandFootprint.bytes("convolution", kernel.w(), windows.weightBox(), kernel.dtype()), outputs * kernel.dtype().byteSize());
    if (outputs == 0) {
      return Plan.nothing(bytes);
    }
    if (!kernel.numerics().isReproducible() && style.fast().contains(FastWay.LIBRARY)) {
      Optional<DnnShape> shape = DnnShape.of(kernel);
      if (shape.isPresent()) {
        return LibraryConvolution.plan(shape.get(), kernel, style, bytes);
      }
    }
    Optional<DirectConvolution> direct = DirectConvolution.of(windows, style);
    if (direct.isPresent()) {
      return direct.get().plan(bytes);
    }
    ConvolutionPlanner basic = new ConvolutionPlanner(windows, style);
    Optional<AsyncConvolution> async = AsyncConvolution.of(windows, style);
    double least = Math.min(basic.cost(), async.map(AsyncConvolution::cost).orElse(Double.POSITIVE_INFINITY));
    Optional<UnrolledConvolution> unrolled = UnrolledConvolution.of(windows, style).filter(u -> u.cost() < SURELY * least);
    Optional<FastConvolution> fast = FastConvolution.of(windows, style);
    if (fast.isPresent() && fast.get().cost() < unrolled.map(UnrolledConvolution::cost).orElse(least)) {
      return fast.get().plan().apply(bytes);
    }
    if (unrolled.isPresent()) {
      return unrolled.get().plan(bytes);
    }
    return async.isPresent() && async.get().cost() <= least ? async.get().plan(bytes) : basic.plan(bytes);
  }

  private long images() {
    return kernel.batch() * kernel.groups();
  }

  /** The tiles of whole chains. */
  private long whole() {
    return images() * MatMulPlanner.tiles(windows.rows, TILE) * MatMulPlanner.tiles(windows.positions, TILE);
  }

  private long partBytes(long parts) {
    return parts * images() * windows.rows * windows.positions * kernel.dtype().compute().byteSize();
  }

  /** About how long it takes, as {@link AsyncProduct#cost} counts. */
  private double cost() {
    long split = split();
    double tiles = MatMulPlanner.tiles(whole() * split, style.processors());
    double adding = split > 1 ? AsyncProduct.launchCost(2 * split * images() * windows.rows * windows.positions * Float.BYTES) : 0;
    return SLOWNESS * tiles * TILE * TILE * windows.products / split + adding;
  }

  private Plan plan(List<Long> bytes) {
    long outputs = images() * windows.rows * windows.positions;
    long split = split();
    long tiles = whole() * split;
    Affine w = kernel.w();
    Arg out = new Arg.Slot(2);
    Arg parts = split > 1 ? new Arg.Temp(0) : out; // which is not written then
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(new Arg.Slot(0), new Arg.Slot(1), out, parts, new Arg.Table(0), tiles, images(), split));
    args.addAll(List.of(kernel.groups(), windows.rows, windows.positions, windows.products, w.offset(), w.stride(0)));
    args.addAll(windows.input());
    args.addAll(windows.inputDilation());
    Pieces pieces = new Pieces(style, "convolution", kernel.dtype());
    pieces.tiles("tz_convolution", tiles, args.toArray());
    List<Long> temps = List.of();
    if (split > 1) {
      temps = List.of(partBytes(split));
      pieces.each("tz_add_blocks", outputs, parts, out, split);
    }
    return new Plan(bytes, temps, List.of(windows.distances()), pieces.steps(), null);
  }

  /**
   * How many convolutions of their own the blocks of k are: all, or one where there are tiles enough for the device or few blocks. The
   * gradient of weights has few tiles and a block for every 256 positions of all images.
   */
  private long split() {
    long blocks = MatMulPlanner.tiles(windows.products, MatMulKernel.K_BLOCK);
    boolean fits = partBytes(blocks) <= Math.min(MOST_BYTES, style.scratch());
    return blocks >= FEW_BLOCKS && fits && whole() < style.processors() ? blocks : 1;
  }
}
