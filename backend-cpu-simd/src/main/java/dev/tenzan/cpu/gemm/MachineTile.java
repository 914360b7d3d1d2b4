package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.HeapTile;
import org.jspecify.annotations.Nullable;

/** The f32 {@link MicroKernel} in machine code. */
final class MachineTile extends MicroKernel {
  private static final int[] NO_PLACES = {};

  private final HeapTile tile;

  private MachineTile(HeapTile tile, int rows, PanelLayout layout) {
    super(rows, HeapTile.COLUMNS, layout);
    this.tile = tile;
  }

  /** The kernel of so many rows, or null where this machine runs no machine code. */
  static @Nullable MachineTile of(int rows, PanelLayout layout) {
    HeapTile tile = HeapTile.load(rows, layout.laneStep(), layout.kStep(rows), false);
    return tile == null ? null : new MachineTile(tile, rows, layout);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object to) {
    tile.run(depth, (float[]) aPanels, aOffset, (float[]) bPanels, bOffset, NO_PLACES, 0, (float[]) to);
  }
}
