package dev.tenzan.cuda.plan;

/**
 * The tiles of the kernels that copy to shared memory by themselves ({@code pipeline.cuh}): rows, columns, threads of a block, parts of 16
 * products in shared memory, and blocks of a multiprocessor at a time. What a multiprocessor does with one block alone and with all, of what
 * it does at best, was measured on an H100.
 */
enum Tile {
  /** For products with few tiles of the others. */
  SMALL(32, 64, 128, 4, 5, 0.38, 0.85),

  /** For most. */
  MEDIUM(64, 128, 128, 3, 3, 0.72, 1),

  /** For those with a tile for each multiprocessor. */
  LARGE(128, 256, 256, 3, 1, 0.95, 0.95);

  private static final int PART = 16;
  private static final int PADDING = 4;

  final int rows;
  final int columns;
  final int threads;
  private final int stages;
  private final int resident;
  private final double alone;
  private final double all;

  Tile(int rows, int columns, int threads, int stages, int resident, double alone, double all) {
    this.rows = rows;
    this.columns = columns;
    this.threads = threads;
    this.stages = stages;
    this.resident = resident;
    this.alone = alone;
    this.all = all;
  }

  /** The shared memory of a block in bytes; {@code linesAreRows} where a panel of the first operand has a line for each row. */
  int shared(boolean linesAreRows) {
    int first = linesAreRows ? rows * (PART + PADDING) : PART * (rows + PADDING);
    return stages * (first + PART * (columns + PADDING)) * Float.BYTES;
  }

  /** The number of tiles of a matrix. */
  long count(long m, long n) {
    return MatMulPlanner.tiles(m, rows) * MatMulPlanner.tiles(n, columns);
  }

  /** About how long {@code tiles} tiles of k products take, in products of a multiprocessor at its best. */
  double cost(long tiles, long k, int processors) {
    long each = MatMulPlanner.tiles(tiles, processors);
    long last = each % resident;
    double full = each / resident * resident / all;
    return (full + (last == 0 ? 0 : last / speed(last))) * rows * columns * k;
  }

  private double speed(long blocks) {
    return resident == 1 ? all : alone + (all - alone) * (blocks - 1) / (resident - 1);
  }
}
