package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.HeapTile;
import dev.tenzan.cpu.machine.VectorSet;
import org.jspecify.annotations.Nullable;

/** The f32 {@link MicroKernel} in machine code. */
final class MachineTile extends MicroKernel {
  private static final int[] NO_PLACES = {};

  private final HeapTile tile;

  private MachineTile(VectorSet set, HeapTile tile, int rows, PanelLayout layout) {
    super(rows, HeapTile.columns(set), layout);
    this.tile = tile;
  }

  /** The kernel of so many rows, or null where this machine runs no machine code. */
  static @Nullable MachineTile of(VectorSet set, int rows, PanelLayout layout) {
    HeapTile tile = HeapTile.load(set, rows, layout.laneStep(), layout.kStep(rows), false);
    return tile == null ? null : new MachineTile(set, tile, rows, layout);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object to) {
    tile.run(depth, (float[]) aPanels, aOffset, (float[]) bPanels, bOffset, NO_PLACES, 0, (float[]) to);
  }
}
