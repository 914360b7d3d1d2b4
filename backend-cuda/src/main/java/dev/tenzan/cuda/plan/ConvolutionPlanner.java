package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.program.Shipped;
import dev.tenzan.cuda.vendor.DnnShape;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.OperandFootprint;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Plans convolutions: for each (input, group) the weights times the unrolled input, which is unrolled in shared memory, tile by tile. */
final class ConvolutionPlanner {
  /** The rows and columns of a tile in {@code convolution.cu}. */
  private static final int TILE = 64;

  /** So many blocks of k are done before their results would be added. */
  private static final long FEW_BLOCKS = 4;

  /** The numbers of a step in the table of (channel, window position). */
  private static final int STEP = 5;

  /** What fits an int with room to spare. */
  private static final long FAR = 1L << 30;

  private ConvolutionPlanner() {}

  static Plan plan(ConvolutionKernel kernel, Style style) {
    long positions = kernel.outSpatial().size();
    long outputs = kernel.batch() * kernel.outChannels() * positions;
    long channels = kernel.inChannels() / kernel.groups();
    long rows = kernel.outChannels() / kernel.groups();
    Shape xBox = Shape.of(kernel.batch(), kernel.inChannels()).concat(kernel.spatial());
    Shape wBox = Shape.of(kernel.outChannels(), channels).concat(kernel.window());
    List<Long> bytes =
        List.of(OperandFootprint.bytes("convolution", kernel.x(), xBox, kernel.dtype()),
            OperandFootprint.bytes("convolution", kernel.w(), wBox, kernel.dtype()), outputs * kernel.dtype().byteSize());
    if (outputs == 0) {
      return Plan.nothing(bytes);
    }
    if (!kernel.numerics().isReproducible() && style.fast().contains(FastWay.LIBRARY)) {
      Optional<DnnShape> shape = DnnShape.of(kernel);
      if (shape.isPresent()) {
        return LibraryConvolution.plan(shape.get(), kernel, style, bytes);
      }
    }
    if (isAsync(kernel, style)) {
      return async(kernel, style, bytes);
    }
    long images = kernel.batch() * kernel.groups();
    long whole = images * MatMulPlanner.tiles(rows, TILE) * MatMulPlanner.tiles(positions, TILE);
    long products = channels * kernel.window().size();
    long split = split(whole, MatMulPlanner.tiles(products, MatMulKernel.K_BLOCK), style);
    long tiles = whole * split;
    Affine w = kernel.w();
    Arg out = new Arg.Slot(2);
    Arg parts = split > 1 ? new Arg.Temp(0) : out; // which is not written then
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(new Arg.Slot(0), new Arg.Slot(1), out, parts, new Arg.Table(0), tiles, images, split));
    args.addAll(List.of(kernel.groups(), rows, positions, products, w.offset(), w.stride(0)));
    args.addAll(input(kernel, channels));
    args.addAll(three(kernel.inputDilation(), 1));
    Pieces pieces = new Pieces(style, "convolution", kernel.dtype());
    pieces.tiles("tz_convolution", tiles, args.toArray());
    List<Long> temps = List.of();
    if (split > 1) {
      temps = List.of(split * outputs * kernel.dtype().compute().byteSize());
      pieces.each("tz_add_blocks", outputs, parts, out, split);
    }
    return new Plan(bytes, temps, List.of(steps(kernel, channels)), pieces.steps(), null);
  }

  /**
   * How many convolutions of their own the blocks of k are: all, or one where there are tiles enough for the device or few blocks. The
   * gradient of weights has few tiles and a block for every 256 positions of all images.
   */
  private static long split(long tiles, long blocks, Style style) {
    return blocks >= FEW_BLOCKS && tiles < style.processors() ? blocks : 1;
  }

  /**
   * Whether {@code convolution_async.cu} takes it: the weights of an output channel lie one after the other, a window has a bit of a mask for
   * each position, and every element of input falls on a window position without a gap.
   */
  private static boolean isAsync(ConvolutionKernel kernel, Style style) {
    long channels = kernel.inChannels() / kernel.groups();
    long rows = kernel.outChannels() / kernel.groups();
    long columns = kernel.batch() * kernel.outSpatial().size();
    long products = channels * kernel.window().size();
    if (kernel.dtype() != DType.F32 || style.capability() < AsyncProduct.LEAST || kernel.window().size() > Long.SIZE) {
      return false;
    }
    if (products == 0 || !kernel.inputDilation().stream().allMatch(d -> d == 1)) {
      return false;
    }
    long row = kernel.w().stride(0);
    long input = kernel.x().stride(0) * kernel.batch() + kernel.x().stride(1) * kernel.inChannels();
    boolean small = Math.max(columns, Math.max(rows, products)) < FAR && row >= 0 && row * Tile.MEDIUM.rows < FAR && Math.abs(input) < FAR;
    return small && weightsAreDense(kernel);
  }

  private static boolean weightsAreDense(ConvolutionKernel kernel) {
    long expected = 1;
    for (int d = kernel.window().rank() - 1; d >= 0; d--) {
      if (kernel.window().dim(d) > 1 && kernel.w().stride(2 + d) != expected) {
        return false;
      }
      expected *= kernel.window().dim(d);
    }
    return kernel.inChannels() == kernel.groups() || kernel.w().stride(1) == expected;
  }

  private static Plan async(ConvolutionKernel kernel, Style style, List<Long> bytes) {
    long channels = kernel.inChannels() / kernel.groups();
    long rows = kernel.outChannels() / kernel.groups();
    long positions = kernel.outSpatial().size();
    long columns = kernel.batch() * positions;
    long products = channels * kernel.window().size();
    Tile tile = Tile.MEDIUM;
    long count = kernel.groups() * tile.count(rows, columns);
    long small = kernel.groups() * Tile.SMALL.count(rows, columns);
    if (Tile.SMALL.cost(small, products, style.processors()) < tile.cost(count, products, style.processors())) {
      tile = Tile.SMALL;
      count = small;
    }
    Affine w = kernel.w();
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(new Arg.Slot(0), new Arg.Slot(1), new Arg.Slot(2), new Arg.Table(0), new Arg.Table(1), count));
    args.addAll(List.of(kernel.groups(), rows, positions, columns, products, w.offset(), w.stride(0)));
    args.addAll(input(kernel, channels));
    args.add(kernel.window().size());
    boolean aligned = AsyncProduct.isAligned(w, 1);
    Pieces pieces = new Pieces(style, Shipped.module("convolution_async", DType.F32, tile.form + (aligned ? "i" : "k")));
    pieces.tiles(tile, tile.shared(aligned), "tz_convolution", count, args.toArray());
    return new Plan(bytes, List.of(), asyncTables(kernel, channels), pieces.steps(), null);
  }

  /** What both kernels are told of the input and of how windows go over it. */
  private static List<Long> input(ConvolutionKernel kernel, long channels) {
    Affine x = kernel.x();
    List<Long> all = new ArrayList<>(List.of(x.offset(), x.stride(0), channels * x.stride(1)));
    all.addAll(strides(kernel));
    all.addAll(three(longs(kernel.spatial()), 1));
    all.addAll(three(longs(kernel.outSpatial()), 1).subList(1, 3));
    all.addAll(three(kernel.stride(), 1));
    all.addAll(three(kernel.padLow(), 0));
    return all;
  }

  /** The elements from one element of the input to the next along three axes. */
  private static List<Long> strides(ConvolutionKernel kernel) {
    int rank = kernel.spatial().rank();
    List<Long> all = new ArrayList<>();
    for (int d = 0; d < 3; d++) {
      all.add(d < 3 - rank ? 0L : kernel.x().stride(2 + d - (3 - rank)));
    }
    return all;
  }

  /**
   * For each (channel of the group, window position) what it adds to an element's address, and the window position's bit; and for each window
   * position its distance from the window's start along three axes.
   */
  private static List<long[]> asyncTables(ConvolutionKernel kernel, long channels) {
    long[] known = steps(kernel, channels);
    List<Long> strides = strides(kernel);
    int window = Math.toIntExact(kernel.window().size());
    long[] steps = new long[known.length / STEP * 2];
    long[] distances = new long[3 * window];
    for (int i = 0; i < known.length / STEP; i++) {
      long address = known[i * STEP + 1];
      for (int d = 0; d < 3; d++) {
        long distance = known[i * STEP + 2 + d];
        address += distance * strides.get(d);
        distances[i % window * 3 + d] = distance;
      }
      steps[2 * i] = address;
      steps[2 * i + 1] = 1L << (i % window);
    }
    return List.of(steps, distances);
  }

  private static List<Long> longs(Shape shape) {
    List<Long> all = new ArrayList<>();
    for (long d : shape.dims()) {
      all.add(d);
    }
    return all;
  }

  /** Three numbers; those of the axes that are missing come first and are neutral. */
  private static List<Long> three(List<Long> values, long neutral) {
    List<Long> all = new ArrayList<>(values);
    while (all.size() < 3) {
      all.addFirst(neutral);
    }
    return all;
  }

  /**
   * For each (channel of the group, window position): the address of its weight behind the output channel's first, the address of the
   * channel behind the group's first, and the window position's distance from the window's start along three axes.
   */
  private static long[] steps(ConvolutionKernel kernel, long channels) {
    int rank = kernel.window().rank();
    int window = Math.toIntExact(kernel.window().size());
    long[] table = new long[Math.toIntExact(channels * window * STEP)];
    int at = 0;
    for (long c = 0; c < channels; c++) {
      long[] index = new long[rank];
      for (int t = 0; t < window; t++) {
        long weight = c * kernel.w().stride(1);
        for (int d = 0; d < rank; d++) {
          weight += index[d] * kernel.w().stride(2 + d);
          table[at + STEP - rank + d] = index[d] * kernel.windowDilation().get(d);
        }
        table[at] = weight;
        table[at + 1] = c * kernel.x().stride(1);
        at += STEP;
        for (int d = rank - 1; d >= 0 && ++index[d] == kernel.window().dim(d); d--) {
          index[d] = 0;
        }
      }
    }
    return table;
  }
}
