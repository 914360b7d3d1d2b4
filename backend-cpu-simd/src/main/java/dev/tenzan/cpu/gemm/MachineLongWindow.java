package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.SystemMemory;
import dev.tenzan.cpu.machine.TileTurn;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.cpu.machine.WindowTiles;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@link LongWindowTiles} in machine code: a piece is an input, whose places are a tile or several, or a part of one. */
final class MachineLongWindow extends LongWindowTiles {
  private static final ThreadLocal<FloatArray> BESIDE = ThreadLocal.withInitial(FloatArray::new);

  private final Supplier<KernelSet> kernels;
  private final WeightSteps steps;
  private final @Nullable TileTurn turn;
  private final int lanes;
  private final int places;

  /** For two vectors of output channels; null where there are no more than one holds. */
  private final @Nullable WindowTiles pairs;

  /** For the last vector, where it is alone; null where it is not. */
  private final @Nullable WindowTiles single;

  private MachineLongWindow(
      PaddedPlanes planes, VectorSet set, Supplier<KernelSet> kernels, int[] places, @Nullable WindowTiles pairs, @Nullable WindowTiles single) {
    super(planes, lanes(set));
    this.kernels = kernels;
    this.steps = WeightSteps.of(planes.kernel());
    this.turn = TileTurn.of(set, Float.BYTES);
    this.lanes = lanes(set);
    this.places = places.length;
    this.pairs = pairs;
    this.single = single;
  }

  private static int lanes(VectorSet set) {
    return set.bytes() / Float.BYTES;
  }

  /**
   * The tiles of a convolution, or null where there are none.
   *
   * @param kernels gives what packs weights now that do not come in vectors
   */
  static @Nullable MachineLongWindow of(PaddedPlanes planes, VectorSet set, Supplier<KernelSet> kernels) {
    long outputs = planes.kernel().outChannels() / planes.kernel().groups();
    int vectors = Math.toIntExact(Math.ceilDiv(outputs, lanes(set)));
    int[] places = places(planes);
    int apart = Math.toIntExact(planes.size());
    int rowBytes = vectors * set.bytes();
    WindowTiles pairs = vectors < WindowTiles.VECTORS ? null : WindowTiles.of(set, WindowTiles.VECTORS, places, apart, rowBytes);
    WindowTiles single = vectors % WindowTiles.VECTORS == 0 ? null : WindowTiles.of(set, 1, places, apart, rowBytes);
    boolean lacks = vectors >= WindowTiles.VECTORS && pairs == null || vectors % WindowTiles.VECTORS != 0 && single == null;
    return lacks ? null : new MachineLongWindow(planes, set, kernels, places, pairs, single);
  }

  @Override
  int rows() {
    return pieces() * places;
  }

  @Override
  int pieces() {
    return Math.toIntExact(planes().kernel().batch());
  }

  @Override
  boolean isReady() {
    return true;
  }

  @Override
  MemorySegment weights(MemorySegment known, int blocks) {
    long bytes = weightBytes(blocks);
    return known.isNative() && known.byteSize() >= bytes ? known : SystemMemory.allocateCollected(bytes);
  }

  private long weightBytes(int blocks) {
    return (long) blocks * K_BLOCK * width() * Float.BYTES;
  }

  @Override
  void turn(MemorySegment w, int group, long first, int depth, MemorySegment to, int block) {
    long at = weightBytes(block);
    for (int column = 0; column < width(); ) {
      int columns = columns(column);
      int channels = Math.min(columns, outputs() - column);
      steps.packOutside(
          turn, kernels, w, (long) group * outputs() + column, channels, columns, first, depth, BESIDE.get(), to.asSlice(at + place(column)));
      column += columns;
    }
  }

  @Override
  void multiply(int depth, MemorySegment weights, int block, float[] x, int[] values, int from, int to, float[] results, int at) {
    long first = from * planes().size();
    long row = at + (long) from * places * width();
    for (int column = 0; column < width(); ) {
      WindowTiles tiles = columns(column) == lanes ? single : pairs;
      if (tiles == null) {
        throw new AssertionError("no tiles for column " + column);
      }
      tiles.run(depth, weights.address() + weightBytes(block) + place(column), x, first, values, to - from, results, row + column);
      column += columns(column);
    }
  }

  /** The columns that are computed together, from one on. */
  private int columns(int from) {
    return Math.min(WindowTiles.VECTORS * lanes, width() - from);
  }

  /** Where the weights of columns from one on begin, in bytes. */
  private static long place(int column) {
    return (long) column * K_BLOCK * Float.BYTES;
  }
}
