package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.PixelTiles;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The {@link PixelKernel} in machine code. */
final class MachinePixels extends PixelKernel {
  private static final ThreadBuffer WEIGHTS = new ThreadBuffer();
  private static final ThreadBuffer TILE = new ThreadBuffer();

  private final PixelTiles tiles;

  MachinePixels(PixelTiles tiles) {
    super(PixelTiles.COLUMNS);
    this.tiles = tiles;
  }

  /** Copies them to where vectors do not straddle lines of the cache, which takes a tenth longer. */
  @Override
  void prepare(float[] weights, int depth) {
    int count = depth * PixelTiles.COLUMNS;
    MemorySegment.copy(weights, 0, WEIGHTS.atLeast((long) count * Float.BYTES), ValueLayout.JAVA_FLOAT, 0, count);
  }

  @Override
  void tile(Results results, int depth, float[] weights, float[] x, int one, int two, Places places, int first, float[] tile,
      MemorySegment target, long at, boolean add) {
    MemorySegment steps = places.bytes().asSlice((long) first * Long.BYTES);
    tiles.run(depth, WEIGHTS.atLeast((long) depth * PixelTiles.COLUMNS * Float.BYTES), x, one, two, steps, target, at, add);
  }

  @Override
  void run(int depth, float[] weights, int at, float[] x, int one, int two, int[] places, int first, float[] tile) {
    MemorySegment result = TILE.atLeast((long) tile.length * Float.BYTES);
    prepare(weights, depth);
    tile(new Results(), depth, weights, x, one, two, Places.of(places), first, tile, result, 0, false);
    MemorySegment.copy(result, ValueLayout.JAVA_FLOAT, 0, tile, 0, ROWS * columns());
  }
}
