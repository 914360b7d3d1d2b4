package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * A convolution's input as the right operand of a matrix product: lanes are output positions, steps along k
 * are (channel, window position) in row-major order.
 *
 * <p>The unrolled matrix is never made; panels are packed straight from the input. For one panel and one
 * window position the lanes fall into runs of evenly spaced input elements and of zeros. The runs are the
 * same for every channel, so they are found once and then copied for all channels of the block. Where the
 * window is longer than the rows of the output, as in the gradient of the weights, the runs lie along the
 * window instead, and {@link ConvolutionSteps} packs lane by lane.
 *
 * @param packing how elements are copied
 * @param storage the type of the elements
 * @param memory off-heap memory
 * @param batches the element offset of each (input, group)
 * @param channelStride the distance of channels in elements
 * @param geometry the spatial sizes
 */
record ConvolutionOperand(
    Packing packing,
    DType storage,
    MemorySegment memory,
    BatchOffsets batches,
    long channelStride,
    ConvolutionGeometry geometry)
    implements Operand {

  @Override
  public boolean sharedByBatches() {
    return batches.shared();
  }

  @Override
  public void pack(long batch, long lane, int lanes, int width, long k, int depth, Object panel, int at) {
    long first = batches.at(batch);
    if (geometry.hasLongWindow()) {
      ConvolutionSteps steps = new ConvolutionSteps(geometry, storage, memory, channelStride);
      for (int l = 0; l < lanes; l += width) {
        steps.pack(first, lane + l, Math.min(width, lanes - l), width, k, depth, panel, at + l * depth);
      }
      return;
    }
    ConvolutionRuns runs = new ConvolutionRuns(geometry, width);
    for (int l = 0; l < lanes; l += width) {
      packPanel(runs, first, lane + l, Math.min(width, lanes - l), width, k, depth, panel, at + l * depth);
    }
  }

  private void packPanel(
      ConvolutionRuns runs,
      long first,
      long lane,
      int lanes,
      int width,
      long k,
      int depth,
      Object panel,
      int at) {
    runs.setLanes(lane, lanes);
    long windowSize = geometry.windowSize();
    long end = k + depth;
    for (long t = 0; t < windowSize; t++) {
      long channel = (k - t + windowSize - 1) / windowSize;
      long step = channel * windowSize + t;
      if (step < end) {
        int channels = (int) ((end - 1 - step) / windowSize) + 1;
        runs.find(t);
        int to = at + (int) (step - k) * width;
        int rowStep = (int) Math.min(windowSize, depth) * width;
        copyRuns(runs, first + channel * channelStride, channels, lanes, panel, to, rowStep);
      }
    }
  }

  /**
   * Copies the runs of one window position for several channels, whose rows lie {@code rowStep} apart in the
   * panel.
   */
  private void copyRuns(
      ConvolutionRuns runs, long base, int channels, int lanes, Object panel, int to, int rowStep) {
    int laneStep = runs.laneStep();
    if (laneStep > 1 && !runs.coversAll()) {
      Packing.clear(panel, to, lanes, channels, rowStep);
    }
    long bytes = storage.byteSize();
    long stride = runs.elementStride() * bytes;
    long channelBytes = channelStride * bytes;
    int done = 0;
    for (int r = 0; r < runs.count(); r++) {
      long from = (base + runs.offset(r)) * bytes;
      int lane = runs.lane(r);
      int length = runs.length(r);
      if (laneStep == 1) {
        Packing.clear(panel, to + done, lane - done, channels, rowStep);
        packing.copyRuns(storage, memory, from, stride, length, panel, to + lane, channels, channelBytes,
            rowStep);
        done = lane + length;
      } else {
        for (int c = 0; c < channels; c++) {
          int row = to + c * rowStep;
          Packing.copy(storage, memory, from + c * channelBytes, stride, length, panel, row + lane, laneStep);
        }
      }
    }
    if (laneStep == 1) {
      Packing.clear(panel, to + done, lanes - done, channels, rowStep);
    }
  }
}
