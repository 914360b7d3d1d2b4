package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plans convolutions of floats whose groups have few output channels ({@code convolution_direct.cu}), as those with a group for each channel.
 * Where their outputs are too few for the device, as in the gradient of weights, threads take blocks of k; windows too large for a mask have a
 * kernel without one.
 */
final class DirectConvolution {
  /** More output channels of a group fill a tile well enough. */
  static final long MOST_ROWS = 8;

  /** The output positions, one below the other, of a thread. */
  private static final long OUTPUTS = 4;

  /** More scratch memory is not taken for the results of blocks: threads take all blocks of an output then. */
  private static final long MOST_BYTES = 1L << 30;

  /** A processor with fewer threads waits for its memory. */
  private static final long THREADS = 512;

  private final ConvolutionKernel kernel;
  private final Windows windows;
  private final Style style;

  /** The positions below each other that a thread takes, and the threads' units of a group. */
  private final long below;

  private final long units;

  /** The blocks of k that are made by threads of their own; 1 where a thread has whole chains. */
  private final long blocks;

  private DirectConvolution(Windows windows, Style style) {
    this.kernel = windows.kernel;
    this.windows = windows;
    this.style = style;
    below = windows.outputs(1) == 1 ? 1 : OUTPUTS;
    units = kernel.batch() * windows.outputs(0) * Math.ceilDiv(windows.outputs(1), below) * windows.outputs(2);
    long all = Math.ceilDiv(windows.products, MatMulKernel.K_BLOCK);
    long threads = kernel.groups() * (windows.isMaskable() ? units : kernel.batch() * windows.positions);
    boolean fits = partBytes(all) <= Math.min(MOST_BYTES, style.scratch());
    blocks = fits && threads < THREADS * style.processors() ? all : 1;
  }

  /** The plan's maker, where the kernels take the convolution. */
  static Optional<DirectConvolution> of(Windows windows, Style style) {
    boolean takes = windows.kernel.dtype().isFloat() && windows.rows <= MOST_ROWS && windows.products > 0 && windows.isNear();
    return takes ? Optional.of(new DirectConvolution(windows, style)) : Optional.empty();
  }

  private long outputs() {
    return kernel.batch() * kernel.outChannels() * windows.positions;
  }

  private long partBytes(long parts) {
    return parts * outputs() * kernel.dtype().compute().byteSize();
  }

  /** The rows of the kernel's form. */
  private long form() {
    return windows.rows <= 2 ? windows.rows : windows.rows <= MOST_ROWS / 2 ? MOST_ROWS / 2 : MOST_ROWS;
  }

  Plan plan(List<Long> bytes) {
    return windows.isMaskable() && blocks == 1 ? masked(bytes) : chains(bytes);
  }

  private Plan masked(List<Long> bytes) {
    long tiles = kernel.groups() * Math.ceilDiv(units, (long) Style.BLOCK);
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(new Arg.Slot(0), new Arg.Slot(1), new Arg.Slot(2), new Arg.Table(0), new Arg.Table(1), tiles, units));
    args.addAll(List.of(kernel.groups(), windows.rows, windows.products, kernel.w().offset(), kernel.w().stride(0)));
    args.addAll(windows.window());
    args.add(windows.outputs(0));
    args.addAll(windows.input());
    args.addAll(windows.inputDilation());
    Pieces pieces = new Pieces(style, "convolution_direct", kernel.dtype());
    pieces.tiles("tz_direct_" + form() + "_" + below, tiles, args.toArray());
    return new Plan(bytes, List.of(), List.of(windows.weighedSteps(), windows.taps()), pieces.steps(), null);
  }

  private Plan chains(List<Long> bytes) {
    long chains = kernel.groups() * blocks * kernel.batch() * windows.positions;
    Sequence all = new Sequence(style);
    Arg out = new Arg.Slot(2);
    Arg parts = blocks > 1 ? all.temp(partBytes(blocks)) : out; // which is not written then
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(new Arg.Slot(0), new Arg.Slot(1), out, parts, chains, blocks, kernel.batch(), kernel.groups()));
    args.addAll(List.of(windows.rows, windows.products, kernel.w().offset(), kernel.w().stride(0), kernel.w().stride(1)));
    args.addAll(windows.weightStrides());
    args.addAll(windows.window());
    args.addAll(windows.windowDilation());
    args.addAll(List.of(kernel.x().stride(1), windows.outputs(0)));
    args.addAll(windows.input());
    args.addAll(windows.inputDilation());
    Pieces pieces = new Pieces(style, "convolution_direct", kernel.dtype());
    pieces.items("tz_blocks_" + form(), chains, args.toArray());
    all.add(pieces.steps());
    if (blocks > 1) {
      Pieces adding = new Pieces(style, "convolution", kernel.dtype());
      adding.each("tz_add_blocks", outputs(), parts, out, blocks);
      all.add(adding.steps());
    }
    return all.plan(bytes);
  }
}
