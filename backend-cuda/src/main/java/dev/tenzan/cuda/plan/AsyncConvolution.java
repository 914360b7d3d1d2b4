package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.program.Shipped;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plans a convolution with the kernels of {@code convolution_async.cu}, which want f32 and weights of an output channel that lie one after
 * the other. Weights that do not, as those of a gradient, are copied first; 16-bit floats are widened first, and results rounded behind.
 */
final class AsyncConvolution {
  /** What a convolution takes longer than a product of as many tiles: on an H200. */
  private static final double SLOWNESS = 1.7;

  private static final int VECTOR = 4;

  private final ConvolutionKernel kernel;
  private final Windows windows;
  private final Style style;
  private final boolean widen;
  private final boolean copyWeights;

  private AsyncConvolution(Windows windows, Style style, boolean widen, boolean copyWeights) {
    this.kernel = windows.kernel;
    this.windows = windows;
    this.style = style;
    this.widen = widen;
    this.copyWeights = copyWeights;
  }

  /** The plan's maker, where the device has the kernels and they take the convolution. */
  static Optional<AsyncConvolution> of(Windows windows, Style style) {
    ConvolutionKernel kernel = windows.kernel;
    boolean widen = kernel.dtype() == DType.F16 || kernel.dtype() == DType.BF16;
    if ((kernel.dtype() != DType.F32 && !widen) || style.capability() < AsyncProduct.LEAST || !windows.isMaskable() || !windows.isNear()) {
      return Optional.empty();
    }
    long row = kernel.w().stride(0);
    boolean dense = row >= 0 && row * Tile.MEDIUM.rows < Windows.FAR && weightsAreDense(windows);
    boolean fits = dense || pitch(windows) * Tile.MEDIUM.rows < Windows.FAR;
    AsyncConvolution async = new AsyncConvolution(windows, style, widen, widen || !dense);
    return fits && async.scratchBytes() <= style.scratch() ? Optional.of(async) : Optional.empty();
  }

  private static boolean weightsAreDense(Windows windows) {
    ConvolutionKernel kernel = windows.kernel;
    return Windows.isLine(kernel.w(), kernel.window()) && (windows.channels == 1 || kernel.w().stride(1) == kernel.window().size());
  }

  /** The elements of a copied output channel: whole vectors. */
  private static long pitch(Windows windows) {
    return (windows.products + VECTOR - 1) / VECTOR * VECTOR;
  }

  private long weightBytes() {
    return kernel.outChannels() * pitch(windows) * Float.BYTES;
  }

  private long scratchBytes() {
    long wide = widen ? Float.BYTES * (windows.inputBox().size() + kernel.batch() * kernel.outChannels() * windows.positions) : 0;
    return wide + (copyWeights ? weightBytes() : 0);
  }

  private Tile tile() {
    return cost(Tile.SMALL) < cost(Tile.MEDIUM) ? Tile.SMALL : Tile.MEDIUM;
  }

  private long count(Tile tile) {
    return kernel.groups() * tile.count(windows.rows, kernel.batch() * windows.positions);
  }

  private double cost(Tile tile) {
    return tile.cost(count(tile), windows.products, style.processors());
  }

  /** About how long it takes, as {@link AsyncProduct#cost} counts. */
  double cost() {
    double copies = copyWeights ? AsyncProduct.launchCost(2 * weightBytes()) : 0;
    if (widen) {
      long outputs = kernel.batch() * kernel.outChannels() * windows.positions;
      int each = Float.BYTES + kernel.dtype().byteSize();
      copies += AsyncProduct.launchCost(each * windows.inputBox().size()) + AsyncProduct.launchCost(each * outputs);
    }
    return SLOWNESS * cost(tile()) + copies;
  }

  Plan plan(List<Long> bytes) {
    Sequence all = new Sequence(style);
    Arg x = new Arg.Slot(0);
    Arg w = new Arg.Slot(1);
    Arg out = new Arg.Slot(2);
    Affine input = kernel.x();
    Affine weights = kernel.w();
    if (widen) {
      input = Layout.rowMajor(windows.inputBox()).address();
      x = all.temp(windows.inputBox().size() * Float.BYTES);
      all.copy(windows.inputBox(), kernel.dtype(), new Arg.Slot(0), kernel.x(), DType.F32, x, input);
    }
    if (copyWeights) {
      long[] strides = windows.weightBox().rowMajorStrides();
      strides[0] = pitch(windows);
      weights = new Affine(0, strides);
      w = all.temp(weightBytes());
      all.copy(windows.weightBox(), kernel.dtype(), new Arg.Slot(1), kernel.w(), DType.F32, w, weights);
    }
    Shape outBox = Shape.of(kernel.batch() * kernel.outChannels() * windows.positions);
    if (widen) {
      out = all.temp(outBox.size() * Float.BYTES);
    }
    all.add(convolution(input, weights), all.temps(), x, w, out);
    if (widen) {
      Affine dense = new Affine(0, 1);
      all.copy(outBox, DType.F32, out, dense, kernel.dtype(), new Arg.Slot(2), dense);
    }
    return all.plan(bytes);
  }

  /** The convolution alone. */
  private Plan convolution(Affine x, Affine w) {
    Windows of =
        new Windows(
            new ConvolutionKernel(
                DType.F32, kernel.batch(), kernel.inChannels(), kernel.outChannels(), kernel.groups(), kernel.spatial(), kernel.window(),
                kernel.outSpatial(), kernel.stride(), kernel.padLow(), kernel.inputDilation(), kernel.windowDilation(), x, w));
    Tile tile = tile();
    long columns = kernel.batch() * of.positions;
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(new Arg.Slot(0), new Arg.Slot(1), new Arg.Slot(2), new Arg.Table(0), new Arg.Table(1), count(tile)));
    args.addAll(List.of(kernel.groups(), of.rows, of.positions, columns, of.products, w.offset(), w.stride(0)));
    args.addAll(of.window());
    args.addAll(of.input());
    args.addAll(of.inputDilation());
    boolean aligned = AsyncProduct.isAligned(w, 1);
    Pieces pieces = new Pieces(style, Shipped.module("convolution_async", DType.F32, tile.form + (aligned ? "i" : "k")));
    pieces.tiles(tile, tile.shared(aligned), "tz_convolution", count(tile), args.toArray());
    return new Plan(List.of(), List.of(), List.of(of.steps(), of.taps()), pieces.steps(), null);
  }
}
