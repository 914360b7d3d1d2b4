package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.program.Shipped;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * Plans a convolution in the fast mode with the kernel of {@code convolution_mma.cu}, which wants the channels of a group side by side in both
 * operands: those that lie otherwise are copied first. Gaps between the input's elements make it several convolutions without gaps, each of
 * the outputs that fall on the same window positions. Where tiles are too few for the device, k is split.
 */
final class MmaConvolution {
  /** Fewer output channels of a group leave most of a tile empty. */
  private static final long LEAST_ROWS = 9;

  /** More scratch memory is not taken for the input; of more the inputs are taken one part after the other. */
  private static final long MOST_BYTES = 2L << 30;

  /** A launch for each: more of them are left to kernels that do all at once. */
  private static final int MOST_PARTS = 64;

  /** What is copied at a time. */
  private static final int PIECE_BYTES = 16;

  private static final int COLUMNS = 128;

  /** The bytes of a row's products in a stage, and the stages in shared memory. */
  private static final int STAGE_BYTES = 64;

  private static final int STAGES = 4;

  /** The most blocks that share the products of a tile. */
  private static final long MOST_SPLIT = 256;

  /** What a block takes besides, in stages: until the first ones are there, and for its results. */
  private static final long RAMP = 4;

  /**
   * A tile of the kernel.
   *
   * @param rows output channels
   * @param speed what it does of the larger tile's products: an estimate, as the smaller has three panels of shared memory for two tiles
   */
  private record Form(int rows, double speed) {
    static final List<Form> ALL = List.of(new Form(128, 1), new Form(64, 0.75));

    int threads() {
      return 2 * rows;
    }

    /** The panels, and where the columns' results go. */
    int shared() {
      return STAGES * (rows + COLUMNS) * STAGE_BYTES + COLUMNS * Long.BYTES;
    }
  }

  /**
   * How it is cut.
   *
   * @param form the tile
   * @param split how many blocks share the products of a tile
   * @param cost about how long it takes without copies, as {@link AsyncProduct#cost} counts
   */
  private record Way(Form form, long split, double cost) {}

  private final ConvolutionKernel kernel;
  private final Windows windows;
  private final Style style;
  private final int piece;

  /** The channels of a group in whole pieces. */
  private final long padded;

  private final List<Gapless> parts;
  private final boolean copyInput;
  private final boolean copyWeights;
  private final long most;
  private final Way way;

  private MmaConvolution(Windows windows, Style style, List<Gapless> parts, long most) {
    this.kernel = windows.kernel;
    this.windows = windows;
    this.style = style;
    this.parts = parts;
    this.most = most;
    piece = PIECE_BYTES / kernel.dtype().byteSize();
    padded = Math.ceilDiv(windows.channels, (long) piece) * piece;
    copyInput = !isSideBySide(kernel.x(), kernel.groups() > 1 ? windows.channels : 0);
    copyWeights = !isSideBySide(kernel.w(), 0);
    way = cheapest();
  }

  /** The plan's maker, where the mode and the device allow it and the kernel takes the convolution. */
  static Optional<MmaConvolution> of(Windows windows, Style style) {
    return of(windows, style, Math.min(MOST_BYTES, style.scratch()));
  }

  /** The same with at most so many bytes of copied input at a time. */
  static Optional<MmaConvolution> of(Windows windows, Style style, long most) {
    ConvolutionKernel kernel = windows.kernel;
    boolean allowed = !kernel.numerics().isReproducible() && style.fast().contains(FastWay.MMA);
    boolean known = kernel.dtype() == DType.F32 || kernel.dtype() == DType.F16 || kernel.dtype() == DType.BF16;
    if (!allowed || !known || windows.rows < LEAST_ROWS || windows.products == 0 || !windows.isNear()) {
      return Optional.empty();
    }
    Optional<List<Gapless>> parts = Gapless.of(kernel, MOST_PARTS);
    if (parts.isEmpty()) {
      return Optional.empty();
    }
    MmaConvolution it = new MmaConvolution(windows, style, parts.get(), most);
    boolean fits = (!it.copyInput || it.inputBytes(1) <= most) && (!it.copyWeights || it.weightBytes() <= most);
    return fits && it.padded * kernel.window().size() < Windows.FAR / kernel.dtype().byteSize() ? Optional.of(it) : Optional.empty();
  }

  /** Whether channels are neighbours, and all else begins at whole pieces; {@code group} is how far groups are apart. */
  private boolean isSideBySide(Affine address, long group) {
    boolean there = (address.stride(1) == 1 || windows.channels == 1) && address.offset() % piece == 0 && group % piece == 0;
    for (int d = 0; d < address.rank(); d++) {
      there &= d == 1 || address.stride(d) % piece == 0;
    }
    return there;
  }

  private long inputBytes(long images) {
    return images * kernel.spatial().size() * kernel.groups() * padded * kernel.dtype().byteSize();
  }

  private long weightBytes() {
    return kernel.outChannels() * kernel.window().size() * padded * kernel.dtype().byteSize();
  }

  /** The outputs of an input. */
  private long imageOutputs() {
    return kernel.outChannels() * windows.positions;
  }

  /** The inputs that are taken at a time: about as many each time. */
  private long images() {
    long fit = copyInput ? Math.clamp(most / Math.max(1, inputBytes(1)), 1, kernel.batch()) : kernel.batch();
    return Math.ceilDiv(kernel.batch(), Math.ceilDiv(kernel.batch(), fit));
  }

  private long tiles(Form form, Gapless part, long images) {
    return kernel.groups() * MatMulPlanner.tiles(windows.rows, form.rows) * MatMulPlanner.tiles(images * part.outputs(), COLUMNS);
  }

  private long stages(Gapless part) {
    return MatMulPlanner.tiles(part.positions() * padded * kernel.dtype().byteSize(), STAGE_BYTES);
  }

  /** About how long it takes, as {@link AsyncProduct#cost} counts. */
  double cost() {
    double copies = copyInput ? AsyncProduct.launchCost(inputBytes(kernel.batch()) + windows.inputBox().size() * kernel.dtype().byteSize()) : 0;
    copies += copyWeights ? AsyncProduct.launchCost(2 * weightBytes()) : 0;
    return way.cost + copies;
  }

  /** The cheapest way, of which k is split where tiles are too few for the processors, or leave many of them idle in the end. */
  private Way cheapest() {
    long longest = parts.stream().mapToLong(this::stages).max().orElse(0);
    long room = style.scratch() / (kernel.batch() * imageOutputs() * Float.BYTES);
    Way best = way(Form.ALL.getFirst(), 1);
    for (Form form : Form.ALL) {
      for (long split = 1; split == 1 || (split <= MOST_SPLIT && split <= longest / 2 && split <= room); split++) {
        Way other = way(form, split);
        best = other.cost < best.cost ? other : best;
      }
    }
    return best;
  }

  private Way way(Form form, long split) {
    double speed = form.speed * FastConvolution.speed(kernel.dtype(), style);
    long deep = STAGE_BYTES / kernel.dtype().byteSize();
    double all = AsyncProduct.launchCost(0) * (parts.size() - 1);
    for (Gapless part : parts) {
      double each = MatMulPlanner.tiles(tiles(form, part, kernel.batch()) * split, style.processors());
      all += each * form.rows * COLUMNS * deep * (RAMP + Math.ceilDiv(stages(part), split)) / speed;
    }
    all += split > 1 ? AsyncProduct.launchCost((2 * split + 1) * kernel.batch() * imageOutputs() * Float.BYTES) : 0;
    return new Way(form, split, all);
  }

  Plan plan(List<Long> bytes) {
    Sequence all = new Sequence(style);
    long images = images();
    Arg w = copyWeights ? all.temp(weightBytes()) : slot(1, kernel.w());
    Affine weights = kernel.w();
    if (copyWeights) {
      weights = sideBySide(kernel.window(), 1);
      copy(all, windows.weightBox(), 1, kernel.w(), 1, w, weights);
    }
    Arg x = copyInput ? all.temp(inputBytes(images)) : slot(0, kernel.x());
    Affine input = copyInput ? sideBySide(kernel.spatial(), kernel.groups()) : kernel.x();
    long split = way.split;
    Arg sums = split > 1 ? all.temp(split * images * imageOutputs() * Float.BYTES) : new Arg.Slot(2); // which is not written then
    for (long first = 0; first < kernel.batch(); first += images) {
      long some = Math.min(images, kernel.batch() - first);
      if (copyInput) {
        Affine from = new Affine(kernel.x().offset() + first * kernel.x().stride(0), kernel.x().strides());
        copy(all, Shape.of(some, kernel.inChannels()).concat(kernel.spatial()), kernel.groups(), from, 0, x, input);
      }
      Arg out = new Arg.Slot(2, first * imageOutputs() * kernel.dtype().byteSize());
      for (Gapless part : parts) {
        all.add(List.of(step(part, some, x, input, w, weights, out, sums)));
      }
      if (split > 1) {
        Pieces adding = new Pieces(style, "convolution", kernel.dtype());
        adding.each("tz_add_blocks", some * imageOutputs(), sums, out, split);
        all.add(adding.steps());
      }
    }
    return all.plan(bytes);
  }

  private Arg slot(int index, Affine address) {
    return new Arg.Slot(index, address.offset() * kernel.dtype().byteSize());
  }

  /** The addresses of copies: channels of a group, rounded up, side by side; then groups, spatial axes, and what comes before channels. */
  private Affine sideBySide(Shape spatial, long groups) {
    long[] strides = new long[2 + spatial.rank()];
    strides[1] = 1;
    long next = groups * padded;
    for (int d = spatial.rank() - 1; d >= 0; d--) {
      strides[2 + d] = next;
      next *= spatial.dim(d);
    }
    strides[0] = next;
    return new Affine(0, strides);
  }

  /** Copies what lies in a box of images or output channels, channels and spatial axes. */
  private void copy(Sequence all, Shape box, long groups, Affine from, int operand, Arg to, Affine written) {
    int rank = box.rank();
    long[] space = new long[rank + 1];
    long[] read = new long[rank + 1];
    long[] write = new long[rank + 1];
    for (int d = 0; d <= rank; d++) {
      int axis = d == 0 ? 0 : d < rank - 1 ? d + 1 : 1;
      boolean group = d == rank - 1;
      space[d] = group ? groups : axis == 1 ? windows.channels : box.dim(axis);
      read[d] = from.stride(axis) * (group ? windows.channels : 1);
      write[d] = group ? padded : written.stride(axis);
    }
    DType t = kernel.dtype();
    all.copy(Shape.of(space), t, new Arg.Slot(operand), new Affine(from.offset(), read), t, to, new Affine(0, write));
  }

  private Step step(Gapless part, long images, Arg x, Affine input, Arg w, Affine weights, Arg out, Arg sums) {
    List<Long> outputs = three(part, Gapless.Axis::outputs, 1);
    List<Long> dilation = three(part, Gapless.Axis::dilation, 1);
    List<Long> positions = part.positions() == 0 ? List.of(0L, 1L, 1L) : three(part, Gapless.Axis::positions, 1);
    long group = copyInput ? padded : windows.channels * input.stride(1);
    long firstWeight = 0;
    long firstOutput = 0;
    long line = 1;
    List<Long> inputStrides = new ArrayList<>();
    List<Long> weightStrides = new ArrayList<>();
    List<Long> outStrides = new ArrayList<>();
    for (int d = part.axes().size() - 1; d >= 0; d--) {
      Gapless.Axis axis = part.axes().get(d);
      inputStrides.addFirst(input.stride(2 + d));
      weightStrides.addFirst(axis.step() * weights.stride(2 + d));
      firstWeight += axis.positions() > 0 ? axis.position() * weights.stride(2 + d) : 0;
      outStrides.addFirst(axis.apart() * line);
      firstOutput += axis.first() * line;
      line *= kernel.outSpatial().dim(d);
    }
    inputStrides = Windows.three(inputStrides, 0);
    weightStrides = Windows.three(weightStrides, 0);
    List<Long> inputSteps = new ArrayList<>();
    List<Long> reach = new ArrayList<>();
    for (int d = 0; d < positions.size(); d++) {
      inputSteps.add(dilation.get(d) * inputStrides.get(d));
      reach.add(positions.get(d) * dilation.get(d));
    }
    List<Arg> args = new ArrayList<>(List.of(x, w, out, sums));
    numbers(args, images * imageOutputs(), way.split, kernel.groups(), windows.rows, images * part.outputs(), windows.channels, padded);
    numbers(args, firstWeight, windows.rows * weights.stride(0), weights.stride(0));
    numbers(args, weightStrides);
    numbers(args, positions);
    numbers(args, dilation);
    numbers(args, input.stride(0), group);
    numbers(args, inputStrides);
    numbers(args, carries(weightStrides, positions));
    numbers(args, carries(inputSteps, positions));
    numbers(args, reach);
    numbers(args, windows.spatial());
    numbers(args, outputs);
    numbers(args, three(part, Gapless.Axis::stride, 1));
    numbers(args, three(part, Gapless.Axis::padding, 0));
    numbers(args, firstOutput, imageOutputs(), windows.positions);
    numbers(args, Windows.three(outStrides, 0));
    long grid = tiles(way.form, part, images) * way.split;
    return new Step(
        Shipped.module("convolution_mma", kernel.dtype(), Integer.toString(way.form.rows)), "tz_convolution", args, Math.toIntExact(grid), way.form.threads(),
        way.form.shared());
  }

  /** The bytes that are added to an address where an axis goes on by a position: behind the channels, or behind the end of the next axis. */
  private List<Long> carries(List<Long> steps, List<Long> positions) {
    List<Long> all = new ArrayList<>();
    for (int d = 0; d < steps.size(); d++) {
      long done = d == steps.size() - 1 ? padded : positions.get(d + 1) * steps.get(d + 1);
      all.add((steps.get(d) - done) * kernel.dtype().byteSize());
    }
    return all;
  }

  private static List<Long> three(Gapless part, ToLongFunction<Gapless.Axis> number, long neutral) {
    return Windows.three(part.axes().stream().map(number::applyAsLong).toList(), neutral);
  }

  private static void numbers(List<Arg> args, List<Long> values) {
    values.forEach(v -> args.add(new Arg.Number(v)));
  }

  private static void numbers(List<Arg> args, long... values) {
    numbers(args, Arrays.stream(values).boxed().toList());
  }
}
