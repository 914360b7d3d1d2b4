package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * An operand whose steps along k run over several dimensions with strides of their own: a convolution's
 * weights, where they are no matrix in memory.
 *
 * @param packing how elements are copied
 * @param storage the type of the elements
 * @param memory off-heap memory
 * @param batches the element offset of each batch
 * @param laneStride the distance of lanes in elements
 * @param steps the element offset of each step, counted in row-major order over the dimensions of k
 */
record SteppedOperand(
    Packing packing, DType storage, MemorySegment memory, BatchOffsets batches, long laneStride,
        BatchOffsets steps)
    implements Operand {
  /** A shorter run is not worth its start. */
  private static final int SHORT_RUN = 16;

  @Override
  public boolean sharedByBatches() {
    return batches.shared();
  }

  @Override
  public void pack(long batch, long lane, int lanes, int width, long k, int depth, Object panel, int at) {
    long bytes = storage.byteSize();
    long first = batches.at(batch) + lane * laneStride;
    for (int step = 0; step < depth; step++) {
      long base = first + steps.at(k + step);
      for (int l = 0; l < lanes; l += width) {
        int to = at + l * depth + step * width;
        int count = Math.min(width, lanes - l);
        packing.copyRun(storage, memory, (base + l * laneStride) * bytes, laneStride * bytes, count, panel,
            to);
      }
    }
  }

  /** Whether the steps fall into runs of adjacent elements that are long enough to copy. */
  @Override
  public boolean hasAdjacentSteps() {
    return steps.evenStride() == 1 && steps.evenRun() >= SHORT_RUN;
  }

  @Override
  public void packLanes(long batch, long lane, int lanes, long k, int depth, Object panel, int at) {
    long bytes = storage.byteSize();
    long first = batches.at(batch) + lane * laneStride;
    long run = steps.evenRun();
    int done = 0;
    while (done < depth) {
      int count = (int) Math.min(depth - done, run - (k + done) % run);
      long from = (first + steps.at(k + done)) * bytes;
      packing.copyRuns(storage, memory, from, bytes, count, panel, at + done, lanes, laneStride * bytes,
          PanelLayout.LANE_MAJOR.laneStep());
      done += count;
    }
  }
}
