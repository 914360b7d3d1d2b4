package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.MachineCode;
import dev.tenzan.cpu.machine.ProductKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Where the tiles of a {@link MachineProduct} have A from: panels of some blocks of k that are packed, or A's rows as they lie, and a packed panel for the
 * rows that are left over.
 *
 * @param panels how A's panels lie
 * @param kernels the machine code
 * @param inPlace A's memory, where its rows are read as they lie; null where they are packed
 * @param origin the byte offset of A's first element in it
 * @param packed the packed panels, block by block of k
 * @param block the first block of k
 * @param endBlock the end of the blocks of k
 * @param row the first packed panel of rows
 * @param rows how many of each block of k are packed
 */
record LeftPanels(
    MachinePanels panels, ProductKernels kernels, @Nullable MemorySegment inPlace, long origin, MemorySegment packed, long block, long endBlock, long row, long rows) {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /** Where a packed panel lies, in bytes. */
  long at(long ofBlock, long panel) {
    return ((ofBlock - block) * rows + panel - row) * panels.panelBytes();
  }

  private boolean isInPlace(long panel) {
    return inPlace != null && panel < row;
  }

  /** The end of the panels from one on, exclusive, that one call takes. */
  long end(long panel, long end) {
    return isInPlace(panel) ? Math.min(end, row) : end;
  }

  /** The code of tiles that begin with a panel. */
  MachineCode tiles(long panel) {
    return isInPlace(panel) ? kernels.tilesInPlace() : kernels.tiles(panels.layout());
  }

  /**
   * Says where a panel of a block of k is.
   *
   * @param moves whether the next tile's rows are those behind
   */
  void describe(MemorySegment arguments, long ofBlock, long panel, boolean moves) {
    long step = panels.panelBytes();
    if (isInPlace(panel) && inPlace != null) {
      step = panels.rowBytes() * kernels.rows();
      arguments.set(LONG, ProductKernels.SOURCE_ROW, panels.rowBytes());
      arguments.set(LONG, ProductKernels.SOURCE, inPlace.address() + origin + panels.source(ofBlock, panel));
    } else {
      arguments.set(LONG, ProductKernels.SOURCE, packed.address() + at(ofBlock, panel));
    }
    arguments.set(LONG, ProductKernels.SOURCE_STEP, moves ? step : 0);
  }

  /**
   * Says where the panels of the next call are, as seen from the last one of this call: the same ones of the next block of k, or behind the last block those that follow.
   *
   * @param panel the first panel of this call
   * @param end the end of its panels
   * @param first the first of the blocks of k that take turns
   * @param endOfBlocks their end
   */
  void describeNext(MemorySegment arguments, long ofBlock, long panel, long end, long first, long endOfBlocks) {
    boolean sameRows = ofBlock + 1 < endOfBlocks;
    long next = panels.source(sameRows ? ofBlock + 1 : first, sameRows ? panel : end);
    arguments.set(LONG, ProductKernels.NEXT_SOURCE, next - panels.source(ofBlock, end - 1));
  }
}
