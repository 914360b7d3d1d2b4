package dev.tenzan.cpu.gemm;

/**
 * The runs of evenly spaced input elements that the lanes of one panel see at one window position; all other
 * lanes see zeros. Used by one thread, for one panel and window position after another.
 *
 * <p>Within a row of the output, neighbouring lanes are {@code stride} apart in the dilated input, where only
 * every {@code inputDilation}-th place holds an element. So, with their greatest common divisor {@code d},
 * every {@code inputDilation / d}-th lane sees an element, and these are {@code stride / d} elements apart.
 */
final class ConvolutionRuns {
  private final ConvolutionGeometry g;
  private final int last;
  private final int laneStep;
  private final long coordinateStep;
  private final long[] firstOutput;
  private final long[] output;
  private final long[] window;
  private final int[] lane;
  private final int[] length;
  private final long[] offset;
  private int lanes;
  private int count;
  private int covered;

  /** Room for the runs of panels of {@code width} lanes. */
  ConvolutionRuns(ConvolutionGeometry geometry, int width) {
    g = geometry;
    last = geometry.rank() - 1;
    long divisor = gcd(g.stride()[last], g.inputDilation()[last]);
    // A step beyond the panel means one lane at most; it need not be told exactly.
    laneStep = (int) Math.min(g.inputDilation()[last] / divisor, Integer.MAX_VALUE);
    coordinateStep = g.stride()[last] / divisor;
    firstOutput = new long[geometry.rank()];
    output = new long[geometry.rank()];
    window = new long[geometry.rank()];
    lane = new int[width];
    length = new int[width];
    offset = new long[width];
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  /** Chooses the panel: lanes {@code [first, first + lanes)}. */
  void setLanes(long first, int lanes) {
    ConvolutionGeometry.split(first, g.outSpatial(), firstOutput);
    this.lanes = lanes;
  }

  /** The number of runs. */
  int count() {
    return count;
  }

  /** The first lane of a run within the panel. */
  int lane(int run) {
    return lane[run];
  }

  /** The number of elements of a run. */
  int length(int run) {
    return length[run];
  }

  /** The offset of a run's first element within its channel, in elements. */
  long offset(int run) {
    return offset[run];
  }

  /** The distance of a run's lanes. */
  int laneStep() {
    return laneStep;
  }

  /** The distance of a run's elements in memory, in elements. */
  long elementStride() {
    return coordinateStep * g.strides()[last];
  }

  /** Whether no lane sees a zero. */
  boolean coversAll() {
    return covered == lanes;
  }

  /** Finds the runs for one window position, counted in row-major order. */
  void find(long position) {
    count = 0;
    covered = 0;
    ConvolutionGeometry.split(position, g.window(), window);
    System.arraycopy(firstOutput, 0, output, 0, output.length);
    int done = 0;
    while (done < lanes) {
      int inRow = (int) Math.min(lanes - done, g.outSpatial()[last] - output[last]);
      addRow(done, inRow);
      done += inRow;
      nextRow();
    }
  }

  private void nextRow() {
    output[last] = 0;
    for (int d = last - 1; d >= 0; d--) {
      if (++output[d] < g.outSpatial()[d]) {
        return;
      }
      output[d] = 0;
    }
  }

  /** Adds the run of the lanes that lie in one row of the output, if any of them sees an element. */
  private void addRow(int firstOfRow, int inRow) {
    long row = 0;
    for (int d = 0; d < last; d++) {
      long coordinate = g.coordinate(d, output[d], window[d]);
      if (coordinate < 0) {
        return;
      }
      row += coordinate * g.strides()[d];
    }
    long apart = g.inputDilation()[last];
    long dilated = output[last] * g.stride()[last] + window[last] * g.windowDilation()[last]
        - g.padLow()[last];
    int skipped = 0;
    while (apart > 1 && Math.floorMod(dilated, apart) != 0) {
      dilated += g.stride()[last];
      skipped++;
      if (skipped == inRow || skipped == laneStep) {
        return;
      }
    }
    long coordinate = apart > 1 ? Math.floorDiv(dilated, apart) : dilated;
    long low = ceilDiv(-coordinate, coordinateStep);
    long high = Math.min(ceilDiv(inRow - skipped, laneStep),
        ceilDiv(g.spatial()[last] - coordinate, coordinateStep));
    if (low < high) {
      lane[count] = firstOfRow + skipped + (int) low * laneStep;
      length[count] = (int) (high - low);
      offset[count] = row + (coordinate + low * coordinateStep) * g.strides()[last];
      covered += length[count];
      count++;
    }
  }

  /** The quotient rounded up, or 0 where it is negative. */
  private static long ceilDiv(long a, long b) {
    return a <= 0 ? 0 : b == 1 ? a : (a + b - 1) / b;
  }
}
