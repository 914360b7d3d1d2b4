package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import java.lang.foreign.MemorySegment;

/**
 * What multiplies the blocks of a {@link LongWindowConvolution}. A block's results are rows, each an output place of an input, of all output channels,
 * whose lanes are computed together; what a place sees is read from the padded input, one value at a time, for all of them. ({@link StripKernel} does it
 * the other way round, for many places.)
 *
 * <p>Each result is one chain of fused multiply-adds from +0 in the order of k.
 */
abstract class LongWindowTiles {
  /** The steps of a block. */
  static final int K_BLOCK = MatMulKernel.K_BLOCK;

  private final PaddedPlanes planes;
  private final int outputs;
  private final int width;

  /**
   * Tiles for a convolution.
   *
   * @param lanes the output channels come in as many
   */
  LongWindowTiles(PaddedPlanes planes, int lanes) {
    ConvolutionKernel k = planes.kernel();
    this.planes = planes;
    this.outputs = Math.toIntExact(k.outChannels() / k.groups());
    this.width = Math.ceilDiv(outputs, lanes) * lanes;
  }

  /** The planes of the convolution's input. */
  final PaddedPlanes planes() {
    return planes;
  }

  /** The output channels of a group. */
  final int outputs() {
    return outputs;
  }

  /** The length of a row of results: all output channels of a group, and what fills the last lanes. */
  final int width() {
    return width;
  }

  /** For each output place of a plane where its first value lies. */
  static int[] places(PaddedPlanes planes) {
    ConvolutionKernel k = planes.kernel();
    int last = Math.toIntExact(k.outSpatial().dim(k.outSpatial().rank() - 1));
    int[] found = new int[Math.toIntExact(k.outSpatial().size())];
    for (int p = 0; p < found.length; p++) {
      found[p] = planes.rowPlaces()[p / last] + p % last;
    }
    return found;
  }

  /** The rows of results: those of all inputs, and what fills the last tile. */
  abstract int rows();

  /** Into how many pieces the rows can be cut. */
  abstract int pieces();

  /** Whether the kernels are compiled, or need not be. */
  abstract boolean isReady();

  /** Memory for the weights of so many blocks: what is known, where it has room for them. */
  abstract MemorySegment weights(MemorySegment known, int blocks);

  /**
   * Turns the weights of a block, so that output channels lie side by side.
   *
   * @param group the group of output channels
   * @param first the first step along k
   * @param depth how many, at most {@link #K_BLOCK}
   * @param to memory of {@link #weights}
   * @param block the block's number in it
   */
  abstract void turn(MemorySegment w, int group, long first, int depth, MemorySegment to, int block);

  /**
   * Computes the results of some pieces.
   *
   * @param depth the number of steps along k
   * @param weights memory of {@link #weights}
   * @param block the block's number in it
   * @param x the padded input, in an array whose length is a power of two
   * @param steps for each step where its value lies, from that of the row
   * @param from the first piece
   * @param to the end of the pieces
   * @param results receives the rows
   * @param at the index of the first piece's first row, were the pieces from 0 on there too
   */
  abstract void multiply(int depth, MemorySegment weights, int block, float[] x, int[] steps, int from, int to, float[] results, int at);
}
