package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.HeapTile;
import dev.tenzan.cpu.machine.VectorSet;
import org.jspecify.annotations.Nullable;

/** The {@link StripKernel} in machine code. */
final class MachineStrip extends StripKernel {
  private final HeapTile tile;

  private MachineStrip(VectorSet set, HeapTile tile, int rows) {
    super(rows, HeapTile.columns(set));
    this.tile = tile;
  }

  /** The kernel of so many rows, or null where this machine runs no machine code. */
  static @Nullable MachineStrip of(VectorSet set, int rows) {
    HeapTile tile = HeapTile.load(set, rows, PanelLayout.LANE_MAJOR.laneStep(), PanelLayout.LANE_MAJOR.kStep(rows), true);
    return tile == null ? null : new MachineStrip(set, tile, rows);
  }

  @Override
  void run(int depth, float[] a, int aOffset, float[] x, int xOffset, int[] places, int first, float[] to) {
    tile.run(depth, a, aOffset, x, xOffset, places, first, to);
  }
}
