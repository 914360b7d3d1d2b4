package dev.tenzan.cuda.plan;

/**
 * The tiles of the kernels that copy to shared memory by themselves ({@code pipeline.cuh}, {@code matmul_dmma.cu}): the number of the form,
 * rows, columns, threads of a block, parts of 16 products in shared memory, the bytes of an element and the elements between two lines there,
 * and blocks of a multiprocessor at a time. What a multiprocessor does with one block alone and with all, of what it does at best with a
 * dtype, was measured on an H100.
 */
enum Tile {
  /** For f32 products with few tiles of the other sizes. */
  SMALL(0, 32, 64, 128, 4, Float.BYTES, 4, 5, 0.38, 0.85),

  /** For most of f32. */
  MEDIUM(1, 64, 128, 128, 3, Float.BYTES, 4, 3, 0.72, 1),

  /** For those of f32 with about one such tile for each multiprocessor. */
  LARGE(2, 128, 256, 256, 3, Float.BYTES, 4, 1, 0.95, 0.95),

  /** For f64 products with few tiles of the other size, on tensor cores that take 16 rows and 8 products at a time. */
  F64_SMALL(0, 64, 32, 128, 4, Double.BYTES, 0, 3, 0.35, 0.93),

  /** For most of f64 there. */
  F64_MEDIUM(1, 64, 64, 128, 3, Double.BYTES, 0, 2, 0.5, 1),

  /** For f64 on tensor cores that take 8 rows and 4 products at a time. */
  F64_EARLY(2, 64, 64, 128, 3, Double.BYTES, 0, 2, 0.5, 1);

  private static final int PART = 16;

  /** The number of the kernel's form in the names of modules. */
  final int form;

  final int rows;
  final int columns;
  final int threads;
  private final int stages;
  private final int bytes;
  private final int padding;
  private final int resident;
  private final double alone;
  private final double all;

  Tile(
      int form, int rows, int columns, int threads, int stages, int bytes, int padding, int resident, double alone, double all) {
    this.form = form;
    this.rows = rows;
    this.columns = columns;
    this.threads = threads;
    this.stages = stages;
    this.bytes = bytes;
    this.padding = padding;
    this.resident = resident;
    this.alone = alone;
    this.all = all;
  }

  /** The shared memory of a block in bytes; {@code linesAreRows} where a panel of the first operand has a line for each row. */
  int shared(boolean linesAreRows) {
    int first = linesAreRows ? rows * (PART + padding) : PART * (rows + padding);
    return stages * (first + PART * (columns + padding)) * bytes;
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
