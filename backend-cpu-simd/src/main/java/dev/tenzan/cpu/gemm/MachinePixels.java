package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.PixelTiles;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;

/** The {@link PixelKernel} in machine code. */
final class MachinePixels extends PixelKernel {
  /** The channels of a whole tile that take as long as half a tile: packing and turning take their time for fewer multiply-adds. */
  private static final int HALF_TILE = 22;

  private static final ThreadBuffer WEIGHTS = new ThreadBuffer();
  private static final ThreadBuffer TILE = new ThreadBuffer();

  private final PixelTiles tiles;

  MachinePixels(PixelTiles tiles) {
    super(PixelTiles.COLUMNS);
    this.tiles = tiles;
  }

  @Override
  int computed(int channels) {
    return channels > PixelTiles.HALF_COLUMNS ? columns() : HALF_TILE;
  }

  @Override
  boolean readsAligned() {
    return true;
  }

  @Override
  void tile(Supplier<KernelSet> kernels, int channels, int depth, float[] weights, MemorySegment aligned, float[] x, int one, int two, Places places, int first,
      float[] tile, MemorySegment target, long at, boolean add) {
    tiles.run(channels, depth, aligned, x, one, two, places.bytes().asSlice((long) first * Long.BYTES), target, at, add);
  }

  @Override
  void run(int depth, float[] weights, int at, float[] x, int one, int two, int[] places, int first, float[] tile) {
    int count = depth * columns();
    MemorySegment aligned = WEIGHTS.atLeast((long) count * Float.BYTES);
    MemorySegment.copy(weights, at, aligned, ValueLayout.JAVA_FLOAT, 0, count);
    MemorySegment result = TILE.atLeast((long) ROWS * columns() * Float.BYTES);
    tiles.run(columns(), depth, aligned, x, one, two, Places.of(places).bytes().asSlice((long) first * Long.BYTES), result, 0, false);
    MemorySegment.copy(result, ValueLayout.JAVA_FLOAT, 0, tile, 0, ROWS * columns());
  }
}
