package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.type.DType;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The engine that computes matrix products: cuts C into tasks and runs them on the pool.
 *
 * <p>A task is a rectangle of C's panels with all of k, so tasks share nothing and need no barrier. Batches
 * stand side by side where they share A, and below each other where they share B; then a task packs the
 * shared operand once for many batches. How C is cut depends on the sizes and the number of threads, and no
 * bit of the result depends on how C is cut.
 */
final class Gemm {
  private static final int MAX_POOL_TASKS = 1 << 20;

  private final CpuPool pool;
  private final KernelSet kernels;
  private final @Nullable Warmup warmup;
  private final Tiling tiling;
  private final Map<DType, Scratch.Store> scratch = new EnumMap<>(DType.class);

  /**
   * An engine on a pool.
   *
   * @param kernels the kernels to use
   * @param warmup chooses other kernels while these are not compiled yet; null to use them from the start
   * @param tiling the blocking sizes
   */
  Gemm(CpuPool pool, KernelSet kernels, @Nullable Warmup warmup, Tiling tiling) {
    this.pool = pool;
    this.kernels = kernels;
    this.warmup = warmup;
    this.tiling = tiling;
    for (DType type : KernelSet.COMPUTE_TYPES) {
      scratch.put(type, new Scratch.Store(type));
    }
  }

  /** The kernels for a product of a compute type that is about to run. */
  KernelSet kernels(DType type) {
    return warmup == null ? kernels : warmup.kernels(type, this);
  }

  /** The same without starting a warm-up. */
  KernelSet kernelsNow(DType type) {
    return warmup == null ? kernels : warmup.kernelsNow(type);
  }

  /** Computes a product; returns when C is written. */
  void run(Product product) {
    if (product.batches() == 0 || product.m() == 0 || product.n() == 0) {
      return;
    }
    Grid grid = Grid.of(product, tiling, pool.threads());
    long operations = product.batches() * product.m() * product.n() * Math.max(1, product.k());
    if (operations <= tiling.serialOperations()) {
      runTasks(product, grid, 0, grid.tasks());
      return;
    }
    if (grid.sharesB()) {
      runShared(product, grid);
      return;
    }
    long perTask = Math.max(1, operations / grid.tasks());
    long group = Math.max(1, tiling.serialOperations() / 2 / perTask);
    long tasksPerGroup = Math.max(group, (grid.tasks() + MAX_POOL_TASKS - 1) / MAX_POOL_TASKS);
    int groups = Math.toIntExact((grid.tasks() + tasksPerGroup - 1) / tasksPerGroup);
    pool.parallelFor(
        groups,
        g -> runTasks(product, grid, g * tasksPerGroup, Math.min(grid.tasks(), (g + 1) * tasksPerGroup)));
  }

  /** Computes a product that is not empty on the calling thread alone. */
  void runInline(Product product) {
    Grid grid = Grid.of(product, tiling, 1);
    runTasks(product, grid, 0, grid.tasks());
  }

  /** Packs each column piece of B with all threads, then lets its row tasks work on it. */
  private void runShared(Product product, Grid grid) {
    Scratch.Store store = Objects.requireNonNull(scratch.get(product.compute()));
    Scratch memory = store.take();
    try {
      int rowTasks = Math.toIntExact(grid.rowTasks());
      for (long pieces = 0; pieces < grid.outerBatches() * grid.columnTasks(); pieces++) {
        long outer = pieces / grid.columnTasks();
        long across = pieces % grid.columnTasks();
        long first = Grid.start(grid.columnPanels(), grid.columnTasks(), across);
        long end = Grid.start(grid.columnPanels(), grid.columnTasks(), across + 1);
        Object panels = memory.b(PackedB.length(product, end - first));
        PackedB b = new PackedB(product, grid, outer, first, end, panels);
        pool.parallelFor(b.pieces(), b::pack);
        long firstTask = pieces * rowTasks;
        pool.parallelFor(rowTasks, t -> runTask(product, grid, firstTask + t, b));
      }
    } finally {
      store.giveBack(memory);
    }
  }

  private void runTask(Product product, Grid grid, long task, PackedB b) {
    Scratch.Store store = Objects.requireNonNull(scratch.get(product.compute()));
    Scratch memory = store.take();
    try {
      new GemmTask(product, grid, tiling, memory).run(task, b);
    } finally {
      store.giveBack(memory);
    }
  }

  private void runTasks(Product product, Grid grid, long from, long to) {
    Scratch.Store store = Objects.requireNonNull(scratch.get(product.compute()));
    Scratch memory = store.take();
    try {
      GemmTask task = new GemmTask(product, grid, tiling, memory);
      for (long t = from; t < to; t++) {
        task.run(t);
      }
    } finally {
      store.giveBack(memory);
    }
  }
}
