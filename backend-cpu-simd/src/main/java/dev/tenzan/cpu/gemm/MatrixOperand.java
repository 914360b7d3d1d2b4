package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/**
 * An operand that is a strided matrix in memory, for each batch at another offset.
 *
 * @param packing how elements are copied
 * @param storage the type of the elements
 * @param memory off-heap memory
 * @param batches the element offset of each batch's matrix
 * @param laneStride the distance of lanes (rows of A, columns of B) in elements
 * @param stepStride the distance of steps along k in elements
 */
record MatrixOperand(
    Packing packing, DType storage, MemorySegment memory, BatchOffsets batches, long laneStride,
        long stepStride)
    implements Operand {
  @Override
  public boolean sharedByBatches() {
    return batches.shared();
  }

  @Override
  public void pack(long batch, long lane, int lanes, int width, long k, int depth, Object panel, int at) {
    long bytes = storage.byteSize();
    long first = (batches.at(batch) + lane * laneStride + k * stepStride) * bytes;
    packing.pack(storage, memory, first, laneStride * bytes, stepStride * bytes, lanes, width, depth, panel,
        at);
  }

  @Override
  public boolean hasAdjacentSteps() {
    return stepStride == 1;
  }

  @Override
  public void packLanes(long batch, long lane, int lanes, long k, int depth, Object panel, int at) {
    long bytes = storage.byteSize();
    long first = (batches.at(batch) + lane * laneStride + k) * bytes;
    packing.copyRuns(storage, memory, first, bytes, depth, panel, at, lanes, laneStride * bytes,
        PanelLayout.LANE_MAJOR.laneStep());
  }
}
