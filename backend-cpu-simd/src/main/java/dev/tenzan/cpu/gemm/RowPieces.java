package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;

/**
 * How a batch of small products is shared out: pieces of rows of each, of which a task takes some.
 *
 * @param batches the products
 * @param rows the rows of each
 * @param group pieces are cut between groups of so many rows, the height of a tile
 * @param pieces the pieces of a product
 * @param perTask the pieces of a task
 */
record RowPieces(long batches, long rows, long group, long pieces, long perTask) {
  /** The multiply-adds of a task, about: so many that the hand-off is short beside them. */
  private static final long TASK_OPERATIONS = 1L << 20;

  /** Tasks of fewer rows would waste some on the edges of their tiles, and read all of B for little. */
  private static final long MIN_TASK_ROWS = 24;

  private static final long MAX_TASKS_PER_THREAD = 4;

  /** What is done with a piece. */
  @FunctionalInterface
  interface Body {
    /** Computes the rows from the first one to the end of one product. */
    void run(long batch, long first, long end);
  }

  /** The pieces of a batch of products, all of which are one task where they have no more multiply-adds than {@code serialOperations}. */
  static RowPieces of(MatMulProgram p, int threads, long serialOperations, long group) {
    long rows = p.a().lanes();
    long operations = p.batches() * rows * p.b().lanes() * p.k();
    if (operations <= serialOperations || threads == 1) {
      return new RowPieces(p.batches(), rows, group, 1, p.batches());
    }
    long wanted = Math.clamp(operations / TASK_OPERATIONS, threads, MAX_TASKS_PER_THREAD * threads);
    long pieces = Math.clamp(Math.ceilDiv(wanted, p.batches()), 1, Math.max(1, rows / MIN_TASK_ROWS));
    return new RowPieces(p.batches(), rows, group, pieces, Math.ceilDiv(p.batches() * pieces, wanted));
  }

  /** Runs all pieces. */
  void run(CpuPool pool, Body body) {
    long units = batches * pieces;
    if (perTask >= units) {
      run(body, 0, units);
      return;
    }
    int tasks = Math.toIntExact(Math.ceilDiv(units, perTask));
    pool.parallelFor(tasks, t -> run(body, t * perTask, Math.min(units, (t + 1) * perTask)));
  }

  private void run(Body body, long from, long to) {
    long groups = Math.ceilDiv(rows, group);
    for (long unit = from; unit < to; unit++) {
      long batch = unit / pieces;
      long piece = unit - batch * pieces;
      body.run(batch, group * Grid.start(groups, pieces, piece), Math.min(rows, group * Grid.start(groups, pieces, piece + 1)));
    }
  }
}
