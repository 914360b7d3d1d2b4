package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Plans a convolution as a product of matrices in memory: the input is unrolled, a line for each output position with all that its chain
 * takes, and multiplied with a copy of the weights. That is for long chains of few outputs, as of the gradient of weights, whose blocks of k
 * the product spreads over the device. 16-bit floats are widened, and rounded once at the end.
 */
final class UnrolledConvolution {
  /** More scratch memory is not taken for it; of more the inputs are unrolled one part after the other. */
  private static final long MOST_BYTES = 2L << 30;

  private static final int VECTOR = 4;

  /** Threads of a processor that unroll: fewer wait for their reads. */
  private static final long THREADS = 1024;

  private final ConvolutionKernel kernel;
  private final Windows windows;
  private final Style style;
  private final DType type;

  /** The inputs of a part; the last has what is left. */
  private final long images;

  private final AsyncProduct product;

  /** The product of the last part. */
  private final AsyncProduct last;

  private UnrolledConvolution(Windows windows, Style style, long images, AsyncProduct product, AsyncProduct last) {
    this.kernel = windows.kernel;
    this.windows = windows;
    this.style = style;
    this.type = widened(kernel);
    this.images = images;
    this.product = product;
    this.last = last;
  }

  private static DType widened(ConvolutionKernel kernel) {
    return kernel.dtype().compute();
  }

  /** The plan's maker, where the device has kernels for the product and memory allows it. */
  static Optional<UnrolledConvolution> of(Windows windows, Style style) {
    return of(windows, style, Math.min(MOST_BYTES, style.scratch()));
  }

  /** The same with at most so many bytes of unrolled input at a time. */
  static Optional<UnrolledConvolution> of(Windows windows, Style style, long most) {
    ConvolutionKernel kernel = windows.kernel;
    if (!kernel.dtype().isFloat() || windows.products == 0 || !windows.isNear()) {
      return Optional.empty();
    }
    long each = kernel.groups() * windows.positions * pitch(windows) * widened(kernel).byteSize();
    long fit = Math.min(kernel.batch(), most / each);
    if (fit == 0) {
      return Optional.empty();
    }
    long parts = Math.ceilDiv(kernel.batch(), fit);
    long images = Math.ceilDiv(kernel.batch(), parts); // about as many in the last part, which has to be a product for the device as well
    Optional<AsyncProduct> product = AsyncProduct.of(product(windows, images), style);
    long rest = (kernel.batch() - 1) % images + 1;
    Optional<AsyncProduct> last = rest == images ? product : AsyncProduct.of(product(windows, rest), style);
    return product.flatMap(p -> last.map(l -> new UnrolledConvolution(windows, style, images, p, l)));
  }

  /** The elements of an unrolled line: whole vectors. */
  private static long pitch(Windows windows) {
    return (windows.products + VECTOR - 1) / VECTOR * VECTOR;
  }

  /** For each group the product of the unrolled input of so many images and the copied weights. */
  private static MatMulKernel product(Windows windows, long images) {
    ConvolutionKernel kernel = windows.kernel;
    DType type = widened(kernel);
    long lines = images * windows.positions;
    long pitch = pitch(windows);
    return new MatMulKernel(
        type, type, Shape.of(kernel.groups()), lines, windows.rows, windows.products, new Affine(0, lines * pitch, pitch, 1),
        new Affine(0, windows.products * windows.rows, windows.rows, 1));
  }

  private long unrolledBytes(long some) {
    return kernel.groups() * some * windows.positions * pitch(windows) * type.byteSize();
  }

  private long productBytes(long some) {
    return kernel.outChannels() * some * windows.positions * type.byteSize();
  }

  private long weightBytes() {
    return windows.weightBox().size() * type.byteSize();
  }

  /** About how long it takes, as {@link AsyncProduct#cost} counts. */
  double cost() {
    double each =
        AsyncProduct.launchCost(2 * unrolledBytes(images)) + product.cost() + AsyncProduct.launchCost(2 * productBytes(images));
    return each * kernel.batch() / images + AsyncProduct.launchCost(2 * weightBytes());
  }

  Plan plan(List<Long> bytes) {
    Sequence all = new Sequence(style);
    Arg w = all.temp(weightBytes());
    copyWeights(all, w);
    Arg unrolled = all.temp(unrolledBytes(images));
    Arg results = all.temp(productBytes(images));
    int firstTemp = all.temps();
    for (long first = 0; first < kernel.batch(); first += images) {
      long some = Math.min(images, kernel.batch() - first);
      unroll(all, first, some, unrolled);
      AsyncProduct part = some == images ? product : last;
      all.add(part.plan(List.of(unrolledBytes(some), weightBytes(), productBytes(some))), firstTemp, unrolled, w, results);
      order(all, first, some, results);
    }
    return all.plan(bytes);
  }

  /** Copies the weights to (group, product, output channel). */
  private void copyWeights(Sequence all, Arg to) {
    Shape space = Shape.of(kernel.groups(), windows.channels).concat(kernel.window()).concat(Shape.of(windows.rows));
    Affine w = kernel.w();
    long[] strides = Arrays.copyOf(w.strides(), space.rank());
    strides[0] = windows.rows * w.stride(0);
    strides[space.rank() - 1] = w.stride(0);
    all.copy(space, kernel.dtype(), new Arg.Slot(1), new Affine(w.offset(), strides), type, to, Layout.rowMajor(space).address());
  }

  private void unroll(Sequence all, long first, long some, Arg to) {
    Arg x = new Arg.Slot(0);
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(x, to, some, windows.channels, pitch(windows)));
    args.addAll(windows.window());
    args.addAll(windows.windowDilation());
    args.addAll(List.of(kernel.x().stride(1), windows.outputs(0)));
    List<Long> input = windows.input();
    input.set(0, input.getFirst() + first * kernel.x().stride(0));
    args.addAll(input);
    args.addAll(windows.inputDilation());
    boolean gaps = kernel.inputDilation().stream().anyMatch(d -> d != 1);
    long columns = kernel.groups() * some * (pitch(windows) / VECTOR);
    long runs = Math.clamp(THREADS * style.processors() / columns, 1, windows.positions);
    long run = Math.ceilDiv(windows.positions, runs);
    args.add(run);
    Pieces pieces = new Pieces(style, "convolution", kernel.dtype());
    pieces.each(gaps ? "tz_unroll_gaps" : "tz_unroll", columns * Math.ceilDiv(windows.positions, run), args.toArray());
    all.add(pieces.steps());
  }

  /** Copies results from (group, input, position, row) to (input, group, row, position). */
  private void order(Sequence all, long first, long some, Arg from) {
    Shape space = Shape.of(some, kernel.groups(), windows.rows, windows.positions);
    long line = windows.rows;
    Affine read = new Affine(0, windows.positions * line, some * windows.positions * line, 1, line);
    long[] strides = space.rowMajorStrides();
    Affine written = new Affine(first * strides[0], strides);
    all.copy(space, type, from, read, kernel.dtype(), new Arg.Slot(2), written);
  }
}
